//! What indexes by bins know of their file: BAI (SAM specification, section 5.2), tabix and CSI (their specifications are in
//! samtools/hts-specs).

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rust_htslib::bgzf;

/// What an index tells of its file.
pub(crate) struct BinIndex {
    pub(crate) contigs: u32,
    /// Virtual offsets of the start of the first record and the end of the last that it knows; none if it knows none.
    pub(crate) records: Option<Range<u64>>,
    /// Where records are: of BAI, windows of 16 kb; of CSI, bins.
    pub(crate) stretches: Vec<Stretch>,
    /// The columns and names that tabix knows, in both formats.
    pub(super) header: Vec<u8>,
}

/// A stretch that may hold records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Rank of the contig in the header of the file.
    pub(crate) contig: u32,
    /// 0-based half-open positions.
    pub(crate) positions: Range<u64>,
    /// About how many compressed bytes its records take.
    pub(crate) bytes: u64,
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
    /// How many sizes of bins there are beside the largest.
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

    /// The positions of a bin.
    fn positions(self, bin: u64) -> Range<u64> {
        let depth = (1..=self.depth).rev().find(|&depth| bin >= Self::first_bin(depth));
        let depth = depth.unwrap_or(0);
        let (rank, bits) = (bin - Self::first_bin(depth), self.leaf_bits + 3 * (self.depth - depth));
        rank << bits..(rank + 1) << bits
    }
}

/// Little-endian numbers from the front of a buffer.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("it is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    fn offset(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into()?))
    }

    /// Takes the bins of a contig.
    fn bins(&mut self, contig: u32, shape: BinShape, index: &mut BinIndex) -> Result<()> {
        let pseudo_bin = BinShape::first_bin(shape.depth + 1) + 1;
        let mut last = 0;
        for _ in 0..self.number()? {
            let bin = u64::from(self.number()?);
            self.take(if shape.is_csi { 8 } else { 0 })?;
            let mut bytes: u64 = 0;
            for _ in 0..self.number()? {
                let (start, end) = (self.offset()?, self.offset()?);
                // The pseudo-bin holds counts, not chunks.
                if bin != pseudo_bin {
                    let known = index.records.get_or_insert(start..end);
                    *known = known.start.min(start)..known.end.max(end);
                    bytes = bytes.saturating_add(place(end).saturating_sub(place(start)));
                    last = last.max(end);
                }
            }
            if shape.is_csi && bin < pseudo_bin {
                index.stretches.push(Stretch {
                    contig,
                    positions: shape.positions(bin),
                    bytes,
                });
            }
        }
        if !shape.is_csi {
            let windows: Vec<u64> = (0..self.number()?).map(|_| self.offset()).collect::<Result<_>>()?;
            index.stretches.extend(window_stretches(contig, &windows, last));
        }
        Ok(())
    }
}

/// The windows of a contig in a BAI that may hold records. An offset is that of the first record over the window; empty ones
/// have that of the next (htslib) or the one before (htsjdk): of those with the same, the first or the last is not empty.
fn window_stretches(contig: u32, offsets: &[u64], end: u64) -> Vec<Stretch> {
    let (mut stretches, mut window) = (Vec::new(), 0);
    for same in offsets.chunk_by(|a, b| a == b) {
        let after = window + same.len();
        let end = offsets.get(after).copied().unwrap_or(end);
        for window in [window, after - 1].iter().take(same.len()).map(|&window| window as u64) {
            stretches.push(Stretch {
                contig,
                positions: window << BinShape::BAI.leaf_bits..(window + 1) << BinShape::BAI.leaf_bits,
                bytes: place(end).saturating_sub(place(same[0])),
            });
        }
        window = after;
    }
    stretches
}

/// About how many compressed bytes stand before a virtual offset: blocks shrink to a quarter or so.
fn place(offset: u64) -> u64 {
    (offset >> 16) + (offset & 0xffff) / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_know_their_stretch() {
        // SAM specification, section 5.3: bin 0 spans 512 Mb, 1–8 64 Mb each, and 4681 is the first of 16 kb.
        let bai = BinShape::BAI;
        let stretches = [0, 1, 8, 9, 4681, 4682].map(|bin| bai.positions(bin));
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
        assert_eq!(csi.positions(37449 + 3), 3 << 12..4 << 12);
    }

    #[test]
    fn windows_with_records_are_found_whichever_way_empty_ones_are_filled() {
        let at = |kb: u64| (kb * 1024) << 16;
        let windows = |offsets: &[u64]| -> Vec<u64> {
            let stretches = window_stretches(0, offsets, at(90)).into_iter();
            let held = stretches.filter(|s| s.bytes > 1024).map(|s| s.positions.start >> 14);
            held.collect()
        };
        // Records in windows 2 and 5 alone.
        let next = [at(10), at(10), at(10), at(50), at(50), at(50)];
        let before = [0, 0, at(10), at(10), at(10), at(50)];
        assert_eq!(windows(&next), [0, 2, 3, 5]);
        assert_eq!(windows(&before), [0, 1, 2, 4, 5]);
        assert!(windows(&[]).is_empty());
    }
}
