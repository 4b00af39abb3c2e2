//! Bytes of an output, compressed on other threads.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write, stdout};

use anyhow::{Result, ensure};

use crate::formats::{BGZF_BLOCK, compress_block};
use crate::runtime::{OrderedTasks, Stage, StageCosts, Stopwatch, TaskPool};

/// Most blocks that wait for compression, for each thread.
const MOST_BLOCKS: usize = 16;

/// How far a stream was written: its bytes in the file, and those of the block that is not full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedStream {
    pub length: u64,
    pub block: Vec<u8>,
}

/// Writes bytes in order, plain or as BGZF. How the bytes come in pieces does not change the file.
pub(super) struct ByteStream {
    out: Out,
    compression: Option<Compression>,
    /// Number of written bytes.
    length: u64,
}

enum Out {
    File(File),
    Standard,
}

struct Compression {
    /// The bytes that do not fill a block yet.
    block: Vec<u8>,
    blocks: OrderedTasks<(Vec<u8>, StageCosts)>,
    most: usize,
    costs: StageCosts,
}

impl ByteStream {
    /// A new file; with a pool, its threads compress.
    pub fn new(file: File, pool: Option<&TaskPool>) -> Self {
        Self {
            out: Out::File(file),
            compression: pool.map(|pool| Compression {
                block: Vec::with_capacity(BGZF_BLOCK),
                blocks: OrderedTasks::new(pool.clone()),
                most: MOST_BLOCKS * pool.threads(),
                costs: StageCosts::default(),
            }),
            length: 0,
        }
    }

    pub fn on_standard_output() -> Self {
        Self {
            out: Out::Standard,
            compression: None,
            length: 0,
        }
    }

    /// Like [`new`](Self::new), for a file that was written so far. Cuts off what was written after that.
    pub fn resumed(mut file: File, pool: Option<&TaskPool>, saved: SavedStream) -> Result<Self> {
        ensure!(file.metadata()?.len() >= saved.length, "the file is too short");
        file.set_len(saved.length)?;
        file.seek(SeekFrom::End(0))?;
        let mut stream = Self::new(file, pool);
        stream.length = saved.length;
        if let Some(compression) = &mut stream.compression {
            compression.block = saved.block;
        }
        Ok(stream)
    }

    /// Adds bytes. They may wait for others that fill their block.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        let Some(compression) = &mut self.compression else {
            return self.write(bytes);
        };
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(BGZF_BLOCK - compression.block.len()));
            compression.block.extend_from_slice(part);
            if compression.block.len() == BGZF_BLOCK {
                compression.compress();
            }
            bytes = rest;
        }
        let most = compression.most;
        self.write_compressed(most)
    }

    /// Writes all full blocks to the disk, and returns how far the stream is written.
    pub fn save(&mut self) -> Result<SavedStream> {
        self.write_compressed(0)?;
        if let Out::File(file) = &self.out {
            file.sync_data()?;
        }
        let block = self.compression.as_ref().map(|compression| compression.block.clone());
        Ok(SavedStream {
            length: self.length,
            block: block.unwrap_or_default(),
        })
    }

    /// Writes the last block and the end-of-file marker. Returns the cost of the compression.
    pub fn close(mut self) -> Result<StageCosts> {
        if let Some(compression) = &mut self.compression {
            // The second one is empty: the end-of-file marker.
            for _ in 0..1 + usize::from(!compression.block.is_empty()) {
                compression.compress();
            }
        }
        self.write_compressed(0)?;
        Ok(self
            .compression
            .map_or_else(StageCosts::default, |compression| compression.costs))
    }

    /// Writes the compressed blocks; waits until at most `most` blocks are left.
    fn write_compressed(&mut self, most: usize) -> Result<()> {
        loop {
            let next = self
                .compression
                .as_mut()
                .and_then(|compression| compression.blocks.next(most));
            let Some(next) = next else { return Ok(()) };
            let (block, costs) = next?;
            self.write(&block)?;
            if let Some(compression) = &mut self.compression {
                compression.costs += costs;
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.length += bytes.len() as u64;
        match &mut self.out {
            Out::File(file) => file.write_all(bytes)?,
            Out::Standard => {
                let mut out = stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())?;
            }
        }
        Ok(())
    }
}

impl Compression {
    fn compress(&mut self) {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BGZF_BLOCK));
        self.blocks.add(move || {
            let (mut clock, mut costs) = (Stopwatch::start(), StageCosts::default());
            let compressed = compress_block(&block)?;
            clock.lap(&mut costs, Stage::Formatting, 0);
            Ok((compressed, costs))
        });
    }
}

#[cfg(test)]
mod tests {
    use rust_htslib::bgzf;

    use super::*;

    #[test]
    fn the_file_is_that_of_htslib_however_the_bytes_come() {
        let folder = tempfile::tempdir().unwrap();
        let (path, of_htslib) = (folder.path().join("x"), folder.path().join("y"));
        let pool = TaskPool::new(2).unwrap();
        for size in [0, 1, BGZF_BLOCK, 3 * BGZF_BLOCK, 300_000] {
            let bytes: Vec<u8> = (0..size as u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
            let mut writer = bgzf::Writer::from_path(&of_htslib).unwrap();
            writer.write_all(&bytes).unwrap();
            drop(writer);
            for piece in [7_000, 65_279, 200_000] {
                let mut stream = ByteStream::new(File::create(&path).unwrap(), Some(&pool));
                for part in bytes.chunks(piece) {
                    stream.push(part).unwrap();
                    let saved = stream.save().unwrap();
                    // As after a crash: what came after the save is lost.
                    stream.push(b"lost").unwrap();
                    drop(stream);
                    let file = File::options().write(true).open(&path).unwrap();
                    stream = ByteStream::resumed(file, Some(&pool), saved).unwrap();
                }
                stream.close().unwrap();
                assert!(
                    std::fs::read(&path).unwrap() == std::fs::read(&of_htslib).unwrap(),
                    "{size} {piece}"
                );
            }
        }
        let saved = SavedStream {
            length: 1 << 30,
            block: Vec::new(),
        };
        let file = File::options().write(true).open(&path).unwrap();
        assert!(ByteStream::resumed(file, None, saved).is_err());
    }
}
