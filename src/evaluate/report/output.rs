//! All output files of an evaluation. No file appears under its name before all are complete.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rust_htslib::bgzf;

use super::gates::{GATE_COLUMNS, gate_rows};
use super::html::write_report;
use super::metrics::write_metrics;
use super::screen::{Named, comparison};
use super::tables::{write_extended, write_roc, write_summary};
use super::tiers::{TIER_COLUMNS, tier_rows};
use crate::evaluate::Evaluation;
use crate::formats::check_whole;
use crate::output::{OutputFile, ReadyFile, TextFile, VCF_INDEXES, folder_of, put_in_place};

/// Suffixes of all possible output files.
const SUFFIXES: [&str; 11] = [
    "summary.csv",
    "extended.csv",
    "metrics.json",
    "compare.csv",
    "gates.csv",
    "tiers.csv",
    "roc.all.csv.gz",
    "vcf.gz",
    "vcf.gz.tbi",
    "vcf.gz.csi",
    "html",
];
/// Checks the prefix and creates its folder. Returns the names of all possible output files.
pub fn check_prefix(prefix: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder_of(prefix);
    let is_folder = prefix.is_dir() || prefix.to_string_lossy().ends_with('/');
    let is_special = prefix.as_os_str() == "-" || prefix.exists() && !prefix.is_file();
    if prefix.file_name().is_none() || is_folder || is_special {
        bail!(
            "--output {}: expected the start of the output file names, for example {}",
            prefix.display(),
            if is_folder { prefix } else { folder }.join("scores").display()
        );
    }
    std::fs::create_dir_all(folder).with_context(|| format!("--output: cannot make folder {}", folder.display()))?;
    Ok(SUFFIXES.iter().map(|suffix| named(prefix, suffix)).collect())
}

fn named(prefix: &Path, suffix: &str) -> PathBuf {
    prefix.with_added_extension(suffix)
}

/// The files of an evaluation before they have their final names. After a drop without `finish`, no file remains.
pub struct EvaluationFiles {
    prefix: PathBuf,
    annotated: OutputFile,
}

impl EvaluationFiles {
    pub fn create(prefix: &Path) -> Result<Self> {
        Ok(Self {
            prefix: prefix.to_owned(),
            annotated: OutputFile::with_index(&named(prefix, "vcf.gz"), VCF_INDEXES)?,
        })
    }

    /// Temporary path for the annotated VCF.
    pub fn annotated(&self) -> PathBuf {
        self.annotated.path()
    }

    fn file(&self, suffix: &str, write: impl FnOnce(&mut TextFile) -> Result<()>) -> Result<ReadyFile> {
        let name = named(&self.prefix, suffix);
        let mut out = TextFile::create(&name)?;
        write(&mut out).with_context(|| format!("cannot write {}", name.display()))?;
        out.ready()
    }

    /// Writes the other files of the first call set, and the comparison with the other call sets. Gives all files
    /// their final names, and returns these.
    pub fn finish(self, evaluation: &Evaluation, sets: &[Named]) -> Result<Vec<PathBuf>> {
        let Some(Named { run, .. }) = sets.first() else {
            bail!("there is no call set to report");
        };
        let subsets = evaluation.subsets(run);
        let field = &evaluation.options().score;
        let mut files = vec![
            self.file("summary.csv", |out| write_summary(out, run))?,
            self.file("extended.csv", |out| write_extended(out, run, &subsets, field))?,
            self.file("metrics.json", |out| write_metrics(out, evaluation, sets, &subsets))?,
            self.file("html", |out| write_report(out, evaluation, sets, &subsets))?,
        ];
        if sets.len() > 1 {
            files.push(self.file("compare.csv", |out| write_comparison(out, sets))?);
        }
        if let Some(gates) = evaluation.gates() {
            let columns = GATE_COLUMNS.map(str::to_owned).to_vec();
            files.push(self.file("gates.csv", |out| write_rows(out, columns, gate_rows(run, gates)))?);
        }
        if run.tiers.has_tiers() {
            let columns = TIER_COLUMNS.map(str::to_owned).to_vec();
            files.push(self.file("tiers.csv", |out| write_rows(out, columns, tier_rows(run)))?);
        }
        let curve = OutputFile::create(&named(&self.prefix, "roc.all.csv.gz"))?;
        let mut out = bgzf::Writer::from_path(curve.path()).with_context(|| curve.failed())?;
        write_roc(&mut out, run, &subsets, field).with_context(|| curve.failed())?;
        drop(out);
        // Closing the file does not show whether the last block was written.
        check_whole(&curve.path()).with_context(|| curve.failed())?;
        files.extend([curve.ready(), self.annotated.ready()]);
        let mut names: Vec<_> = files.iter().flat_map(ReadyFile::names).collect();
        names.sort();
        put_in_place(files)?;
        Ok(names)
    }
}

fn write_comparison(out: &mut impl Write, sets: &[Named]) -> Result<()> {
    let (headings, rows) = comparison(sets);
    write_rows(out, headings, rows)
}

fn write_rows(out: &mut impl Write, headings: Vec<String>, rows: Vec<Vec<String>>) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(headings)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_not_a_folder_or_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        for prefix in ["-", "/dev/null", path, &format!("{path}/new/")] {
            assert!(check_prefix(Path::new(prefix)).is_err(), "{prefix}");
        }
        assert_eq!(
            check_prefix(&folder.path().join("new/p")).unwrap().len(),
            SUFFIXES.len()
        );
    }
}
