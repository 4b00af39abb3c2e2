//! What a run has beside its outputs until they are whole.

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

use super::lock::{Lock, lock};
use super::place::folder_of;

/// Lock files and private folders of this run.
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Who holds this may make, rename and remove files beside outputs. A signal takes it and keeps it to the end of the process.
pub(super) fn temporaries() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As [`temporaries`], but for callers that must not wait for ever: this thread may hold it.
pub(super) fn temporaries_within(patience: Duration) -> Option<MutexGuard<'static, Vec<PathBuf>>> {
    let pause = Duration::from_millis(10);
    for _ in 0..=patience.as_millis() / pause.as_millis() {
        match TEMPORARIES.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
        }
    }
    None
}

/// Removes a file or a folder with all that is in it. Links are not followed.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Begin of the names of all that a run has beside an output. It is short, as the output's own name may be as long as names can be.
pub(super) fn stem(place: &Path) -> String {
    let name = place.file_name().unwrap_or_default();
    let digest = Sha256::digest(name.as_bytes());
    let digits: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".dvcall-{digits}")
}

/// A private folder beside an output, which is locked as long. Nobody else can put a link into it.
pub(super) struct Draft {
    folder: PathBuf,
    lock: Arc<Lock>,
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
        Ok(Self { folder, lock })
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub fn lock(&self) -> Arc<Lock> {
        self.lock.clone()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let mut temporaries = temporaries();
        // If too many files are open, it goes at the end of the process.
        if remove(&self.folder).is_ok() {
            temporaries.retain(|path| *path != self.folder);
        }
    }
}

/// Removes what is left at the end of the process.
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

/// Removes the private folders of killed runs. The output must be locked: then no other run has one.
pub(super) fn remove_left_behind(place: &Path) {
    let prefix = draft_prefix(place);
    for entry in fs::read_dir(folder_of(place)).into_iter().flatten().flatten() {
        if entry.file_name().as_bytes().starts_with(prefix.as_bytes()) {
            // Another user's, perhaps: no reason to fail.
            let _ = remove(&entry.path());
        }
    }
}
