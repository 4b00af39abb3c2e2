//! Sets of intervals, for `--regions`, confident regions and strata.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::bed;
use super::contigs::Contigs;
use super::region::Region;
use crate::formats::{BgzfFile, InputFile, check_whole};

/// Maximum number of intervals of a BED file that do not touch the previous one. The limit is necessary because a small
/// compressed file can hold any number.
const MOST_INTERVALS: usize = 1 << 25;

/// Sorted, merged, 0-based half-open intervals for each contig. Contigs keep the order in which they first appeared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntervalSet {
    order: Vec<String>,
    intervals: BTreeMap<String, Vec<(u64, u64)>>,
}

impl IntervalSet {
    pub fn from_regions(regions: impl IntoIterator<Item = Region>) -> Self {
        let mut set = Self::default();
        for region in regions {
            set.add(region);
        }
        set.intervals.values_mut().for_each(merge);
        set
    }

    /// Adds a region without full sorting and merging. Returns whether the set got another interval.
    fn add(&mut self, region: Region) -> bool {
        if region.is_empty() {
            return false;
        }
        if !self.intervals.contains_key(&region.contig) {
            self.order.push(region.contig.clone());
        }
        let intervals = self.intervals.entry(region.contig).or_default();
        match intervals.last_mut() {
            Some(last) if (last.0..=last.1).contains(&region.start) => {
                last.1 = last.1.max(region.end);
                false
            }
            _ => {
                intervals.push((region.start, region.end));
                true
            }
        }
    }

    /// Reads a BED file: plain, gzip or bgzip, with or without header lines. Ignores columns beyond the third. Fails if
    /// a bgzipped file is truncated.
    pub fn from_bed(path: &Path) -> Result<Self> {
        let reader = open_whole(path)?;
        let set = Self::collect(|keep| bed::read(reader, keep));
        set.with_context(|| format!("cannot read BED file {}", path.display()))
    }

    /// The regions that `read` gives to its argument. Fails if they take too much memory.
    pub(super) fn collect(read: impl FnOnce(&mut dyn FnMut(Region) -> Result<()>) -> Result<()>) -> Result<Self> {
        let (mut set, mut known) = (Self::default(), 0);
        read(&mut |region| {
            known += usize::from(set.add(region));
            ensure!(known <= MOST_INTERVALS, "more than {MOST_INTERVALS} intervals");
            Ok(())
        })?;
        set.intervals.values_mut().for_each(merge);
        Ok(set)
    }

    /// Fails if an interval lies on an unknown contig or extends beyond a contig's end.
    pub fn check_within(&self, contigs: &Contigs) -> Result<()> {
        self.regions().try_for_each(|region| check_within(&region, contigs))
    }

    /// The intervals of a contig, sorted and disjoint.
    pub fn on(&self, contig: &str) -> &[(u64, u64)] {
        self.intervals.get(contig).map_or(&[], Vec::as_slice)
    }

