//! An output file that gets its name only when it is complete.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use super::draft::{Draft, remove};
use super::kept::{check_kept, kept_folder};
use super::lock::Lock;
use super::place::{indexes, place_of_file};
use super::put_in_place::ReadyFile;

/// An output file. It gets its name when it is [put in place](super::put_in_place::put_in_place()).
pub struct OutputFile {
    pub(super) draft: Draft,
    /// The name from the user, which may be a link.
    pub(super) name: PathBuf,
    /// The final path, with links followed.
    pub(super) place: PathBuf,
    /// Suffixes of the indexes that readers look for beside the file.
    pub(super) indexes: &'static [&'static str],
}

impl OutputFile {
    /// Starts an output. Fails if no file can be written there, or if another run writes it.
    pub fn create(name: &Path) -> Result<Self> {
        Self::with_index(name, &[])
    }

    /// Starts an output that gets an index with one of these suffixes.
    pub fn with_index(name: &Path, suffixes: &'static [&'static str]) -> Result<Self> {
        let place = place_of_file(name)?;
        indexes(&place, suffixes).try_for_each(|index| place_of_file(&index).map(drop))?;
        let draft = Draft::beside(&place).with_context(|| format!("cannot write {}", name.display()))?;
        Ok(Self {
            draft,
            name: name.to_owned(),
            place,
            indexes: suffixes,
        })
    }

    /// The lock of the output. Keep it if the file is written again later.
    pub fn lock(&self) -> Arc<Lock> {
        self.draft.lock()
    }

    /// The path to write to. The index must have the same path with its suffix added.
    pub fn path(&self) -> PathBuf {
        self.draft.path().join(self.place.file_name().unwrap_or_default())
    }

    /// Creates the file for writing.
    pub fn open(&self) -> Result<File> {
        File::create_new(self.path()).with_context(|| self.failed())
    }

    /// Opens the file again, which an earlier run has begun.
    pub fn reopen(&self) -> Result<File> {
        File::options()
            .write(true)
            .open(self.path())
            .with_context(|| self.failed())
    }

    /// The name from the user.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The folder that holds the file until it is complete.
    pub fn folder(&self) -> &Path {
        self.draft.path()
    }

    /// The finished work of an earlier run; none if there is none. Fails if the folder is not of dvcall.
    pub fn kept(&self) -> Result<Option<PathBuf>> {
        let folder = kept_folder(&self.place);
        let name = self.place.file_name().unwrap_or_default();
        Ok(check_kept(&folder, name)?.then_some(folder))
    }

    /// Removes the finished work of an earlier run.
    pub fn discard_kept(&self) -> Result<()> {
        let Some(folder) = self.kept()? else { return Ok(()) };
        log::info!("the finished work of an earlier run is discarded: {}", folder.display());
        remove(&folder).with_context(|| format!("cannot remove {}", folder.display()))
    }

    /// Goes on with the finished work of an earlier run.
    pub fn adopt_kept(&mut self) -> Result<()> {
        let adopted = self.draft.adopt(&kept_folder(&self.place));
        adopted.with_context(|| self.failed())
    }

    /// Keeps the work so far if the run ends early.
    pub fn keep(&mut self) -> Result<()> {
        let folder = kept_folder(&self.place);
        let kept = self.draft.keep(&folder);
        kept.with_context(|| format!("cannot keep finished work in {}", folder.display()))
    }

    /// Declares that the work so far is of no use.
    pub fn release(&mut self) {
        self.draft.release();
    }

    /// The error message if the file cannot be written.
    pub fn failed(&self) -> String {
        format!("cannot write {}", self.name.display())
    }

    /// Declares that the file and its index are written and closed.
    pub fn ready(self) -> ReadyFile {
        ReadyFile::new(self)
    }
}
