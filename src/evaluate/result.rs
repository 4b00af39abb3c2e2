//! The result of an evaluated call set.

use std::path::PathBuf;

use crate::evaluate::counts::{
    BUILT_IN, CountedCall, Counts, DIPLOID_RANK, FilterRow, GateTally, GqCalibration, HAPLOID_RANK, Record, RecordSide,
    Tally, TierTally,
};
use crate::evaluate::listing::ErrorList;
use crate::genome::{Contig, IntervalSet, Region};
use crate::variants::{ExcludedCalls, VariantType};

/// The result of one call set.
pub struct EvaluatedCallSet {
    /// The query's file, sample and filter names.
    pub query: PathBuf,
    pub sample: String,
    pub filters: Vec<String>,
    /// The evaluated contigs without the Ns at their ends.
    pub spans: IntervalSet,
    /// The parts of the contigs with one copy.
    pub haploid: IntervalSet,
    pub tally: Tally,
    /// All counted calls, by ascending score.
    pub observations: Vec<CountedCall>,
    /// The score of calls without a score, and of missed truth.
    pub floor: f32,
    /// Number of counted query calls, and number of these with a score.
    pub called: usize,
    pub scored: usize,
    /// Least distance between the thresholds of the tables.
    pub score_step: f32,
    pub calibration: GqCalibration,
    /// What the gates take away; empty without gates.
    pub gates: GateTally,
    pub tiers: TierTally,
    pub errors: ErrorList,
    /// Intervals where the search gave up; their calls are not counted.
    pub given_up: Vec<GivenUp>,
    /// Number of query calls on contigs without truth; these are not evaluated.
    pub without_truth: usize,
    pub left_out: ExcludedCalls,
    pub truth_left_out: ExcludedCalls,
}

/// An interval with too many ways to combine its calls, and the numbers of truth and query calls that are not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    pub region: Region,
    pub truth: usize,
    pub query: usize,
}

impl GivenUp {
    /// The intervals among the records of one superlocus.
    pub(super) fn find(contig: &Contig, records: &[Record]) -> Vec<Self> {
        let count = |entry: &Option<RecordSide>| entry.iter().filter(|e| e.given_up).count();
        let is_given_up = |r: &Record| count(&r.truth) + count(&r.query) > 0;
        let intervals = records.chunk_by(|a, b| is_given_up(a) == is_given_up(b));
        intervals
            .filter(|interval| is_given_up(&interval[0]))
            .map(|interval| Self {
                region: Region::new(
                    &contig.name,
                    interval[0].position,
                    interval.iter().map(Record::end).max().unwrap_or(0),
                ),
                truth: interval.iter().map(|r| count(&r.truth)).sum(),
                query: interval.iter().map(|r| count(&r.query)).sum(),
            })
            .collect()
    }
}

/// Name and size of a subset of the tables.
#[derive(Clone, Debug)]
pub struct Subset {
    pub name: String,
    /// Index in the tally.
    pub rank: usize,
    /// Sizes in bases.
    pub size: u64,
    pub confident_size: u64,
}

impl Subset {
    /// The subset of one ploidy, without sizes. `stratum` is its index among the strata.
    pub(super) fn of_ploidy(stratum: u16) -> Self {
        Self {
            name: BUILT_IN[usize::from(stratum)].to_owned(),
            rank: usize::from(stratum) + 1,
            size: 0,
            confident_size: 0,
        }
    }

    /// Whether this is the subset of one ploidy.
    pub fn is_ploidy(&self) -> bool {
        [HAPLOID_RANK, DIPLOID_RANK]
            .map(|stratum| usize::from(stratum) + 1)
            .contains(&self.rank)
    }

    /// Whether this is a stratum without a base in the confident regions.
    pub fn is_empty_stratum(&self) -> bool {
        self.rank > BUILT_IN.len() && self.confident_size == 0
    }
}

impl EvaluatedCallSet {
    /// The counts of all calls.
    pub fn counts(&self, variant_type: VariantType, filter: FilterRow) -> &Counts {
        self.tally.counts(0, filter, variant_type, None)
    }
}
