//! Whether the index of a CRAM is of this CRAM (CRAM specification; its sections are those of version 3).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rust_htslib::bgzf;

use crate::genome::Stretch;

/// Length of the file definition, after which the container of the header stands (section 6), and its byte that holds the
/// major version.
const DEFINITION: usize = 26;
const MAJOR_VERSION: usize = 4;

/// More than the header of any container takes.
const HEADER_LIMIT: u64 = 1 << 16;

/// The contig of a container whose reads are unplaced (section 7).
const UNPLACED: i32 = -1;

const ENDS_BEFORE: &str = "the file ends before the last read that it knows";

/// Fails unless the first container that the index knows is the first after the header, and only unplaced reads follow the
/// last up to the end-of-file marker.
pub(super) fn check(index: &Path, path: &Path) -> Result<()> {
    let known: Vec<u64> = lines(index, container_offset)?;
    let mut cram = Cram::open(path)?;
    let first = cram.container(DEFINITION as u64)?.end;
    let mut place = first;
    // Not the first and last lines: they may be sorted by contig, with unplaced reads before all others.
    if let (Some(&start), Some(&last)) = (known.iter().min(), known.iter().max()) {
        ensure!(
            start == first,
            "its first container is at byte {start}, that of the file at {first}"
        );
        ensure!(last < cram.end, "{ENDS_BEFORE}");
        place = cram.container(last)?.end;
    }
    while place < cram.end {
        let container = cram.container(place)?;
        ensure!(
            container.contig == UNPLACED,
            "the last read that it knows is not the last of the file"
        );
        place = container.end;
    }
    ensure!(place == cram.end, "{ENDS_BEFORE}");
    Ok(())
}

/// The stretches of the slices that hold placed reads.
pub(super) fn stretches(index: &Path) -> Result<Vec<Stretch>> {
    Ok(lines(index, stretch)?.into_iter().flatten().collect())
}

/// What each line of an index tells (section 12: contig, start, span, and three numbers on where in the file).
fn lines<T>(index: &Path, tell: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>> {
    let text = std::io::read_to_string(bgzf::Reader::from_path(index)?)?;
    let told = (1..).zip(text.lines()).map(|(number, line): (usize, _)| {
        let fields: Vec<_> = line.split('\t').collect();
        let told = Some(fields).filter(|fields| fields.len() == 6);
        told.and_then(|fields| tell(&fields))
            .with_context(|| format!("its line {number} is damaged"))
    });
    told.collect()
}

fn container_offset(fields: &[&str]) -> Option<u64> {
    fields[3].parse().ok()
}

/// The stretch of a line; none if its reads are unplaced.
fn stretch(fields: &[&str]) -> Option<Option<Stretch>> {
    let (contig, bytes): (i32, u64) = (fields[0].parse().ok()?, fields[5].parse().ok()?);
    let (start, span): (u64, u64) = (fields[1].parse().ok()?, fields[2].parse().ok()?);
    let start = start.saturating_sub(1);
    Some(u32::try_from(contig).ok().map(|contig| Stretch {
        contig,
        positions: start..start.saturating_add(span),
        bytes,
    }))
}

struct Cram {
    file: File,
    major_version: u8,
    /// Where the end-of-file marker stands.
    end: u64,
}

struct Container {
    contig: i32,
    end: u64,
}

impl Cram {
    fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let mut definition = [0; DEFINITION];
        file.read_exact(&mut definition)?;
        let major_version = definition[MAJOR_VERSION];
        let marker = if major_version < 3 { 30 } else { 38 };
        let end = file.metadata()?.len().saturating_sub(marker);
        Ok(Self {
            file,
            major_version,
            end,
        })
    }

    /// Reads the header of the container at a byte (section 7).
    fn container(&mut self, offset: u64) -> Result<Container> {
        self.file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        self.file.by_ref().take(HEADER_LIMIT).read_to_end(&mut bytes)?;
        let mut rest = Numbers(&bytes);
        let parsed = rest.container(self.major_version);
        let (contig, length) = parsed.with_context(|| format!("no container at byte {offset}"))?;
        let header = (bytes.len() - rest.0.len()) as u64;
        Ok(Container {
            contig,
            end: offset + header + length,
        })
    }
}

/// Numbers from the front of a buffer (section 2.3).
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    /// Takes the header of a container: its contig, and the length of what follows the header.
    fn container(&mut self, major_version: u8) -> Result<(i32, u64)> {
        let length = u32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]);
        let contig = self.itf8()?;
        let (_start, _span, _records) = (self.itf8()?, self.itf8()?, self.itf8()?);
        if major_version < 3 {
            let _counter = self.itf8()?;
        } else {
            self.skip_ltf8()?;
        }
        self.skip_ltf8()?; // bases
        let _blocks = self.itf8()?;
        for _ in 0..self.itf8()? {
            let _slice = self.itf8()?;
        }
        for _ in 0..if major_version < 3 { 0 } else { 4 } {
            let _checksum = self.byte()?;
        }
        Ok((contig, length.into()))
    }

    fn byte(&mut self) -> Result<u8> {
        let (&byte, rest) = self.0.split_first().context("it is cut off")?;
        self.0 = rest;
        Ok(byte)
    }

    /// The leading ones of the first byte count the further bytes; of a fifth, four bits are used.
    fn itf8(&mut self) -> Result<i32> {
        let first = self.byte()?;
        let more = first.leading_ones().min(4);
        let mut number = i32::from(first & (0x7f >> more.min(3)));
        for i in 1..=more {
            let (bits, mask) = if i == 4 { (4, 0x0f) } else { (8, 0xff) };
            number = number << bits | i32::from(self.byte()? & mask);
        }
        Ok(number)
    }

    fn skip_ltf8(&mut self) -> Result<()> {
        for _ in 0..self.byte()?.leading_ones() {
            self.byte()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_placed_reads_tell_their_stretch() {
        let of = |line: &str| stretch(&line.split(' ').collect::<Vec<_>>());
        let expected = Stretch {
            contig: 1,
            positions: 100..150,
            bytes: 9000,
        };
        assert_eq!(of("1 101 50 400 20 9000"), Some(Some(expected)));
        assert_eq!(of("-1 0 0 400 20 9000"), Some(None));
        assert_eq!(of("1 here 50 400 20 9000"), None);
    }

    #[test]
    fn numbers_take_as_many_bytes_as_their_first_tells() {
        let cases: [(&[u8], i32); 6] = [
            (&[0x7f], 127),
            (&[0x80, 0x80], 128),
            (&[0xc1, 2, 3], 0x1_0203),
            (&[0xe1, 2, 3, 4], 0x102_0304),
            (&[0xf1, 2, 3, 4, 5], 0x1020_3045),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], -1),
        ];
        for (bytes, number) in cases {
            let mut rest = Numbers(bytes);
            assert_eq!(rest.itf8().unwrap(), number);
            assert!(rest.0.is_empty());
            assert!(Numbers(&bytes[..bytes.len() - 1]).itf8().is_err());
        }
    }
}
