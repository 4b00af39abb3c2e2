//! Outputs that appear under their name only when whole.

use std::fs::{self, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::{Builder, NamedTempFile, TempDir};

use super::outputs::{folder_of, make_room};

/// A folder that is filled beside its place and takes it when whole; a failed run leaves nothing.
pub struct StagedFolder {
    staged: TempDir,
    target: PathBuf,
    kind: FolderKind,
    overwrite: bool,
}

/// How a folder that an earlier run made is known.
#[derive(Clone, Copy)]
pub struct FolderKind {
    /// The file that each of its kind has.
    pub marker: &'static str,
    /// Whether other files may have this name.
    pub holds: fn(&str) -> bool,
}

impl StagedFolder {
    /// Fails if the target is there and not empty, unless it may be overwritten and is of this kind: then it is replaced at
    /// the end.
    pub fn create(target: &Path, kind: FolderKind, overwrite: bool) -> Result<Self> {
        let target = place_of_folder(target)?;
        kind.check_replaceable(&target, overwrite)?;
        let parent = folder_of(&target);
        let failed = || format!("cannot make output folder {}", target.display());
        fs::create_dir_all(parent).with_context(failed)?;
        let staged = Builder::new()
            .prefix(".dvcall-")
            .tempdir_in(parent)
            .with_context(failed)?;
        Ok(Self {
            staged,
            target,
            kind,
            overwrite,
        })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        self.staged.path()
    }

    /// Gives the folder its name. What it replaces is only removed after that.
    pub fn put_in_place(self) -> Result<()> {
        let (staged, target) = (self.staged.path(), &self.target);
        let failed = || format!("cannot put output folder {} in place", target.display());
        // Again, as it may have been filled since the start.
        self.kind.check_replaceable(target, self.overwrite)?;
        if target.exists() {
            let aside = Builder::new().prefix(".dvcall-").tempdir_in(folder_of(target));
            let aside = aside.with_context(failed)?.keep();
            let moved = fs::rename(target, &aside).inspect_err(|_| drop(fs::remove_dir(&aside)));
            moved.with_context(failed)?;
            let renamed = fs::rename(staged, target).inspect_err(|_| drop(fs::rename(&aside, target)));
            renamed.with_context(failed)?;
            fs::remove_dir_all(&aside).with_context(|| format!("cannot remove {}", aside.display()))?;
        } else {
            fs::rename(staged, target).with_context(failed)?;
        }
        let _ = self.staged.keep();
        Ok(())
    }
}

impl FolderKind {
    fn check_replaceable(self, target: &Path, overwrite: bool) -> Result<()> {
        if !target.exists() {
            return Ok(());
        }
        let shown = target.display();
        let entries = fs::read_dir(target).with_context(|| format!("output {shown} is not a folder"))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read output folder {shown}"))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = entry.file_type().is_ok_and(|t| t.is_file()) && (name == self.marker || (self.holds)(&name));
            names.push((ours, name));
        }
        // What is not ours comes first.
        names.sort();
        let marked = names.iter().any(|(_, name)| name == self.marker);
        match names.first() {
            Some(_) if !overwrite => {
                bail!("output folder {shown} is not empty; choose another, or give --overwrite to replace it")
            }
            Some((ours, name)) if !ours || !marked => bail!(
                "--overwrite replaces only what an earlier run made, but output folder {shown} holds {name}{}; choose another \
                 folder, or empty this one",
                if marked {
                    String::new()
                } else {
                    format!(" and no {}", self.marker)
                }
            ),
            _ => Ok(()),
        }
    }
}

/// The folder that a name stands for, links followed. Fails for names that no new folder can take.
fn place_of_folder(target: &Path) -> Result<PathBuf> {
    let shown = target.display();
    // Without a slash or dot at its end.
    let plain: PathBuf = target.components().collect();
    let place = target.canonicalize().unwrap_or(plain);
    if place.file_name().is_none() || target.as_os_str() == "-" {
        bail!("cannot make output folder {shown}: it is no name of a folder; give one");
    }
    if target.is_symlink() && !target.exists() {
        bail!("cannot make output folder {shown}: it is a link that leads nowhere; remove it, or give another name");
    }
    if std::env::current_dir().is_ok_and(|current| current.starts_with(&place)) {
        bail!("cannot make output folder {shown}: the current folder is there; give the name of a new one");
    }
    Ok(place)
}

/// A file that is written beside its place and takes it when whole.
pub struct StagedFile {
    staged: BufWriter<NamedTempFile>,
    target: PathBuf,
}

impl StagedFile {
    pub fn create(target: &Path) -> Result<Self> {
        let target = make_room(target)?;
        let staged = staging(0o666).tempfile_in(folder_of(&target));
        let staged = staged.with_context(|| format!("cannot write {}", target.display()))?;
        Ok(Self {
            staged: BufWriter::new(staged),
            target,
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
