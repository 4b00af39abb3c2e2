//! The reads of one window fitted to its haplotypes.

use super::align::{Aligner, Alignment};
use super::haplotype::{Placement, SEED, Seed, SeedIndex, all_seeds, packed, seeds, uncovered};
use crate::reads::{CigarKind, CigarOp};

/// A haplotype with its reference flanks, and how well the reads fit it.
struct Haplotype {
    bases: Vec<u8>,
    is_reference: bool,
    /// Sum of its reads' scores; 0 discards it.
    score: i32,
    placements: Vec<Option<Placement>>,
}

/// A read's best alignment to the haplotypes of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Index of the haplotype.
    pub haplotype: usize,
    /// First haplotype base aligned.
    pub start: usize,
    pub cigar: Vec<CigarOp>,
}

/// What reads are fitted to: the reference of a window with flanks, and its haplotypes with the same flanks.
pub struct Target<'a> {
    pub reference: &'a [u8],
    pub haplotypes: &'a [Vec<u8>],
    /// Bases of reference before and after the window.
    pub prefix: usize,
    pub suffix: usize,
}

/// Fits reads to haplotypes; keeps its buffers from one window to the next.
#[derive(Default)]
pub struct Fitter {
    index: SeedIndex,
    aligner: Aligner,
}

impl Fitter {
    /// The best fit of each read (bases, soft clips included) to `target`, `None` where there is none.
    ///
    /// A read that lies on some haplotype with at most two mismatches and no gap takes the best of those; only others
    /// are aligned with gaps. Of fits that score alike, the one to a haplotype other than the reference is taken, and
    /// of those the one whose haplotype fits more reads.
    pub fn fit(&mut self, reads: &[&[u8]], target: &Target) -> Vec<Option<Fit>> {
        let seeds: Vec<Vec<Seed>> = reads.iter().map(|r| seeds(r)).collect();
        let mut known_seeds = None;
        let haplotypes: Vec<Haplotype> = target
            .haplotypes
            .iter()
            .map(|bases| self.place_all(bases, reads, &seeds, target, &mut known_seeds))
            .collect();
        let mut order: Vec<usize> = (0..haplotypes.len()).collect();
        order.sort_by_key(|&h| haplotypes[h].score);
        (0..reads.len())
            .map(|read| {
                let placed = best(&order, &haplotypes, |h| haplotypes[h].placements[read].map(|p| p.score));
                match placed {
                    Some(h) => haplotypes[h].placements[read].map(|p| ungapped(h, p.start, reads[read].len())),
                    None => self.align(reads[read], &order, &haplotypes),
                }
            })
            .collect()
    }

    /// Places all reads on one haplotype; discards it if its reads leave a gap.
    fn place_all(
        &mut self,
        bases: &[u8],
        reads: &[&[u8]],
        seeds: &[Vec<Seed>],
        target: &Target,
        known_seeds: &mut Option<Vec<u64>>,
    ) -> Haplotype {
        self.index.fill(bases);
        let pairs = reads.iter().zip(seeds);
        let mut placements: Vec<_> = pairs
            .map(|(read, seeds)| self.index.place(bases, read, seeds))
            .collect();
        let is_reference = bases == target.reference;
        let spans = placements
            .iter()
            .zip(reads)
            .filter_map(|(p, read)| p.map(|p| (p, read.len())));
        let window_end = (bases.len() - target.suffix).min((bases.len() + 1).saturating_sub(SEED));
        let gaps = if is_reference {
            Vec::new()
        } else {
            uncovered(target.prefix..window_end, spans)
        };
        // As in DeepVariant, a gap counts only where some read holds the haplotype's next bases.
        let bad = gaps.into_iter().flatten().any(|at| {
            let known = known_seeds.get_or_insert_with(|| all_seeds(reads));
            packed(&bases[at..at + SEED]).is_some_and(|seed| known.binary_search(&seed).is_ok())
        });
        if bad {
            placements.fill(None);
        }
        Haplotype {
            score: placements.iter().flatten().map(|p| p.score).sum(),
            bases: bases.to_vec(),
            is_reference,
            placements,
        }
    }

    /// Aligns a read with gaps to every haplotype that others fit.
    fn align(&mut self, read: &[u8], order: &[usize], haplotypes: &[Haplotype]) -> Option<Fit> {
        let alignments: Vec<Option<Alignment>> = haplotypes
            .iter()
            .map(|h| {
                if h.score > 0 {
                    self.aligner.local(read, &h.bases)
                } else {
                    None
                }
            })
            .collect();
        let haplotype = best(order, haplotypes, |h| alignments[h].as_ref().map(|a| a.score))?;
        alignments.into_iter().nth(haplotype).flatten().map(|a| Fit {
            haplotype,
            start: a.start,
            cigar: a.cigar,
        })
    }
}

fn ungapped(haplotype: usize, start: usize, length: usize) -> Fit {
    let cigar = vec![CigarOp {
        kind: CigarKind::Match,
        length: length as u32,
    }];
    Fit {
        haplotype,
        start,
        cigar,
    }
}

/// The haplotype of the best score, of those in `order` (by rising support).
fn best(order: &[usize], haplotypes: &[Haplotype], score: impl Fn(usize) -> Option<i32>) -> Option<usize> {
    let scored = order
        .iter()
        .filter_map(|&h| score(h).filter(|&s| s > 0).map(|s| (s, !haplotypes[h].is_reference, h)));
    // `max_by_key` returns the last of equals, the one with most support.
    scored
        .max_by_key(|&(score, is_alternate, _)| (score, is_alternate))
        .map(|(.., h)| h)
}
