//! Finished work of a run that ended early. It stays beside the output, in the folder `OUTPUT.partial`, until another
//! run goes on with it or discards it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, TryLockError};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::put_in_place::sync_folder;

/// The folder of this run that keeps finished work, and holds the journal.
static KEPT: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Name of the journal in the folder, and its name while it is written.
const JOURNAL: &str = "journal";
const NEW_JOURNAL: &str = "journal.new";

/// Length of a checksum in hexadecimal digits.
const DIGITS: usize = 64;

/// The folder for the finished work of an output.
pub fn kept_folder(place: &Path) -> PathBuf {
    place.with_added_extension("partial")
}

pub(super) fn note_kept(folder: Option<&Path>) {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = folder.map(Path::to_owned);
}

/// What an ending run tells about its finished work; none if it keeps none.
pub fn kept_work() -> Option<String> {
    let kept = match KEPT.try_lock() {
        Ok(kept) => kept,
        Err(TryLockError::Poisoned(kept)) => kept.into_inner(),
        // The crashed thread may hold it.
        Err(TryLockError::WouldBlock) => return None,
    };
    let folder = kept.as_ref()?.display();
    Some(format!(
        "finished work is kept in {folder}; the same command with --resume goes on"
    ))
}

/// Whether the folder exists. Fails if it is not of dvcall and of this user. `name` is the file name of the output.
pub(super) fn check_kept(folder: &Path, name: &std::ffi::OsStr) -> Result<bool> {
    let shown = folder.display();
    let found = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found.with_context(|| format!("cannot read {shown}"))?,
    };
    let mend = format!("dvcall keeps finished work there; rename {shown}, or give another output");
    ensure!(found.is_dir(), "{shown} is not a folder; {mend}");
    // SAFETY: geteuid has no arguments and no side effects.
    ensure!(
        found.uid() == unsafe { libc::geteuid() },
        "{shown} belongs to another user; {mend}"
    );
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {shown}"))? {
        let entry = entry.with_context(|| format!("cannot read {shown}"))?.file_name();
        let is_output = || entry.as_bytes().starts_with(name.as_bytes());
        if entry != JOURNAL && entry != NEW_JOURNAL && !is_output() {
            bail!("{shown} holds {}, which is not of dvcall; {mend}", entry.display());
        }
    }
    Ok(true)
}

/// Writes the journal in one step, so that a crash leaves the old or the new one.
pub fn write_journal(folder: &Path, text: &[u8]) -> io::Result<()> {
    let new = folder.join(NEW_JOURNAL);
    let mut file = File::create(&new)?;
    file.write_all(&[checksum(text).as_bytes(), b"\n", text].concat())?;
    file.sync_data()?;
    fs::rename(new, folder.join(JOURNAL))?;
    sync_folder(folder)
}

/// Reads the journal; none if there is none.
pub fn read_journal(folder: &Path) -> Result<Option<Vec<u8>>> {
    let path = folder.join(JOURNAL);
    let all = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        all => all.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let whole = all
        .split_at_checked(DIGITS + 1)
        .filter(|(head, text)| head.strip_suffix(b"\n") == Some(checksum(text).as_bytes()));
    let Some((_, text)) = whole else {
        bail!(
            "{} is damaged, so that the run cannot go on; repeat the command without --resume",
            path.display()
        );
    };
    Ok(Some(text.to_vec()))
}

fn checksum(text: &[u8]) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn the_journal_is_whole_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_journal(folder.path()).unwrap(), None);
        for text in [&b"one\ntwo"[..], b"", b"three"] {
            write_journal(folder.path(), text).unwrap();
            assert_eq!(read_journal(folder.path()).unwrap().as_deref(), Some(text));
        }
        let path = folder.path().join(JOURNAL);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[DIGITS + 2] ^= 1;
        for damaged in [&whole[..whole.len() - 1], &whole[..DIGITS], &changed, b""] {
            fs::write(&path, damaged).unwrap();
            let error = read_journal(folder.path()).unwrap_err().to_string();
            assert!(error.contains("journal is damaged"), "{error}");
        }
    }

    #[test]
    fn only_folders_of_dvcall_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("x.vcf.partial");
        let check = || check_kept(&kept, OsStr::new("x.vcf"));
        assert!(!check().unwrap());
        fs::create_dir(&kept).unwrap();
        for name in [JOURNAL, NEW_JOURNAL, "x.vcf", "x.vcf.tbi"] {
            fs::write(kept.join(name), "").unwrap();
        }
        assert!(check().unwrap());
        fs::write(kept.join("notes"), "").unwrap();
        assert!(
            check()
                .unwrap_err()
                .to_string()
                .contains("x.vcf.partial holds notes, which")
        );
        fs::remove_dir_all(&kept).unwrap();
        fs::write(&kept, "").unwrap();
        assert!(check().unwrap_err().to_string().contains("is not a folder"));
    }
}
