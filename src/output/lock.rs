//! Locks, so that only one run at a time writes an output.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Context, Result, bail};

use super::draft::{remove, remove_left_behind, stem, temporaries};
use super::place::folder_of;

/// The locks of this process by the path of the lock file, because a run may take a lock several times.
static HELD: Mutex<BTreeMap<PathBuf, Weak<Lock>>> = Mutex::new(BTreeMap::new());

/// The lock of an output. The kernel releases it when the process ends for any reason.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Holds the lock while the file is open.
    _file: File,
}

/// Locks an output, whose folder must exist. Fails if another run holds the lock.
pub fn lock(place: &Path) -> Result<Arc<Lock>> {
    let folder = folder_of(place).canonicalize()?;
    let path = folder.join(stem(place) + ".lock");
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lock) = held.get(&path).and_then(Weak::upgrade) {
        return Ok(lock);
    }
    let file = loop {
        let mut temporaries = temporaries();
        let file = open(&path).with_context(|| format!("cannot lock {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another run of dvcall writes this output; wait for its end, or give another name")
            }
            Err(TryLockError::Error(error)) => {
                log::debug!("{}: this file system has no locks: {error}", place.display());
            }
        }
        // Another run may have removed the lock file after this run opened it.
        if fs::symlink_metadata(&path).is_ok_and(|found| is_same(&file, &found)) {
            temporaries.push(path.clone());
            break file;
        }
    };
    remove_left_behind(place);
    let lock = Arc::new(Lock {
        path: path.clone(),
        _file: file,
    });
    held.insert(path, Arc::downgrade(&lock));
    Ok(lock)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.custom_flags(libc::O_NOFOLLOW).open(path)
}

fn is_same(file: &File, found: &fs::Metadata) -> bool {
    file.metadata()
        .is_ok_and(|opened| (opened.dev(), opened.ino()) == (found.dev(), found.ino()))
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut temporaries = temporaries();
        // Removes the file before the lock is released, so that it is not the lock file of another run.
        let _ = remove(&self.path);
        temporaries.retain(|path| *path != self.path);
    }
}
