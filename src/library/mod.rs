//! The library: how often the reads of a file share an error.
//!
//! Systematic errors are places where many reads show the same wrong base (Meacham et al., BMC Bioinformatics 2011).
//! Some libraries have very few of them, others at least one in ten kilobases. In a library with many, a base in a
//! quarter of the reads is usually an error; in a library with few, it is usually a variant. One pileup does not show
//! the rate, so dvcall measures it on a sample of the whole file: 16 kb tiles that do not depend on the regions. All
//! libraries of the biological sample count as one. A file of one chromosome may give a slightly different rate than
//! the whole genome, and so may tiles in the regions alone ([`LibrarySample::Regions`]).

mod density;
mod mixture;
mod sample;
mod tally;

use anyhow::{Context, Result};
use clap::ValueEnum;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::genome::{IntervalSet, Reference, ReferenceReader, Region, Sequence};
use crate::reads::{ReadCounts, ReadReader, ReadSource};
pub use density::{Density, ReadDensity};
pub(crate) use sample::ReadSample;
use tally::ErrorTally;

/// Number of reads that end the sampling: about half a megabase at 30×.
const ENOUGH_READS: u64 = 100_000;
/// Maximum number of tiles.
const MOST_TILES: usize = 1024;
/// Maximum number of empty tiles. They can occur, because an index locates reads only roughly.
const MOST_EMPTY: usize = 64;
/// A tile with fewer reads counts as empty. Misplaced reads, and reads that an index does not locate, are fewer.
const LEAST_READS: u64 = 200;
/// Systematic errors per base in the usual training libraries.
const TYPICAL: f64 = 1.5e-4;
/// Bounds of [`Library::noise`]: about the range of the training libraries of the built-in model.
const NOISE_RANGE: (f64, f64) = (-3.0, 1.0);
/// Maximum number of threads, each with its own reader. More threads are not worthwhile here.
const MOST_WORKERS: usize = 8;

/// How often the reads of a file share an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Library {
    /// Systematic errors per base: places where 8 to 32 % of the reads show the same wrong base. With few reads, the
    /// value stays near the typical rate.
    pub systematic_errors: f64,
    /// Number of counted reference positions.
    pub bases: u64,
}

/// Which reads the library is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LibrarySample {
    /// About 100,000 reads from all over the file
    Genome,
    /// At most about 100,000 reads of the regions, so that no other reads of a remote file travel
    Regions,
}

impl Library {
    /// A library with the typical rate of systematic errors.
    pub const TYPICAL: Self = Self {
        systematic_errors: TYPICAL,
        bases: 0,
    };

    /// Measures the library on tiles of the file, in a fixed random order, until they have enough reads; with `within`,
    /// on tiles of these regions. Also returns properties of these reads.
    pub fn measure(
        reads: &ReadSource,
        reference: &Reference,
        within: Option<&IntervalSet>,
        threads: usize,
    ) -> Result<(Self, ReadSample)> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.min(MOST_WORKERS))
            .build()
            .context("cannot start threads")?;
        let tiles = reads.tiles(MOST_TILES, within)?;
        let mut workers = (0..threads.min(tiles.len()).min(MOST_WORKERS))
            .map(|_| Ok((reads.reader()?, reference.reader()?)))
            .collect::<Result<Vec<_>>>()?;
        let (mut tally, mut sample, mut empty) = (ErrorTally::default(), ReadSample::default(), 0);
        for tiles in tiles.chunks(workers.len().max(1)) {
            let measured: Vec<_> = pool.install(|| {
                let pairs = workers.par_iter_mut().zip(tiles);
                pairs.map(|(worker, tile)| measure_tile(worker, tile)).collect()
            });
            // Adds tiles in order, so that the end and errors do not depend on the number of threads.
            let is_enough = |tally: &ErrorTally, empty| tally.used >= ENOUGH_READS || empty >= MOST_EMPTY;
            for tile in measured {
                if is_enough(&tally, empty) {
                    break;
                }
                let (tile_tally, tile_sample) =
                    tile.with_context(|| format!("cannot measure the library of {}", reads.names()))?;
                sample.add(tile_sample);
                match tile_tally.found < LEAST_READS {
                    true => empty += 1,
                    false => tally.add(&tile_tally),
                }
            }
            if is_enough(&tally, empty) {
                break;
            }
        }
        let library = Self {
            systematic_errors: mixture::systematic_errors(&tally, TYPICAL),
            bases: tally.columns(),
        };
        Ok((library, sample))
    }

    /// Natural logarithm of the rate of systematic errors relative to the typical rate, clipped to -3 to 1.
    pub fn noise(&self) -> f32 {
        let (least, most) = NOISE_RANGE;
        (self.systematic_errors.max(0.0) / TYPICAL).ln().clamp(least, most) as f32
    }
}

fn measure_tile(
    (reads, reference): &mut (ReadReader, ReferenceReader),
    tile: &Region,
) -> Result<(ErrorTally, ReadSample)> {
    let sequence = Sequence::new(tile.start, reference.fetch(&tile.contig, tile.start, tile.end)?);
    let mut counts = ReadCounts::default();
    let mut reads = reads.fetch_counted(tile, |start, _| tile.contains(start), &mut counts)?;
    let sample = ReadSample::new(&reads, &sequence, tile, counts);
    // Only reads inside the tile, because BAM and CRAM indexes locate these alike.
    reads.retain(|read| read.start >= tile.start && read.end() <= tile.end);
    reads.iter_mut().for_each(|read| read.spell_out(&sequence));
    Ok((ErrorTally::count(&reads, &sequence, tile), sample))
}

impl std::fmt::Display for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.bases == 0 {
            return write!(f, "unknown (too few reads); typical rate assumed");
        }
        write!(
            f,
            "{:.2} systematic errors in 10 kb (measured on {:.2} Mb)",
            self.systematic_errors * 1e4,
            self.bases as f64 / 1e6
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_relative_and_bounded() {
        let noise = |systematic_errors| {
            let library = Library {
                systematic_errors,
                bases: 1,
            };
            library.noise()
        };
        assert_eq!(noise(TYPICAL), 0.0);
        assert!((noise(TYPICAL / 2.0) + 2f32.ln()).abs() < 1e-6);
        assert_eq!((noise(0.0), noise(1.0)), (-3.0, 1.0));
    }
}
