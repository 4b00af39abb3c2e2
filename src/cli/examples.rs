//! Arguments of `dvcall make-examples`.

use std::path::PathBuf;

use clap::Args;

use super::{DownsampleArgs, EvidenceArgs, InputArgs, RealignedReadsArgs};

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  dvcall make-examples --ref GRCh38.fa --reads HG002.bam --regions chr20 --truth HG002.vcf.gz \\
      --confident HG002.bed --output HG002.examples
  dvcall make-examples --ref GRCh38.fa --reads HG002.bam --truth HG002.vcf.gz --confident HG002.bed \\
      --downsample 0.5 --missed-truth missed.tsv --output half")]
pub struct MakeExamplesArgs {
    #[command(flatten)]
    pub input: InputArgs,
    /// Folder for the shards and their manifest; it appears only when complete
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace the output folder if it holds only earlier examples
    #[arg(long)]
    pub overwrite: bool,
    /// True variants: a VCF of one sample with GT; without a truth VCF, examples have no labels
    #[arg(long, value_name = "VCF", requires = "confident")]
    pub truth: Option<PathBuf>,
    /// Also use truth records whose FILTER or FT is not PASS; otherwise candidates at these records get no label
    #[arg(long, requires = "truth")]
    pub use_filtered_truth: bool,
    /// Confident regions, where the truth is complete; candidates elsewhere get no label and are not written
    #[arg(long, value_name = "BED", requires = "truth")]
    pub confident: Option<PathBuf>,
    /// Also write candidates without a label, such as candidates outside the confident regions
    #[arg(long, requires = "truth")]
    pub keep_unlabelled: bool,
    /// Write the truth variants that candidates do not explain, or only in part, and what the reads show there
    #[arg(long, value_name = "TSV", requires = "truth")]
    pub missed_truth: Option<PathBuf>,
    #[command(flatten)]
    pub downsampling: DownsampleArgs,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub realigned: RealignedReadsArgs,
}
