//! Targets, such as genes and exons: how deep each was read, and where it could not be called.

mod report;
mod state;
mod table;
mod target;

pub use report::TargetReport;
pub use state::{LEAST_QUALITY, PositionRun, PositionState, Reason};
pub(crate) use table::TargetFiles;
pub use table::{TARGET_COLUMNS, not_called_name, targets_name};
pub use target::{Target, Targets};
