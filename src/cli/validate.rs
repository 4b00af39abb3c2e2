//! Arguments of `validate`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  dvcall validate plan.toml --output validation-2026-12 --accept
  dvcall validate plan.toml --output validation-2027-01

A plan:
  name = \"NovaSeq, PCR-free\"
  ref = \"GRCh38.fa\"

  [[set]]
  name = \"HG001\"
  reads = [\"hg001.bam\"]
  truth = \"hg001.truth.vcf.gz\"
  confident = \"hg001.confident.bed\"
  regions = [\"chr20\"]
  thinned = [0.5, 0.25]
  repeats = [1, 8]

Exit status: 0 passed, 3 something got worse than the accepted state, 1 an error.")]
pub struct ValidateArgs {
    /// Plan: the benchmark sets, and how they are called and scored
    #[arg(value_name = "TOML")]
    pub plan: PathBuf,
    /// Folder to write: validation.html, validation.json, and calls and scores of each run
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Accept the outcome: later validations compare with it
    #[arg(long)]
    pub accept: bool,
    /// Worker threads [default: all processors]
    #[arg(long, short = 't', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}
