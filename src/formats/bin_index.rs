//! Indexes by bins: BAI (SAM specification, section 5.2), tabix and CSI (their specifications are in
//! samtools/hts-specs).

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::bgzf::read_index;

/// The contents of an index.
pub struct BinIndex {
    pub(crate) contigs: Vec<ContigBins>,
    /// Virtual offsets of the start of the first record and the end of the last record; none if the index holds no
    /// records.
    pub(crate) records: Option<Range<u64>>,
    /// Stretches with records: 16 kb windows of a BAI, bins of a CSI.
    pub(crate) intervals: Vec<IndexedInterval>,
    /// Names of the contigs in an index of text (tabix); otherwise empty.
    pub(crate) names: Vec<String>,
}

/// A part of a contig that may hold records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedInterval {
    /// 0-based rank of the contig in the header of the file.
    pub(crate) contig: u32,
    /// 0-based half-open positions.
    pub(crate) positions: Range<u64>,
    /// Approximate compressed size of its records, in bytes.
    pub(crate) bytes: u64,
}

impl BinIndex {
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&read_index(path)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut rest = LittleEndian(bytes);
        let mut names = Vec::new();
        let (shape, contigs) = match rest.take(4)? {
            b"BAI\x01" => (BinShape::BAI, rest.number()?),
            b"TBI\x01" => {
                let contigs = rest.number()?;
                names = rest.names()?;
                (BinShape::BAI, contigs)
            }
            b"CSI\x01" => {
                let (leaf_bits, depth, length) = (rest.number()?, rest.number()?, rest.number()?);
                ensure!(
                    depth <= 10 && leaf_bits <= 30,
                    "it has bins of {leaf_bits} bits and depth {depth}, which is not valid"
                );
                let shape = BinShape {
                    is_csi: true,
                    leaf_bits,
                    depth,
                };
                let extra = rest.take(length as usize)?;
                if !extra.is_empty() {
                    names = LittleEndian(extra).names()?;
                }
                (shape, rest.number()?)
            }
            _ => bail!("it is neither BAI, TBI nor CSI"),
        };
        ensure!(
            names.is_empty() || names.len() == contigs as usize,
            "it has {} names for {contigs} contigs",
            names.len()
        );
        let mut index = Self {
            names,
            contigs: Vec::new(),
            records: None,
            intervals: Vec::new(),
        };
        for contig in 0..contigs {
            rest.bins(contig, shape, &mut index)?;
        }
        // Only the number of unplaced records may follow.
        ensure!(matches!(rest.0.len(), 0 | 8), "it continues after its last contig");
        Ok(index)
    }
}

/// The bin sizes of an index.
#[derive(Clone, Copy, Debug)]
struct BinShape {
    is_csi: bool,
    /// A smallest bin holds 2^`leaf_bits` bases. Each larger bin holds eight bins of the next smaller size.
    leaf_bits: u32,
    /// Number of bin sizes below the largest.
    depth: u32,
}

impl BinShape {
    const BAI: Self = Self {
        is_csi: false,
        leaf_bits: 14,
        depth: 5,
    };

    /// Number of the first bin that is `depth` sizes below the largest.
    fn first_bin(depth: u32) -> u64 {
        ((1 << (3 * depth)) - 1) / 7
    }

    /// The 0-based half-open positions of a bin.
    fn positions(self, bin: u64) -> Range<u64> {
        let depth = (1..=self.depth).rev().find(|&depth| bin >= Self::first_bin(depth));
        let depth = depth.unwrap_or(0);
        let (rank, bits) = (bin - Self::first_bin(depth), self.leaf_bits + 3 * (self.depth - depth));
        rank << bits..(rank + 1) << bits
    }
}

/// The places in the file of the records of a contig.
///
/// Bins and window offsets hold the same information. The start of reading depends on both, so that one wrong number
/// hides no record.
#[derive(Clone, Debug)]
pub struct ContigBins {
    shape: BinShape,
    /// Sorted by start.
    chunks: Vec<Chunk>,
    /// Pairs of a position and a virtual offset: no record before the offset overlaps this or a later position. Both
    /// ascend.
    starts: Vec<(u64, u64)>,
}

/// Virtual offsets of consecutive records of one bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Chunk {
    start: u64,
    end: u64,
    bin: u32,
}

