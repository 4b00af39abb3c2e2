//! Arguments of `dvcall joint`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::RegionArgs;
use super::numbers::{fraction, quality};
use crate::joint::Preset;

/// Serialized: the options that can change a record.
#[derive(Args, Debug, Serialize)]
#[command(after_help = "Examples:
  dvcall joint --ref GRCh38.fa --output cohort.vcf.gz NA12878.g.vcf.gz NA12891.g.vcf.gz NA12892.g.vcf.gz
  dvcall joint --ref GRCh38.fa --output cohort.bcf --samples-list gvcfs.txt --regions chr20
  dvcall joint --ref GRCh38.fa --output trio.vcf.gz --pedigree trio.ped child.g.vcf.gz father.g.vcf.gz mother.g.vcf.gz")]
pub struct JointArgs {
    /// gVCFs of dvcall, DeepVariant or GATK, bgzipped and indexed; one sample each
    #[arg(value_name = "GVCF", required_unless_present = "samples_list")]
    #[serde(skip)]
    pub gvcfs: Vec<PathBuf>,
    /// File with the path of a gVCF on each line, besides those of the command line
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub samples_list: Option<PathBuf>,
    /// Reference FASTA, plain or bgzipped, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA")]
    #[serde(skip)]
    pub reference: PathBuf,
    /// VCF to write; a name that ends in .gz makes it bgzipped and indexed, .bcf makes it BCF
    #[arg(long, short, value_name = "VCF|BCF")]
    #[serde(skip)]
    pub output: PathBuf,
    #[command(flatten)]
    #[serde(skip)]
    pub regions: RegionArgs,
    /// Thresholds for alleles
    #[arg(long, value_name = "PRESET", value_enum, default_value_t)]
    pub preset: Preset,
    /// Set FILTER to LowQual for records with a lower QUAL
    #[arg(long, value_name = "PHRED", default_value_t = 3.0, value_parser = quality)]
    pub min_quality: f64,
    /// Write ./. for genotypes with a lower GQ
    #[arg(long, value_name = "PHRED", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=99))]
    pub min_genotype_quality: u32,
    /// Families: a PED file with family, person, father and mother; names are those of the gVCFs
    #[arg(long, value_name = "PED")]
    #[serde(skip)]
    pub pedigree: Option<PathBuf>,
    /// Chance of a new mutation of a base in one generation
    #[arg(long, value_name = "RATE", default_value_t = 1e-6, value_parser = fraction, requires = "pedigree")]
    pub de_novo_rate: f64,
    /// Go on with the work of the same command, which ended early and left it in OUTPUT.partial
    #[arg(long)]
    #[serde(skip)]
    pub resume: bool,
    /// Write the numbers of records, alleles and genotypes to this file
    #[arg(long, value_name = "JSON")]
    #[serde(skip)]
    pub summary: Option<PathBuf>,
    /// Worker threads [default: all processors]
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    #[serde(skip)]
    pub threads: Option<u16>,
}

impl JointArgs {
    /// Number of worker threads: `--threads`, or all processors.
    pub fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(all, usize::from)
    }

    /// All paths that may be input files, without the gVCFs of `--samples-list`.
    pub fn files(&self) -> Vec<&Path> {
        let lists = self.samples_list.iter().chain(&self.pedigree);
        let named = self.gvcfs.iter().chain(lists).map(PathBuf::as_path);
        named
            .chain([self.reference.as_path()])
            .chain(self.regions.files())
            .collect()
    }
}
