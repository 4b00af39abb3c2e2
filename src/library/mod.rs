//! What the reads of a file tell of how they were made: how often they share an error.
//!
//! Some libraries have hardly a place where many reads show the same wrong base, others have one or more in ten kilobases
//! (systematic errors: Meacham et al., BMC Bioinformatics 2011). There, a base that a quarter of the reads show is mostly an
//! error; in the former it is mostly a variant. One pileup cannot tell which library it is of, so a sample of the whole file
//! is looked at: tiles of 16 kb, always the same, whatever regions are called. All libraries of the sample count as one. A file
//! of one chromosome is its own sample, and may say a little else than one of all.

mod mixture;
mod sample;
mod tally;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::genome::{Reference, ReferenceReader, Region, Sequence};
use crate::reads::{ReadCounts, ReadReader, ReadSource};
pub(crate) use sample::ReadSample;
use tally::ErrorTally;

/// Reads that are looked at: about half a megabase at 30×.
const ENOUGH_READS: u64 = 100_000;
/// Tiles that are looked at if they hold fewer, and those in vain: an index knows roughly where reads are.
const MOST_TILES: usize = 1024;
const MOST_EMPTY: usize = 64;
/// Reads of a tile that is not held for empty: more than those that are there by mistake, and than an index overlooks.
const LEAST_READS: u64 = 200;
/// Systematic errors in a base of the libraries that a model usually learns from.
const TYPICAL: f64 = 1.5e-4;
/// Beyond these, [`Library::noise`] is cut: about what the libraries span that the built-in model learned from.
const NOISE_RANGE: (f64, f64) = (-3.0, 1.0);
/// Most threads that are worth their own reader here.
const MOST_WORKERS: usize = 8;

/// How often the reads of a file share an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Library {
    /// Places in a base where 8 to 32 % of the reads show the same wrong one. Few reads hardly move it from the typical.
    pub systematic_errors: f64,
    /// Bases of the reference whose reads were counted.
    pub bases: u64,
}

impl Library {
    /// A library with the typical rate of systematic errors.
    pub const TYPICAL: Self = Self {
        systematic_errors: TYPICAL,
        bases: 0,
    };

    /// Looks at tiles of the file, in an order that chance chose once for all, until they held enough reads. Gives, too, what these
    /// reads are.
    pub fn measure(reads: &ReadSource, reference: &Reference, threads: usize) -> Result<(Self, ReadSample)> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.min(MOST_WORKERS))
            .build()
            .context("cannot start threads")?;
        let tiles = reads.tiles(MOST_TILES)?;
        let mut workers = (0..threads.min(tiles.len()).min(MOST_WORKERS))
            .map(|_| Ok((reads.reader()?, reference.reader()?)))
            .collect::<Result<Vec<_>>>()?;
        let (mut tally, mut sample, mut empty) = (ErrorTally::default(), ReadSample::default(), 0);
        for tiles in tiles.chunks(workers.len().max(1)) {
            let of_tiles: Vec<_> = pool.install(|| {
                let pairs = workers.par_iter_mut().zip(tiles);
                pairs.map(|(worker, tile)| look_at(worker, tile)).collect()
            });
            // One after the other, so that the number of threads does not decide where it ends, or fails.
            let is_enough = |tally: &ErrorTally, empty| tally.used >= ENOUGH_READS || empty >= MOST_EMPTY;
            for of_tile in of_tiles {
                if is_enough(&tally, empty) {
                    break;
                }
                let (of_tile, reads_of_tile) =
                    of_tile.with_context(|| format!("cannot look at the library of {}", reads.path().display()))?;
                sample.add(reads_of_tile);
                match of_tile.found < LEAST_READS {
                    true => empty += 1,
                    false => tally.add(&of_tile),
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

    /// Natural logarithm of how many times as many systematic errors there are as usual.
    pub fn noise(&self) -> f32 {
        let (least, most) = NOISE_RANGE;
        (self.systematic_errors.max(0.0) / TYPICAL).ln().clamp(least, most) as f32
    }
}

fn look_at((reads, reference): &mut (ReadReader, ReferenceReader), tile: &Region) -> Result<(ErrorTally, ReadSample)> {
    let sequence = Sequence::new(tile.start, reference.fetch(&tile.contig, tile.start, tile.end)?);
    let mut counts = ReadCounts::default();
    let mut reads = reads.fetch_counted(tile, |start, _| tile.contains(start), &mut counts)?;
    let sample = ReadSample::new(&reads, tile, counts);
    // Those alone by which any index, BAM's or CRAM's, knows the tile.
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
            "{:.2} systematic errors in 10 kb (by {:.2} Mb)",
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
