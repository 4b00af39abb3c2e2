//! The caller as a library: calls variants from inputs and models.

mod caller;
mod genotype;
mod named;
mod spell;
mod worker;

pub use caller::{CallSink, Caller, CallingOptions};
pub use worker::{CalledPartition, Extras};
