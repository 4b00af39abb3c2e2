//! What indexes by bins know of their file: BAI (SAM specification, section 5.2), tabix and CSI (their specifications are in
//! samtools/hts-specs).

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::bgzf::read_index;

/// What an index tells of its file.
pub struct BinIndex {
    pub(crate) contigs: Vec<ContigBins>,
    /// Virtual offsets of the start of the first record and the end of the last that it knows; none if it knows none.
    pub(crate) records: Option<Range<u64>>,
    /// Where records are: of BAI, windows of 16 kb; of CSI, bins.
    pub(crate) stretches: Vec<Stretch>,
}

/// A stretch that may hold records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Rank of the contig in the header of the file.
    pub(crate) contig: u32,
    /// 0-based half-open positions.
    pub(crate) positions: Range<u64>,
    /// About how many compressed bytes its records take.
    pub(crate) bytes: u64,
}

impl BinIndex {
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&read_index(path)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut rest = LittleEndian(bytes);
        let (shape, contigs) = match rest.take(4)? {
            b"BAI\x01" => (BinShape::BAI, rest.number()?),
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
                rest.take(length as usize)?;
                (shape, rest.number()?)
            }
            _ => bail!("it is neither BAI nor CSI"),
        };
        let mut index = Self {
            contigs: Vec::new(),
            records: None,
            stretches: Vec::new(),
        };
        for contig in 0..contigs {
            rest.bins(contig, shape, &mut index)?;
        }
        // The number of unplaced records may follow, and nothing else.
        ensure!(matches!(rest.0.len(), 0 | 8), "it goes on after its last contig");
        Ok(index)
    }
}

/// How an index cuts contigs into bins.
#[derive(Clone, Copy, Debug)]
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

/// Where the records of a contig stand in the file.
///
/// Bins and the offsets of windows say the same in two ways. Where reading begins follows from both, so that a wrong number in one
/// of them hides no record.
#[derive(Clone, Debug)]
pub struct ContigBins {
    shape: BinShape,
    /// Ordered by their starts.
    chunks: Vec<Chunk>,
    /// Virtual offset before which no record reaches over a position or those behind it. Both ascend.
    starts: Vec<(u64, u64)>,
}

/// Virtual offsets of a run of records of one bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Chunk {
    start: u64,
    end: u64,
    bin: u32,
}

impl ContigBins {
    /// `starts` are in any order; an offset of 0 says nothing.
    fn new(shape: BinShape, mut chunks: Vec<Chunk>, mut starts: Vec<(u64, u64)>) -> Self {
        chunks.sort_unstable();
        starts.retain(|&(_, offset)| offset > 0);
        starts.sort_unstable();
        let mut latest = 0;
        for (_, offset) in &mut starts {
            latest = latest.max(*offset);
            *offset = latest;
        }
        chunks.shrink_to_fit();
        starts.shrink_to_fit();
        Self { shape, chunks, starts }
    }

    /// Whether the records that begin chunks can ascend by position.
    fn is_in_order(&self) -> bool {
        // htslib puts reads with a contig but no position, which come first, into the bin before the smallest.
        let unplaced = BinShape::first_bin(self.shape.depth).wrapping_sub(1);
        let mut bins = self.chunks.iter().map(|chunk| u64::from(chunk.bin));
        let mut latest = 0;
        bins.all(|bin| {
            let positions = self.shape.positions(bin);
            if bin != unplaced {
                latest = latest.max(positions.start);
            }
            bin == unplaced || latest < positions.end
        })
    }

    /// Virtual offset of the last chunk's first record, and the positions where that can start; none without such a chunk.
    pub fn last_chunk(&self) -> Option<(u64, Range<u64>)> {
        let unplaced = BinShape::first_bin(self.shape.depth).wrapping_sub(1);
        let mut placed = self
            .chunks
            .iter()
            .rev()
            .filter(|chunk| u64::from(chunk.bin) != unplaced);
        let chunk = placed.next()?;
        Some((chunk.start, self.shape.positions(chunk.bin.into())))
    }

