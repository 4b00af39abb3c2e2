//! `dvcall report`: what a VCF holds, on one page.

use std::iter::once;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cli::ReportArgs;
use crate::formats::shown;
use crate::output::{TextFile, check_inputs_are_kept, put_in_place};
use crate::report::{Report, RunFigures, SampleChoice, TargetRows, write_page};

/// Samples with a section, unless --sample names them.
const SECTIONS: usize = 10;

pub fn run(args: &ReportArgs) -> Result<()> {
    let inputs = once(&args.calls).chain(&args.targets).chain(&args.earlier);
    let inputs: Vec<&Path> = inputs.map(PathBuf::as_path).collect();
    check_inputs_are_kept(&[("--output", args.output.clone())], &inputs)?;
    let mut out = TextFile::create(&args.output)?;
    let choice = match &args.sample[..] {
        [] => SampleChoice::First(SECTIONS),
        names => SampleChoice::Named(names),
    };
    let report = Report::read(&args.calls, &choice)?;
    let targets = args.targets.as_deref().map(TargetRows::read).transpose()?;
    let figures = |path: &PathBuf| {
        Ok(RunFigures::new(
            &shown(path),
            &Report::read(path, &SampleChoice::First(1))?,
        ))
    };
    let earlier = args.earlier.iter().map(figures).collect::<Result<Vec<_>>>()?;
    write_page(&mut out, &shown(&args.calls), &report, targets.as_ref(), &earlier)
        .with_context(|| format!("cannot write {}", args.output.display()))?;
    put_in_place(vec![out.ready()?])?;
    log::info!("wrote {}", args.output.display());
    Ok(())
}
