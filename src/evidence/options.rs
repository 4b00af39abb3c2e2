//! Inputs and options of the evidence.

use std::path::PathBuf;

use crate::candidates::CandidateOptions;
use crate::genome::RegionChoice;
use crate::reads::{DEFAULT_MAX_DEPTH, FilterOptions};

/// The input files of a run and the requested regions.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// FASTA with its `.fai`; bgzipped or plain.
    pub reference: PathBuf,
    /// BAM or CRAM files of one sample, sorted by coordinate, with their indexes.
    pub reads: Vec<PathBuf>,
    /// If nothing is included, every contig of both files.
    pub regions: RegionChoice,
    /// Sample of the reads; required if the reads hold several.
    pub sample: Option<String>,
}

/// Read filters, realignment and thresholds for candidates.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceOptions {
    pub filter: FilterOptions,
    /// Maximum depth at a position. At deeper positions, about this many reads are drawn.
    pub max_depth: u32,
    pub candidates: CandidateOptions,
    /// Whether reads are realigned to local haplotypes.
    pub realign: bool,
    /// Whether long or spliced reads are accepted.
    pub force: bool,
}

impl Default for EvidenceOptions {
    fn default() -> Self {
        Self {
            filter: FilterOptions::default(),
            max_depth: DEFAULT_MAX_DEPTH,
            candidates: CandidateOptions::default(),
            realign: true,
            force: false,
        }
    }
}
