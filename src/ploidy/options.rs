//! Options of the ploidy.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

/// The sex of the sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SexOption {
    /// Measured by the depth of X and Y beside that of the autosomes
    #[default]
    Auto,
    /// X and Y are haploid outside the pseudoautosomal regions
    Male,
    /// X is diploid, and no variants are called on Y
    Female,
}

/// Number of copies of a contig, unless a rule says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
pub enum Copies {
    /// A haploid organism
    #[value(name = "1")]
    #[serde(rename = "1")]
    One,
    /// A diploid organism
    #[default]
    #[value(name = "2")]
    #[serde(rename = "2")]
    Two,
}

#[derive(Clone, Debug, Default)]
pub struct PloidyOptions {
    pub copies: Copies,
    pub sex: SexOption,
    /// Contigs that are haploid outside the pseudoautosomal regions, whatever the sex is.
    pub haploid_contigs: Vec<String>,
    /// BED of the pseudoautosomal regions. None: those of the human genome.
    pub par_regions: Option<PathBuf>,
}