    pub fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        self.order
            .iter()
            .flat_map(|c| self.on(c).iter().map(move |&(start, end)| Region::new(c, start, end)))
    }

    pub fn contigs(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// Total length in bases.
    pub fn bases(&self) -> u64 {
        self.intervals.values().flatten().map(|&(start, end)| end - start).sum()
    }

    pub fn contains(&self, contig: &str, position: u64) -> bool {
        self.covers(contig, position, position + 1)
    }

    /// Whether one interval contains all of `start..end`.
    pub fn covers(&self, contig: &str, start: u64, end: u64) -> bool {
        let intervals = self.on(contig);
        let after = intervals.partition_point(|&(s, _)| s <= start);
        after > 0 && intervals[after - 1].1 >= end
    }

    /// Whether any interval shares a base with `start..end`.
    pub fn overlaps(&self, contig: &str, start: u64, end: u64) -> bool {
        let intervals = self.on(contig);
        let first = intervals.partition_point(|&(_, e)| e <= start);
        first < intervals.len() && intervals[first].0 < end
    }

    /// The parts of this set that are not in the other set.
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        for Region { contig, start, end } in self.regions() {
            let others = other.on(&contig);
            let first = others.partition_point(|&(_, e)| e <= start);
            let mut from = start;
            for &(s, e) in others[first..].iter().take_while(|&&(s, _)| s < end) {
                rest.push(Region::new(&contig, from, s.max(from)));
                from = e;
            }
            rest.push(Region::new(&contig, from.min(end), end));
        }
        Self::from_regions(rest)
    }

    /// The parts that are in both sets.
    pub fn intersect(&self, other: &Self) -> Self {
        let overlaps = self.regions().flat_map(|r| {
            let intervals = other.on(&r.contig);
            let first = intervals.partition_point(|&(_, e)| e <= r.start);
            let shared: Vec<_> = intervals[first..]
                .iter()
                .take_while(|&&(s, _)| s < r.end)
                .map(|&(s, e)| Region::new(&r.contig, s.max(r.start), e.min(r.end)))
                .collect();
            shared
        });
        Self::from_regions(overlaps)
    }
}

/// Opens a file of intervals. Fails if it was cut off.
pub fn open_whole(path: &Path) -> Result<BgzfFile> {
    if InputFile::open(path)
        .and_then(|file| file.length())
        .is_ok_and(|length| length > 0)
    {
        check_whole(path)?;
    }
    BgzfFile::open(path)
}

pub fn check_within(region: &Region, contigs: &Contigs) -> Result<()> {
    let Region {
        contig: name,
        start,
        end,
    } = region;
    let Some(contig) = contigs.get(name) else {
        let hint = contigs
            .likely_name(name)
            .map_or(String::new(), |other| format!("; did you mean '{other}'?"));
        bail!(
            "contig '{name}' is not in the reference, which has {}{hint}",
            contigs.preview()
        );
    };
    if *end > contig.length {
        bail!(
            "interval {name}:{start}-{end} ends beyond the end of {name}, which has {} bases; shorten the interval",
            contig.length
        );
    }
    Ok(())
}

fn merge(intervals: &mut Vec<(u64, u64)>) {
    intervals.sort_unstable();
    intervals.dedup_by(|next, kept| {
        let joined = next.0 <= kept.1;
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(intervals: &[(u64, u64)]) -> IntervalSet {
        IntervalSet::from_regions(intervals.iter().map(|&(s, e)| Region::new("c", s, e)))
    }

    #[test]
    fn intervals_are_merged_and_searched() {
        let s = set(&[(50, 60), (10, 20), (20, 30), (25, 28)]);
        assert_eq!(s.on("c"), [(10, 30), (50, 60)]);
        assert_eq!(s.bases(), 30);
        assert!(s.contains("c", 10) && s.contains("c", 29) && !s.contains("c", 30) && !s.contains("d", 10));
        assert!(s.covers("c", 10, 30) && !s.covers("c", 10, 31) && !s.covers("c", 9, 12));
        assert!(s.overlaps("c", 29, 51) && s.overlaps("c", 0, 11) && !s.overlaps("c", 30, 50));
        assert_eq!(
            s.intersect(&set(&[(0, 15), (28, 55)])).on("c"),
            [(10, 15), (28, 30), (50, 55)]
        );
    }

    #[test]
    fn another_set_is_subtracted() {
        let without = |other: &[(u64, u64)]| set(&[(10, 20), (30, 40)]).without(&set(other)).on("c").to_vec();
        assert_eq!(without(&[]), [(10, 20), (30, 40)]);
        assert_eq!(without(&[(0, 5), (15, 16), (20, 30)]), [(10, 15), (16, 20), (30, 40)]);
        assert_eq!(without(&[(5, 12), (18, 33), (39, 50)]), [(12, 18), (33, 39)]);
        assert_eq!(without(&[(0, 50)]), []);
    }
}
