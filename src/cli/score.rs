//! Arguments of `evaluate`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::regions::RegionArgs;
use crate::evaluate::ScoreField;

const COUNTED_REGIONS: &str = "Count only calls in these regions (chr20,chr21:1,000-2,000), or a file of regions; may be repeated [default: everywhere]";

#[derive(Args, Debug)]
#[command(mut_arg("regions", |regions| regions.help(COUNTED_REGIONS)))]
#[command(after_help = "\
Examples:
  Score a call set in the confident regions of the truth:
    dvcall evaluate --ref ref.fa --truth truth.vcf.gz --query calls.vcf.gz --confident confident.bed \\
        --output scores/calls

  Compare several call sets, and show their run times:
    dvcall evaluate --ref ref.fa --truth truth.vcf.gz --query dvcall.vcf.gz --compare GATK=gatk.vcf.gz \\
        --runtime dvcall=310 --runtime GATK=2150 --confident confident.bed --output scores/both

Output files: PREFIX.summary.csv, .extended.csv, .roc.all.csv.gz, .vcf.gz and its index, .metrics.json and .html.")]
pub struct EvaluateArgs {
    /// Reference FASTA, indexed with samtools faidx
    #[arg(long = "ref", value_name = "FASTA")]
    pub reference: PathBuf,
    /// VCF or BCF with the true calls
    #[arg(long, value_name = "VCF")]
    pub truth: PathBuf,
    /// VCF or BCF with the calls to score, and its name in reports [default: the file name]
    #[arg(long, value_name = "[NAME=]VCF")]
    pub query: OsString,
    /// Confident regions, where the truth is complete; calls outside count as UNK [default: everywhere]
    #[arg(long, value_name = "BED")]
    pub confident: Option<PathBuf>,
    #[command(flatten)]
    pub regions: RegionArgs,
    /// Strata to score separately: each line holds a name, a tab and a BED file, whose path is relative to this file
    #[arg(long, value_name = "TSV")]
    pub stratification: Option<PathBuf>,
    /// Gates as for call: count the calls in the regions of each gate, and what it takes away
    #[arg(long, value_name = "TSV")]
    pub gates: Option<PathBuf>,
    /// Prefix of the names of all output files
    #[arg(long, value_name = "PREFIX")]
    pub output: PathBuf,
    /// Compare the phase of phased genotypes too
    #[arg(long)]
    pub phased: bool,
    /// Sample of the query; required if the query holds several samples
    #[arg(long, value_name = "NAME")]
    pub sample: Option<String>,
    /// Sample of the truth; required if the truth holds several samples
    #[arg(long, value_name = "NAME")]
    pub truth_sample: Option<String>,
    /// Also use truth records whose FILTER or FT is not PASS; without this flag, they are left out, as in hap.py
    #[arg(long)]
    pub use_filtered_truth: bool,
    /// Another call set to compare with the query; may be repeated
    #[arg(long, value_name = "[NAME=]VCF")]
    pub compare: Vec<OsString>,
    /// Sample of a --compare call set that holds several samples [default: the sample of the query]; may be repeated
    #[arg(long, value_name = "NAME=SAMPLE", value_parser = parse_sample)]
    pub compare_sample: Vec<(String, String)>,
    /// Run time of a call set, to show in the reports; may be repeated
    #[arg(long, value_name = "NAME=SECONDS", value_parser = parse_runtime)]
    pub runtime: Vec<(String, f64)>,
    /// Quality field for the curves: QUAL, GQ, INFO/NAME or FORMAT/NAME; of several numbers, the first is used
    #[arg(long, default_value = "qual", value_name = "FIELD")]
    pub score: ScoreField,
    /// Minimum distance between the thresholds in PREFIX.roc.all.csv.gz [default: 0.5 for QUAL and GQ, otherwise 1/500
    /// of the field's range]
    #[arg(long, value_name = "NUMBER", value_parser = parse_step)]
    pub score_step: Option<f32>,
    /// Worker threads [default: all processors]
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
        _ => Err("expected a number of at least 0".into()),
    }
}

fn parse_runtime(text: &str) -> Result<(String, f64), String> {
    let (name, seconds) = text.split_once('=').ok_or("expected NAME=SECONDS")?;
    match seconds.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok((name.to_owned(), seconds)),
        _ => Err(format!("'{seconds}' is not a number of seconds")),
    }
}
