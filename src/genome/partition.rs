//! The pieces that regions are cut into for parallel work.

use super::{IntervalSet, Region};

/// Longest stretch of one partition, and the grid that partitions are cut on, in bases.
pub const PARTITION_SIZE: u64 = 20_000;

/// Evidence within this distance can change what is called at a position: a read that spans it (500 bases), the cell of
/// the realignment grid whose window touches that read (1,000 bases and a little), and what reaches into that cell.
/// Every rule of candidates, realignment and pileups stays within it, so that calls do not depend on how regions are
/// cut.
pub const PARTITION_FLANK: u64 = 2_000;

/// One unit of work: candidates are reported for `region`, evidence is read from `evidence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Place in the output's order.
    pub index: usize,
    pub region: Region,
    /// `region` with flanks, within the contig.
    pub evidence: Region,
}

/// Cuts regions on a fixed grid, in the order of the set. `contig_length` bounds the flanks.
pub fn partitions(regions: &IntervalSet, contig_length: impl Fn(&str) -> u64) -> Vec<Partition> {
    let mut all = Vec::new();
    for region in regions.regions() {
        let length = contig_length(&region.contig);
        let mut start = region.start;
        while start < region.end {
            let end = ((start / PARTITION_SIZE + 1) * PARTITION_SIZE).min(region.end);
            let evidence = Region::new(
                &region.contig,
                start.saturating_sub(PARTITION_FLANK),
                (end + PARTITION_FLANK).min(length),
            );
            all.push(Partition {
                index: all.len(),
                region: Region::new(&region.contig, start, end),
                evidence,
            });
            start = end;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_tile_the_regions_on_a_fixed_grid() {
        let set = IntervalSet::from_regions([Region::new("a", 19_500, 40_400), Region::new("b", 0, 10)]);
        let cut = partitions(&set, |_| 40_500);
        let regions: Vec<_> = cut.iter().map(|p| (p.region.start, p.region.end)).collect();
        assert_eq!(regions, [(19_500, 20_000), (20_000, 40_000), (40_000, 40_400), (0, 10)]);
        assert_eq!(cut[2].evidence, Region::new("a", 38_000, 40_500));
        assert_eq!(cut[3].index, 3);
    }
}
