//! Local realignment from end to end.

use std::ops::Range;

use super::assembler::Assembler;
use super::cigar::is_left_aligned;
use super::fit::{Fit, Fitter, Member, Target};
use super::foreign_end::keep_clipped;
use super::{RealignOptions, is_realignable, select_windows};
use crate::genome::Sequence;
use crate::reads::{CigarKind, Read};

/// Reference kept on either side of the reads of a window, in bases.
const ALIGN_MARGIN: u64 = 20;

/// A window and its haplotypes.
type Assembled = (Range<u64>, Vec<Vec<u8>>);

/// Realigns reads of one stretch after another; keeps its buffers, so a thread should keep one.
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
        sort(&mut reads);
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
        for (i, fit) in self.best_fits(&reads, &ends, &assembled, reference) {
            let fit = keep_clipped(&reads[i], fit, reference, self.options.long_clip);
            adopt(&mut reads[i], fit, reference);
        }
        sort(&mut reads);
        reads
    }

    /// The best fit of each read to any haplotype of the windows that it overlaps; of equals, that of the window with which it
    /// shares most bases.
    fn best_fits(
        &mut self,
        reads: &[Read],
        ends: &[u64],
        windows: &[Assembled],
        reference: &Sequence,
    ) -> Vec<(usize, Fit)> {
        let mut members = vec![Vec::new(); windows.len()];
        for (i, read) in reads.iter().enumerate() {
            if is_realignable(read, &self.options) {
                let shared = overlaps(read.start..ends[i], windows, self.options.max_window);
                // Of equals `max` returns the last.
                let most = shared.clone().map(|(_, bases)| bases).max();
                for (window, bases) in shared {
                    members[window].push((i, bases, Some(bases) == most));
                }
            }
        }
        let mut best: Vec<Option<(i32, u64, Fit)>> = vec![None; reads.len()];
        for (window, members) in windows.iter().zip(&members) {
            let fits = self.fit(window, members, reads, reference);
            for (&(i, bases, _), fit) in members.iter().zip(fits) {
                let Some((score, fit)) = fit else { continue };
                if best[i].as_ref().is_none_or(|other| (other.0, other.1) < (score, bases)) {
                    best[i] = Some((score, bases, fit));
                }
            }
        }
        let known = best.into_iter().enumerate();
        known.filter_map(|(i, best)| Some((i, best?.2))).collect()
    }

    /// The haplotypes of a window. `longest` is the most reference that a read spans.
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
        self.assembler.haplotypes(window, reference, &overlapping, options)
    }

    /// The fit of each read to a window's haplotypes.
    fn fit(
        &mut self,
        (window, haplotypes): &Assembled,
        members: &[(usize, u64, bool)],
        reads: &[Read],
        reference: &Sequence,
    ) -> Vec<Option<(i32, Fit)>> {
        let members: Vec<Member> = members
            .iter()
            .map(|&(i, _, with_gaps)| Member {
                read: &reads[i],
                with_gaps,
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

/// Gives a read its new alignment, if that is sound.
fn adopt(read: &mut Read, (start, cigar): Fit, reference: &Sequence) {
    // A variant of another haplotype can keep an indel from moving left in the haplotype, but not in this read.
    if is_left_aligned(read, start, &cigar, reference) && cigar.iter().any(|op| op.kind == CigarKind::Match) {
        read.start = start;
        read.cigar = cigar;
    }
}

/// The windows that overlap `span`, and by how many bases. No window is longer than `longest`.
fn overlaps(span: Range<u64>, windows: &[Assembled], longest: u64) -> impl Iterator<Item = (usize, u64)> + Clone {
    let start = windows.partition_point(|(w, _)| w.start + longest <= span.start);
    let end = windows.partition_point(|(w, _)| w.start < span.end);
    let shared = move |i: usize| {
        (
            i,
            windows[i]
                .0
                .end
                .min(span.end)
                .saturating_sub(windows[i].0.start.max(span.start)),
        )
    };
    (start..end).map(shared).filter(|&(_, bases)| bases > 0)
}

/// Puts reads in the order of their start, name and mate, which no two reads share.
fn sort(reads: &mut [Read]) {
    reads.sort_by(|a, b| (a.start, &a.name, a.second_of_pair).cmp(&(b.start, &b.name, b.second_of_pair)));
}

#[cfg(test)]
#[path = "realigner_tests.rs"]
mod tests;
