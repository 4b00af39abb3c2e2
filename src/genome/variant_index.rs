//! The index of a bgzipped VCF (`.tbi` or `.csi`), and whether it is of this file; what indexes by bins know.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rust_htslib::{bcf, bgzf};

use super::bgzf::BgzfFile;
use super::contigs::Contigs;
use super::damage::check_whole;

/// Longest contig that a tabix index can address, in bases; longer ones take CSI (SAM specification, section 5.1.1).
const TABIX_LIMIT: u64 = 1 << 29;

/// Makes the index of a bgzipped VCF that was just written, beside it, and returns its path. Fails if the VCF has no end:
/// closing a file does not tell whether its last block could be written.
pub fn index_variants(vcf: &Path, contigs: &Contigs) -> Result<PathBuf> {
    check_whole(vcf)?;
    let longest = contigs.iter().map(|c| c.length).max().unwrap_or(0);
    let (kind, suffix) = if longest < TABIX_LIMIT {
        (bcf::index::Type::Tbx, "tbi")
    } else {
        (bcf::index::Type::Csi(14), "csi")
    };
    bcf::index::build(vcf, None::<&Path>, 0, kind)
        .map_err(|error| anyhow!("cannot index {}: {}", vcf.display(), error.msg))?;
    Ok(PathBuf::from(format!("{}.{suffix}", vcf.display())))
}

/// What an index knows of its VCF.
#[derive(Clone, Debug)]
pub struct VariantIndex {
    path: PathBuf,
    /// The command that makes it.
    command: String,
    contigs: Vec<String>,
    /// Virtual offset of the end of the last record; 0 if there is none.
    end: u64,
}

impl VariantIndex {
    /// Reads the index beside a bgzipped VCF; none for other files, which cannot have one. Fails if it is missing,
    /// damaged, or of another file: if the last record that it knows is not where the VCF ends. Its age says nothing,
    /// for copies get new times.
    pub fn open(vcf: &Path) -> Result<Option<Self>> {
        if !bgzf::is_bgzip(vcf).unwrap_or(false) {
            return Ok(None);
        }
        let found = [".csi", ".tbi"].map(|suffix| PathBuf::from(format!("{}{suffix}", vcf.display())));
        let found: Vec<PathBuf> = found.into_iter().filter(|path| path.is_file()).collect();
        let Some(path) = found.first() else {
            bail!("{0} has no index; make it with: tabix -f -p vcf {0}", vcf.display());
        };
        let command = match path.extension().is_some_and(|e| e == "csi") {
            true => format!("bcftools index -f {}", vcf.display()),
            false => format!("tabix -f -p vcf {}", vcf.display()),
        };
        let mut index = Self {
            path: path.clone(),
            command,
            contigs: Vec::new(),
            end: 0,
        };
        index.read().with_context(|| {
            format!(
                "index {} is damaged; make it again with: {}",
                path.display(),
                index.command
            )
        })?;
        index.check_end(vcf).with_context(|| index.stale())?;
        Ok(Some(index))
    }

    /// Fails if the index does not know a contig of the VCF.
    pub fn check_contig(&self, name: &str) -> Result<()> {
        let known = self.contigs.iter().any(|c| c == name);
        ensure!(known, "{}: it does not know contig '{name}'", self.stale());
        Ok(())
    }

    fn stale(&self) -> String {
        let path = self.path.display();
        format!(
            "index {path} is stale: it is of another VCF; make it again with: {}",
            self.command
        )
    }

    /// Takes what is needed of the index.
    fn read(&mut self) -> Result<()> {
        let bins = BinIndex::read(&self.path)?;
        let mut header = Bytes(&bins.header);
        header.take(6 * 4)?;
        let length = header.number()? as usize;
        let names = header.take(length)?.split(|&b| b == 0).filter(|name| !name.is_empty());
        self.contigs = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        self.end = bins.records.map_or(0, |records| records.end);
        Ok(())
    }

