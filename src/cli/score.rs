//! Arguments of `evaluate`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::evaluate::ScoreField;

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
    /// True calls of one sample: VCF, bgzipped VCF or BCF
    #[arg(long, value_name = "VCF")]
    pub truth: PathBuf,
    /// Calls to score, and the name to show them by [default: that of the file]
    #[arg(long, value_name = "[NAME=]VCF")]
    pub query: OsString,
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
    /// Take truth whose FILTER or FT is not PASS too; it is left out otherwise, as hap.py does
    #[arg(long)]
    pub use_filtered_truth: bool,
    /// Another call set to set beside the query; repeatable
    #[arg(long, value_name = "[NAME=]VCF")]
    pub compare: Vec<OsString>,
    /// Sample of a call set beside the query, where it has several [default: that of the query]; repeatable
    #[arg(long, value_name = "NAME=SAMPLE", value_parser = parse_sample)]
    pub compare_sample: Vec<(String, String)>,
    /// Run time of a call set, to be shown with it; repeatable
    #[arg(long, value_name = "NAME=SECONDS", value_parser = parse_runtime)]
    pub runtime: Vec<(String, f64)>,
    /// Quality that curves are drawn by: QUAL, GQ, INFO/NAME or FORMAT/NAME; of several numbers the first
    #[arg(long, default_value = "qual", value_name = "FIELD")]
    pub score: ScoreField,
    /// Least distance between the thresholds of PREFIX.roc.all.csv.gz [default: 0.5 for QUAL and GQ, otherwise a
    /// five-hundredth of the field's range]
    #[arg(long, value_name = "NUMBER", value_parser = parse_step)]
    pub score_step: Option<f32>,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
}

fn parse_sample(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, sample)) if !name.is_empty() && !sample.is_empty() => Ok((name.to_owned(), sample.to_owned())),
        _ => Err("expected NAME=SAMPLE".into()),
    }
}

fn parse_step(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(step) if step.is_finite() && step >= 0.0 => Ok(step),
        _ => Err("expected a number that is not negative".into()),
    }
}

fn parse_runtime(text: &str) -> Result<(String, f64), String> {
    let (name, seconds) = text.split_once('=').ok_or("expected NAME=SECONDS")?;
    match seconds.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok((name.to_owned(), seconds)),
        _ => Err(format!("'{seconds}' is not a number of seconds")),
    }
}