    /// The chunks, ordered by their starts.
    pub fn chunks(&self) -> impl Iterator<Item = Range<u64>> {
        self.chunks.iter().map(|chunk| chunk.start..chunk.end)
    }

    /// All records of the contig; none if it has none.
    pub fn records(&self) -> Option<Range<u64>> {
        let end = self.chunks.iter().map(|chunk| chunk.end).max()?;
        Some(self.chunks.first()?.start..end)
    }

    /// The records of the contig, but for those that end before a position; none if it has none.
    pub fn records_from(&self, position: u64) -> Option<Range<u64>> {
        let records = self.records()?;
        let known = self.starts.partition_point(|&(first, _)| first <= position);
        let known = known.checked_sub(1).map_or(records.start, |last| self.starts[last].1);
        let known = known.clamp(records.start, records.end);
        let before = self.chunks.partition_point(|chunk| chunk.start < known);
        let reaches = |chunk: &&Chunk| chunk.end >= known && self.shape.positions(chunk.bin.into()).contains(&position);
        let start = self.chunks[..before]
            .iter()
            .find(reaches)
            .map_or(known, |chunk| chunk.start);
        Some(start..records.end)
    }
}

/// Little-endian numbers from the front of a buffer.
pub struct LittleEndian<'a>(pub &'a [u8]);

impl<'a> LittleEndian<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("it is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn number(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    fn offset(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into()?))
    }

    /// Takes the bins of a contig.
    fn bins(&mut self, contig: u32, shape: BinShape, index: &mut BinIndex) -> Result<()> {
        let (first_leaf, bins) = (BinShape::first_bin(shape.depth), BinShape::first_bin(shape.depth + 1));
        let pseudo_bin = bins + 1;
        let (mut chunks, mut starts, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.number()? {
            let bin = self.number()?;
            let wide = u64::from(bin);
            ensure!(wide < bins || wide == pseudo_bin, "it has a bin {bin}, which cannot be");
            let offset = if shape.is_csi { self.offset()? } else { 0 };
            let before = chunks.len();
            for _ in 0..self.number()? {
                let (start, end) = (self.offset()?, self.offset()?);
                // The pseudo-bin holds counts, not chunks.
                if wide != pseudo_bin {
                    ensure!(start <= end, "a chunk of its bin {bin} ends before it begins");
                    let known = index.records.get_or_insert(start..end);
                    *known = known.start.min(start)..known.end.max(end);
                    chunks.push(Chunk { start, end, bin });
                }
            }
            let own: &[Chunk] = &chunks[before..];
            let (Some(first), positions) = (own.iter().map(|chunk| chunk.start).min(), shape.positions(wide)) else {
                continue;
            };
            if wide >= first_leaf {
                leaves.push((positions.start, first));
            }
            if shape.is_csi {
                // Other tools give a larger bin the offset of its own first record: only past the bin is it sure to hold.
                let from = if wide >= first_leaf {
                    positions.start
                } else {
                    positions.end
                };
                starts.push((from, offset.min(first)));
                let bytes = own
                    .iter()
                    .map(|chunk| place(chunk.end).saturating_sub(place(chunk.start)));
                index.stretches.push(Stretch {
                    contig,
                    bytes: bytes.fold(0, u64::saturating_add),
                    positions,
                });
            }
        }
        if !shape.is_csi {
            let windows: Vec<u64> = (0..self.number()?).map(|_| self.offset()).collect::<Result<_>>()?;
            let last = chunks.iter().map(|chunk| chunk.end).max().unwrap_or(0);
            check_windows(&windows, last)?;
            let positions = (0..).step_by(1 << shape.leaf_bits);
            starts.extend(positions.zip(windows.iter().copied()));
            starts.retain(|&(_, offset)| offset > 0);
            bound_starts(&mut starts, &mut leaves);
            index.stretches.extend(window_stretches(contig, &windows, last));
        }
        let contig = ContigBins::new(shape, chunks, starts);
        ensure!(
            contig.is_in_order(),
            "the records of its bins are not in the order of positions"
        );
        index.contigs.push(contig);
        Ok(())
    }
}