impl ContigBins {
    /// `starts` may be unsorted. An offset of 0 means unknown.
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

    /// Whether the first records of the chunks can be sorted by position.
    fn is_in_order(&self) -> bool {
        // htslib puts reads with a contig but no position into the bin before the smallest bins. These reads come
        // first.
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

    /// Virtual offset of the first record of the last chunk, and the possible start positions of this record. None
    /// without placed records.
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

    /// Virtual offsets of the chunks, sorted by start.
    pub fn chunks(&self) -> impl Iterator<Item = Range<u64>> {
        self.chunks.iter().map(|chunk| chunk.start..chunk.end)
    }

    /// Positions of the bins that hold records.
    pub fn bins(&self) -> impl Iterator<Item = Range<u64>> {
        self.chunks.iter().map(|chunk| self.shape.positions(chunk.bin.into()))
    }

    /// Virtual offsets of all records of the contig; none without records.
    pub fn records(&self) -> Option<Range<u64>> {
        let end = self.chunks.iter().map(|chunk| chunk.end).max()?;
        Some(self.chunks.first()?.start..end)
    }

    /// Virtual offsets of the records of the contig, without the first records that all end before a 0-based position.
    /// None without records.
    pub fn records_from(&self, position: u64) -> Option<Range<u64>> {
        let records = self.records()?;
        let window = self.starts.partition_point(|&(first, _)| first <= position);
        let window_start = window.checked_sub(1).map_or(records.start, |last| self.starts[last].1);
        let window_start = window_start.clamp(records.start, records.end);
        let before = self.chunks.partition_point(|chunk| chunk.start < window_start);
        let reaches =
            |chunk: &&Chunk| chunk.end >= window_start && self.shape.positions(chunk.bin.into()).contains(&position);
        let start = self.chunks[..before]
            .iter()
            .find(reaches)
            .map_or(window_start, |chunk| chunk.start);
        Some(start..records.end)
    }
}

/// A buffer that yields little-endian numbers from its front.
pub struct LittleEndian<'a>(pub &'a [u8]);

