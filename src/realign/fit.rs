//! Fits the reads of one window to its haplotypes.

use std::ops::RangeInclusive;

use super::align::{Aligner, Alignment, margin, ungapped_score};
use super::cigar::{compose, push};
use super::haplotype::{align_haplotype, haplotype_offset};
use super::placement::{Placement, SEED, Seed, SeedIndex, all_seeds, packed, seeds, uncovered};
use super::score::{AlignmentEnd, MATCH, MISMATCH, Scorer};
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// A haplotype with its reference flanks, and the reads' fits to it.
struct FittedHaplotype {
    bases: Vec<u8>,
    is_reference: bool,
    /// Sum of the placements' scores; a haplotype of score 0 is discarded.
    score: i32,
    placements: Vec<Option<Placement>>,
    /// Alignment of the haplotype to the reference.
    cigar: Vec<CigarOp>,
}

/// Diagonals on either side that are searched first for an alignment of known score.
const NARROW: i64 = 12;

/// The haplotypes that reads are fitted to.
pub struct Target<'a> {
    /// The reference of the window with flanks.
    pub reference: Sequence,
    /// The window's haplotypes, without flanks.
    pub haplotypes: &'a [Vec<u8>],
    /// Reference bases before and after the window.
    pub prefix: usize,
    pub suffix: usize,
}

/// A new alignment of a read: 0-based start and CIGAR.
pub type Fit = (u64, Vec<CigarOp>);

/// A read to fit.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    pub read: &'a Read,
    /// Whether to align the read with gaps if it has no ungapped placement.
    pub with_gaps: bool,
}

/// Fits reads to haplotypes and reuses its buffers.
#[derive(Default)]
pub struct Fitter {
    index: SeedIndex,
    aligner: Aligner,
    scorer: Scorer,
}

impl Fitter {
    /// The score and the best fit of each read to the haplotypes, as an alignment to the reference; `None` if no fit
    /// exists. The fit is `None` if it is the read's own alignment, which most reads keep.
    ///
    /// A read that lies on a haplotype with at most two mismatches and no gap takes the best such placement. Only other
    /// reads are aligned with gaps. On ties, a fit to a non-reference haplotype wins, and then the haplotype with the
    /// higher score.
    pub fn fit(&mut self, members: &[Member], target: &Target) -> Vec<Option<(i32, Option<Fit>)>> {
        let reads: Vec<&Read> = members.iter().map(|member| member.read).collect();
        let seeds: Vec<Vec<Seed>> = reads.iter().map(|r| seeds(&r.bases)).collect();
        let mut read_seeds = None;
        let mut haplotypes: Vec<FittedHaplotype> = target
            .haplotypes
            .iter()
            .map(|bases| self.place_all(bases, &reads, &seeds, target, &mut read_seeds))
            .filter(|haplotype| haplotype.score > 0)
            .collect();
        haplotypes.sort_by_key(|haplotype| haplotype.score);
        let origin = target.reference.start;
        let fits = members.iter().enumerate().map(|(i, member)| {
            let (haplotype, start, score, cigar) = match best_placement(&haplotypes, i) {
                Some((haplotype, at)) if has_placement(member.read, haplotype, at.start, origin) => {
                    return Some((at.score, None));
                }
                Some((haplotype, at)) => (haplotype, at.start, at.score, ungapped(member.read.bases.len())),
                None if member.with_gaps => {
                    let (haplotype, score, alignment) = self.align(member.read, &haplotypes, origin)?;
                    (haplotype, alignment.start, score, alignment.cigar)
                }
                None => return None,
            };
            let (offset, cigar) = compose(&cigar, start, &haplotype.cigar);
            Some((score, Some((origin + offset as u64, cigar))))
        });
        fits.collect()
    }

