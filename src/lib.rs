//! dvcall: germline variant calling with a pileup network.
//!
//! ```text
//!  file ───► library ─────────────────────────────────────┐
//!                                                         ▼
//!  region ─► reads ─► realigned reads ─► candidates ─► pileups ─► model ─► variants (VCF)
//!                                            │            │                    │
//!  truth ───────────────────────────────► label ─► examples ─► training        │
//!  truth ──────────────────────────────────────────────────► benchmark ◄───────┘
//! ```
//!
//! The modules stand in the order of the flow; each imports only those above it. `commands` ties them together.

pub mod output;

pub mod formats;

pub mod genome;

pub mod runtime;

pub mod variants;

pub mod reads;

pub mod library;

pub mod candidates;

pub mod realign;

pub mod evidence;

pub mod pileup;

pub mod examples;

pub mod model;

pub mod calling;

pub mod evaluate;

pub mod cli;

pub mod commands;
