//! Provenance of a set of examples: its input files with checksums.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::iter::once;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::examples::hex;
use crate::formats::{InputFile, shown, url_of};

/// Files of up to this many bytes are read whole.
const WHOLE: u64 = 32 << 20;
/// Bytes to read at each end of a larger file. The first bytes hold the header.
const EDGE: u64 = 1 << 20;
/// Number of blocks between the ends, and bytes of a block.
const BLOCKS: u64 = 256;
const BLOCK: u64 = 64 << 10;

/// Path, size and SHA-256 of an input; of a sample, if the whole would have to be transferred.
pub fn describe(path: &Path) -> Result<Value> {
    match url_of(path) {
        Some(_) => describe_sample(path),
        None => describe_whole(path),
    }
}

fn describe_whole(path: &Path) -> Result<Value> {
    let size = size(path)?;
    let sha256 = checksum(path, Sha256::new(), once(0..size))?;
    Ok(json!({"path": shown(path), "bytes": size, "sha256": sha256, "method": "SHA-256 of the file"}))
}

/// Like [`describe`], but reads only a sample of a large file, because the reads of a genome have a hundred gigabytes.
pub fn describe_sample(path: &Path) -> Result<Value> {
    let size = size(path)?;
    if size <= WHOLE {
        return describe_whole(path);
    }
    let sha256 = checksum(path, Sha256::new().chain_update(size.to_le_bytes()), sample(size))?;
    let method = "SHA-256 of the size (8 bytes, little-endian), the first and last MiB, and between them 256 evenly \
                  spaced blocks of 64 KiB, in the file's order";
    Ok(json!({"path": shown(path), "bytes": size, "sample_sha256": sha256, "method": method}))
}

/// The byte ranges to read of a large file, in ascending order.
fn sample(size: u64) -> impl Iterator<Item = Range<u64>> {
    let between = size - 2 * EDGE - BLOCK;
    let blocks = (0..BLOCKS).map(move |i| EDGE + (u128::from(between) * u128::from(i) / u128::from(BLOCKS)) as u64);
    let blocks = blocks.map(|start| start..start + BLOCK);
    once(0..EDGE).chain(blocks).chain(once(size - EDGE..size))
}

fn size(path: &Path) -> Result<u64> {
    InputFile::open(path)
        .and_then(|file| file.length())
        .with_context(|| format!("cannot read {}", path.display()))
}

fn checksum(path: &Path, mut digest: Sha256, pieces: impl IntoIterator<Item = Range<u64>>) -> Result<String> {
    let failed = || format!("cannot read {}", path.display());
    let mut file = InputFile::open(path).with_context(failed)?;
    let mut buffer = vec![0; EDGE as usize];
    for piece in pieces {
        file.seek(SeekFrom::Start(piece.start)).with_context(failed)?;
        for start in piece.clone().step_by(buffer.len()) {
            let part = &mut buffer[..(piece.end - start).min(EDGE) as usize];
            file.read_exact(part).with_context(failed)?;
            digest.update(part);
        }
    }
    Ok(hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn small_files_are_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "abc").unwrap();
        let described = describe_sample(&path).unwrap();
        assert_eq!(
            described["sha256"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(described, describe(&path).unwrap());
    }

    #[test]
    fn a_small_part_from_start_to_end_of_large_files_is_read() {
        for size in [WHOLE + 1, 200 << 30] {
            let pieces: Vec<_> = sample(size).collect();
            let read: u64 = pieces.iter().map(|piece| piece.end - piece.start).sum();
            assert!(read < WHOLE, "{size}: {read}");
            assert!(pieces.windows(2).all(|pair| pair[0].end <= pair[1].start), "{size}");
            let widest = pieces.windows(2).map(|pair| pair[1].start - pair[0].end).max();
            assert!(widest.unwrap() <= size / BLOCKS, "{size}");
            assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (0, size));
        }
    }

    #[test]
    fn the_checksum_depends_on_size_and_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let file = File::create(&path).unwrap();
        let checksum_at = |size: u64| {
            file.set_len(size).unwrap();
            describe_sample(&path).unwrap()["sample_sha256"].clone()
        };
        let (larger, large) = (checksum_at(WHOLE + 2), checksum_at(WHOLE + 1));
        assert_ne!(larger, large);
        std::os::unix::fs::FileExt::write_all_at(&file, b"x", WHOLE).unwrap();
        assert_ne!(checksum_at(WHOLE + 1), large);
    }
}