    /// Places all reads on one haplotype. Discards the haplotype if a part of it has no read.
    fn place_all(
        &mut self,
        window: &[u8],
        reads: &[&Read],
        seeds: &[Vec<Seed>],
        target: &Target,
        read_seeds: &mut Option<Vec<u64>>,
    ) -> FittedHaplotype {
        let reference = &target.reference.bases;
        let (prefix, suffix) = (target.prefix, target.suffix);
        let bases = [&reference[..prefix], window, &reference[reference.len() - suffix..]].concat();
        self.index.fill(&bases);
        let pairs = reads.iter().zip(seeds);
        let mut placements: Vec<_> = pairs
            .map(|(read, seeds)| self.index.place(&bases, &read.bases, seeds))
            .collect();
        let is_reference = bases == *reference;
        let spans = placements
            .iter()
            .zip(reads)
            .filter_map(|(p, read)| p.map(|p| (p, read.bases.len())));
        let window_end = (bases.len() - suffix).min((bases.len() + 1).saturating_sub(SEED));
        let gaps = if is_reference {
            Vec::new()
        } else {
            uncovered(prefix..window_end, spans)
        };
        // As in DeepVariant, an uncovered part counts only if some read contains the haplotype's next bases.
        let bad = gaps.into_iter().flatten().any(|at| {
            let known = read_seeds.get_or_insert_with(|| all_seeds(reads));
            packed(&bases[at..at + SEED]).is_some_and(|seed| known.binary_search(&seed).is_ok())
        });
        if bad {
            placements.fill(None);
        }
        let score = placements.iter().flatten().map(|p| p.score).sum();
        let cigar = if score > 0 {
            align_haplotype(&bases, reference, &mut self.aligner, &mut self.scorer)
        } else {
            Vec::new()
        };
        FittedHaplotype {
            bases,
            is_reference,
            score,
            placements,
            cigar,
        }
    }

    /// The best gapped alignment of a read to any haplotype. `origin` is the start of the reference.
    fn align<'a>(
        &mut self,
        read: &Read,
        haplotypes: &'a [FittedHaplotype],
        origin: u64,
    ) -> Option<(&'a FittedHaplotype, i32, Alignment)> {
        let expected: Vec<_> = haplotypes.iter().map(|h| expected_diagonals(read, h, origin)).collect();
        let ungapped = haplotypes.iter().zip(&expected).flat_map(|(haplotype, diagonals)| {
            [diagonals.start(), diagonals.end()].map(|&d| ungapped_score(&read.bases, &haplotype.bases, d))
        });
        // Lower scores are ignored for all haplotypes.
        let mut floor = ungapped.max()?.max(1);
        let mut best = None;
        // Many haplotypes are equal where the read lies.
        let mut seen: Vec<(&[u8], i64, Option<AlignmentEnd>)> = Vec::new();
        // Haplotypes of high score come first, because their scores exclude others early.
        for (i, (haplotype, diagonals)) in haplotypes.iter().zip(&expected).enumerate().rev() {
            let margin = margin(read.bases.len(), floor);
            let clamp = |offset: i64| offset.clamp(0, haplotype.bases.len() as i64) as usize;
            let start = clamp(diagonals.start() - margin);
            let region = &haplotype.bases[start..clamp(diagonals.end() + margin + read.bases.len() as i64)];
            let first = diagonals.start() - start as i64;
            let known = seen
                .iter()
                .find(|(other, diagonal, _)| *diagonal == first && *other == region);
            let found = match known {
                Some(&(.., found)) => found,
                None => {
                    let local = first..=diagonals.end() - start as i64;
                    let found = self.scorer.score(&read.bases, region, &local, margin, floor);
                    seen.push((region, first, found));
                    found
                }
            };
            let Some(mut end) = found else { continue };
            end.target += start;
            floor = floor.max(end.score);
            let rank = (end.score, !haplotype.is_reference);
            if best.is_none_or(|(_, other, _)| other < rank) {
                best = Some((i, rank, end));
            }
        }
        let (best, _, end) = best?;
        let haplotype = &haplotypes[best];
        let alignment = self.trace(&read.bases, &haplotype.bases, &expected[best], end);
        Some((haplotype, end.score, alignment))
    }

    /// The alignment of known score and end. Most alignments have no gap, and a narrow band finds most of the others.
    /// For the rest, scoring backwards finds the start, and the score bounds the band between start and
    /// end.
    fn trace(&mut self, query: &[u8], target: &[u8], diagonals: &RangeInclusive<i64>, end: AlignmentEnd) -> Alignment {
        let clipped = (query.len() - end.query) as u32;
        let (query, target) = (&query[..end.query], &target[..end.target]);
        if diagonals.contains(&(end.target as i64 - end.query as i64))
            && let Some(alignment) = without_gaps(query, target, end.score)
        {
            return extended(alignment, (0, 0), clipped);
        }
        for reach in [0, NARROW] {
            self.aligner.align(query, target, diagonals, reach);
            if self.aligner.end() == end {
                return extended(self.aligner.trace(), (0, 0), clipped);
            }
        }
        let backwards = |bases: &[u8]| bases.iter().rev().copied().collect::<Vec<u8>>();
        let reach = margin(query.len(), end.score);
        let found = self
            .scorer
            .score(&backwards(query), &backwards(target), &(0..=0), reach, end.score);
        let start = found.map_or((0, 0), |s| (end.target - s.target, end.query - s.query));
        let (query, target) = (&query[start.1..], &target[start.0..]);
        let shift = target.len() as i64 - query.len() as i64;
        let reach = margin(query.len(), end.score);
        self.aligner.align(query, target, &(shift.min(0)..=shift.max(0)), reach);
        extended(self.aligner.trace(), start, clipped)
    }
}