    /// Fails unless the last record of the index ends where the text of the VCF does.
    fn check_end(&self, vcf: &Path) -> Result<()> {
        if self.end == 0 {
            return Ok(());
        }
        let mut file = BgzfFile::open(vcf)?;
        let (block, within) = (self.end >> 16, (self.end & 0xffff) as usize);
        // Past the end of the file nothing is read either, which would look like its end. That end itself is legal: htsjdk
        // takes it for the end of the last record.
        ensure!(block <= vcf.metadata()?.len(), "the VCF is shorter");
        file.seek(block << 16)?;
        ensure!(file.read(within)?.len() == within, "the VCF is shorter");
        ensure!(file.read(1)?.is_empty(), "the VCF is longer");
        Ok(())
    }
}

/// What the bins of an index tell of its file: of BAI (SAM specification, section 5.2), tabix and CSI (their
/// specifications are in samtools/hts-specs).
pub(crate) struct BinIndex {
    pub(crate) contigs: u32,
    /// Virtual offsets of the start of the first record and the end of the last that it knows; none if it knows none.
    pub(crate) records: Option<Range<u64>>,
    /// Stretches with some fifty records or more, as contig and 0-based half-open positions: of BAI, windows of 16 kb; of
    /// CSI, bins.
    pub(crate) stretches: Vec<(u32, Range<u64>)>,
    /// The columns and names that tabix knows, in both formats.
    header: Vec<u8>,
}

impl BinIndex {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        bgzf::Reader::from_path(path)?.read_to_end(&mut bytes)?;
        let mut rest = Bytes(&bytes);
        let (shape, header, contigs) = match rest.take(4)? {
            b"BAI\x01" => (BinShape::BAI, &[][..], rest.number()?),
            b"TBI\x01" => {
                let contigs = rest.number()?;
                let mut names = Bytes(rest.0);
                names.take(6 * 4)?;
                let header = rest.take(7 * 4 + names.number()? as usize)?;
                (BinShape::BAI, header, contigs)
            }
            b"CSI\x01" => {
                let (leaf_bits, depth, length) = (rest.number()?, rest.number()?, rest.number()?);
                ensure!(
                    depth <= 10 && leaf_bits <= 30,
                    "bins of {leaf_bits} bits with a depth of {depth}"
                );
                let shape = BinShape {
                    is_csi: true,
                    leaf_bits,
                    depth,
                };
                (shape, rest.take(length as usize)?, rest.number()?)
            }
            _ => bail!("it is neither BAI nor tabix nor CSI"),
        };
        let mut index = Self {
            contigs,
            records: None,
            stretches: Vec::new(),
            header: header.to_vec(),
        };
        for contig in 0..contigs {
            rest.bins(contig, shape, &mut index)?;
        }
        Ok(index)
    }
}

/// How an index cuts contigs into bins.
#[derive(Clone, Copy)]
struct BinShape {
    is_csi: bool,
    /// A smallest bin holds 2^`leaf_bits` bases, each larger one eight of the next smaller.
    leaf_bits: u32,
    /// Sizes of bins but for the largest, which is a whole contig.
    depth: u32,
}

impl BinShape {
    const BAI: Self = Self {
        is_csi: false,
        leaf_bits: 14,
        depth: 5,
    };

    /// Number of the first bin that is so far from the largest.
    fn first_bin(depth: u32) -> u64 {
        ((1 << (3 * depth)) - 1) / 7
    }

    /// The stretch of a bin.
    fn stretch(self, bin: u64) -> Range<u64> {
        let depth = (1..=self.depth).rev().find(|&depth| bin >= Self::first_bin(depth));
        let depth = depth.unwrap_or(0);
        let (rank, bits) = (bin - Self::first_bin(depth), self.leaf_bits + 3 * (self.depth - depth));
        rank << bits..(rank + 1) << bits
    }
}

