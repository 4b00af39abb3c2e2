//! What alleles a cohort's records show.

use clap::ValueEnum;
use serde::Serialize;

/// Sets of thresholds, named after GLnexus's configurations for DeepVariant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Genomes: an allele needs a quality of 10 in one sample
    #[default]
    Wgs,
    /// Exomes: an allele needs a quality of 35 in one sample, or 20 in two
    Wes,
    /// Every allele that is called in a sample; the prior of the cohort decides
    Unfiltered,
}

/// How alleles become sites.
#[derive(Clone, Copy, Debug)]
pub struct UnifyOptions {
    /// Least allele quality of the best sample.
    pub min_quality_of_one: u32,
    /// Least allele quality of the second-best sample, if the best does not suffice.
    pub min_quality_of_two: u32,
    /// Genotypes of a lower GQ do not count as copies of an allele.
    pub min_genotype_quality: u32,
    /// Most alleles of a site, the reference included.
    pub max_alleles: usize,
    /// Whether an allele that fits into no site gets a record of its own.
    pub keep_lost_alleles: bool,
    /// Whether small alleles come before frequent ones.
    pub prefer_small: bool,
    /// Least number of copies of an allele.
    pub min_copies: u32,
}

impl Preset {
    pub fn options(self) -> UnifyOptions {
        let [one, two, genotype] = match self {
            Self::Wgs => [10, 10, 0],
            Self::Wes => [35, 20, 20],
            Self::Unfiltered => [0, 0, 0],
        };
        UnifyOptions {
            min_quality_of_one: one,
            min_quality_of_two: two,
            min_genotype_quality: genotype,
            max_alleles: 32,
            keep_lost_alleles: true,
            prefer_small: false,
            min_copies: 1,
        }
    }
}
