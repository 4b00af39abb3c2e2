//! Sums over the positions of each target.

use std::ops::Range;
use std::sync::Arc;

use super::state::{PositionRun, PositionState, Reason};
use super::target::Targets;
use crate::genome::IntervalSet;

/// Depth of the column `share_20x`.
const DEEP: u32 = 20;

/// The sums of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetSums {
    /// Positions that the run looked at.
    pub seen: u64,
    pub depth: u64,
    pub least_depth: Option<u32>,
    /// Positions of at least [`DEEP`] reads.
    pub deep: u64,
    pub reference: u64,
    pub variant: u64,
    /// Positions by reason, in the order of [`Reason::ALL`].
    pub not_called: [u64; Reason::ALL.len()],
    /// Where the target could not be called, ascending.
    pub gaps: Vec<(Range<u64>, Reason)>,
}

impl TargetSums {
    fn add(&mut self, positions: Range<u64>, depth: u32, state: PositionState) {
        let bases = positions.end - positions.start;
        self.seen += bases;
        self.depth += bases * u64::from(depth);
        self.least_depth = Some(self.least_depth.map_or(depth, |least| least.min(depth)));
        self.deep += if depth >= DEEP { bases } else { 0 };
        match state {
            PositionState::Reference => self.reference += bases,
            PositionState::Variant => self.variant += bases,
            PositionState::NotCalled(reason) => self.add_gap(positions, reason),
        }
    }

    fn add_gap(&mut self, positions: Range<u64>, reason: Reason) {
        self.not_called[reason as usize] += positions.end - positions.start;
        match self.gaps.last_mut() {
            Some((last, same)) if last.end == positions.start && *same == reason => last.end = positions.end,
            _ => self.gaps.push((positions, reason)),
        }
    }
}

/// The sums of all targets.
pub struct TargetReport {
    pub targets: Arc<Targets>,
    /// In the order of the targets.
    pub sums: Vec<TargetSums>,
}

impl TargetReport {
    pub fn new(targets: Arc<Targets>) -> Self {
        Self {
            sums: vec![TargetSums::default(); targets.targets.len()],
            targets,
        }
    }

    /// Adds positions of a contig. The runs of a contig come in ascending order.
    pub fn add(&mut self, contig: &str, run: &PositionRun) {
        for index in self.targets.over(contig, &run.positions) {
            let region = &self.targets.targets[index].region;
            let positions = run.positions.start.max(region.start)..run.positions.end.min(region.end);
            self.sums[index].add(positions, run.depth, run.state);
        }
    }

    /// Adds the positions that no run gave because they lie outside of the regions of the run.
    pub fn add_outside(&mut self, regions: &IntervalSet) {
        for (target, sums) in self.targets.targets.iter().zip(&mut self.sums) {
            let whole = IntervalSet::from_regions([target.region.clone()]);
            for region in whole.without(regions).regions() {
                sums.add_gap(region.start..region.end, Reason::OutsideRegions);
            }
            sums.gaps.sort_by_key(|(positions, _)| positions.start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;
    use crate::targets::Target;

    #[test]
    fn overlapping_targets_have_their_own_sums() {
        let target = |name: &str, start, end| Target {
            name: name.into(),
            region: Region::new("c", start, end),
        };
        let targets = Targets::new(vec![
            target("gene", 0, 30),
            target("exon", 10, 15),
            target("far", 50, 60),
        ]);
        let mut report = TargetReport::new(Arc::new(targets));
        let run = |positions, depth, state| PositionRun {
            positions,
            depth,
            state,
        };
        report.add("c", &run(0..12, 30, PositionState::Reference));
        report.add("c", &run(12..13, 19, PositionState::Variant));
        report.add("c", &run(13..14, 3, PositionState::NotCalled(Reason::FewReads)));
        report.add("c", &run(14..20, 4, PositionState::NotCalled(Reason::FewReads)));
        report.add("d", &run(0..60, 4, PositionState::Reference));
        report.add_outside(&IntervalSet::from_regions([Region::new("c", 0, 20)]));
        let [gene, exon, far] = &report.sums[..] else { panic!() };
        assert_eq!(
            (gene.seen, gene.depth, gene.least_depth),
            (20, 12 * 30 + 19 + 3 + 24, Some(3))
        );
        assert_eq!((gene.deep, gene.reference, gene.variant), (12, 12, 1));
        assert_eq!(
            gene.gaps,
            [(13..20, Reason::FewReads), (20..30, Reason::OutsideRegions)]
        );
        assert_eq!(
            (exon.seen, exon.depth, exon.reference, exon.variant),
            (5, 60 + 19 + 3 + 4, 2, 1)
        );
        assert_eq!(exon.gaps, [(13..15, Reason::FewReads)]);
        assert_eq!(
            (
                far.seen,
                far.least_depth,
                far.not_called[Reason::OutsideRegions as usize]
            ),
            (0, None, 10)
        );
    }
}
