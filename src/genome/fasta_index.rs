//! The index of a FASTA file (`.fai`, as `samtools faidx` writes it), and the check that it belongs to the file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::contigs::Contig;
use crate::formats::{BgzfFile, InputFile, beside, is_there};

/// A line of the index. Offsets are bytes in the uncompressed file.
#[derive(Clone, Debug)]
pub(super) struct FaiEntry {
    pub contig: Contig,
    /// Offset of the first base.
    pub offset: u64,
    /// Bases of a full line.
    pub line_bases: u64,
    /// Bytes of a full line with its line end.
    pub line_width: u64,
}

impl FaiEntry {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let name = fields.next()?.to_owned();
        let mut number = || fields.next()?.parse::<u64>().ok();
        let entry = Self {
            contig: Contig {
                name,
                length: number()?,
            },
            offset: number()?,
            line_bases: number()?,
            line_width: number()?,
        };
        (entry.contig.length == 0 || (entry.line_bases > 0 && entry.line_width > entry.line_bases)).then_some(entry)
    }

    /// The byte offset of a base at a 0-based position.
    pub fn byte_of(&self, position: u64) -> u64 {
        let lines = (position / self.line_bases).saturating_mul(self.line_width);
        self.offset
            .saturating_add(lines)
            .saturating_add(position % self.line_bases)
    }

    /// The byte offset after the last base.
    fn end(&self) -> u64 {
        let last = self.contig.length.checked_sub(1);
        last.map_or(self.offset, |last| self.byte_of(last).saturating_add(1))
    }
}

/// Reads the index of a FASTA. Fails if an index is missing, damaged or of another file. The check does not use file
/// times, because copies get new times.
pub(super) fn read(fasta: &Path) -> Result<Vec<FaiEntry>> {
    let again = || format!("make it again with: samtools faidx {}", fasta.display());
    let fai = index_of(fasta, "fai")?;
    let text = InputFile::open(&fai).and_then(std::io::read_to_string);
    let text = text.with_context(|| format!("cannot read {}", fai.display()))?;
    let parse = |line| {
        let damaged = || format!("index {} is damaged: line '{line}'; {}", fai.display(), again());
        FaiEntry::parse(line).with_context(damaged)
    };
    let entries: Vec<FaiEntry> = text.lines().map(parse).collect::<Result<_>>()?;
    ensure!(
        !entries.is_empty(),
        "reference index {} is empty; {}",
        fai.display(),
        again()
    );
    let invalid = entries.iter().find(|e| e.contig.name.contains(char::is_control));
    if let Some(entry) = invalid {
        bail!(
            "reference {}: the contig name {:?} has a control character; rename the contig",
            fasta.display(),
            entry.contig.name
        );
    }
    check(&mut open(fasta)?, &entries).with_context(|| {
        let index = fai.display();
        format!(
            "index {index} is stale: it does not fit {}, or the FASTA holds a name twice; {}",
            fasta.display(),
            again()
        )
    })?;
    Ok(entries)
}

/// Opens the FASTA for random access, with the `.gzi` index if it is bgzipped.
pub(super) fn open(fasta: &Path) -> Result<BgzfFile> {
    let mut file = BgzfFile::open(fasta)?;
    if file.is_compressed() {
        let gzi = index_of(fasta, "gzi")?;
        file.load_index(&gzi)
            .with_context(|| format!("make it again with: samtools faidx {}", fasta.display()))?;
    }
    Ok(file)
}

fn index_of(fasta: &Path, suffix: &str) -> Result<PathBuf> {
    let path = beside(fasta, suffix);
    ensure!(
        is_there(&path).with_context(|| format!("cannot read {}", path.display()))?,
        "reference {0} has no .{suffix} index; make it with: samtools faidx {0}",
        fasta.display()
    );
    Ok(path)
}

/// Fails unless the sequences of the index, and the header lines between them, cover the whole file.
fn check(file: &mut BgzfFile, entries: &[FaiEntry]) -> Result<()> {
    /// Maximum length of a header line.
    const LONGEST: u64 = 1 << 20;
    let mut entries: Vec<&FaiEntry> = entries.iter().collect();
    entries.sort_by_key(|e| e.offset);
    let (mut end, mut has_bases) = (0, false);
    for entry in entries {
        let name = &entry.contig.name;
        let gap = entry.offset.checked_sub(end).filter(|&gap| gap <= LONGEST);
        let gap = gap.with_context(|| format!("{name} cannot begin at byte {}", entry.offset))?;
        let text = after(file, end, has_bases, gap)?;
        let header = text.trim_ascii_start().strip_suffix(b"\n");
        // Sequences without bases may come before; indexes omit these.
        let mut headers = header.into_iter().flat_map(|h| h.split(|&b| b == b'\n'));
        let header = headers.next_back().and_then(|h| h.strip_prefix(b">"));
        let is_all = headers.all(|h| h.trim_ascii().is_empty() || h.starts_with(b">"));
        let header = header.filter(|_| is_all);
        let found = header.and_then(|h| h.split(u8::is_ascii_whitespace).next());
        ensure!(
            found == Some(name.as_bytes()),
            "{name} does not begin at byte {}",
            entry.offset
        );
        (end, has_bases) = (entry.end(), entry.contig.length > 0);
    }
    let rest = after(file, end, has_bases, LONGEST)?;
    ensure!(rest.trim_ascii().is_empty(), "the file continues after byte {end}");
    Ok(())
}

/// Reads up to `length` bytes from byte `end`. If a sequence ends there (`has_bases`), the byte before must be a base.
fn after(file: &mut BgzfFile, end: u64, has_bases: bool, length: u64) -> Result<Vec<u8>> {
    let before = u64::from(has_bases);
    file.seek_text(end - before)?;
    let mut text = file.read((before + length) as usize)?;
    if has_bases {
        let base = text.first().filter(|b| b.is_ascii_graphic());
        ensure!(base.is_some(), "no sequence ends at byte {end}");
        text.remove(0);
    }
    Ok(text)
}
