//! The text that a window's graph is made of: the reference, and the good stretches of the reads.

use std::ops::Range;

use super::RealignOptions;
use crate::genome::Sequence;
use crate::reads::{CigarKind, Read};

/// A stretch of a read without a bad base, and where in it the read is the reference.
pub struct Segment {
    pub text: Range<usize>,
    pub runs: Range<usize>,
}

/// A stretch of a read that equals the reference where it is aligned.
pub struct Run {
    pub text: Range<usize>,
    /// Where in the text the same bases of the reference begin.
    pub reference: usize,
}

/// The bases of a window's reference and reads, end to end.
#[derive(Default)]
pub struct Segments {
    /// The reference around the window, as far as its reads reach, then the segments of the reads.
    pub text: Vec<u8>,
    /// Bases of reference in the text, and the window in them.
    pub span: usize,
    pub window: Range<usize>,
    pub segments: Vec<Segment>,
    pub runs: Vec<Run>,
}

impl Segments {
    /// Takes in a window and the reads that overlap it, in place of what was there.
    pub fn fill(&mut self, window: &Range<u64>, reference: &Sequence, reads: &[&Read], options: &RealignOptions) {
        let first = reads
            .iter()
            .map(|r| r.start)
            .fold(window.start, u64::min)
            .max(reference.start);
        let last = reads
            .iter()
            .map(|r| r.end())
            .fold(window.end, u64::max)
            .min(reference.end());
        self.text.clear();
        self.text.extend_from_slice(reference.slice(first, last));
        self.window = (window.start - first) as usize..(window.end - first) as usize;
        self.segments.clear();
        self.runs.clear();
        self.span = self.text.len();
        for read in reads
            .iter()
            .filter(|r| r.mapping_quality >= options.graph_mapping_quality)
        {
            self.add_read(read, read.start as i64 - first as i64, options);
        }
    }

    /// Adds the segments of a read whose first aligned base lies at `position` of the text.
    fn add_read(&mut self, read: &Read, mut position: i64, options: &RealignOptions) {
        let mut bases = read.bases.iter().zip(&read.quals);
        let (mut start, mut first_run) = (self.text.len(), self.runs.len());
        for op in &read.cigar {
            for (base, quality) in bases
                .by_ref()
                .take(if op.kind.consumes_read() { op.length as usize } else { 0 })
            {
                let at = usize::try_from(position).unwrap_or(self.span);
                if *base == b'N' || *quality < options.graph_base_quality {
                    (start, first_run) = self.close_segment(start, first_run, options.min_k);
                } else {
                    if op.kind == CigarKind::Match && at < self.span && self.text[at] == *base {
                        self.extend_run(first_run, at);
                    }
                    self.text.push(*base);
                }
                position += i64::from(op.kind.consumes_reference());
            }
            if !op.kind.consumes_read() && op.kind.consumes_reference() {
                position += i64::from(op.length);
            }
        }
        self.close_segment(start, first_run, options.min_k);
    }

    /// Counts the text's next base as one that equals the reference at `at`.
    fn extend_run(&mut self, first_run: usize, at: usize) {
        let end = self.text.len();
        let open = self.runs[first_run..].last_mut();
        match open.filter(|run| run.text.end == end && run.reference + run.text.len() == at) {
            Some(run) => run.text.end += 1,
            None => self.runs.push(Run {
                text: end..end + 1,
                reference: at,
            }),
        }
    }

    /// Ends the segment that began at `start`; drops it if it is too short for any edge. Returns where the next begins.
    fn close_segment(&mut self, start: usize, first_run: usize, min_k: usize) -> (usize, usize) {
        if self.text.len() > start + min_k {
            self.segments.push(Segment {
                text: start..self.text.len(),
                runs: first_run..self.runs.len(),
            });
        } else {
            self.text.truncate(start);
            self.runs.truncate(first_run);
        }
        (self.text.len(), self.runs.len())
    }
}
