//! Arguments of `evaluate`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  Score a call set where truth is sure of itself:
    dvcall evaluate --ref ref.fa --truth truth.vcf.gz --query calls.vcf.gz --confident confident.bed --output scores/calls

  Several call sets side by side, with what they cost:
    dvcall evaluate --ref ref.fa --truth truth.vcf.gz --query dvcall.vcf.gz --compare GATK=gatk.vcf.gz \\
        --runtime dvcall=310 --runtime GATK=2150 --confident confident.bed --output scores/both

Writes PREFIX.summary.csv, .extended.csv, .roc.all.csv.gz, .vcf.gz with index, .metrics.json and .html.")]
pub struct EvaluateArgs {
    /// Reference FASTA, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA")]
    pub reference: PathBuf,
    /// True calls of one sample; a bgzipped VCF must be indexed
    #[arg(long, value_name = "VCF")]
    pub truth: PathBuf,
    /// Calls to score; a bgzipped VCF must be indexed
    #[arg(long, value_name = "VCF")]
    pub query: PathBuf,
    /// Where truth knows everything; calls outside are counted as UNK [default: everywhere]
    #[arg(long, value_name = "BED")]
    pub confident: Option<PathBuf>,
    /// Count calls here alone: chr20, chr20:1,000-2,000 or a BED file; repeatable [default: everywhere]
    #[arg(long, value_name = "REGION|BED")]
    pub regions: Vec<String>,
    /// Strata to count apart: a file with lines of a name, a tab and a BED, paths relative to it
    #[arg(long, value_name = "TSV")]
    pub stratification: Option<PathBuf>,
    /// Begin of the names of all output files
    #[arg(long, value_name = "PREFIX")]
    pub output: PathBuf,
    /// Match phased genotypes with their phase
    #[arg(long)]
    pub phased: bool,
    /// Sample of the query, where it has several
    #[arg(long, value_name = "NAME")]
    pub sample: Option<String>,
    /// Sample of the truth, where it has several
    #[arg(long, value_name = "NAME")]
    pub truth_sample: Option<String>,
    /// Another call set to set beside the query; repeatable
    #[arg(long, value_name = "[NAME=]VCF")]
    pub compare: Vec<String>,
    /// Run time of a call set, to be shown with it; the query is named by its file; repeatable
    #[arg(long, value_name = "NAME=SECONDS", value_parser = parse_runtime)]
    pub runtime: Vec<(String, f64)>,
    /// Quality that curves are drawn by
    #[arg(long, value_enum, default_value = "qual", value_name = "qual|gq")]
    pub score: ScoreArg,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum ScoreArg {
    Qual,
    Gq,
}

fn parse_runtime(text: &str) -> Result<(String, f64), String> {
    let (name, seconds) = text.split_once('=').ok_or("expected NAME=SECONDS")?;
    match seconds.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok((name.to_owned(), seconds)),
        _ => Err(format!("'{seconds}' is not a number of seconds")),
    }
}
