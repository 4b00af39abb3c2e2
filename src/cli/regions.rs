//! Arguments that name a part of the genome.

use std::path::Path;

use clap::Args;

use crate::genome::{RegionChoice, named_files};

#[derive(Args, Debug, Clone)]
pub struct RegionArgs {
    /// Regions (chr20:10,000,000-10,100,000), separated by commas, or a file: BED, Picard's .interval_list, or .list with one region
    /// a line; may be repeated [default: every contig of both files]
    #[arg(long, value_name = "REGIONS|FILE")]
    pub regions: Vec<String>,
    /// What to leave out of the regions, given as --regions; may be repeated
    #[arg(long, value_name = "REGIONS|FILE")]
    pub exclude_regions: Vec<String>,
    /// Make each region N bases longer at both ends, before --exclude-regions
    #[arg(long, value_name = "N", default_value_t = 0, requires = "regions")]
    pub padding: u64,
}

impl RegionArgs {
    /// The regions, as the library takes them.
    pub fn choice(&self) -> RegionChoice {
        RegionChoice {
            included: self.regions.clone(),
            excluded: self.exclude_regions.clone(),
            padding: self.padding,
        }
    }

    /// All that may be a file that is read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        named_files(&self.regions).chain(named_files(&self.exclude_regions))
    }
}
