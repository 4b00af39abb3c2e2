//! All files of an evaluation: each appears under its name only when all are whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rust_htslib::bgzf;
use tempfile::TempDir;

use super::evaluation::Evaluation;
use super::metrics::write_metrics;
use super::report::write_report;
use super::screen::{Named, comparison};
use super::tables::{write_extended, write_roc, write_summary};
use crate::genome::check_whole;

/// Endings of all files that may be written.
const SUFFIXES: [&str; 9] = [
    "summary.csv",
    "extended.csv",
    "metrics.json",
    "compare.csv",
    "roc.all.csv.gz",
    "vcf.gz",
    "vcf.gz.tbi",
    "vcf.gz.csi",
    "html",
];
/// Makes the folder, and fails early if nothing can be written into it. Returns the names of all files that may be written.
pub fn check_prefix(prefix: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder_of(prefix);
    let is_folder = prefix.is_dir() || prefix.to_string_lossy().ends_with('/');
    let is_special = prefix.as_os_str() == "-" || prefix.exists() && !prefix.is_file();
    if prefix.file_name().is_none() || is_folder || is_special {
        bail!(
            "--output {}: expected a folder and the begin of file names, for example {}",
            prefix.display(),
            if is_folder { prefix } else { folder }.join("scores").display()
        );
    }
    std::fs::create_dir_all(folder).with_context(|| format!("--output: cannot make folder {}", folder.display()))?;
    tempfile::tempdir_in(folder).with_context(|| format!("--output: cannot write into {}", folder.display()))?;
    Ok(SUFFIXES.iter().map(|suffix| named(prefix, suffix)).collect())
}

fn named(prefix: &Path, suffix: &str) -> PathBuf {
    prefix.with_added_extension(suffix)
}

fn folder_of(prefix: &Path) -> &Path {
    match prefix.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The files of an evaluation before they have their names. Dropped, it leaves nothing.
pub struct Draft {
    folder: TempDir,
    prefix: PathBuf,
}

impl Draft {
    /// Makes a folder for them beside their place.
    pub fn create(prefix: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(".dvcall-evaluate-")
            .tempdir_in(folder_of(prefix))
            .with_context(|| cannot_write(prefix))?;
        Ok(Self {
            folder,
            prefix: prefix.to_owned(),
        })
    }

    /// Where the annotated VCF is to be written.
    pub fn annotated(&self) -> PathBuf {
        self.at("vcf.gz")
    }

    fn at(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(suffix)
    }

    fn file(&self, suffix: &str, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
        let failed = || cannot_write(&self.prefix);
        let mut out = BufWriter::new(File::create(self.at(suffix)).with_context(failed)?);
        write(&mut out)?;
        out.flush().with_context(failed)
    }

    /// Writes everything else about the first call set, and the comparison with the others, and gives all files their
    /// names, which are returned.
    pub fn finish(self, evaluation: &Evaluation, sets: &[Named]) -> Result<Vec<PathBuf>> {
        let Some(Named { run, .. }) = sets.first() else {
            bail!("no call set to write about");
        };
        let subsets = evaluation.subsets(run);
        let field = &evaluation.options().score;
        self.file("summary.csv", |out| write_summary(out, run))?;
        self.file("extended.csv", |out| write_extended(out, run, &subsets, field))?;
        self.file("metrics.json", |out| write_metrics(out, evaluation, sets, &subsets))?;
        if sets.len() > 1 {
            self.file("compare.csv", |out| write_comparison(out, sets))?;
        }
        let mut roc = bgzf::Writer::from_path(self.at("roc.all.csv.gz")).with_context(|| cannot_write(&self.prefix))?;
        write_roc(&mut roc, run, &subsets, field)?;
        drop(roc);
        // Closing does not tell whether the last block could be written.
        check_whole(&self.at("roc.all.csv.gz"))?;
        self.file("html", |out| write_report(out, evaluation, sets, &subsets))?;
        publish(self.folder.path(), &self.prefix)
    }
}

fn cannot_write(prefix: &Path) -> String {
    format!("cannot write into {}", folder_of(prefix).display())
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

/// Gives every file of the draft its final name. Links that have such a name stay, and lead to the new file.
fn publish(draft: &Path, prefix: &Path) -> Result<Vec<PathBuf>> {
    let mut names: Vec<_> = std::fs::read_dir(draft)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<Result<_>>()?;
    names.sort();
    let mut published = Vec::new();
    for name in names {
        let target = named(prefix, &name.to_string_lossy());
        let (draft, place) = (
            draft.join(&name),
            target.canonicalize().unwrap_or_else(|_| target.clone()),
        );
        // A link may lead to another disk.
        let moved = std::fs::rename(&draft, &place).or_else(|_| std::fs::copy(&draft, &place).map(drop));
        moved.with_context(|| format!("cannot write {}", target.display()))?;
        published.push(target);
    }
    // Of the two kinds of index readers would take the one that is left of an earlier run.
    for index in ["vcf.gz.tbi", "vcf.gz.csi"].map(|suffix| named(prefix, suffix)) {
        if index.exists() && !published.contains(&index) {
            std::fs::remove_file(&index).with_context(|| format!("cannot remove {}", index.display()))?;
        }
    }
    Ok(published)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_an_earlier_evaluation_are_replaced_and_links_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("draft")).unwrap();
        for name in ["draft/vcf.gz", "draft/vcf.gz.tbi", "draft/html"] {
            std::fs::write(path(name), "new").unwrap();
        }
        for name in ["p.vcf.gz", "p.vcf.gz.csi", "stored"] {
            std::fs::write(path(name), "old").unwrap();
        }
        std::os::unix::fs::symlink("stored", path("p.html")).unwrap();
        let published = publish(&path("draft"), &path("p")).unwrap();
        assert_eq!(published, ["p.html", "p.vcf.gz", "p.vcf.gz.tbi"].map(path));
        assert!(path("p.html").is_symlink() && !path("p.vcf.gz.csi").exists());
        for name in ["stored", "p.vcf.gz", "p.vcf.gz.tbi"] {
            assert_eq!(std::fs::read_to_string(path(name)).unwrap(), "new");
        }
    }

    #[test]
    fn a_prefix_is_no_folder_and_no_device() {
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
