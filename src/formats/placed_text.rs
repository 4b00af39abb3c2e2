//! Text that can be read again from any place that was passed.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};

use super::bgzf::BgzfFile;

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 16;

/// A place in the text of a plain or bgzipped file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPlace {
    /// Virtual offset of a bgzipped file, or byte of a plain one.
    from: u64,
    /// Number of bytes between `from` and the place.
    skipped: usize,
}

impl TextPlace {
    /// The place at a virtual offset of a bgzipped file.
    pub fn at(virtual_offset: u64) -> Self {
        Self {
            from: virtual_offset,
            skipped: 0,
        }
    }
}

/// A reader of text that tells its place.
pub struct PlacedText(BufReader<NotedFile>);

/// A file, and where its last read began.
struct NotedFile {
    file: BgzfFile,
    /// Number of bytes of text before the next read, counted from the start of the file.
    read: u64,
    from: u64,
    length: usize,
}

impl PlacedText {
    pub fn open(path: &Path) -> Result<Self> {
        let noted = NotedFile {
            file: BgzfFile::open(path)?,
            read: 0,
            from: 0,
            length: 0,
        };
        Ok(Self(BufReader::with_capacity(BUFFER, noted)))
    }

    /// Opens a file at a place that an earlier reader told.
    pub fn open_at(path: &Path, place: TextPlace) -> Result<Self> {
        let mut text = Self::open(path)?;
        let noted = text.0.get_mut();
        let sought = match noted.file.is_compressed() {
            true => noted.file.seek(place.from),
            false => noted.file.seek_text(place.from),
        };
        sought.with_context(|| format!("{}", path.display()))?;
        noted.read = place.from;
        io::copy(&mut text.0.by_ref().take(place.skipped as u64), &mut io::sink())?;
        Ok(text)
    }

    /// The place of the next byte. None for a gzipped file, which can be read from its start only.
    pub fn place(&self) -> Option<TextPlace> {
        let noted = self.0.get_ref();
        noted.file.can_seek().then(|| TextPlace {
            from: noted.from,
            skipped: noted.length - self.0.buffer().len(),
        })
    }
}

impl Read for NotedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from = match self.file.is_compressed() {
            true => self.file.tell(),
            false => self.read,
        };
        self.length = 0;
        self.length = Read::read(&mut self.file, buffer)?;
        self.read += self.length as u64;
        Ok(self.length)
    }
}

impl Read for PlacedText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for PlacedText {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn text_is_read_again_from_each_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // Several buffers and several blocks, which end inside of lines.
        let lines: Vec<String> = (0..40_000).map(|number| format!("line {number}\n")).collect();
        let text = lines.concat();
        std::fs::write(path("plain"), &text).unwrap();
        let mut writer = rust_htslib::bgzf::Writer::from_path(path("blocks")).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        for name in ["plain", "blocks"] {
            let mut reader = PlacedText::open(&path(name)).unwrap();
            let (mut places, mut line) = (Vec::new(), String::new());
            while {
                places.push(reader.place().unwrap());
                line.clear();
                reader.read_line(&mut line).unwrap() > 0
            } {}
            assert_eq!(places.len(), lines.len() + 1);
            for number in (0..lines.len()).step_by(997).chain([lines.len() - 1]) {
                let mut again = PlacedText::open_at(&path(name), places[number]).unwrap();
                for expected in lines[number..].iter().take(2) {
                    line.clear();
                    again.read_line(&mut line).unwrap();
                    assert_eq!(line, *expected, "{name}, line {number}");
                }
                // A place that is told after a jump.
                if let Some(expected) = lines.get(number + 2) {
                    let place = again.place().unwrap();
                    line.clear();
                    PlacedText::open_at(&path(name), place)
                        .unwrap()
                        .read_line(&mut line)
                        .unwrap();
                    assert_eq!(line, *expected, "{name}, line {number}");
                }
            }
        }
        let mut gzip = std::process::Command::new("gzip");
        gzip.arg(path("plain")).status().unwrap();
        let mut reader = PlacedText::open(&path("plain.gz")).unwrap();
        reader.fill_buf().unwrap();
        assert_eq!(reader.place(), None);
    }
}
