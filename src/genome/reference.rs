//! The reference genome: random access to an indexed FASTA.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::contigs::Contigs;
use super::fasta_index;
use super::fasta_index::FaiEntry;
use super::md5::Md5;
use crate::formats::{BgzfFile, check_is_there};

/// Maximum length, in bytes, of lines that are read whole, so that their line ends can be checked.
const LONGEST_LINE: u64 = 4_096;
/// Bases per update of a digest.
const PIECE: u64 = 1 << 20;

/// An indexed FASTA file, plain or bgzipped. Cheap to share; each thread opens its own [`ReferenceReader`].
#[derive(Clone, Debug)]
pub struct Reference {
    path: PathBuf,
    contigs: Contigs,
    /// In the order of the contigs.
    entries: Arc<[FaiEntry]>,
}

impl Reference {
    /// Reads the index. Fails if the FASTA or its index (`.fai`, and `.gzi` for a bgzipped FASTA) is missing, or if the
    /// index belongs to another file.
    pub fn open(path: &Path) -> Result<Self> {
        check_is_there(path, "reference")?;
        let entries = fasta_index::read(path)?;
        Ok(Self {
            path: path.to_owned(),
            contigs: entries.iter().map(|entry| entry.contig.clone()).collect(),
            entries: entries.into(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn contigs(&self) -> &Contigs {
        &self.contigs
    }

    /// Opens a reader for one thread.
    pub fn reader(&self) -> Result<ReferenceReader> {
        let file =
            fasta_index::open(&self.path).with_context(|| format!("cannot open reference {}", self.path.display()))?;
        Ok(ReferenceReader {
            file: RefCell::new(file),
            reference: self.clone(),
        })
    }
}

/// Reads sequences. Each thread needs its own reader.
pub struct ReferenceReader {
    file: RefCell<BgzfFile>,
    reference: Reference,
}

/// The digest of a sequence, which identifies it.
pub struct Digest {
    /// MD5 of the bases in upper case (SAM specification, section 1.3.2), in hexadecimal digits.
    pub md5: String,
    /// Number of N bases.
    pub unknown: u64,
}

impl ReferenceReader {
    /// The bases of `start..end` (0-based half-open) in upper case. Any other letter than A, C, G and T becomes N.
    /// Fails if `end` is beyond the contig's end, or if the lines do not match the index.
    pub fn fetch(&self, contig: &str, start: u64, end: u64) -> Result<Vec<u8>> {
        let mut bases = self.fetch_text(contig, start, end)?;
        for base in &mut bases {
            *base = match base.to_ascii_uppercase() {
                known @ (b'A' | b'C' | b'G' | b'T') => known,
                _ => b'N',
            };
        }
        Ok(bases)
    }

    /// The digest of a whole contig.
    pub fn digest(&self, contig: &str) -> Result<Digest> {
        let length = self.reference.contigs.get(contig).map_or(0, |c| c.length);
        let (mut md5, mut unknown) = (Md5::new()?, 0);
        for start in (0..length).step_by(PIECE as usize) {
            let mut bases = self.fetch_text(contig, start, (start + PIECE).min(length))?;
            bases.make_ascii_uppercase();
            unknown += bases.iter().filter(|&&base| base == b'N').count() as u64;
            md5.update(&bases);
        }
        Ok(Digest {
            md5: md5.finish(),
            unknown,
        })
    }

    /// The unchanged letters of `start..end`: repeats may be in lower case.
    pub(crate) fn fetch_text(&self, contig: &str, start: u64, end: u64) -> Result<Vec<u8>> {
        let path = self.reference.path.display();
        let rank = self.reference.contigs.position(contig);
        let entry = rank.map(|rank| &self.reference.entries[rank]);
        let Some(entry) = entry.filter(|entry| end <= entry.contig.length) else {
            bail!("reference {path} has no {contig}:{}-{end}", start + 1);
        };
        if start >= end {
            return Ok(Vec::new());
        }
        read_bases(&mut self.file.borrow_mut(), entry, start, end)
            .with_context(|| format!("cannot read {contig}:{}-{end} from reference {path}", start + 1))?
            .with_context(|| {
                format!(
                    "reference {path}: the lines of {contig}:{}-{end} do not match the index; was the file edited? \
                     use the original, or wrap all lines at one length and index the file with: samtools faidx {path}",
                    start + 1
                )
            })
    }
}

/// The bases of `start..end`, which is not empty. None if the lines do not end where the index expects it.
fn read_bases(file: &mut BgzfFile, entry: &FaiEntry, start: u64, end: u64) -> Result<Option<Vec<u8>>> {
    let FaiEntry {
        line_bases, line_width, ..
    } = *entry;
    // Reads whole lines if they are short, because an additional or missing base moves the ends of the following lines.
    let (first, last) = match line_width <= LONGEST_LINE {
        true => (
            start - start % line_bases,
            (end.next_multiple_of(line_bases)).min(entry.contig.length),
        ),
        false => (start, end),
    };
    let from = entry.byte_of(first);
    let ends_line = last % line_bases == 0 && last < entry.contig.length;
    let to = if ends_line {
        entry.byte_of(last)
    } else {
        entry.byte_of(last - 1) + 1
    };
    // At the start of a line, the byte before it must be a line end.
    let before = u64::from(first % line_bases == 0);
    file.seek_text(from - before)?;
    let mut text = file.read((to - from + before) as usize)?;
    if text.len() as u64 != to - from + before || before == 1 && text[0] != b'\n' {
        return Ok(None);
    }
    let (mut kept, mut read, mut position) = (0, before as usize, first);
    while position < last {
        let line = (line_bases - position % line_bases).min(last - position) as usize;
        if !text[read..read + line].iter().all(u8::is_ascii_graphic) {
            return Ok(None);
        }
        text.copy_within(read..read + line, kept);
        (kept, read, position) = (kept + line, read + line, position + line as u64);
        if position % line_bases == 0 && read < text.len() {
            let line_end = &text[read..read + (line_width - line_bases) as usize];
            if !line_end.trim_ascii().is_empty() || line_end.last() != Some(&b'\n') {
                return Ok(None);
            }
            read += line_end.len();
        }
    }
    text.truncate((end - first) as usize);
    text.drain(..(start - first) as usize);
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A FASTA with this text and index.
    fn reference(folder: &Path, text: &str, index: &str) -> Reference {
        let fasta = folder.join("r.fa");
        std::fs::write(&fasta, text).unwrap();
        std::fs::write(folder.join("r.fa.fai"), index).unwrap();
        Reference::open(&fasta).unwrap()
    }

    #[test]
    fn bases_are_read_across_lines_with_any_line_end() {
        let folder = tempfile::tempdir().unwrap();
        for end in ["\n", "\r\n", " \n"] {
            let lines = ["acgtR", "GGNCC", "TA"].map(|line| format!("{line}{end}"));
            let text = format!(">a x{end}{}>b{end}TT", lines.concat());
            let (first, width) = (4 + end.len(), 5 + end.len());
            let second = text.find(">b").unwrap() + 2 + end.len();
            let index = format!("a\t12\t{first}\t5\t{width}\nb\t2\t{second}\t2\t{}\n", 2 + end.len());
            let reader = reference(folder.path(), &text, &index).reader().unwrap();
            for (start, stop) in (0..12).flat_map(|start| (start..=12).map(move |stop| (start, stop))) {
                let expected = &"ACGTNGGNCCTA"[start..stop];
                let found = reader.fetch("a", start as u64, stop as u64).unwrap();
                assert_eq!(found, expected.as_bytes(), "{start}-{stop}, {end:?}");
            }
            assert_eq!(reader.fetch("b", 0, 2).unwrap(), b"TT");
            assert!(reader.fetch("b", 0, 3).is_err() && reader.fetch("c", 0, 1).is_err());
            let digest = reader.digest("a").unwrap();
            // printf ACGTRGGNCCTA | md5sum
            assert_eq!(
                (digest.md5.as_str(), digest.unknown),
                ("cf1d250af5c369a0e5d71d106e7543d9", 1)
            );
        }
    }

    #[test]
    fn an_edited_line_is_an_error_where_it_moves_bases() {
        let folder = tempfile::tempdir().unwrap();
        let index = "a\t20\t3\t5\t6\n";
        // The second line has one base fewer, and the third has one more. All other bases stay at their places.
        let text = ">a\nAAAAA\nCCCC\nGGGGGG\nTTTTT\n";
        let reader = reference(folder.path(), text, index).reader().unwrap();
        assert_eq!(reader.fetch("a", 0, 5).unwrap(), b"AAAAA");
        assert_eq!(reader.fetch("a", 15, 20).unwrap(), b"TTTTT");
        for (start, end) in [(5, 6), (9, 10), (10, 11), (14, 15), (0, 20)] {
            let error = format!("{:#}", reader.fetch("a", start, end).unwrap_err());
            assert!(error.contains("was the file edited"), "{error}");
        }
        assert!(reader.digest("a").is_err());
    }
}
