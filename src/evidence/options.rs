//! What evidence is made from, and how.

use std::path::PathBuf;

use crate::candidates::CandidateOptions;
use crate::reads::{DEFAULT_MAX_DEPTH, FilterOptions};

/// The files of a run, and the part of the genome that is asked for.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// FASTA with its `.fai`; bgzipped or plain.
    pub reference: PathBuf,
    /// BAM or CRAM, sorted by coordinate, with its index.
    pub reads: PathBuf,
    /// Region strings or BED files. If there are none, every contig of both files.
    pub regions: Vec<String>,
    /// Sample of the reads; required if the reads hold several.
    pub sample: Option<String>,
}

/// Which reads are evidence, and how much evidence makes a candidate.
#[derive(Clone, Copy, Debug)]
pub struct EvidenceOptions {
    pub filter: FilterOptions,
    /// Greatest depth at a position; of more reads, about this many are drawn.
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
