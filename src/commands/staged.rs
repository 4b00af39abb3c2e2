//! Outputs that appear under their name only when whole.

use std::fs::{self, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::{Builder, NamedTempFile, TempDir};

/// A folder that is filled beside its place and takes it when whole; a failed run leaves nothing.
pub struct StagedFolder {
    staged: TempDir,
    target: PathBuf,
}

impl StagedFolder {
    /// Fails if the target is there and not empty, unless it may be overwritten: then it is replaced at the end.
    pub fn create(target: &Path, overwrite: bool) -> Result<Self> {
        if target.exists() {
            let mut entries = fs::read_dir(target).with_context(|| format!("{} is not a folder", target.display()))?;
            if entries.next().is_some() && !overwrite {
                bail!(
                    "output folder {} is not empty; choose another, or give --overwrite to replace it",
                    target.display()
                );
            }
        }
        let parent = folder_of(target);
        let failed = || format!("cannot make output folder {}", target.display());
        fs::create_dir_all(parent).with_context(failed)?;
        let staged = Builder::new()
            .prefix(".dvcall-")
            .tempdir_in(parent)
            .with_context(failed)?;
        Ok(Self {
            staged,
            target: target.to_owned(),
        })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        self.staged.path()
    }

    /// Gives the folder its name.
    pub fn put_in_place(self) -> Result<()> {
        let failed = || format!("cannot put output folder {} in place", self.target.display());
        if self.target.exists() {
            fs::remove_dir_all(&self.target).with_context(failed)?;
        }
        fs::rename(self.staged.path(), &self.target).with_context(failed)?;
        let _ = self.staged.keep();
        Ok(())
    }
}

/// Makes the folder of a file that is to be written. Fails if something other than a file is there, which would be replaced by
/// one: a device or pipe such as /dev/stdout, or a folder.
pub fn make_room(target: &Path) -> Result<()> {
    if target.starts_with("/dev") || target.exists() && !target.is_file() {
        bail!(
            "cannot write {}: it is no regular file; give the name of one",
            target.display()
        );
    }
    fs::create_dir_all(folder_of(target))
        .with_context(|| format!("cannot write {}: cannot make its folder", target.display()))
}

/// A file that is written beside its place and takes it when whole.
pub struct StagedFile {
    staged: BufWriter<NamedTempFile>,
    target: PathBuf,
}

impl StagedFile {
    pub fn create(target: &Path) -> Result<Self> {
        make_room(target)?;
        let staged = staging(0o666).tempfile_in(folder_of(target));
        let staged = staged.with_context(|| format!("cannot write {}", target.display()))?;
        Ok(Self {
            staged: BufWriter::new(staged),
            target: target.to_owned(),
        })
    }

    pub fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.staged, "{line}").with_context(|| format!("cannot write {}", self.target.display()))
    }

    /// Gives the file its name.
    pub fn put_in_place(self) -> Result<()> {
        let failed = || format!("cannot write {}", self.target.display());
        let staged = self
            .staged
            .into_inner()
            .map_err(|error| error.into_error())
            .with_context(failed)?;
        staged.persist(&self.target).with_context(failed)?;
        Ok(())
    }
}

/// What is made has the permissions that the user's mask leaves, and not a temporary file's.
fn staging(mode: u32) -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".dvcall-").permissions(Permissions::from_mode(mode));
    builder
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
