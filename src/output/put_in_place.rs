//! Complete files get their final names.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

use super::draft::{remove, temporaries};
use super::file::OutputFile;
use super::place::{folder_of, indexes, readable_as_index};

/// Number of files to flush to the disk in parallel, because file systems flush many in the time of one.
const AT_ONCE: usize = 8;

/// A complete output file that does not have its final name yet.
pub struct ReadyFile {
    file: OutputFile,
    /// The path of the index in the draft, and its suffix.
    index: Option<(PathBuf, &'static str)>,
    /// A name for the time until the other files have their final names.
    interim: Option<PathBuf>,
}

impl ReadyFile {
    pub(super) fn new(file: OutputFile) -> Self {
        let path = file.path();
        let possible = indexes(&path, file.indexes).zip(file.indexes.iter().copied());
        Self {
            index: possible.into_iter().find(|(index, _)| index.exists()),
            file,
            interim: None,
        }
    }

    /// Gives the file an interim name. It gets its final name after the other files of the same call of
    /// [`put_in_place`], so that readers who know both names always find it.
    pub fn with_interim(mut self, name: PathBuf) -> Self {
        self.interim = Some(name);
        self
    }

    /// The final names of the file and of its index.
    pub fn names(&self) -> impl Iterator<Item = PathBuf> + use<> {
        let name = self.file.name.clone();
        let index = self.index.as_ref().map(|(_, suffix)| name.with_added_extension(suffix));
        std::iter::once(name).chain(index)
    }

    /// The draft files to flush to the disk before the rename.
    fn parts(&self) -> impl Iterator<Item = PathBuf> {
        std::iter::once(self.file.path()).chain(self.index.iter().map(|(index, _)| index.clone()))
    }

    /// Removes old indexes beside the file and beside the link to it. Returns whether there was one.
    fn remove_old_indexes(&self) -> io::Result<bool> {
        let OutputFile {
            name, place, indexes, ..
        } = &self.file;
        let mut removed = false;
        let at_link = readable_as_index(name, indexes).filter(|_| name.is_symlink());
        for index in at_link.chain(readable_as_index(place, indexes)) {
            removed |= fs::symlink_metadata(&index).is_ok();
            remove(&index)?;
        }
        Ok(removed)
    }

    /// Renames the file and its index. Removes the old index first, so that it is never beside the new file.
    fn take_place(&self) -> io::Result<()> {
        let OutputFile { name, place, .. } = &self.file;
        if self.remove_old_indexes()? {
            sync_folder(folder_of(place))?;
        }
        fs::rename(self.file.path(), self.interim.as_ref().unwrap_or(place))?;
        let Some((index, suffix)) = &self.index else {
            return Ok(());
        };
        let index_place = place.with_added_extension(suffix);
        fs::rename(index, &index_place)?;
        // Readers look for the index beside the link.
        match name.is_symlink() {
            true => symlink(index_place.canonicalize()?, name.with_added_extension(suffix)),
            false => Ok(()),
        }
    }

    fn failed(&self) -> String {
        self.file.failed()
    }
}

/// Gives files their final names, in this order. All files are flushed to the disk before the first rename. A signal
/// waits until the last rename. After a kill between two renames, each file is either old or new.
pub fn put_in_place(files: Vec<ReadyFile>) -> Result<()> {
    for file in &files {
        sync_files(&file.parts().collect::<Vec<_>>()).with_context(|| file.failed())?;
    }
    let folders: BTreeSet<PathBuf> = files
        .iter()
        .map(|file| folder_of(&file.file.place).to_owned())
        .collect();
    let sync_folders = || folders.iter().try_for_each(|folder| sync_folder(folder));
    let guard = temporaries();
    let (first, last): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.interim.is_some());
    let mut placed = Vec::new();
    let renamed = first.iter().chain(&last).try_for_each(|file| {
        placed.extend(file.interim.as_ref());
        let result = file
            .take_place()
            .and_then(|()| file.interim.as_ref().map_or(Ok(()), |_| sync_folders()));
        result.with_context(|| file.failed())
    });
    if let Err(error) = renamed {
        placed.iter().for_each(|interim| drop(remove(interim)));
        return Err(error);
    }
    for (file, interim) in first.iter().filter_map(|file| Some((file, file.interim.as_ref()?))) {
        let result = sync_folders().and_then(|()| fs::rename(interim, &file.file.place));
        result.with_context(|| file.failed())?;
    }
    drop(guard);
    sync_folders().context("cannot write outputs to the disk")?;
    files.into_iter().for_each(|mut ready| ready.file.release());
    Ok(())
}

