//! Runs all steps of local realignment.

use std::ops::Range;

use super::assembler::Assembler;
use super::cigar::is_left_aligned;
use super::fit::{Fit, Fitter, Member, Target};
use super::fold_back::cut_fold_backs;
use super::indel_haplotypes::with_indel_haplotypes;
use super::is_realignable;
use super::long_deletion::LongDeletions;
use super::options::RealignOptions;
use super::score::{GAP_EXTEND, GAP_OPEN, MATCH};
use super::soft_clips::{Primers, keep_clipped};
use super::window::select_windows;
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// Reference bases kept on either side of the reads of a window.
const ALIGN_MARGIN: u64 = 20;

/// A window and its haplotypes.
type Assembled = (Range<u64>, Vec<Vec<u8>>);

/// The overlap of a read with a window.
struct Overlap {
    /// Index of the read.
    read: usize,
    bases: u64,
    /// Whether no other window shares more bases with the read.
    is_widest: bool,
}

/// Realigns the reads of one region after another. It reuses its buffers; each thread should keep one.
#[derive(Default)]
pub struct Realigner {
    options: RealignOptions,
    assembler: Assembler,
    fitter: Fitter,
}

impl Realigner {
    pub fn new(options: RealignOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// See [`super::realign`].
    pub fn realign(&mut self, mut reads: Vec<Read>, reference: &Sequence) -> Vec<Read> {
        if self.options.cut_fold_backs {
            let realignable = reads.iter_mut().filter(|read| is_realignable(read, &self.options));
            realignable.for_each(|read| cut_fold_backs(read, reference));
        }
        sort_nearly_sorted(&mut reads);
        let ends: Vec<u64> = reads.iter().map(Read::end).collect();
        let spans = reads.iter().zip(&ends).map(|(read, end)| end - read.start);
        let longest = spans.max().unwrap_or(0);
        let windows = select_windows(&reads, reference, &self.options);
        let assembled: Vec<Assembled> = windows
            .into_iter()
            .filter_map(|window| {
                let haplotypes = self.assemble(&window, &reads, &ends, longest, reference)?;
                Some((window, haplotypes))
            })
            .collect();
        let fits = self.best_fits(&reads, &ends, &assembled, reference);
        let primers = Primers::find(&reads, &ends, longest, reference);
        for (i, fit) in fits {
            let fit = keep_clipped(&reads[i], fit, reference, self.options.long_clip, &primers);
            adopt(&mut reads[i], fit, reference);
        }
        let windows = assembled.into_iter().map(|(window, _)| window);
        let deletions = LongDeletions::find(&reads, windows, reference, &self.options);
        if !deletions.is_empty() {
            let realignable = reads.iter_mut().filter(|read| is_realignable(read, &self.options));
            realignable.for_each(|read| deletions.apply(read, reference));
        }
        sort_nearly_sorted(&mut reads);
        reads
    }

    /// The best fit, if it is not the read's own alignment, of each read to any haplotype of its overlapping windows; on ties, the window that shares most
    /// bases with the read. Gaps are allowed only in windows with this largest overlap.
    fn best_fits(
        &mut self,
        reads: &[Read],
        ends: &[u64],
        windows: &[Assembled],
        reference: &Sequence,
    ) -> Vec<(usize, Fit)> {
        let mut overlaps: Vec<Vec<Overlap>> = windows.iter().map(|_| Vec::new()).collect();
        for (read, span) in reads.iter().zip(ends).map(|(r, &end)| r.start..end).enumerate() {
            if is_realignable(&reads[read], &self.options) {
                let shared = shared_bases(span, windows, self.options.max_window)
                    .filter(|&(window, _)| !loses_deletion(&windows[window].0, &reads[read]));
                let most = shared.clone().map(|(_, bases)| bases).max();
                for (window, bases) in shared {
                    let is_widest = Some(bases) == most;
                    overlaps[window].push(Overlap { read, bases, is_widest });
                }
            }
        }
        let mut best: Vec<Option<(i32, u64, Option<Fit>)>> = vec![None; reads.len()];
        for (window, overlaps) in windows.iter().zip(&overlaps) {
            let fits = self.fit(window, overlaps, reads, reference);
            for (overlap, fit) in overlaps.iter().zip(fits) {
                let (Some((score, fit)), best) = (fit, &mut best[overlap.read]) else {
                    continue;
                };
                if best.as_ref().is_none_or(|b| (b.0, b.1) < (score, overlap.bases)) {
                    *best = Some((score, overlap.bases, fit));
                }
            }
        }
        let fits = best.into_iter().enumerate();
        fits.filter_map(|(read, best)| Some((read, best?.2?))).collect()
    }

    /// The haplotypes of a window. `longest` is the longest reference span of a read.
    fn assemble(
        &mut self,
        window: &Range<u64>,
        reads: &[Read],
        ends: &[u64],
        longest: u64,
        reference: &Sequence,
    ) -> Option<Vec<Vec<u8>>> {
        let options = &self.options;
        let first = reads.partition_point(|r| r.start + longest <= window.start);
        let before_end = reads.partition_point(|r| r.start < window.end);
        let overlapping: Vec<&Read> = reads[first..before_end]
            .iter()
            .zip(&ends[first..])
            .filter(|(read, end)| **end > window.start && is_realignable(read, options))
            .map(|(read, _)| read)
            .collect();
        let assembled = self.assembler.haplotypes(window, reference, &overlapping, options);
        with_indel_haplotypes(assembled, window, reference, &overlapping, options)
    }

    /// The fit of each read to a window's haplotypes.
    fn fit(
        &mut self,
        (window, haplotypes): &Assembled,
        overlaps: &[Overlap],
        reads: &[Read],
        reference: &Sequence,
    ) -> Vec<Option<(i32, Option<Fit>)>> {
        let members: Vec<Member> = overlaps
            .iter()
            .map(|overlap| Member {
                read: &reads[overlap.read],
                with_gaps: overlap.is_widest,
            })
            .collect();
        let Some(first) = members.iter().map(|m| m.read.start).min() else {
            return Vec::new();
        };
        let last = members.iter().map(|m| m.read.end()).max().unwrap_or(window.end);
        let start = first
            .min(window.start)
            .saturating_sub(ALIGN_MARGIN)
            .max(reference.start);
        let end = (last.max(window.end) + ALIGN_MARGIN).min(reference.end());
        if end <= window.end {
            return Vec::new();
        }
        let target = Target {
            reference: Sequence::new(start, reference.slice(start, end).to_vec()),
            haplotypes,
            prefix: (window.start - start) as usize,
            suffix: (end - window.end) as usize,
        };
        self.fitter.fit(&members, &target)
    }
}

/// Sorts reads of which few are out of place. Equal reads have equal fields, so their order does not matter.
fn sort_nearly_sorted(reads: &mut [Read]) {
    for i in 1..reads.len() {
        if reads[i] < reads[i - 1] {
            let place = reads[..i].partition_point(|read| *read <= reads[i]);
            reads[place..=i].rotate_right(1);
        }
    }
}

/// Sets a read's new alignment if it is valid. Hard clips are kept.
fn adopt(read: &mut Read, (start, cigar): Fit, reference: &Sequence) {
    // Next to a variant, an indel can be leftmost in the haplotype but not in this read.
    if is_left_aligned(read, start, &cigar, reference) && cigar.iter().any(|op| op.kind == CigarKind::Match) {
        let hard_clip = |op: Option<&CigarOp>| op.filter(|op| op.kind == CigarKind::HardClip).copied();
        let (before, after) = (hard_clip(read.cigar.first()), hard_clip(read.cigar.last()));
        read.start = start;
        read.cigar = before.into_iter().chain(cigar).chain(after).collect();
    }
}

/// The windows that overlap `span`, and the number of shared bases. No window is longer than `longest`.
fn shared_bases(span: Range<u64>, windows: &[Assembled], longest: u64) -> impl Iterator<Item = (usize, u64)> + Clone {
    let start = windows.partition_point(|(w, _)| w.start + longest <= span.start);
    let end = windows.partition_point(|(w, _)| w.start < span.end);
    let shared = move |i: usize| {
        let window = &windows[i].0;
        let bases = window.end.min(span.end).saturating_sub(window.start.max(span.start));
        (i, bases)
    };
    (start..end).map(shared).filter(|&(_, bases)| bases > 0)
}

/// Whether fitting to the window would remove a deletion of the read: the window ends within the deletion, or lies
/// elsewhere and the gap costs more than the bases on one side of it gain.
fn loses_deletion(window: &Range<u64>, read: &Read) -> bool {
    let matches = |ops: &[CigarOp]| -> u32 {
        let matches = ops.iter().filter(|op| op.kind == CigarKind::Match);
        matches.map(|op| op.length).sum()
    };
    let mut position = read.start;
    read.cigar.iter().enumerate().any(|(i, op)| {
        let start = position;
        position += if op.kind.consumes_reference() {
            u64::from(op.length)
        } else {
            0
        };
        let meets = start < window.end && position > window.start;
        let within = window.start <= start && position <= window.end;
        let gain = || MATCH * matches(&read.cigar[..i]).min(matches(&read.cigar[i..])) as i32;
        let costs = || GAP_OPEN + GAP_EXTEND * op.length as i32;
        op.kind == CigarKind::Deletion && !within && (meets || costs() > gain())
    })
}

#[cfg(test)]
#[path = "realigner_tests.rs"]
mod tests;
