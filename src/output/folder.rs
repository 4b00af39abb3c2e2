//! A folder that is filled beside its place and takes it when whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::Builder;

use super::draft::{Draft, temporaries};
use super::place::folder_of;
use super::put_in_place::{sync_files, sync_folder};

/// A folder of files; a failed run leaves nothing.
pub struct OutputFolder {
    _draft: Draft,
    /// What gets the name: the draft itself is private.
    filled: PathBuf,
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

impl OutputFolder {
    /// Fails if another run writes there, or if the target is there and not empty, unless it may be overwritten and is of this
    /// kind: then it is replaced at the end.
    pub fn create(target: &Path, kind: FolderKind, overwrite: bool) -> Result<Self> {
        let target = place_of_folder(target)?;
        kind.check_replaceable(&target, overwrite)?;
        let failed = || format!("cannot make output folder {}", target.display());
        fs::create_dir_all(folder_of(&target)).with_context(failed)?;
        let draft = Draft::beside(&target).with_context(failed)?;
        let filled = draft.path().join("filled");
        fs::create_dir(&filled).with_context(failed)?;
        Ok(Self {
            _draft: draft,
            filled,
            target,
            kind,
            overwrite,
        })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.filled
    }

    /// Gives the folder its name. What it replaces is only removed after that.
    pub fn put_in_place(self) -> Result<()> {
        let Self { filled, target, .. } = &self;
        let failed = || format!("cannot put output folder {} in place", target.display());
        let files: io::Result<Vec<_>> = fs::read_dir(filled).and_then(|all| all.map(|file| Ok(file?.path())).collect());
        files.and_then(|files| sync_files(&files)).with_context(failed)?;
        sync_folder(filled).with_context(failed)?;
        let alone = temporaries();
        // Again, as it may have been filled since the start.
        self.kind.check_replaceable(target, self.overwrite)?;
        let renamed = match target.exists() {
            true => exchange(filled, target),
            false => fs::rename(filled, target),
        };
        renamed
            .and_then(|()| sync_folder(folder_of(target)))
            .with_context(failed)?;
        drop(alone);
        Ok(())
    }
}

/// Lets two folders change names. Where the file system cannot do so in one step, the target is moved aside first: a kill between
/// the two leaves it there.
fn exchange(filled: &Path, target: &Path) -> io::Result<()> {
    match renameat_with(CWD, filled, CWD, target, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let aside = Builder::new()
                .prefix(".dvcall-replaced-")
                .tempdir_in(folder_of(target))?;
            fs::rename(target, aside.path())?;
            fs::rename(filled, target).inspect_err(|_| drop(fs::rename(aside.path(), target)))
        }
        done => Ok(done?),
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