impl<'a> LittleEndian<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).context("it is truncated")?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn number(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into()?))
    }

    fn offset(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into()?))
    }

    /// The names of contigs, after the six numbers that describe the columns of the text.
    fn names(&mut self) -> Result<Vec<String>> {
        self.take(6 * 4)?;
        let length = self.number()? as usize;
        let names = self.take(length)?.split(|&byte| byte == 0);
        let names = names.filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Parses the bins of a contig and adds them to the index.
    fn bins(&mut self, contig: u32, shape: BinShape, index: &mut BinIndex) -> Result<()> {
        let (first_leaf, bins) = (BinShape::first_bin(shape.depth), BinShape::first_bin(shape.depth + 1));
        let pseudo_bin = bins + 1;
        let (mut chunks, mut starts, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.number()? {
            let bin = self.number()?;
            let wide = u64::from(bin);
            ensure!(wide < bins || wide == pseudo_bin, "it has an invalid bin {bin}");
            let offset = if shape.is_csi { self.offset()? } else { 0 };
            let before = chunks.len();
            for _ in 0..self.number()? {
                let (start, end) = (self.offset()?, self.offset()?);
                // The pseudo-bin holds counts, not chunks.
                if wide != pseudo_bin {
                    ensure!(start <= end, "a chunk of its bin {bin} ends before it begins");
                    let records = index.records.get_or_insert(start..end);
                    *records = records.start.min(start)..records.end.max(end);
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
                // Other tools give a larger bin the offset of its own first record, which is valid only after the bin.
                let from = if wide >= first_leaf {
                    positions.start
                } else {
                    positions.end
                };
                starts.push((from, offset.min(first)));
                let bytes = own
                    .iter()
                    .map(|chunk| place(chunk.end).saturating_sub(place(chunk.start)));
                index.intervals.push(IndexedInterval {
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
            index.intervals.extend(window_intervals(contig, &windows, last));
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

/// Fails unless the window offsets ascend and none is after the last record. 0 means unknown.
fn check_windows(windows: &[u64], last: u64) -> Result<()> {
    let offsets = windows.iter().filter(|&&offset| offset > 0);
    ensure!(offsets.clone().is_sorted(), "the offsets of its windows do not ascend");
    let is_late = last > 0 && offsets.max().is_some_and(|&offset| offset > last);
    ensure!(!is_late, "it has a window after the last read of the contig");
    Ok(())
}

/// Lowers the offset of each window to the first record of the smallest bin at the same position. Sorts `leaves`;
/// `starts` is sorted by position.
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

/// The windows of a contig in a BAI that may hold records. The offset of a window points to the first record that
/// overlaps it. An empty window has the offset of the next window (htslib) or of the previous window (htsjdk). So, of
/// windows with equal offsets, the first or the last is not empty.
fn window_intervals(contig: u32, offsets: &[u64], end: u64) -> Vec<IndexedInterval> {
    let (mut intervals, mut window) = (Vec::new(), 0);
    for same in offsets.chunk_by(|a, b| a == b) {
        let after = window + same.len();
        let end = offsets.get(after).copied().unwrap_or(end);
        for window in [window, after - 1].iter().take(same.len()).map(|&window| window as u64) {
            intervals.push(IndexedInterval {
                contig,
                positions: window << BinShape::BAI.leaf_bits..(window + 1) << BinShape::BAI.leaf_bits,
                bytes: place(end).saturating_sub(place(same[0])),
            });
        }
        window = after;
    }
    intervals
}

/// Approximate number of compressed bytes before a virtual offset; blocks are compressed to about a quarter.
fn place(offset: u64) -> u64 {
    (offset >> 16) + (offset & 0xffff) / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_have_the_positions_of_the_specification() {
        // SAM specification, section 5.3: bin 0 spans 512 Mb, 1–8 64 Mb each, and 4681 is the first of 16 kb.
        let bai = BinShape::BAI;
        let intervals = [0, 1, 8, 9, 4681, 4682].map(|bin| bai.positions(bin));
        let mb = |n: u64| n << 20;
        let expected = [
            0..mb(512),
            0..mb(64),
            mb(448)..mb(512),
            0..mb(8),
            0..1 << 14,
            1 << 14..2 << 14,
        ];
        assert_eq!(intervals, expected);
        let csi = BinShape {
            is_csi: true,
            leaf_bits: 12,
            depth: 6,
        };
        assert_eq!(csi.positions(37449 + 3), 3 << 12..4 << 12);
    }

    #[test]
    fn windows_with_records_are_found_for_both_offsets_of_empty_windows() {
        let at = |kb: u64| (kb * 1024) << 16;
        let windows = |offsets: &[u64]| -> Vec<u64> {
            let intervals = window_intervals(0, offsets, at(90)).into_iter();
            let held = intervals.filter(|s| s.bytes > 1024).map(|s| s.positions.start >> 14);
            held.collect()
        };
        // Only windows 2 and 5 have records.
        let next = [at(10), at(10), at(10), at(50), at(50), at(50)];
        let before = [0, 0, at(10), at(10), at(10), at(50)];
        assert_eq!(windows(&next), [0, 2, 3, 5]);
        assert_eq!(windows(&before), [0, 1, 2, 4, 5]);
        assert!(windows(&[]).is_empty());
    }

    /// A BAI of one contig, from its bins with their chunks, and its window offsets.
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
        // Records from offset 100 are in window 0. Records from offset 300 reach into window 1 and are in the bin of
        // 128 kb.
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
    fn invalid_indexes_are_refused() {
        let error = |bytes: &[u8]| format!("{:#}", BinIndex::parse(bytes).err().unwrap());
        assert!(error(&bai(&[(37_451, &[(100, 300)])], &[])).contains("bin 37451"));
        assert!(error(&bai(&[(4681, &[(300, 100)])], &[])).contains("ends before it begins"));
        assert!(error(&bai(&[(4681, &[(100, 300)])], &[200, 100])).contains("do not ascend"));
        assert!(error(&bai(&[(4681, &[(100, 300)])], &[100, 301])).contains("after the last read"));
        let swapped: [(u32, &[(u64, u64)]); 2] = [(4682, &[(100, 300)]), (4681, &[(300, 400)])];
        assert!(error(&bai(&swapped, &[100, 300])).contains("order of positions"));
        let more = [bai(&[(4681, &[(100, 300)])], &[100]), vec![0; 9]].concat();
        assert!(error(&more).contains("continues after"));
        assert!(BinIndex::parse(&more[..more.len() - 1]).is_ok());
    }
}
