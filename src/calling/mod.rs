//! The caller as a library: calls variants from inputs and models.

mod attribution;
mod caller;
mod explain;
mod genotype;
mod named;
mod spell;
mod worker;

pub use attribution::{Attribution, Occlusion, Part};
pub use caller::{CallSink, Caller, CallingOptions, TierChoice};
pub use explain::{ExplainWorker, ExplainedCandidate, ExplainedOverlaps, ExplainedPartition, ExplainedSet, Explainer};
pub use worker::{CalledPartition, Extras};
