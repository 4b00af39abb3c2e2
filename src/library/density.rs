//! How densely reads lie on the contigs.

use anyhow::{Context, Result};

use crate::genome::{Reference, Region, Sequence};
use crate::reads::{Read, ReadCounts, ReadSource};

/// Length of a cell, in bases: several reads even at a depth of 1.
pub(super) const CELL: u64 = 1_000;

/// A stretch of the reference, and the number of used reads that start in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    start: u64,
    reads: u32,
}

/// Numbers of reads in cells of the reference. Cells of unknown bases are left out.
#[derive(Clone, Debug, Default)]
pub struct ReadDensity {
    cells: Vec<(String, Vec<Cell>)>,
}

/// The density of reads over some cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Density {
    /// Number of reads in the cell of the median read. Regions without reads do not change it, so exomes and slices
    /// of a genome have one, too.
    pub around_reads: f64,
    /// Distance between the quartiles, relative to the median.
    pub spread: f64,
    /// Mean number of reads in a cell.
    pub mean: f64,
    /// Number of cells with reads.
    pub cells: usize,
}

impl ReadDensity {
    /// Counts the reads that start in a tile.
    pub(super) fn count(reads: &[Read], reference: &Sequence, tile: &Region) -> Self {
        let mut cells = Vec::new();
        for start in (tile.start..tile.end).step_by(CELL as usize) {
            let end = start + CELL;
            if end <= tile.end && !reference.slice(start, end).contains(&b'N') {
                let starting = reads.iter().filter(|read| (start..end).contains(&read.start));
                let reads = starting.count() as u32;
                cells.push(Cell { start, reads });
            }
        }
        Self {
            cells: vec![(tile.contig.clone(), cells)],
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.cells.extend(other.cells);
    }

    /// Counts the reads on `most` tiles of the contigs that `is_asked` takes, drawn as for the library.
    pub fn measure(
        reads: &ReadSource,
        reference: &Reference,
        is_asked: impl Fn(&str) -> bool,
        most: usize,
    ) -> Result<Self> {
        let (mut reader, reference) = (reads.reader()?, reference.reader()?);
        let tiles = reads.tiles(super::MOST_TILES, None)?.into_iter();
        let mut density = Self::default();
        for tile in tiles.filter(|tile| is_asked(&tile.contig)).take(most) {
            let sequence = Sequence::new(tile.start, reference.fetch(&tile.contig, tile.start, tile.end)?);
            let mut counts = ReadCounts::default();
            let reads = reader.fetch_counted(&tile, |_, _| false, &mut counts);
            let reads = reads.with_context(|| format!("cannot measure the depth of {}", tile.contig))?;
            density.add(Self::count(&reads, &sequence, &tile));
        }
        Ok(density)
    }

    /// The density over the cells whose contig and start `is_asked` takes.
    pub fn over(&self, is_asked: impl Fn(&str, u64) -> bool) -> Density {
        let tiles = self
            .cells
            .iter()
            .flat_map(|(contig, cells)| cells.iter().map(move |cell| (contig, cell)));
        let asked = tiles.filter(|(contig, cell)| is_asked(contig, cell.start));
        let mut counts: Vec<u32> = asked.map(|(_, cell)| cell.reads).collect();
        counts.sort_unstable();
        let total: u64 = counts.iter().map(|&reads| u64::from(reads)).sum();
        let around_reads = quartile(&counts, total, 2);
        let between = quartile(&counts, total, 3) - quartile(&counts, total, 1);
        Density {
            around_reads,
            spread: between / around_reads.max(1.0),
            mean: total as f64 / counts.len().max(1) as f64,
            cells: counts.iter().filter(|&&reads| reads > 0).count(),
        }
    }
}

/// The number of reads in the cell of a quartile of the reads. `counts` is ascending.
fn quartile(counts: &[u32], total: u64, quartile: u64) -> f64 {
    let mut before = 0;
    let cell = counts.iter().find(|&&reads| {
        before += u64::from(reads);
        4 * before > quartile * total
    });
    cell.map_or(0.0, |&reads| f64::from(reads))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::testing::read;

    #[test]
    fn density_is_that_around_the_reads() {
        let reference = Sequence::new(0, [vec![b'A'; 9_000], vec![b'N'; 1], vec![b'A'; 999]].concat());
        let tile = Region::new("c", 0, 10_000);
        // Half of the region has no reads, and a pile of reads lies on one of the other cells.
        let starts = (0..5_000).step_by(20).chain((4_000..4_100).step_by(2)).chain([9_500]);
        let reads: Vec<_> = starts.map(|start| read("r", start, "4M", b"ACGT")).collect();
        let mut density = ReadDensity::count(&reads, &reference, &tile);
        let all = density.over(|_, _| true);
        assert_eq!((all.around_reads, all.spread, all.cells), (50.0, 1.0, 5));
        assert!((all.mean - 300.0 / 9.0).abs() < 1e-9);
        assert_eq!(density.over(|_, start| start == 4_000).around_reads, 100.0);
        assert_eq!(density.over(|contig, _| contig == "d"), Density::default());
        density.add(ReadDensity::count(&reads, &reference, &Region::new("d", 0, 900)));
        assert_eq!(density.over(|_, _| true), all, "pieces of a cell do not count");
    }
}
