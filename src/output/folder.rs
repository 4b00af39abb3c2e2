//! An output folder that gets its name only when it is complete.

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

/// An output folder. A failed run leaves no part of it.
pub struct OutputFolder {
    _draft: Draft,
    /// The folder that gets the final name, inside the private draft.
    filled: PathBuf,
    target: PathBuf,
    kind: FolderKind,
    overwrite: bool,
}

/// How to recognize a folder from an earlier run.
#[derive(Clone, Copy)]
pub struct FolderKind {
    /// The file that each folder of this kind has.
    pub marker: &'static str,
    /// Whether other files of the folder may have this name.
    pub holds: fn(&str) -> bool,
}

impl OutputFolder {
    /// Starts an output folder. Fails if another run writes it, or if the target exists and is not empty. With
    /// `overwrite`, a target of this kind is allowed, and is replaced at the end.
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

    /// The folder to write to.
    pub fn path(&self) -> &Path {
        &self.filled
    }

    /// Gives the folder its final name. The replaced folder is removed after that.
    pub fn put_in_place(self) -> Result<()> {
        let Self { filled, target, .. } = &self;
        let failed = || format!("cannot put output folder {} in place", target.display());
        let files: io::Result<Vec<_>> = fs::read_dir(filled).and_then(|all| all.map(|file| Ok(file?.path())).collect());
        files.and_then(|files| sync_files(&files)).with_context(failed)?;
        sync_folder(filled).with_context(failed)?;
        let guard = temporaries();
        // Checks again, because the target may have changed since the start.
        self.kind.check_replaceable(target, self.overwrite)?;
        let renamed = match target.exists() {
            true => exchange(filled, target),
            false => fs::rename(filled, target),
        };
        renamed
            .and_then(|()| sync_folder(folder_of(target)))
            .with_context(failed)?;
        drop(guard);
        Ok(())
    }
}

/// Exchanges the names of two folders. If the file system cannot do this in one step, moves the target aside first. A
/// kill between the two steps leaves the target there.
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
        let folder = target.display();
        let entries = fs::read_dir(target).with_context(|| format!("output {folder} is not a folder"))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read output folder {folder}"))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = entry.file_type().is_ok_and(|t| t.is_file()) && (name == self.marker || (self.holds)(&name));
            names.push((ours, name));
        }
        // Files of other kinds come first.
        names.sort();
        let marked = names.iter().any(|(_, name)| name == self.marker);
        match names.first() {
            Some(_) if !overwrite => {
                bail!("output folder {folder} is not empty; choose another folder, or replace it with --overwrite")
            }
            Some((ours, name)) if !ours || !marked => bail!(
                "--overwrite replaces only folders from earlier runs, but output folder {folder} holds {name}{}; \
                 choose another folder, or empty this one",
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

/// The path of an output folder, with links followed. Fails for names that a new folder cannot have.
fn place_of_folder(target: &Path) -> Result<PathBuf> {
    let folder = target.display();
    // Removes a slash or dot at the end.
    let plain: PathBuf = target.components().collect();
    let place = target.canonicalize().unwrap_or(plain);
    if place.file_name().is_none() || target.as_os_str() == "-" {
        bail!("cannot make output folder {folder}: it is not the name of a folder; give a folder name");
    }
    if target.is_symlink() && !target.exists() {
        bail!("cannot make output folder {folder}: it is a broken link; remove the link, or give another name");
    }
    if std::env::current_dir().is_ok_and(|current| current.starts_with(&place)) {
        bail!("cannot make output folder {folder}: it contains the current folder; give the name of a new folder");
    }
    Ok(place)
}
