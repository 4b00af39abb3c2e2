//! Input files: on this machine, or at a URL.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rust_htslib::{bam, bcf};
use url::Url;

use super::remote::{RemoteFault, RemoteFile};
use super::remote_scheme;

/// The kinds of URLs that htslib reads at any place.
const SCHEMES: [&str; 8] = [
    "http", "https", "s3", "s3+http", "s3+https", "gs", "gs+http", "gs+https",
];

/// The URL that a path is; none for a file on this machine.
pub fn url_of(path: &Path) -> Option<&str> {
    let url = path.to_str()?;
    let (scheme, _) = url.split_once("://")?;
    SCHEMES
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(url)
}

/// A text without what URLs in it may hold for the server only: keys before an `@`, and a signature after a `?`.
pub fn without_secrets(text: &str) -> String {
    let shown = |word: &str| -> String {
        let Some((scheme, rest)) = word.split_once("://") else {
            return word.to_owned();
        };
        let rest = rest.split('?').next().unwrap_or(rest);
        let host = rest.find('/').unwrap_or(rest.len());
        let keys = rest[..host].rfind('@').map_or(0, |at| at + 1);
        format!("{scheme}://{}", &rest[keys..])
    };
    text.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

/// A path for headers and manifests.
pub fn shown(path: &Path) -> PathBuf {
    url_of(path).map_or_else(|| path.to_owned(), |url| without_secrets(url).into())
}

/// The path of a file beside another: with a suffix added, before the query of a URL.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    renamed(path, |path| path.with_added_extension(suffix))
}

/// Like [`beside`], but the suffix replaces the extension.
pub fn beside_without_extension(path: &Path, suffix: &str) -> PathBuf {
    renamed(path, |path| path.with_extension(suffix))
}

fn renamed(path: &Path, rename: impl Fn(&Path) -> PathBuf) -> PathBuf {
    match url_of(path).and_then(|url| url.split_once('?')) {
        None => rename(path),
        Some((file, query)) => {
            let mut renamed = rename(Path::new(file)).into_os_string();
            renamed.push("?");
            renamed.push(query);
            renamed.into()
        }
    }
}

/// Whether a path names a file on this machine, or is a URL.
pub fn is_input(path: &Path) -> bool {
    url_of(path).is_some() || path.is_file()
}

/// Whether there is such a file. Fails if its server does not tell.
pub fn is_there(path: &Path) -> io::Result<bool> {
    let Some(url) = url_of(path) else {
        return Ok(path.is_file());
    };
    match RemoteFile::open(url) {
        Ok(_) => Ok(true),
        Err(error) if fault_of(&error).is_some_and(|fault| fault.is_missing) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Fails if there is no such file. `kind` names it in the message.
pub fn check_is_there(path: &Path, kind: &str) -> Result<()> {
    match url_of(path) {
        Some(url) => RemoteFile::open(url)
            .map(drop)
            .with_context(|| format!("cannot read {kind} {}", shown(path).display())),
        None if path.is_file() => Ok(()),
        None => bail!("{kind} {}: no such file", path.display()),
    }
}

/// The fault of a server that an error holds.
pub fn fault_of(error: &io::Error) -> Option<&RemoteFault> {
    error.get_ref()?.downcast_ref()
}

/// An open input file.
pub enum InputFile {
    Local(File),
    Remote {
        file: Arc<RemoteFile>,
        position: u64,
        /// Number of bytes read since the last seek.
        run: u64,
    },
}

impl InputFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        match url_of(path) {
            None => Ok(Self::Local(File::open(path)?)),
            Some(url) => Ok(Self::Remote {
                file: RemoteFile::open(url)?.1,
                position: 0,
                run: 0,
            }),
        }
    }

    /// Length in bytes.
    pub fn length(&self) -> io::Result<u64> {
        match self {
            Self::Local(file) => Ok(file.metadata()?.len()),
            Self::Remote { file, .. } => Ok(file.length()),
        }
    }
}

impl Read for InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(file) => file.read(buffer),
            Self::Remote { file, position, run } => {
                let read = file.read_at(*position, buffer, *run)?;
                *position += read as u64;
                *run += read as u64;
                Ok(read)
            }
        }
    }
}

impl Seek for InputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Local(file) => file.seek(to),
            Self::Remote { file, position, run } => {
                let target = match to {
                    SeekFrom::Start(offset) => Some(offset),
                    SeekFrom::End(offset) => file.length().checked_add_signed(offset),
                    SeekFrom::Current(offset) => position.checked_add_signed(offset),
                };
                let target = target.ok_or(io::ErrorKind::InvalidInput)?;
                if target != *position {
                    (*position, *run) = (target, 0);
                }
                Ok(target)
            }
        }
    }
}

/// Opens a BAM or CRAM.
pub fn open_alignments(path: &Path) -> Result<bam::Reader> {
    match url_of(path) {
        None => Ok(bam::Reader::from_path(path)?),
        Some(url) => Ok(bam::Reader::from_url(&Url::parse(&remote_scheme::name_of(url)?)?)?),
    }
}

/// Opens a BAM or CRAM with its index. htslib keeps no copy of an index from a URL.
pub fn open_indexed_alignments(path: &Path, index: &Path) -> Result<bam::IndexedReader> {
    let Some(url) = url_of(path) else {
        return Ok(bam::IndexedReader::from_path_and_index(path, index)?);
    };
    let index = htslib_name(index)?;
    let both = format!("{}##idx##{}", remote_scheme::name_of(url)?, index.to_str()?);
    Ok(bam::IndexedReader::from_url(&Url::parse(&both)?)?)
}

/// Opens a BCF.
pub fn open_variants(path: &Path) -> Result<bcf::Reader> {
    match url_of(path) {
        None => Ok(bcf::Reader::from_path(path)?),
        Some(url) => Ok(bcf::Reader::from_url(&Url::parse(&remote_scheme::name_of(url)?)?)?),
    }
}

/// The name by which htslib opens a file.
pub fn htslib_name(path: &Path) -> io::Result<CString> {
    let name = match url_of(path) {
        None => path.as_os_str().as_bytes().to_vec(),
        Some(url) => remote_scheme::name_of(url)?.into_bytes(),
    };
    Ok(CString::new(name)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_files() {
        for url in ["https://h/x.bam", "HTTP://h/x", "s3://b/x", "s3+http://b/x", "gs://b/x"] {
            assert_eq!(url_of(Path::new(url)), Some(url));
        }
        for path in ["x.bam", "a:b/x.bam", "https:/x", "ftp://h/x", "chr20:1-5", "dir/s3://x"] {
            assert_eq!(url_of(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn an_index_is_named_before_the_query() {
        for (path, added, replaced) in [
            (
                "https://h/x.bam?a=1.2",
                "https://h/x.bam.bai?a=1.2",
                "https://h/x.bai?a=1.2",
            ),
            ("s3://b//d/x.bam", "s3://b//d/x.bam.bai", "s3://b//d/x.bai"),
            ("d/x?y.bam", "d/x?y.bam.bai", "d/x?y.bai"),
        ] {
            assert_eq!(beside(path.as_ref(), "bai"), Path::new(added));
            assert_eq!(beside_without_extension(path.as_ref(), "bai"), Path::new(replaced));
        }
    }

    #[test]
    fn keys_and_signatures_are_not_shown() {
        for (text, shown) in [
            ("reads s3://id:key@b/x.bam: no index", "reads s3://b/x.bam: no index"),
            ("https://h/a@b.bam?sig=1 --output x", "https://h/a@b.bam --output x"),
            ("did you mean 'chr20'? see x", "did you mean 'chr20'? see x"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }
}
