//! Windows of the reference, with repeats.

use anyhow::Result;

use crate::genome::{IntervalSet, Reference, ReferenceReader, Sequence};
use crate::regulatory::bases::{UNKNOWN, encode, gc};

/// Letters in memory at a time, for windows that lie close together.
const STRETCH: u64 = 1 << 20;

/// Reads windows in the order of the genome. Holds a part of the reference in memory.
pub struct WindowReader<'a> {
    reference: &'a Reference,
    reader: ReferenceReader,
    contig: String,
    held: Sequence,
    /// Repeats. None: the letters in lower case.
    repeats: Option<&'a IntervalSet>,
    stretch: u64,
}

/// The bases of a window as numbers, and the fraction of them in repeats.
pub struct Window {
    pub codes: Vec<u8>,
    pub repeats: f64,
}

/// What a negative has in common with its positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Content {
    pub gc: f64,
    pub repeats: f64,
}

impl Window {
    pub fn content(&self) -> Content {
        Content {
            gc: gc(&self.codes),
            repeats: self.repeats,
        }
    }
}

impl<'a> WindowReader<'a> {
    pub fn new(reference: &'a Reference, repeats: Option<&'a IntervalSet>) -> Result<Self> {
        Ok(Self {
            reference,
            reader: reference.reader()?,
            contig: String::new(),
            held: Sequence::default(),
            repeats,
            stretch: STRETCH,
        })
    }

    /// The same reader, with this number of letters in memory at a time.
    pub fn with_stretch(self, stretch: u64) -> Self {
        Self { stretch, ..self }
    }

    /// The bases of `start..end`, which may reach beyond the contig: unknown bases take the place of what is not there.
    pub fn read_padded(&mut self, contig: &str, start: i64, end: i64) -> Result<Vec<u8>> {
        let length = self.reference.contigs().get(contig).map_or(0, |c| c.length) as i64;
        let (first, last) = (start.clamp(0, length), end.clamp(0, length));
        let mut codes = vec![UNKNOWN; (first.min(end) - start).max(0) as usize];
        if first < last {
            codes.extend(self.read(contig, first as u64, last as u64)?.codes);
        }
        codes.resize((end - start).max(0) as usize, UNKNOWN);
        Ok(codes)
    }

    /// The window `start..end`, which lies on the contig.
    pub fn read(&mut self, contig: &str, start: u64, end: u64) -> Result<Window> {
        if self.contig != contig || start < self.held.start || end > self.held.end() {
            let length = self.reference.contigs().get(contig).map_or(0, |c| c.length);
            let last = (start + self.stretch).max(end).min(length.max(end));
            self.held = Sequence::new(start, self.reader.fetch_text(contig, start, last)?);
            self.contig = contig.to_owned();
        }
        let text = self.held.slice(start, end);
        let repeats = match self.repeats {
            Some(repeats) => covered(repeats, contig, start, end),
            None => text.iter().filter(|letter| letter.is_ascii_lowercase()).count() as u64,
        };
        Ok(Window {
            codes: encode(text),
            repeats: repeats as f64 / (end - start).max(1) as f64,
        })
    }
}

/// Number of bases of `start..end` in a set.
fn covered(set: &IntervalSet, contig: &str, start: u64, end: u64) -> u64 {
    let intervals = set.on(contig);
    let first = intervals.partition_point(|&(_, e)| e <= start);
    let overlaps = intervals[first..].iter().take_while(|&&(s, _)| s < end);
    overlaps.map(|&(s, e)| e.min(end) - s.max(start)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    #[test]
    fn repeats_are_lower_case_or_in_a_bed_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.fa");
        std::fs::write(&path, ">c\nACGTacgtNN\n").unwrap();
        std::fs::write(folder.path().join("r.fa.fai"), "c\t10\t3\t10\t11\n").unwrap();
        let reference = Reference::open(&path).unwrap();
        let window = WindowReader::new(&reference, None).unwrap().read("c", 2, 10).unwrap();
        assert_eq!((window.codes, window.repeats), (vec![2, 3, 0, 1, 2, 3, 4, 4], 0.5));
        let mut reader = WindowReader::new(&reference, None).unwrap().with_stretch(3);
        assert_eq!(reader.read_padded("c", -2, 3).unwrap(), [4, 4, 0, 1, 2]);
        assert_eq!(reader.read_padded("c", 7, 12).unwrap(), [3, 4, 4, 4, 4]);
        assert_eq!(reader.read_padded("c", 12, 14).unwrap(), [4, 4]);
        let set = IntervalSet::from_regions([Region::new("c", 0, 3), Region::new("c", 9, 10)]);
        let mut reader = WindowReader::new(&reference, Some(&set)).unwrap();
        assert_eq!(reader.read("c", 2, 10).unwrap().repeats, 0.25);
        assert_eq!(reader.read("c", 0, 2).unwrap().repeats, 1.0);
    }
}
