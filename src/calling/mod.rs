//! The caller as a library: calls variants from inputs and models.

mod caller;
mod genotype;
mod worker;

pub use caller::{CallSink, Caller, CallingOptions};
pub use worker::{CalledPartition, Extras};
