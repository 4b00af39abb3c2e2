//! `dvcall evaluate`: against random truth spelt in random ways, and with bad input.

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod errors;
mod left_out;
mod mixed_ploidy;
mod outputs;
mod ploidy;
mod properties;
mod reference_index;
mod world;
