//! CRAI, the index of a CRAM, and the check that it belongs to the CRAM (section numbers: CRAM specification, version
//! 3).

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::bgzf::read_index;
use super::bin_index::IndexedInterval;
use super::input::InputFile;

/// Length of the file definition, which precedes the header container (section 6), and its byte with the major version.
const DEFINITION: usize = 26;
const MAJOR_VERSION: usize = 4;

/// Upper limits for the header length of all containers, and of nearly all containers.
const HEADER_LIMIT: u64 = 1 << 20;
const SHORT_HEADER: u64 = 1 << 8;

/// Contig numbers of containers and slices with unplaced reads, or with reads of several contigs (sections 7 and 8.4).
const UNPLACED: i32 = -1;
const SEVERAL_CONTIGS: i32 = -2;

/// [`UNPLACED`] as an unsigned number, which sorts after all contigs.
const UNPLACED_LAST: u32 = u32::MAX;

/// Compression method of an uncompressed block, and content type of a block with a slice header (section 8).
const RAW: u8 = 0;
const SLICE_HEADER: u8 = 2;

/// Maximum length of a contig in a CRAM; htslib truncates greater numbers.
const LAST_POSITION: u64 = i32::MAX as u64;

const ENDS_BEFORE: &str = "the file ends before the last read in the index";

/// The lines of a checked index.
#[derive(Debug)]
pub struct Crai {
    /// In file order: placed reads by contig and start, then unplaced reads.
    lines: Vec<SliceLine>,
}

/// One line of the index, which describes a slice (section 12). A slice with several contigs has a line for each
/// contig.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SliceLine {
    container: u64,
    /// Offset of the slice from the end of the container header, in bytes.
    slice: u64,
    /// Length of the slice.
    bytes: u64,
    /// [`UNPLACED_LAST`] if the reads are unplaced.
    contig: u32,
    positions: Range<u64>,
}

/// What an index tells of the first read of a contig in a slice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FirstRead {
    /// None if the read is unplaced.
    pub contig: Option<u32>,
    pub start: u64,
}

impl Crai {
    /// Reads an index. Fails unless it has all containers with placed reads, in the order of the contigs.
    pub fn read(index: &Path, path: &Path) -> Result<Self> {
        let mut lines = lines(index)?;
        // htslib loses the first lines of a contig that occurs twice. Unplaced reads may come first or last.
        let in_order = lines.is_sorted_by_key(|line| (line.contig, line.positions.start))
            || lines.is_sorted_by_key(|line| (line.contig.cast_signed(), line.positions.start));
        ensure!(in_order, "its lines are not in the order of contigs and positions");
        lines.sort_by_key(|line| (line.container, line.slice, line.contig));
        let mut cram = Cram::open(path)?;
        let first = cram.container(DEFINITION as u64)?.end;
        let mut place = first;
        if let (Some(start), Some(last)) = (lines.first(), lines.last()) {
            let start = start.container;
            ensure!(
                start == first,
                "its first container is at byte {start}, but the file's is at byte {first}"
            );
            ensure!(last.container < cram.end, "{ENDS_BEFORE}");
            place = cram.container(last.container)?.end;
        }
        while place < cram.end {
            let container = cram.container(place)?;
            ensure!(
                container.contig == UNPLACED,
                "the last read in the index is not the last of the file"
            );
            place = container.end;
        }
        ensure!(place == cram.end, "{ENDS_BEFORE}");
        ensure!(
            lines.is_sorted_by_key(|line| (line.contig, line.positions.start)),
            "its slices are not in the order of their reads"
        );
        let containers: Vec<&[SliceLine]> = lines.chunk_by(|a, b| a.container == b.container).collect();
        for (i, container) in containers.iter().enumerate() {
            let next = containers.get(i + 1).map(|next| next[0].container);
            cram.check_slices(container, next)?;
        }
        Ok(Self { lines })
    }

