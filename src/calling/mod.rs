//! The caller as a library: from inputs and models to calls.

mod caller;
mod genotype;
mod worker;

pub use caller::{CallSink, Caller, CallingOptions};
pub use worker::{CalledPartition, Extras};
