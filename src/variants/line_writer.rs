//! Writes records that are given as lines of VCF.

use anyhow::{Context, Result};

use super::byte_stream::{ByteStream, SavedStream};
use super::call_writer::{CallFiles, begin, failed, indexed, stream};
use super::piece::Encoder;
use crate::genome::Contigs;
use crate::output::ReadyFile;
use crate::runtime::TaskPool;

/// Writes a VCF or BCF in the format of its name. Files other than plain text get an index.
pub struct LineWriter {
    files: CallFiles,
    encoder: Encoder,
    stream: ByteStream,
    contigs: Contigs,
    threads: usize,
}

impl LineWriter {
    /// Starts the VCF of `files` with the whole text of the header. With `saved`, goes on with a file that was written so
    /// far. `threads` compress.
    pub fn create(
        files: CallFiles,
        header: String,
        contigs: &Contigs,
        threads: usize,
        saved: Option<SavedStream>,
    ) -> Result<Self> {
        let pool = TaskPool::new(threads)?;
        let (encoder, head) = begin(files.vcf.as_ref(), header)?;
        Ok(Self {
            stream: stream(files.vcf.as_ref(), &head, &pool, saved)?,
            files,
            encoder,
            contigs: contigs.clone(),
            threads,
        })
    }

    /// Writes records, each as a line with its end.
    pub fn write(&mut self, lines: String) -> Result<()> {
        let failed = || failed(self.files.vcf.as_ref());
        let bytes = self.encoder.encode(lines).with_context(failed)?;
        self.stream.push(&bytes).with_context(failed)
    }

    /// Writes what was added to the disk, and returns how far the file is written.
    pub fn save(&mut self) -> Result<SavedStream> {
        self.stream.save().with_context(|| failed(self.files.vcf.as_ref()))
    }

    pub fn files_mut(&mut self) -> &mut CallFiles {
        &mut self.files
    }

    /// Closes and indexes the file, so that only its final name is missing.
    pub fn close(self) -> Result<Option<ReadyFile>> {
        self.stream.close().with_context(|| failed(self.files.vcf.as_ref()))?;
        let file = self.files.vcf;
        file.map(|file| indexed(file, &self.contigs, self.threads)).transpose()
    }
}
