//! Joint genotyping: from the gVCFs of a cohort to one VCF.
//!
//! ```text
//!  gVCFs ─► windows ─► alleles ─► sites ──────────┐
//!              │                                  ▼
//!              └─► prior of the cohort ─► genotypes of all samples ─► records
//! ```
//!
//! The flow is in `cohort.rs`. A site's records do not depend on threads or on how regions are cut.

mod allele;
mod call;
mod cohort;
mod combine;
mod compound;
mod discover;
mod evidence;
mod family;
mod fit;
mod header;
mod input;
mod measure;
mod pedigree;
mod posterior;
mod preset;
mod prior;
mod record;
mod shares;
mod statistics;
mod summary;
mod unify;
mod window;

pub use cohort::{Cohort, JointOptions, JointPiece};
pub use fit::CohortPrior;
pub(crate) use header::CohortHeader;
pub(crate) use pedigree::read_pedigree;
pub use preset::{Preset, UnifyOptions};
pub use summary::CohortSummary;