/// Flushes files to the disk.
pub(super) fn sync_files(files: &[PathBuf]) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    let sync = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            File::open(file)?.sync_all()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let others = (1..AT_ONCE.min(files.len())).map(|_| std::thread::Builder::new().spawn_scoped(scope, sync));
        // If no thread can be started, this thread flushes all files.
        let others: Vec<_> = others.filter_map(Result::ok).collect();
        let done = sync();
        others.into_iter().fold(done, |done, other| {
            done.and(
                other
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a thread has panicked"))),
            )
        })
    })
}

/// Flushes the names in a folder to the disk, if the file system supports it.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        // The folder may be written but not read.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::super::place::VCF_INDEXES;
    use super::*;

    fn written(name: &Path, index: Option<&str>) -> ReadyFile {
        let file = OutputFile::with_index(name, if index.is_some() { VCF_INDEXES } else { &[] }).unwrap();
        fs::write(file.path(), "new").unwrap();
        if let Some(suffix) = index {
            fs::write(file.path().with_added_extension(suffix), "new").unwrap();
        }
        file.ready()
    }

    #[test]
    fn links_stay_and_old_indexes_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("store")).unwrap();
        for old in [
            "store/calls",
            "store/calls.tbi",
            "link.vcf.gz.csi",
            "x.vcf.gz",
            "x.vcf.gz.csi",
        ] {
            fs::write(path(old), "old").unwrap();
        }
        symlink("store/calls", path("link.vcf.gz")).unwrap();
        let files = vec![
            written(&path("link.vcf.gz"), Some("csi")),
            written(&path("x.vcf.gz"), Some("tbi")),
        ];
        let names: Vec<_> = files.iter().flat_map(ReadyFile::names).collect();
        assert_eq!(
            names,
            ["link.vcf.gz", "link.vcf.gz.csi", "x.vcf.gz", "x.vcf.gz.tbi"].map(path)
        );
        put_in_place(files).unwrap();
        let mut found: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        found.sort();
        assert_eq!(
            found,
            ["link.vcf.gz", "link.vcf.gz.csi", "store", "x.vcf.gz", "x.vcf.gz.tbi"].map(path)
        );
        assert!(path("link.vcf.gz").is_symlink() && path("link.vcf.gz.csi").is_symlink());
        assert!(names.iter().all(|name| fs::read_to_string(name).unwrap() == "new"));
        assert!(!path("store/calls.tbi").exists());
    }

    /// A kill may leave any of these states.
    #[test]
    fn a_file_has_its_interim_name_until_the_others_have_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("weights"), "old").unwrap();
        let interim = || written(&path("weights"), None).with_interim(path("interim"));
        // Another file has taken the card's name meanwhile, so nothing changes.
        let card = written(&path("card"), None);
        fs::create_dir_all(path("card/full")).unwrap();
        assert!(put_in_place(vec![interim(), card]).is_err());
        assert!(!path("interim").exists());
        assert_eq!(fs::read_to_string(path("weights")).unwrap(), "old");
        fs::remove_dir_all(path("card")).unwrap();
        put_in_place(vec![interim(), written(&path("card"), None)]).unwrap();
        assert_eq!(fs::read_to_string(path("weights")).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_is_as_readable_as_any_other() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let output = folder.path().join("output");
        put_in_place(vec![written(&output, None)]).unwrap();
        assert_eq!(output.metadata().unwrap().mode(), plain.metadata().unwrap().mode());
    }
}
