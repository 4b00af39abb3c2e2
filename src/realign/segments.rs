//! The text of a window's graph: the reference, and the good parts of the reads.

use std::ops::Range;

use super::options::RealignOptions;
use crate::genome::{Sequence, differences};
use crate::reads::{CigarKind, Read};

/// A part of a read without a bad base, and its runs that equal the reference.
pub struct Segment {
    pub text: Range<usize>,
    pub runs: Range<usize>,
}

/// A part of a read that equals the reference at its aligned position.
pub struct MatchingRun {
    pub text: Range<usize>,
    /// Offset of the same reference bases in the text.
    pub reference: usize,
}

/// The concatenated bases of a window's reference and reads.
#[derive(Default)]
pub struct Segments {
    /// The reference around the window, as far as its reads extend, then the segments of the reads.
    pub text: Vec<u8>,
    /// Number of reference bases in the text, and the window's offsets in them.
    pub span: usize,
    pub window: Range<usize>,
    pub segments: Vec<Segment>,
    pub runs: Vec<MatchingRun>,
}

impl Segments {
    /// Loads a window and the reads that overlap it; discards the previous window.
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

    /// Adds the segments of a read with its first aligned base at `position` of the text.
    fn add_read(&mut self, read: &Read, mut position: i64, options: &RealignOptions) {
        let (mut start, mut first_run) = (self.text.len(), self.runs.len());
        let mut rest = (read.bases.as_slice(), read.quals.as_slice());
        for op in &read.cigar {
            let length = if op.kind.consumes_read() { op.length as usize } else { 0 };
            let (bases, quals) = (&rest.0[..length], &rest.1[..length]);
            rest = (&rest.0[length..], &rest.1[length..]);
            let mut done = 0;
            while done < length {
                let good = count_good(&bases[done..], &quals[done..], options.graph_base_quality);
                let part = &bases[done..][..good];
                if op.kind == CigarKind::Match {
                    self.add_runs(first_run, part, position + done as i64);
                }
                self.text.extend_from_slice(part);
                done += part.len();
                if done < length {
                    (start, first_run) = self.close_segment(start, first_run, options.min_k);
                    done += 1;
                }
            }
            position += i64::from(if op.kind.consumes_reference() { op.length } else { 0 });
        }
        self.close_segment(start, first_run, options.min_k);
    }

    /// Adds the runs of `bases` that equal the reference. `bases` will follow the text; the first is aligned at
    /// `position`.
    fn add_runs(&mut self, first_run: usize, bases: &[u8], position: i64) {
        let mut done = (-position).clamp(0, bases.len() as i64) as usize;
        while done < bases.len() {
            let at = (position + done as i64) as usize;
            let Some(reference) = self.text[..self.span].get(at..) else {
                return;
            };
            let both = reference.len().min(bases.len() - done);
            let alike = differences(&bases[done..], reference).next().unwrap_or(both);
            let text = self.text.len() + done;
            let open = self.runs[first_run..].last_mut();
            match open.filter(|run| run.text.end == text && run.reference + run.text.len() == at) {
                Some(run) => run.text.end += alike,
                None if alike > 0 => self.runs.push(MatchingRun {
                    text: text..text + alike,
                    reference: at,
                }),
                None => {}
            }
            done += alike + 1;
        }
    }

    /// Ends the segment that started at `start`; drops it if it is too short for an edge. Returns the start of the next
    /// segment.
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

/// The number of good bases before the first bad base. Most parts have no bad base; this check is vectorized.
fn count_good(bases: &[u8], quals: &[u8], min_quality: u8) -> usize {
    let is_good = |(base, quality): (&u8, &u8)| (*base != b'N') & (*quality >= min_quality);
    let pairs = || bases.iter().zip(quals);
    match pairs().fold(true, |all, pair| all & is_good(pair)) {
        true => bases.len().min(quals.len()),
        false => pairs().take_while(|&pair| is_good(pair)).count(),
    }
}
