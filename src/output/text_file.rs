//! Output files that are written as a stream.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use super::file::OutputFile;
use super::put_in_place::{ReadyFile, put_in_place};

/// An output file that is being written.
pub struct TextFile {
    out: BufWriter<File>,
    file: OutputFile,
}

impl TextFile {
    pub fn create(name: &Path) -> Result<Self> {
        let file = OutputFile::create(name)?;
        Ok(Self {
            out: BufWriter::new(file.open()?),
            file,
        })
    }

    pub fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.out, "{line}").with_context(|| self.file.failed())
    }

    pub fn ready(mut self) -> Result<ReadyFile> {
        self.out.flush().with_context(|| self.file.failed())?;
        Ok(self.file.ready())
    }
}

impl Write for TextFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a file with these bytes.
pub fn write_file(name: &Path, bytes: &[u8]) -> Result<()> {
    put_in_place(vec![ready_file(name, bytes)?])
}

/// A complete file with these bytes, ready to be put in place.
pub fn ready_file(name: &Path, bytes: &[u8]) -> Result<ReadyFile> {
    let mut file = TextFile::create(name)?;
    file.write_all(bytes).with_context(|| file.file.failed())?;
    file.ready()
}
