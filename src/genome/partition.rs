//! The pieces that regions are cut into for parallel work.

use super::intervals::IntervalSet;
use super::region::Region;

/// Longest stretch of one partition, and the grid that partitions are cut on, in bases.
pub const PARTITION_SIZE: u64 = 20_000;

/// Evidence within this distance can change what is called at a position: a read that spans it (500 bases), the cell of
/// the realignment grid whose window touches that read (1,000 bases and a little), and what reaches into that cell.
/// Every rule of candidates, realignment and pileups stays within it, so that calls do not depend on how regions are
/// cut.
pub const PARTITION_FLANK: u64 = 2_000;

/// One unit of work: candidates are reported for the parts of `region`, evidence is read from `evidence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Place in the output's order.
    pub index: usize,
    /// From the first part to the last.
    pub region: Region,
    /// What was asked for: 0-based half-open, ascending.
    pub parts: Vec<(u64, u64)>,
    /// `region` with flanks, within the contig.
    pub evidence: Region,
    /// Where the part before the first ends on this contig, which is another partition's.
    pub previous_end: u64,
}

impl Partition {
    fn new(index: usize, contig: &str, parts: &[(u64, u64)], contig_length: u64, previous_end: u64) -> Option<Self> {
        let (start, end) = (parts.first()?.0, parts.last()?.1);
        let evidence = (
            start.saturating_sub(PARTITION_FLANK),
            (end + PARTITION_FLANK).min(contig_length),
        );
        Some(Self {
            index,
            region: Region::new(contig, start, end),
            parts: parts.to_vec(),
            evidence: Region::new(contig, evidence.0, evidence.1),
            previous_end,
        })
    }

    /// Whether the position was asked for.
    pub fn contains(&self, position: u64) -> bool {
        let after = self.parts.partition_point(|part| part.0 <= position);
        after > 0 && position < self.parts[after - 1].1
    }

    /// Whether this is the first partition that asks for a base of `start..end`: of all, one at most.
    pub fn is_first_to_touch(&self, start: u64, end: u64) -> bool {
        let part = self.parts.partition_point(|part| part.1 <= start);
        start >= self.previous_end && self.parts.get(part).is_some_and(|part| part.0 < end)
    }

    /// What was asked for, ascending.
    pub fn positions(&self) -> impl Iterator<Item = u64> {
        self.parts.iter().flat_map(|&(start, end)| start..end)
    }

    /// How many bases were asked for.
    pub fn bases(&self) -> u64 {
        self.parts.iter().map(|part| part.1 - part.0).sum()
    }
}

/// Cuts regions on a fixed grid, in the order of the set. Those of one cell whose evidence would overlap are one partition, so
/// that it is not looked at for each of many small targets. `contig_length` bounds the flanks.
pub fn partitions(regions: &IntervalSet, contig_length: impl Fn(&str) -> u64) -> Vec<Partition> {
    let mut all = Vec::new();
    for contig in regions.contigs() {
        let length = contig_length(contig);
        let mut previous_end = 0;
        let mut add = |parts: &[(u64, u64)]| {
            all.extend(Partition::new(all.len(), contig, parts, length, previous_end));
            previous_end = parts.last().map_or(0, |part| part.1);
        };
        let mut parts: Vec<(u64, u64)> = Vec::new();
        for part in regions.on(contig).iter().flat_map(|&region| cells(region)) {
            let near = |last: &(u64, u64)| {
                last.0 / PARTITION_SIZE == part.0 / PARTITION_SIZE && part.0 - last.1 <= 2 * PARTITION_FLANK
            };
            if !parts.last().is_some_and(near) {
                add(&parts);
                parts.clear();
            }
            parts.push(part);
        }
        add(&parts);
    }
    all
}

/// An interval cut at the lines of the grid.
fn cells((mut start, end): (u64, u64)) -> impl Iterator<Item = (u64, u64)> {
    std::iter::from_fn(move || {
        let first = start;
        start = ((start / PARTITION_SIZE + 1) * PARTITION_SIZE).min(end);
        (first < end).then_some((first, start))
    })
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

    #[test]
    fn near_regions_of_one_cell_are_looked_at_together() {
        let targets = [(100, 200), (1_000, 1_100), (19_900, 20_100), (26_000, 26_050)];
        let set = IntervalSet::from_regions(targets.map(|(start, end)| Region::new("a", start, end)));
        let cut = partitions(&set, |_| 50_000);
        let parts: Vec<_> = cut.iter().map(|p| p.parts.clone()).collect();
        assert_eq!(
            parts,
            [
                vec![(100, 200), (1_000, 1_100)],
                vec![(19_900, 20_000)],
                vec![(20_000, 20_100)],
                vec![(26_000, 26_050)]
            ]
        );
        assert_eq!(
            (cut[0].region.clone(), cut[0].bases()),
            (Region::new("a", 100, 1_100), 200)
        );
        assert_eq!(cut[0].evidence, Region::new("a", 0, 3_100));
        // Each stretch is of the first partition that it touches.
        for (start, end, first) in [
            (90, 150, Some(0)),
            (0, 100, None),
            (190, 30_000, Some(0)),
            (1_050, 19_950, Some(0)),
        ]
        .into_iter()
        .chain([
            (19_890, 19_901, Some(1)),
            (19_950, 20_050, Some(1)),
            (20_000, 20_001, Some(2)),
            (20_100, 26_001, Some(3)),
        ]) {
            let touched: Vec<_> = cut
                .iter()
                .filter(|p| p.is_first_to_touch(start, end))
                .map(|p| p.index)
                .collect();
            assert_eq!(touched, Vec::from_iter(first), "{start}-{end}");
        }
        let inside = [99, 100, 199, 200, 999, 1_000, 1_099, 1_100].map(|position| cut[0].contains(position));
        assert_eq!(inside, [false, true, true, false, false, true, true, false]);
    }
}
