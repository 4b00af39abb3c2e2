//! Writes records that are given as lines of VCF.

use std::path::Path;

use anyhow::{Context, Result};

use super::byte_stream::ByteStream;
use super::call_writer::{begin, indexed, stream};
use super::format::VariantFormat;
use super::piece::Encoder;
use crate::genome::Contigs;
use crate::output::{OutputFile, ReadyFile};
use crate::runtime::TaskPool;

/// Writes a VCF or BCF in the format of its name. Files other than plain text get an index.
pub struct LineWriter {
    file: OutputFile,
    encoder: Encoder,
    stream: ByteStream,
    contigs: Contigs,
    threads: usize,
}

impl LineWriter {
    /// Starts `target` with the whole text of the header. `threads` compress. Fails if the folder cannot be written.
    pub fn create(target: &Path, header: String, contigs: &Contigs, threads: usize) -> Result<Self> {
        let file = OutputFile::with_index(target, VariantFormat::of_name(target).indexes())?;
        let pool = TaskPool::new(threads)?;
        let (encoder, head) = begin(Some(&file), header)?;
        Ok(Self {
            stream: stream(Some(&file), &head, &pool, None)?,
            file,
            encoder,
            contigs: contigs.clone(),
            threads,
        })
    }

    /// Writes records, each as a line with its end.
    pub fn write(&mut self, lines: String) -> Result<()> {
        let bytes = self.encoder.encode(lines).with_context(|| self.file.failed())?;
        self.stream.push(&bytes).with_context(|| self.file.failed())
    }

    /// Closes and indexes the file, so that only its final name is missing.
    pub fn close(self) -> Result<ReadyFile> {
        self.stream.close().with_context(|| self.file.failed())?;
        indexed(self.file, &self.contigs, self.threads)
    }
}
