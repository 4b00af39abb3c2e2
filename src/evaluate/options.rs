//! What to compare, and how.

use std::path::PathBuf;

use crate::evaluate::calls::ScoreField;
use crate::evaluate::matching::Limits;
use crate::genome::RegionChoice;

/// What to compare, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Indexed FASTA.
    pub reference: PathBuf,
    pub truth: PathBuf,
    /// BED of the confident regions. None if truth is complete everywhere.
    pub confident: Option<PathBuf>,
    /// Where calls are counted.
    pub regions: RegionChoice,
    /// A `name<TAB>bed` file.
    pub stratification: Option<PathBuf>,
    /// A table of gates.
    pub gates: Option<PathBuf>,
    /// Required if truth has several samples.
    pub truth_sample: Option<String>,
    /// Whether to use truth that failed a filter.
    pub use_filtered_truth: bool,
    /// Whether variants of one phase set keep their phase.
    pub phased: bool,
    pub score: ScoreField,
    /// Least distance between the thresholds of the tables. None for the default of the score field.
    pub score_step: Option<f32>,
    pub limits: Limits,
}

/// A call set to compare with truth.
#[derive(Clone, Debug)]
pub struct Query {
    pub path: PathBuf,
    /// Required if the file has several samples.
    pub sample: Option<String>,
    /// The flag that selects a sample, for error messages.
    pub sample_flag: &'static str,
}