/// Fails unless the offsets of windows ascend and none is behind the last record. 0 says nothing.
fn check_windows(windows: &[u64], last: u64) -> Result<()> {
    let known = windows.iter().filter(|&&offset| offset > 0);
    ensure!(known.clone().is_sorted(), "the offsets of its windows do not ascend");
    let is_late = last > 0 && known.max().is_some_and(|&offset| offset > last);
    ensure!(!is_late, "it has a window behind the last read of the contig");
    Ok(())
}

/// No window begins behind the first record that starts in it, which its bin knows. Both are ordered by position.
fn bound_starts(starts: &mut [(u64, u64)], leaves: &mut [(u64, u64)]) {
    leaves.sort_unstable();
    let mut leaves = leaves.iter().peekable();
    for (position, offset) in starts {
        while leaves.next_if(|leaf| leaf.0 < *position).is_some() {}
        if let Some(leaf) = leaves.next_if(|leaf| leaf.0 == *position) {
            *offset = leaf.1.min(*offset);
        }
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

    /// A BAI of one contig: bins with their chunks, and the offsets of windows.
    fn bai(bins: &[(u32, &[(u64, u64)])], windows: &[u64]) -> Vec<u8> {
        let mut bytes = b"BAI\x01\x01\0\0\0".to_vec();
        bytes.extend((bins.len() as u32).to_le_bytes());
        for (bin, chunks) in bins {
            bytes.extend([*bin, chunks.len() as u32].map(u32::to_le_bytes).concat());
            chunks
                .iter()
                .for_each(|&(start, end)| bytes.extend([start, end].map(u64::to_le_bytes).concat()));
        }
        bytes.extend((windows.len() as u32).to_le_bytes());
        bytes.extend(windows.iter().flat_map(|offset| offset.to_le_bytes()));
        bytes
    }

    #[test]
    fn one_wrong_number_hides_no_record() {
        // Window 0 has records from 100 on; of those from 300 on, which reach into window 1, the bin of 128 kb knows.
        let (leaf, wide) = (4681, 585);
        let start = |bins: &[(u32, &[(u64, u64)])], windows: &[u64]| {
            BinIndex::parse(&bai(bins, windows)).unwrap().contigs[0]
                .records_from(20_000)
                .unwrap()
                .start
        };
        let whole: [(u32, &[(u64, u64)]); 3] =
            [(leaf, &[(100, 300)]), (wide, &[(300, 400)]), (leaf + 1, &[(400, 900)])];
        assert_eq!(start(&whole, &[100, 300]), 300);
        for window in [301, 399, 400, 500, 900] {
            assert_eq!(start(&whole, &[100, window]), 300, "{window}");
        }
        for bin in 0..37_449 {
            let mut moved = whole;
            moved[(bin % 3) as usize].0 = bin;
            let moved = BinIndex::parse(&bai(&moved, &[100, 300]));
            let start = moved.map(|moved| moved.contigs[0].records_from(20_000).unwrap().start);
            assert!(start.unwrap_or(0) <= 300, "{bin}");
        }
        assert_eq!(start(&[(0, &[(100, 900)])], &[100, 700]), 100);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let error = |bytes: &[u8]| format!("{:#}", BinIndex::parse(bytes).err().unwrap());
        assert!(error(&bai(&[(37_451, &[(100, 300)])], &[])).contains("bin 37451"));
        assert!(error(&bai(&[(4681, &[(300, 100)])], &[])).contains("ends before it begins"));
        assert!(error(&bai(&[(4681, &[(100, 300)])], &[200, 100])).contains("do not ascend"));
        assert!(error(&bai(&[(4681, &[(100, 300)])], &[100, 301])).contains("behind the last read"));
        let swapped: [(u32, &[(u64, u64)]); 2] = [(4682, &[(100, 300)]), (4681, &[(300, 400)])];
        assert!(error(&bai(&swapped, &[100, 300])).contains("order of positions"));
        let more = [bai(&[(4681, &[(100, 300)])], &[100]), vec![0; 9]].concat();
        assert!(error(&more).contains("goes on"));
        assert!(BinIndex::parse(&more[..more.len() - 1]).is_ok());
    }
}
