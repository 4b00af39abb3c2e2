//! Tiers: how far a call can be trusted without a second look, from its error and what the network cannot see about
//! itself.

mod evidence;
mod regression;
mod rules;

pub use evidence::{CallEvidence, Decision, SampleEvidence};
pub use rules::{DepthBand, GuardRails, JudgedCall, Tiers};
