//! A file that is written beside its place and takes it when whole.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use super::draft::Draft;
use super::lock::Lock;
use super::place::{indexes, place_of_file};
use super::put_in_place::ReadyFile;

/// An output file, of which nothing is seen before it is [put in place](super::put_in_place::put_in_place()).
pub struct OutputFile {
    pub(super) draft: Draft,
    /// As the user gave it: perhaps a link.
    pub(super) name: PathBuf,
    /// What the name leads to.
    pub(super) place: PathBuf,
    /// Endings of the indexes that readers look for beside it.
    pub(super) indexes: &'static [&'static str],
}

impl OutputFile {
    /// Fails if no file can be written there, or another run writes it.
    pub fn create(name: &Path) -> Result<Self> {
        Self::with_index(name, &[])
    }

    /// A file that gets one of these indexes.
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

    /// The right to write it, to be kept for files that are written again later.
    pub fn lock(&self) -> Arc<Lock> {
        self.draft.lock()
    }

    /// Where to write it; its index belongs beside, with its suffix after this name.
    pub fn path(&self) -> PathBuf {
        self.draft.path().join(self.place.file_name().unwrap_or_default())
    }

    /// Starts it.
    pub fn open(&self) -> Result<File> {
        File::create_new(self.path()).with_context(|| self.failed())
    }

    /// What to say if it cannot be written.
    pub fn failed(&self) -> String {
        format!("cannot write {}", self.name.display())
    }

    /// Tells that all is written and closed, index included.
    pub fn ready(self) -> ReadyFile {
        ReadyFile::new(self)
    }
}
