//! Damaged inputs, made by chance from a seed: each is refused, or gives what the whole one gives. None panics, hangs, takes much
//! memory, or silently lacks what it should hold.
//!
//! `DVCALL_MUTANTS=20000 DVCALL_SEED=7 cargo test --release --test mutation -- --nocapture` runs so many of each kind.

mod alignments;
#[path = "../common/mod.rs"]
mod common;
mod harness;
mod others;
mod texts;