    /// Fails unless the slices on and around a region are those that the index tells of. Of slices with reads of several contigs,
    /// which do not name them, it returns where the first read of a contig should be. If there is any such slice, all reads of
    /// the contig must be gone through to find those of the region.
    pub fn check_region(&self, cram: &mut Cram, contig: u32, positions: &Range<u64>) -> Result<Vec<FirstRead>> {
        let first = self.lines.partition_point(|line| line.contig < contig);
        let after = self.after(contig, positions.end);
        let reaches = |line: &SliceLine| line.positions.end > positions.start;
        let first = first
            + self.lines[first..after]
                .iter()
                .position(reaches)
                .unwrap_or(after - first);
        let around = first.saturating_sub(1)..(after + 1).min(self.lines.len());
        let mut mixed = Vec::new();
        for line in &self.lines[around] {
            if cram.check_line(line)? {
                mixed.push(FirstRead {
                    contig: Some(line.contig).filter(|&contig| contig != UNPLACED_LAST),
                    start: line.positions.start,
                });
            }
        }
        Ok(mixed)
    }

    /// Whether a slice of the contig begins at or after a 0-based position.
    pub fn goes_on(&self, contig: u32, position: u64) -> bool {
        self.lines
            .get(self.after(contig, position))
            .is_some_and(|line| line.contig == contig)
    }

    /// Rank of the first line that begins at or after a 0-based position.
    fn after(&self, contig: u32, position: u64) -> usize {
        self.lines
            .partition_point(|line| (line.contig, line.positions.start) < (contig, position))
    }
}

/// The intervals of the slices with placed reads.
pub fn intervals(index: &Path) -> Result<Vec<IndexedInterval>> {
    let placed = lines(index)?.into_iter().filter(|line| line.contig != UNPLACED_LAST);
    let interval = |line: SliceLine| IndexedInterval {
        contig: line.contig,
        positions: line.positions,
        bytes: line.bytes,
    };
    Ok(placed.map(interval).collect())
}

fn lines(index: &Path) -> Result<Vec<SliceLine>> {
    let text = String::from_utf8(read_index(index)?).context("it is not text")?;
    let rows = (1..).zip(text.lines());
    rows.map(|(number, line): (usize, _)| {
        SliceLine::parse(line).with_context(|| format!("its line {number} is damaged"))
    })
    .collect()
}

impl SliceLine {
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<_> = line.split('\t').collect();
        let &[contig, start, span, container, slice, bytes] = fields.as_slice() else {
            return None;
        };
        let contig: i32 = contig.parse().ok()?;
        let position = |text: &str| text.parse::<u64>().ok().filter(|&number| number <= LAST_POSITION);
        let (start, span) = (position(start)?.saturating_sub(1), position(span)?);
        (start + span <= LAST_POSITION).then_some(())?;
        Some(Self {
            container: container.parse().ok()?,
            slice: slice.parse().ok()?,
            bytes: bytes.parse().ok()?,
            contig: contig.cast_unsigned(),
            positions: start..start + span,
        })
    }
}

/// A CRAM file, for reading the headers of containers and slices.
pub struct Cram {
    file: InputFile,
    major_version: u8,
    /// Offset of the end-of-file marker.
    end: u64,
}

struct Container {
    contig: i32,
    /// Offsets of the slices from the end of the header, in bytes.
    slices: Vec<u64>,
    /// Length of the header.
    header: u64,
    /// Offset of the next container in the file.
    end: u64,
}