/// The alignment without gaps that ends at both ends and has the best score of such an end, if there is one. A trace
/// finds the same: each part of this alignment is the best up to its end, and traces prefer matches to gaps on ties.
fn without_gaps(query: &[u8], target: &[u8], score: i32) -> Option<Alignment> {
    let mut before = score;
    let ends = query.iter().rev().zip(target.iter().rev());
    let first = ends.map(|(a, b)| {
        before -= if a == b && *a != b'N' { MATCH } else { MISMATCH };
        before
    });
    let aligned = first.take_while(|&before| before >= 0).position(|before| before == 0)? + 1;
    let mut cigar = Vec::with_capacity(2);
    push(&mut cigar, CigarKind::SoftClip, (query.len() - aligned) as u32);
    push(&mut cigar, CigarKind::Match, aligned as u32);
    Some(Alignment {
        score,
        start: target.len() - aligned,
        cigar,
    })
}

/// Extends a partial alignment to the whole query and target. It starts at `start` (target, query), and `after` bases
/// of the query follow.
fn extended(alignment: Alignment, (target, query): (usize, usize), after: u32) -> Alignment {
    let mut cigar = Vec::with_capacity(alignment.cigar.len() + 2);
    push(&mut cigar, CigarKind::SoftClip, query as u32);
    alignment
        .cigar
        .iter()
        .for_each(|op| push(&mut cigar, op.kind, op.length));
    push(&mut cigar, CigarKind::SoftClip, after);
    Alignment {
        start: alignment.start + target,
        cigar,
        ..alignment
    }
}

/// The diagonals on the haplotype of the first and the last aligned base in the read's own alignment.
fn expected_diagonals(read: &Read, haplotype: &FittedHaplotype, origin: u64) -> RangeInclusive<i64> {
    let at = |position: u64| haplotype_offset(&haplotype.cigar, position.saturating_sub(origin) as usize);
    let clipped = |op: Option<&CigarOp>| {
        op.filter(|op| op.kind == CigarKind::SoftClip)
            .map_or(0, |op| i64::from(op.length))
    };
    let first = at(read.start) - clipped(read.cigar.first());
    let last = at(read.end().saturating_sub(1)) + 1 + clipped(read.cigar.last()) - read.bases.len() as i64;
    first.min(last)..=first.max(last)
}

/// Whether a read is aligned without gaps and clips where its placement at `start` on the haplotype puts it. If the
/// placement lies within one match of the haplotype, [`compose`] adds no gap.
fn has_placement(read: &Read, haplotype: &FittedHaplotype, start: usize, origin: u64) -> bool {
    let length = read.bases.len();
    let mut ops = read.cigar.iter().filter(|op| op.kind != CigarKind::HardClip);
    let is_match = |op: &CigarOp| op.kind == CigarKind::Match && op.length as usize == length;
    let is_ungapped = ops.next().is_some_and(is_match) && ops.next().is_none();
    is_ungapped
        && offset_within_match(&haplotype.cigar, start, length)
            .is_some_and(|offset| origin + offset as u64 == read.start)
}

/// The reference offset of the haplotype base at `start`, if one match covers this base and the next `length`.
fn offset_within_match(cigar: &[CigarOp], start: usize, length: usize) -> Option<usize> {
    let (mut offset, mut reference) = (0, 0);
    for op in cigar {
        let end = offset + op.length as usize;
        if op.kind == CigarKind::Match && offset <= start && start + length <= end {
            return Some(reference + start - offset);
        }
        offset = if op.kind.consumes_read() { end } else { offset };
        reference += if op.kind.consumes_reference() {
            op.length as usize
        } else {
            0
        };
    }
    None
}

fn ungapped(length: usize) -> Vec<CigarOp> {
    vec![CigarOp {
        kind: CigarKind::Match,
        length: length as u32,
    }]
}

/// The best placement of a read. `haplotypes` are sorted by ascending score.
fn best_placement(haplotypes: &[FittedHaplotype], read: usize) -> Option<(&FittedHaplotype, Placement)> {
    let placed = haplotypes.iter().filter_map(|h| Some((h, h.placements[read]?)));
    // On ties, `max_by_key` returns the last item, here the haplotype of the highest score.
    placed.max_by_key(|(haplotype, placement)| (placement.score, !haplotype.is_reference))
}
