//! The index of a FASTA file (`.fai`, as `samtools faidx` writes it), and whether it is of this file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::bgzf::BgzfFile;
use super::{Contig, Contigs};

/// A line of the index. Offsets are bytes of the uncompressed file.
struct Entry {
    contig: Contig,
    /// Of the first base.
    offset: u64,
    /// Bases of a full line, and its bytes with the line's end.
    line_bases: u64,
    line_width: u64,
}

impl Entry {
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

    /// One past the last base.
    fn end(&self) -> u64 {
        match self.contig.length.checked_sub(1) {
            Some(last) => {
                let lines = (last / self.line_bases).saturating_mul(self.line_width);
                self.offset
                    .saturating_add(lines)
                    .saturating_add(last % self.line_bases + 1)
            }
            None => self.offset,
        }
    }
}

/// The contigs of an indexed FASTA. Fails if an index is missing, damaged, or of another file; its age says nothing, for
/// copies get new times.
pub fn read_contigs(fasta: &Path) -> Result<Contigs> {
    let again = || format!("make it again with: samtools faidx {}", fasta.display());
    let fai = index_of(fasta, "fai")?;
    let text = std::fs::read_to_string(&fai).with_context(|| format!("cannot read {}", fai.display()))?;
    let parse = |line| {
        let damaged = || format!("damaged index {}: line '{line}'; {}", fai.display(), again());
        Entry::parse(line).with_context(damaged)
    };
    let mut entries: Vec<Entry> = text.lines().map(parse).collect::<Result<_>>()?;
    ensure!(
        !entries.is_empty(),
        "reference index {} is empty; {}",
        fai.display(),
        again()
    );
    let contigs = entries.iter().map(|e| e.contig.clone()).collect();
    entries.sort_by_key(|e| e.offset);

    let mut file = BgzfFile::open(fasta)?;
    if file.is_compressed() {
        let gzi = index_of(fasta, "gzi")?;
        file.load_index(&gzi).with_context(again)?;
    }
    check(&mut file, &entries).with_context(|| {
        let index = fai.display();
        format!(
            "index {index} is stale: it does not fit {}, or that holds a name twice; {}",
            fasta.display(),
            again()
        )
    })?;
    Ok(contigs)
}

fn index_of(fasta: &Path, suffix: &str) -> Result<PathBuf> {
    let path = fasta.with_added_extension(suffix);
    ensure!(
        path.is_file(),
        "reference {0} has no .{suffix} index; make it with: samtools faidx {0}",
        fasta.display()
    );
    Ok(path)
}

/// Fails unless the sequences of the index and the header lines between them are the whole file.
fn check(file: &mut BgzfFile, entries: &[Entry]) -> Result<()> {
    /// No header line is longer.
    const LONGEST: u64 = 1 << 20;
    let (mut end, mut has_bases) = (0, false);
    for entry in entries {
        let name = &entry.contig.name;
        let gap = entry.offset.checked_sub(end).filter(|&gap| gap <= LONGEST);
        let gap = gap.with_context(|| format!("{name} cannot begin at byte {}", entry.offset))?;
        let text = after(file, end, has_bases, gap)?;
        let header = text.trim_ascii_start().strip_suffix(b"\n");
        // Sequences without a base may stand before, which no index knows.
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
    ensure!(rest.trim_ascii().is_empty(), "the file goes on after byte {end}");
    Ok(())
}

/// Up to `length` bytes from byte `end` on. If a sequence ends there, a base must be before it.
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