impl Cram {
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = InputFile::open(path)?;
        let mut definition = [0; DEFINITION];
        file.read_exact(&mut definition)?;
        let major_version = definition[MAJOR_VERSION];
        let marker = if major_version < 3 { 30 } else { 38 };
        let end = file.length()?.saturating_sub(marker);
        Ok(Self {
            file,
            major_version,
            end,
        })
    }

    /// Reads the header of the container at a byte offset (section 7).
    fn container(&mut self, offset: u64) -> Result<Container> {
        // Nearly all headers are short, except for containers with many slices.
        let short = self.container_within(offset, SHORT_HEADER);
        let container = short.or_else(|_| self.container_within(offset, HEADER_LIMIT));
        container.with_context(|| format!("no container at byte {offset}"))
    }

    fn container_within(&mut self, offset: u64, length: u64) -> Result<Container> {
        let bytes = self.bytes(offset, length)?;
        let mut rest = Numbers(&bytes);
        let (contig, slices, length) = rest.container(self.major_version)?;
        let header = (bytes.len() - rest.0.len()) as u64;
        Ok(Container {
            contig,
            slices,
            header,
            end: offset + header + length,
        })
    }

    /// Reads up to `length` bytes of the file.
    fn bytes(&mut self, offset: u64, length: u64) -> Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        self.file.by_ref().take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Fails unless `lines` has all slices of a container, and the next container of the index follows it. Reads the
    /// file only if the lengths in the lines do not prove this.
    fn check_slices(&mut self, lines: &[SliceLine], next: Option<u64>) -> Result<()> {
        let offset = lines[0].container;
        let mut indexed: Vec<(u64, u64)> = lines.iter().map(|line| (line.slice, line.bytes)).collect();
        indexed.dedup();
        let joined = indexed
            .windows(2)
            .all(|pair| pair[0].0.checked_add(pair[0].1) == Some(pair[1].0));
        let last = indexed.last().map_or(0, |(slice, bytes)| slice.saturating_add(*bytes));
        let header = next.and_then(|next| next.checked_sub(offset)?.checked_sub(last));
        if joined && header.is_some_and(|header| (12..=60 + 5 * indexed.len() as u64).contains(&header)) {
            return Ok(());
        }
        let container = self.container(offset)?;
        let next = next.unwrap_or(container.end);
        ensure!(
            container.end == next,
            "it lacks the reads from byte {} to {next}",
            container.end
        );
        let slices = indexed.iter().map(|&(slice, _)| slice);
        ensure!(
            slices.eq(container.slices),
            "it lacks reads of the container at byte {offset}"
        );
        Ok(())
    }

    /// Fails unless the slice has the contig of its line and lies within its positions (section 8.4). Returns whether
    /// the slice holds several contigs, which its header does not name.
    fn check_line(&mut self, line: &SliceLine) -> Result<bool> {
        let slice = line.container + self.container(line.container)?.header + line.slice;
        let bytes = self.bytes(slice, SHORT_HEADER)?;
        let mut rest = Numbers(&bytes);
        let (method, kind) = (rest.byte()?, rest.byte()?);
        ensure!(kind == SLICE_HEADER, "no slice at byte {slice}");
        if method != RAW {
            return Ok(false);
        }
        let (_id, _compressed, _raw) = (rest.itf8()?, rest.itf8()?, rest.itf8()?);
        let (contig, start, span) = (rest.itf8()?, rest.itf8()?, rest.itf8()?);
        if contig == SEVERAL_CONTIGS {
            return Ok(true);
        }
        let start = u64::try_from(start).unwrap_or(0).saturating_sub(1);
        let end = start + u64::try_from(span).unwrap_or(0);
        let within = line.positions.start <= start && end <= line.positions.end;
        ensure!(
            contig.cast_unsigned() == line.contig && (within || contig == UNPLACED),
            "the slice at byte {slice} does not hold the reads in the index"
        );
        Ok(false)
    }
}

/// A buffer that yields numbers from its front (section 2.3).
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    /// Parses a container header. Returns the contig, the offsets of the slices, and the length of the container
    /// without its header.
    fn container(&mut self, major_version: u8) -> Result<(i32, Vec<u64>, u64)> {
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
        let mut slices = Vec::new();
        for _ in 0..self.itf8()? {
            slices.push(u64::try_from(self.itf8()?)?);
        }
        for _ in 0..if major_version < 3 { 0 } else { 4 } {
            let _checksum = self.byte()?;
        }
        Ok((contig, slices, length.into()))
    }

    fn byte(&mut self) -> Result<u8> {
        let (&byte, rest) = self.0.split_first().context("it is truncated")?;
        self.0 = rest;
        Ok(byte)
    }

    /// Parses an ITF8 number. The number of leading ones of the first byte is the number of further bytes. Of a fifth
    /// byte, four bits are used.
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
    fn lines_describe_slices() {
        let parse = |line: &str| SliceLine::parse(&line.replace(' ', "\t"));
        let expected = SliceLine {
            container: 400,
            slice: 20,
            bytes: 9000,
            contig: 1,
            positions: 100..150,
        };
        assert_eq!(parse("1 101 50 400 20 9000"), Some(expected));
        assert_eq!(parse("-1 0 0 400 20 9000").map(|line| line.contig), Some(UNPLACED_LAST));
        assert_eq!(parse("1 here 50 400 20 9000"), None);
        assert_eq!(parse("1 101 18446744073709551615 400 20 9000"), None);
    }

    #[test]
    fn the_first_byte_of_a_number_gives_its_length() {
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
