//! Fetches the reads of a region. Each thread has its own file handle.

use anyhow::Result;
use rust_htslib::bam::Record;

use super::counts::{ReadCounts, ReadExclusion};
use super::depth::{DepthLimit, positions};
use super::filter::{FilterOptions, decode, end_of, fragment_name, mate_start};
use super::merged::MergedRecords;
use super::read::Read;
use crate::genome::Region;

/// If the ends of a region are above the depth limit, this many bases beyond decide which reads stay: the longest reads
/// that are realigned.
const MARGIN: u64 = 500;

/// Reads the alignment files of a sample region by region; one reader for each thread.
pub struct ReadReader {
    records: MergedRecords,
    options: FilterOptions,
    max_depth: usize,
    /// How many bases beyond a region are read: 0 until the ends of a region exceed the depth limit.
    margin: u64,
}

impl ReadReader {
    pub(super) fn new(records: MergedRecords, options: FilterOptions, max_depth: u32) -> Self {
        Self {
            records,
            options,
            max_depth: max_depth as usize,
            margin: 0,
        }
    }

    /// The reads over `region` that pass the filter, ordered by start, name and number in the pair. Above the depth
    /// limit, about as many reads as the limit are kept at each position. For reads of up to 500 bases, the selection
    /// does not depend on the region. Fails if the file is damaged or not sorted.
    pub fn fetch(&mut self, region: &Region) -> Result<Vec<Read>> {
        self.fetch_counted(region, |_, _| false, &mut ReadCounts::default())
    }

    /// Like [`Self::fetch`]; also counts the records for whose start and end `is_counted` is true.
    pub fn fetch_counted(
        &mut self,
        region: &Region,
        is_counted: impl Fn(u64, u64) -> bool,
        counts: &mut ReadCounts,
    ) -> Result<Vec<Read>> {
        let before = *counts;
        let (mut depth, mut passed) = self.select(region, &is_counted, counts)?;
        if self.margin == 0 && depth.excluded_near_ends(MARGIN) {
            self.margin = MARGIN;
            *counts = before;
            (depth, passed) = self.select(region, &is_counted, counts)?;
        }
        let mut reads = depth.into_reads();
        self.count(&reads, passed, is_counted, counts);
        reads.retain(|read| read.start < region.end && read.end() > region.start);
        reads.sort_unstable();
        Ok(reads)
    }

    /// Selects reads over `region` and the margin. Also returns how many counted records passed the filter.
    fn select(
        &mut self,
        region: &Region,
        is_counted: impl Fn(u64, u64) -> bool,
        counts: &mut ReadCounts,
    ) -> Result<(DepthLimit, u64)> {
        let extended = region.start.saturating_sub(self.margin)..region.end + self.margin;
        self.records
            .fetch(&Region::new(&region.contig, extended.start, extended.end))?;
        let (mut depth, mut passed) = (DepthLimit::new(self.max_depth, extended), 0);
        while let Some((record, filter)) = self.records.next()? {
            if !filter.keeps_fragment(record) {
                continue;
            }
            let counted = u64::from(is_counted(record.pos().max(0) as u64, end_of(record)));
            if let Err(reason) = filter.judge(record) {
                counts.leave_out(reason, counted);
                continue;
            }
            if admits(&depth, record) {
                match decode(record) {
                    Some(read) => depth.keep(read, mate_start(record)),
                    None => {
                        counts.leave_out(ReadExclusion::BadAlignment, counted);
                        continue;
                    }
                }
            }
            passed += counted;
        }
        depth.finish();
        Ok((depth, passed))
    }

    /// Counts the reads that passed the filter as used or excluded.
    fn count(&self, kept: &[Read], passed: u64, is_counted: impl Fn(u64, u64) -> bool, counts: &mut ReadCounts) {
        let kept = kept.iter().filter(|read| is_counted(read.start, read.end()));
        let (used, useless): (Vec<_>, Vec<_>) = kept.partition(|read| self.options.has_a_usable_base(read));
        let (used, useless) = (used.len() as u64, useless.len() as u64);
        counts.used += used;
        counts.leave_out(ReadExclusion::LowBaseQuality, useless);
        counts.leave_out(ReadExclusion::Depth, passed - used - useless);
    }
}

/// Whether the depth limit may keep a record.
fn admits(depth: &DepthLimit, record: &Record) -> bool {
    if !depth.is_deep() {
        return true;
    }
    let (start, end) = (record.pos() as u64, end_of(record));
    let aligned = record
        .raw_cigar()
        .iter()
        .filter(|&op| matches!(op & 0xf, 0 | 1 | 7 | 8));
    let bases = aligned.map(|op| u64::from(op >> 4)).sum();
    let is_spliced = record.raw_cigar().iter().any(|op| op & 0xf == 3);
    let positions = if is_spliced {
        start..end
    } else {
        positions(start, end, bases, record.is_reverse())
    };
    depth.admits(&fragment_name(record), start, mate_start(record), positions)
}
