//! Outputs that appear under their name only when whole.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::{Builder, TempDir};

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
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
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
        // A temporary folder is its owner's alone; the result is like any other folder.
        let permissions = fs::metadata(self.staged.path().join(".."))
            .with_context(failed)?
            .permissions();
        fs::set_permissions(self.staged.path(), permissions).with_context(failed)?;
        fs::rename(self.staged.path(), &self.target).with_context(failed)?;
        let _ = self.staged.keep();
        Ok(())
    }
}

/// Writes a small file whole or not at all.
pub fn write_whole(path: &Path, text: &str) -> Result<()> {
    let temporary = PathBuf::from(format!("{}.part", path.display()));
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
