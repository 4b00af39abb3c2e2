//! Partitions: pieces of the regions, for parallel work.

use super::intervals::IntervalSet;
use super::region::Region;

/// Maximum length of a partition and width of the partition grid, in bases.
pub const PARTITION_SIZE: u64 = 20_000;

/// Maximum distance, in bases, of evidence that can change the call at a position. It includes a read that spans the
/// position (500 bases), the cell of the realignment grid whose window touches that read (a little more than 1,000
/// bases), and evidence that extends into that cell. All rules of candidates, realignment and pileups stay within this
/// distance, so that calls do not depend on the partitions.
pub const PARTITION_FLANK: u64 = 2_000;

/// One unit of work. It reports the candidates in `parts`, and reads evidence from `evidence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Rank in output order.
    pub index: usize,
    /// From the first part to the last.
    pub region: Region,
    /// The requested intervals: 0-based half-open, ascending.
    pub parts: Vec<(u64, u64)>,
    /// `region` with flanks of [`PARTITION_FLANK`], clipped to the contig.
    pub evidence: Region,
    /// End of the last part of the previous partition on this contig; 0 without one.
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

    /// Whether the position lies in a part.
    pub fn contains(&self, position: u64) -> bool {
        let after = self.parts.partition_point(|part| part.0 <= position);
        after > 0 && position < self.parts[after - 1].1
    }

    /// Whether this is the first partition whose parts overlap `start..end`. This holds for at most one partition.
    pub fn is_first_to_touch(&self, start: u64, end: u64) -> bool {
        let part = self.parts.partition_point(|part| part.1 <= start);
        start >= self.previous_end && self.parts.get(part).is_some_and(|part| part.0 < end)
    }

    /// The positions of the parts, ascending.
    pub fn positions(&self) -> impl Iterator<Item = u64> {
        self.parts.iter().flat_map(|&(start, end)| start..end)
    }

    /// Number of bases in the parts.
    pub fn bases(&self) -> u64 {
        self.parts.iter().map(|part| part.1 - part.0).sum()
    }
}

/// Divides regions at a fixed grid, in the order of the set. Regions in one cell with overlapping evidence form one
/// partition, so that small targets do not repeat the same work. `contig_length` limits the flanks.
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

/// Divides an interval at the lines of the grid.
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
    fn near_regions_of_one_cell_form_one_partition() {
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
        // Each interval belongs to the first partition that it touches.
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
