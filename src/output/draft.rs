//! Private folders and lock files beside the outputs, until the outputs are complete.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use anyhow::Result;
use sha2::{Digest, Sha256};
use tempfile::Builder;

use super::kept::note_kept;
use super::lock::{Lock, lock};
use super::place::folder_of;
use super::put_in_place::sync_folder;

/// Lock files and private folders of this run.
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The guard that is required to make, rename and remove files beside outputs. The signal thread takes it and keeps it
/// until the end of the process.
pub(super) fn temporaries() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Like [`temporaries`], but with a time limit, because this thread may hold the guard already.
pub(super) fn temporaries_within(limit: Duration) -> Option<MutexGuard<'static, Vec<PathBuf>>> {
    let pause = Duration::from_millis(10);
    for _ in 0..=limit.as_millis() / pause.as_millis() {
        match TEMPORARIES.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
        }
    }
    None
}

/// Removes a file, a link, or a folder with its contents. A missing path is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Prefix of the names of temporary files beside an output. It is short, because the output's name may have the maximum
/// length.
pub(super) fn stem(place: &Path) -> String {
    let name = place.file_name().unwrap_or_default();
    let digest = Sha256::digest(name.as_bytes());
    let digits: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".dvcall-{digits}")
}

/// A private folder beside an output, with the lock of the output. Other users cannot put links into the folder.
pub(super) struct Draft {
    folder: PathBuf,
    lock: Arc<Lock>,
    /// Whether the folder stays if the run ends early.
    is_kept: bool,
}

impl Draft {
    pub fn beside(place: &Path) -> Result<Self> {
        let lock = lock(place)?;
        let mut temporaries = temporaries();
        let folder = Builder::new()
            .prefix(&draft_prefix(place))
            .rand_bytes(12)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(folder_of(place))?
            .keep();
        temporaries.push(folder.clone());
        Ok(Self {
            folder,
            lock,
            is_kept: false,
        })
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub fn lock(&self) -> Arc<Lock> {
        self.lock.clone()
    }

    /// Renames the folder, which stays under the new name if the run ends early.
    pub fn keep(&mut self, name: &Path) -> io::Result<()> {
        if self.is_kept {
            return Ok(());
        }
        sync_folder(&self.folder)?;
        let mut temporaries = temporaries();
        fs::rename(&self.folder, name)?;
        temporaries.retain(|path| *path != self.folder);
        self.set_kept(name);
        drop(temporaries);
        sync_folder(folder_of(name))
    }

    /// Takes the kept folder of an earlier run instead of the own one.
    pub fn adopt(&mut self, name: &Path) -> io::Result<()> {
        let mut temporaries = temporaries();
        remove(&self.folder)?;
        temporaries.retain(|path| *path != self.folder);
        self.set_kept(name);
        Ok(())
    }

    fn set_kept(&mut self, name: &Path) {
        self.folder = name.to_owned();
        self.is_kept = true;
        note_kept(Some(name));
    }

    /// Declares that the folder is of no use any more, so that it does not stay.
    pub fn release(&mut self) {
        if std::mem::take(&mut self.is_kept) {
            temporaries().push(self.folder.clone());
            note_kept(None);
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let mut temporaries = temporaries();
        // If too many files are open, the folder is removed at the end of the process.
        if remove(&self.folder).is_ok() {
            temporaries.retain(|path| *path != self.folder);
        }
    }
}

/// Removes the remaining temporary files at the end of the process.
pub fn remove_temporaries() {
    for path in temporaries().drain(..).rev() {
        if let Err(error) = remove(&path) {
            log::warn!("cannot remove {}: {error}", path.display());
        }
    }
}

fn draft_prefix(place: &Path) -> String {
    stem(place) + "-"
}

/// Removes the private folders of killed runs. The output must be locked, so that no other run uses one.
pub(super) fn remove_left_behind(place: &Path) {
    let prefix = draft_prefix(place);
    for entry in fs::read_dir(folder_of(place)).into_iter().flatten().flatten() {
        if entry.file_name().as_bytes().starts_with(prefix.as_bytes()) {
            // An error is ignored, because the folder may belong to another user.
            let _ = remove(&entry.path());
        }
    }
}
