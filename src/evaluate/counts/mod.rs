//! Counts: what each record counts as, by type, stratum and score.

mod calibration;
mod gates;
mod interval;
mod kind;
mod record;
mod strata;
mod tally;
mod tiers;

pub use calibration::{Bin, GqCalibration, expected_calibration_error};
pub use gates::{Decisions, GateTally, share};
pub use interval::{f1_interval, jeffreys};
pub use kind::{SUBTYPES, TYPES};
pub use record::{Decided, Record, RecordSide, Status, pair};
pub use strata::{
    BUILT_IN, CONTAINED, DIPLOID_RANK, HAPLOID_RANK, Stratum, mark_boundaries, read_bed, read_strata, with_truth,
};
pub use tally::{Count, CountKind, CountedCall, Counts, FilterRow, Tally};
pub use tiers::TierTally;
