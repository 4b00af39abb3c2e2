//! Local realignment from end to end.

use std::ops::Range;

use super::assembler::Assembler;
use super::cigar::is_left_aligned;
use super::fit::{Fit, Fitter, Target};
use super::foreign_end::keep_clipped;
use super::{RealignOptions, is_realignable, select_windows};
use crate::genome::Sequence;
use crate::reads::{CigarKind, Read};

/// Reference kept on either side of the reads of a window, in bases.
const ALIGN_MARGIN: u64 = 20;

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
        let assembled: Vec<(Range<u64>, Vec<Vec<u8>>)> = windows
            .into_iter()
            .filter_map(|window| {
                let haplotypes = self.assemble(&window, &reads, &ends, longest, reference)?;
                Some((window, haplotypes))
            })
            .collect();
        let mut members = vec![Vec::new(); assembled.len()];
        for (i, read) in reads
            .iter()
            .enumerate()
            .filter(|(_, r)| is_realignable(r, &self.options))
        {
            if let Some(window) = widest_overlap(read.start..ends[i], &assembled, self.options.max_window) {
                members[window].push(i);
            }
        }
        for ((window, haplotypes), members) in assembled.iter().zip(&members) {
            self.realign_window(window, haplotypes, members, &mut reads, reference);
        }
        sort(&mut reads);
        reads
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

    fn realign_window(
        &mut self,
        window: &Range<u64>,
        haplotypes: &[Vec<u8>],
        members: &[usize],
        reads: &mut [Read],
        reference: &Sequence,
    ) {
        let Some(first) = members.iter().map(|&i| reads[i].start).min() else {
            return;
        };
        let last = members.iter().map(|&i| reads[i].end()).max().unwrap_or(window.end);
        let start = first
            .min(window.start)
            .saturating_sub(ALIGN_MARGIN)
            .max(reference.start);
        let end = (last.max(window.end) + ALIGN_MARGIN).min(reference.end());
        if end <= window.end {
            return;
        }
        let target = Target {
            reference: Sequence::new(start, reference.slice(start, end).to_vec()),
            haplotypes,
            prefix: (window.start - start) as usize,
            suffix: (end - window.end) as usize,
        };
        let borrowed: Vec<&Read> = members.iter().map(|&i| &reads[i]).collect();
        let fits = self.fitter.fit(&borrowed, &target);
        for (&member, fit) in members.iter().zip(fits) {
            let Some(fit) = fit else { continue };
            let fit = keep_clipped(&reads[member], fit, reference, self.options.long_clip);
            adopt(&mut reads[member], fit, reference);
        }
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

/// The index of the window that shares most bases with `span`, the first of equals. No window is longer than `longest`.
fn widest_overlap(span: Range<u64>, windows: &[(Range<u64>, Vec<Vec<u8>>)], longest: u64) -> Option<usize> {
    let start = windows.partition_point(|(w, _)| w.start + longest <= span.start);
    let end = windows.partition_point(|(w, _)| w.start < span.end);
    let overlap = |w: &Range<u64>| w.end.min(span.end).saturating_sub(w.start.max(span.start));
    let shared = (start..end)
        .map(|i| (overlap(&windows[i].0), i))
        .filter(|&(bases, _)| bases > 0);
    // Of equals `max_by_key` returns the last.
    shared.rev().max_by_key(|&(bases, _)| bases).map(|(_, i)| i)
}

/// Puts reads in the order of their start, name and mate, which no two reads share.
fn sort(reads: &mut [Read]) {
    reads.sort_by(|a, b| (a.start, &a.name, a.second_of_pair).cmp(&(b.start, &b.name, b.second_of_pair)));
}

#[cfg(test)]
#[path = "realigner_tests.rs"]
mod tests;
