//! `dvcall report`: what a VCF holds, on one page.

use anyhow::{Context, Result};

use crate::cli::ReportArgs;
use crate::formats::shown;
use crate::output::{TextFile, check_inputs_are_kept, put_in_place};
use crate::report::{Report, SampleChoice, write_page};

/// Samples with a section, unless --sample names them.
const SECTIONS: usize = 10;

pub fn run(args: &ReportArgs) -> Result<()> {
    check_inputs_are_kept(&[("--output", args.output.clone())], &[&args.calls])?;
    let mut out = TextFile::create(&args.output)?;
    let choice = match &args.sample[..] {
        [] => SampleChoice::First(SECTIONS),
        names => SampleChoice::Named(names),
    };
    let report = Report::read(&args.calls, &choice)?;
    write_page(&mut out, &shown(&args.calls), &report)
        .with_context(|| format!("cannot write {}", args.output.display()))?;
    put_in_place(vec![out.ready()?])?;
    log::info!("wrote {}", args.output.display());
    Ok(())
}