/// Little-endian numbers from the front of a buffer.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("it is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    fn offset(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into()?))
    }

    /// Takes the bins of a contig.
    fn bins(&mut self, contig: u32, shape: BinShape, index: &mut BinIndex) -> Result<()> {
        let pseudo_bin = BinShape::first_bin(shape.depth + 1) + 1;
        for _ in 0..self.number()? {
            let bin = u64::from(self.number()?);
            self.take(if shape.is_csi { 8 } else { 0 })?;
            let mut bytes = 0;
            for _ in 0..self.number()? {
                let (start, end) = (self.offset()?, self.offset()?);
                // The pseudo-bin holds counts, not chunks.
                if bin != pseudo_bin {
                    let known = index.records.get_or_insert(start..end);
                    *known = known.start.min(start)..known.end.max(end);
                    bytes += place(end).saturating_sub(place(start));
                }
            }
            if shape.is_csi && bytes >= MANY_BYTES {
                index.stretches.push((contig, shape.stretch(bin)));
            }
        }
        if !shape.is_csi {
            self.windows(contig, index)?;
        }
        Ok(())
    }

    /// Takes the windows of a contig in a BAI, each the offset of the first record over it, or of the next there is.
    fn windows(&mut self, contig: u32, index: &mut BinIndex) -> Result<()> {
        let windows: Vec<u64> = (0..self.number()?).map(|_| self.offset()).collect::<Result<_>>()?;
        let ends = windows.iter().skip(1).map(|&end| Some(end)).chain([None]);
        for (window, (&start, end)) in (0..).zip(windows.iter().zip(ends)) {
            // Where the last one ends is not told.
            if end.is_none_or(|end| place(end) >= place(start) + MANY_BYTES) {
                let bits = BinShape::BAI.leaf_bits;
                index.stretches.push((contig, window << bits..(window + 1) << bits));
            }
        }
        Ok(())
    }
}

/// Compressed bytes of fifty records or so.
const MANY_BYTES: u64 = 4096;

/// About how many compressed bytes stand before a virtual offset: blocks shrink to a quarter or so.
fn place(offset: u64) -> u64 {
    (offset >> 16) + (offset & 0xffff) / 4
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Writes a VCF of so many records, and its index.
    fn indexed(vcf: &Path, records: u64) -> PathBuf {
        let mut text = "##fileformat=VCFv4.2\n##contig=<ID=c,length=100000>\n".to_owned();
        text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
        text.extend((1..=records).map(|i| format!("c\t{i}\t.\tA\tC\t{}\tPASS\t.\n", i * i % 97)));
        let mut writer = bgzf::Writer::from_path(vcf).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        let contigs = [crate::genome::Contig {
            name: "c".into(),
            length: 100_000,
        }];
        index_variants(vcf, &contigs.into_iter().collect()).unwrap()
    }

    #[test]
    fn the_index_of_a_longer_vcf_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        let (short, long) = (folder.path().join("short.vcf.gz"), folder.path().join("long.vcf.gz"));
        let index = indexed(&short, 100);
        assert!(VariantIndex::open(&short).unwrap().is_some());
        std::fs::copy(indexed(&long, 50_000), index).unwrap();
        let error = format!("{:#}", VariantIndex::open(&short).unwrap_err());
        assert!(error.contains("is stale") && error.contains("shorter"), "{error}");
    }

    #[test]
    fn bins_know_their_stretch() {
        // SAM specification, section 5.3: bin 0 spans 512 Mb, 1–8 64 Mb each, and 4681 is the first of 16 kb.
        let bai = BinShape::BAI;
        let stretches = [0, 1, 8, 9, 4681, 4682].map(|bin| bai.stretch(bin));
        let mb = |n: u64| n << 20;
        let expected = [
            0..mb(512),
            0..mb(64),
            mb(448)..mb(512),
            0..mb(8),
            0..1 << 14,
            1 << 14..2 << 14,
        ];
        assert_eq!(stretches, expected);
        let csi = BinShape {
            is_csi: true,
            leaf_bits: 12,
            depth: 6,
        };
        assert_eq!(csi.stretch(37449 + 3), 3 << 12..4 << 12);
    }

    /// As htsjdk has it: behind the end-of-file marker, where others name the place before.
    #[test]
    fn the_last_record_may_end_where_the_file_does() {
        let folder = tempfile::tempdir().unwrap();
        let vcf = folder.path().join("calls.vcf.gz");
        let index = indexed(&vcf, 100);
        let length = vcf.metadata().unwrap().len();
        let [before, behind] = [length - 28, length].map(|block| (block << 16).to_le_bytes());
        let mut bytes = Vec::new();
        bgzf::Reader::from_path(&index)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        let at = bytes.windows(8).position(|offset| offset == before).unwrap();
        bytes[at..at + 8].copy_from_slice(&behind);
        std::fs::write(&index, bytes).unwrap();
        assert!(VariantIndex::open(&vcf).unwrap().is_some());
    }
}
