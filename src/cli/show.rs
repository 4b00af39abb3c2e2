//! Arguments of `dvcall show`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::numbers::quality;
use super::{EvidenceArgs, InputArgs, PloidyArgs};
use crate::calling::CallingOptions;

const SHOWN_REGIONS: &str = "Regions (chr20:10,000,000-10,100,000), separated by commas, or a file of regions; may be repeated. Each candidate becomes a picture, so a whole genome gives millions of files";

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall show --ref GRCh38.fa --reads NA12878.bam --regions chr20:10,002,400-10,002,500 --output shown
  dvcall show --ref GRCh38.fa --reads NA12878.bam --vcf calls.vcf.gz --filter LowQual --attributions --output shown
  dvcall show --ref GRCh38.fa --reads NA12878.bam --why chr20:10,008,952:CA:C")]
#[command(mut_arg("regions", |regions| regions.help(SHOWN_REGIONS)))]
#[command(group(ArgGroup::new("shown").required(true).args(["regions", "vcf", "why"])))]
pub struct ShowArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// Show the calls of this VCF or BCF
    #[arg(long, value_name = "VCF|BCF")]
    pub vcf: Option<PathBuf>,
    /// Of --vcf, show records with this FILTER; may be repeated [default: all]
    #[arg(long, value_name = "NAME", requires = "vcf")]
    pub filter: Vec<String>,
    /// Tell what happened to an expected allele, from the reads to the last decision; may be repeated
    #[arg(long, value_name = "CONTIG:POSITION:REF:ALT")]
    pub why: Vec<String>,
    /// Folder for the pictures and alleles.tsv; it appears only when complete
    #[arg(long, short, value_name = "DIR", required_unless_present = "why")]
    pub output: Option<PathBuf>,
    /// Replace the output folder if it holds only earlier pictures
    #[arg(long)]
    pub overwrite: bool,
    /// Also draw what the network looked at, as SVG: how its answer changes without each read, channel and column
    #[arg(long, requires = "output")]
    pub attributions: bool,
    /// Gates as for call
    #[arg(long, value_name = "TSV")]
    pub gates: Option<PathBuf>,
    /// Model to use; may be repeated to average several models [default: the built-in model]
    #[arg(long, value_name = "SAFETENSORS")]
    pub model: Vec<PathBuf>,
    /// Device for the network: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// FILTER is LowQual for variants with a lower QUAL
    #[arg(long, value_name = "PHRED", default_value_t = 3.0, value_parser = quality)]
    pub min_quality: f64,
    #[command(flatten)]
    pub ploidy: PloidyArgs,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
}

impl ShowArgs {
    /// The options for the library.
    pub fn options(&self) -> CallingOptions {
        CallingOptions {
            models: self.model.clone(),
            device: self.device.clone(),
            ploidy: self.ploidy.options(),
            threads: self.input.threads(),
            ..CallingOptions::default()
        }
    }
}
