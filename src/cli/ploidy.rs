//! Arguments for the number of copies of each contig.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::ploidy::{Copies, PloidyOptions, SexOption};
use crate::variants::PloidyStyle;

/// How many copies the sample has of each contig.
#[derive(Args, Debug, Clone, Serialize)]
#[command(next_help_heading = "Ploidy")]
pub struct PloidyArgs {
    /// Sex of the sample, for X and Y of human genomes (GRCh37, GRCh38, T2T-CHM13)
    #[arg(long, value_enum, default_value_t)]
    pub sex: SexOption,
    /// Number of copies of each contig; the mitochondrial genome is always haploid
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "1|2")]
    pub ploidy: Copies,
    /// Haploid contigs, separated by commas; may be repeated
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub haploid_contigs: Vec<String>,
    /// Pseudoautosomal regions, which are diploid [default: those of the human genome]
    #[arg(long, value_name = "BED")]
    #[serde(skip)]
    pub par_regions: Option<PathBuf>,
    /// How haploid genotypes are written
    #[arg(long, value_enum, value_name = "STYLE", default_value_t)]
    pub ploidy_style: PloidyStyle,
}

impl PloidyArgs {
    /// The options for the library.
    pub fn options(&self) -> PloidyOptions {
        PloidyOptions {
            copies: self.ploidy,
            sex: self.sex,
            haploid_contigs: self.haploid_contigs.clone(),
            par_regions: self.par_regions.clone(),
        }
    }
}
