//! The targets, and which of them a position belongs to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;

use crate::genome::{Contigs, IntervalSet, Region, read_named_regions};

/// A region with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub name: String,
    pub region: Region,
}

/// Targets in the order of their file. They may overlap.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    pub targets: Vec<Target>,
    /// The positions of all targets.
    pub positions: IntervalSet,
    by_contig: BTreeMap<String, ContigTargets>,
}

/// The targets of a contig by ascending start.
#[derive(Clone, Debug, Default)]
struct ContigTargets {
    /// Start, greatest end of the targets so far, and index.
    places: Vec<(u64, u64, usize)>,
}

impl Targets {
    /// Reads a BED with names.
    pub fn read(path: &Path, contigs: &Contigs) -> Result<Self> {
        let regions = read_named_regions(path, contigs)?.into_iter();
        Ok(Self::new(
            regions.map(|(name, region)| Target { name, region }).collect(),
        ))
    }

    pub fn new(targets: Vec<Target>) -> Self {
        let mut by_contig: BTreeMap<String, ContigTargets> = BTreeMap::new();
        for (index, Target { region, .. }) in targets.iter().enumerate() {
            let places = &mut by_contig.entry(region.contig.clone()).or_default().places;
            places.push((region.start, region.end, index));
        }
        for ContigTargets { places } in by_contig.values_mut() {
            places.sort_unstable();
            let mut reach = 0;
            for (_, end, _) in places {
                reach = reach.max(*end);
                *end = reach;
            }
        }
        Self {
            positions: IntervalSet::from_regions(targets.iter().map(|target| target.region.clone())),
            targets,
            by_contig,
        }
    }

    /// The indices of the targets that share a base with these positions.
    pub fn over(&self, contig: &str, positions: &Range<u64>) -> impl Iterator<Item = usize> {
        let places = self.by_contig.get(contig).map_or(&[][..], |found| &found.places);
        let first = places.partition_point(|(_, reach, _)| *reach <= positions.start);
        let (start, end) = (positions.start, positions.end);
        let near = places[first..].iter().take_while(move |(from, ..)| *from < end);
        let indices = near.map(|(.., index)| *index);
        indices.filter(move |index| self.targets[*index].region.end > start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_over_a_place_are_found_even_if_they_overlap() {
        let target = |start, end| Target {
            name: format!("{start}-{end}"),
            region: Region::new("c", start, end),
        };
        let targets = Targets::new(vec![target(50, 60), target(0, 100), target(10, 20), target(15, 55)]);
        let over = |start, end| targets.over("c", &(start..end)).collect::<Vec<_>>();
        assert_eq!(over(19, 20), [1, 2, 3]);
        assert_eq!(over(20, 21), [1, 3]);
        assert_eq!(over(54, 56), [1, 3, 0]);
        assert_eq!(over(99, 120), [1]);
        assert_eq!(over(100, 120), [] as [usize; 0]);
        assert_eq!(targets.over("d", &(0..9)).count(), 0);
        assert_eq!(targets.positions.on("c"), [(0, 100)]);
    }
}
