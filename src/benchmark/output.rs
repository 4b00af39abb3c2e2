//! All files of an evaluation: each appears under its name only when all are whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rust_htslib::bgzf;

use super::annotated::write_annotated;
use super::evaluation::Evaluation;
use super::metrics::write_metrics;
use super::report::write_report;
use super::screen::{Named, comparison};
use super::tables::{write_extended, write_roc, write_summary};
use crate::genome::check_whole;

/// Makes the folder, and fails early if files that begin with `prefix` cannot be written.
pub fn check_prefix(prefix: &Path) -> Result<()> {
    let folder = folder_of(prefix);
    if prefix.file_name().is_none() || prefix.is_dir() {
        bail!(
            "--output {}: expected a folder and the begin of file names, for example {}/scores",
            prefix.display(),
            prefix.display()
        );
    }
    std::fs::create_dir_all(folder).with_context(|| format!("--output: cannot make folder {}", folder.display()))?;
    tempfile::tempdir_in(folder).with_context(|| format!("--output: cannot write into {}", folder.display()))?;
    Ok(())
}

fn folder_of(prefix: &Path) -> &Path {
    match prefix.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Fails if the annotated VCF would take the place of an input, as `--query x.vcf.gz --output x` would have it.
pub fn check_inputs_are_kept<'a>(prefix: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let annotated = PathBuf::from(format!("{}.vcf.gz", prefix.display()));
    let Ok(written) = annotated.canonicalize() else {
        return Ok(());
    };
    for input in inputs {
        if input.canonicalize().is_ok_and(|input| input == written) {
            bail!(
                "--output {}: the annotated VCF would replace the input {}; choose another prefix",
                prefix.display(),
                input.display()
            );
        }
    }
    Ok(())
}

/// Writes everything about the first call set, and the comparison with the others. Returns the names of the files.
pub fn write_all(prefix: &Path, evaluation: &Evaluation, sets: &[Named]) -> Result<Vec<PathBuf>> {
    let Some(query) = sets.first() else {
        bail!("no call set to write about");
    };
    let folder = folder_of(prefix);
    let failed = || format!("cannot write into {}", folder.display());
    let draft = tempfile::Builder::new()
        .prefix(".dvcall-evaluate-")
        .tempdir_in(folder)
        .with_context(failed)?;
    let at = |suffix: &str| draft.path().join(suffix);
    let run = query.run;
    let subsets = evaluation.subsets(run);
    let field = evaluation.options().score;
    let file = |suffix: &str, write: &dyn Fn(&mut BufWriter<File>) -> Result<()>| -> Result<()> {
        let mut out = BufWriter::new(File::create(at(suffix)).with_context(failed)?);
        write(&mut out)?;
        out.flush().with_context(failed)
    };
    file("summary.csv", &|out| write_summary(out, run))?;
    file("extended.csv", &|out| write_extended(out, run, &subsets, field))?;
    file("metrics.json", &|out| write_metrics(out, evaluation, sets, &subsets))?;
    if sets.len() > 1 {
        file("compare.csv", &|out| write_comparison(out, sets))?;
    }
    let mut roc = bgzf::Writer::from_path(at("roc.all.csv.gz")).with_context(failed)?;
    write_roc(&mut roc, run, &subsets, field)?;
    drop(roc);
    // Closing does not tell whether the last block could be written.
    check_whole(&at("roc.all.csv.gz"))?;
    write_annotated(
        &at("vcf.gz"),
        run,
        evaluation.reference().contigs(),
        &evaluation.strata_names(),
    )?;
    file("html", &|out| write_report(out, evaluation, sets, &subsets))?;
    publish(draft.path(), prefix)
}

fn write_comparison(out: &mut impl Write, sets: &[Named]) -> Result<()> {
    let (headings, rows) = comparison(sets);
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(headings)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.flush()?;
    Ok(())
}

/// Gives every file of the draft its final name.
fn publish(draft: &Path, prefix: &Path) -> Result<Vec<PathBuf>> {
    let mut names: Vec<_> = std::fs::read_dir(draft)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<Result<_>>()?;
    names.sort();
    let mut published = Vec::new();
    for name in names {
        let target = PathBuf::from(format!("{}.{}", prefix.display(), name.to_string_lossy()));
        std::fs::rename(draft.join(&name), &target).with_context(|| format!("cannot write {}", target.display()))?;
        published.push(target);
    }
    Ok(published)
}
