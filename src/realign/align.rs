//! Gapped alignment with affine gap costs.
//!
//! Source: Gotoh, "An improved algorithm for matching biological sequences", J Mol Biol 162 (1982) 705–708; local as in
//! Smith and Waterman, J Mol Biol 147 (1981) 195–197. Among alignments of equal score, the one with the leftmost gaps
//! is taken, as in DeepVariant.

use std::ops::RangeInclusive;

use super::cigar::push;
use super::score::{AlignmentEnd, GAP_EXTEND, GAP_OPEN, MATCH, MISMATCH};
use crate::reads::{CigarKind, CigarOp};

/// A target base that matches every base of the query.
pub const ANY: u8 = b'*';

/// Lower than any score, and safe from overflow.
const WORST: i32 = i32::MIN / 2;

/// An alignment of a query to a part of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    pub score: i32,
    /// First aligned target base.
    pub start: usize,
    /// Covers the whole query: matches, insertions, deletions, and soft clips at the ends.
    pub cigar: Vec<CigarOp>,
}

/// Predecessor of a matrix cell.
const STOP: u8 = 0;
const DIAGONAL: u8 = 1;
const INSERTION: u8 = 2;
const DELETION: u8 = 3;
const STEP: u8 = 3;
/// The gap that ends in this cell opens here and is not extended.
const INSERTION_OPENED: u8 = 4;
const DELETION_OPENED: u8 = 8;

/// Aligns sequences and reuses its buffers.
#[derive(Default)]
pub struct Aligner {
    /// For each query prefix: the best score at the current target base, and the best score that ends with a deletion.
    best: Vec<i32>,
    deletion: Vec<i32>,
    /// The predecessors of the band's cells, row by row of target bases.
    steps: Vec<u8>,
    query_length: usize,
    first_row: usize,
    /// First and last diagonal of the band (target offset minus query offset).
    band: (i64, i64),
    /// Score and end (target, query) of the best alignment.
    score: i32,
    end: (usize, usize),
}

impl Aligner {
    /// Finds the best local alignment of `query` to `target` within `margin` diagonals (target offset minus query
    /// offset) of `diagonals`. Returns its score, or 0 if no base matches. On ties, it takes the alignment that ends
    /// first in the target.
    pub fn align(&mut self, query: &[u8], target: &[u8], diagonals: &RangeInclusive<i64>, margin: i64) -> i32 {
        let (low, high) = (diagonals.start() - margin, diagonals.end() + margin);
        let width = (high - low + 1) as usize;
        let length = query.len();
        self.query_length = length;
        self.band = (low, high);
        self.first_row = low.clamp(0, target.len() as i64) as usize;
        let last_row = (high + length as i64).clamp(self.first_row as i64, target.len() as i64) as usize;
        self.best.clear();
        self.best.resize(length + 1, 0);
        self.deletion.clear();
        self.deletion.resize(length + 1, WORST);
        self.steps.resize((last_row - self.first_row) * width, STOP);
        (self.score, self.end) = (0, (0, 0));
        for (row, &base) in target.iter().enumerate().take(last_row).skip(self.first_row) {
            // Query prefixes in the band. Cells beside the band count as alignments that have not started.
            let from = (row as i64 + 1 - high).max(1) as usize;
            let to = (row as i64 + 1 - low).min(length as i64);
            if to < from as i64 {
                continue;
            }
            let to = to as usize;
            let cells = &mut self.steps[(row - self.first_row) * width..][..width];
            let skip = (from as i64 - (row as i64 + 1 - high)) as usize;
            let top = fill_row(
                base,
                &query[from - 1..to],
                &mut self.best[from - 1..=to],
                &mut self.deletion[from..=to],
                &mut cells[skip..][..to + 1 - from],
            );
            if top > self.score {
                let at = self.best[from..=to].iter().position(|&s| s == top).unwrap_or(0);
                (self.score, self.end) = (top, (row + 1, from + at));
            }
        }
        self.score
    }

    /// Score and end of the alignment found last.
    pub fn end(&self) -> AlignmentEnd {
        let (target, query) = self.end;
        AlignmentEnd {
            score: self.score,
            target,
            query,
        }
    }

    /// The alignment found last.
    pub fn trace(&self) -> Alignment {
        let (mut j, mut i) = self.end;
        let width = (self.band.1 - self.band.0 + 1) as usize;
        let mut cigar = Vec::new();
        push(&mut cigar, CigarKind::SoftClip, (self.query_length - i) as u32);
        let mut state = STOP;
        while i > 0 && j > self.first_row {
            let column = i as i64 - (j as i64 - self.band.1);
            let cell = self.steps[(j - 1 - self.first_row) * width + column as usize];
            if state == STOP {
                state = cell & STEP;
            }
            match state {
                DIAGONAL => {
                    push(&mut cigar, CigarKind::Match, 1);
                    (i, j, state) = (i - 1, j - 1, STOP);
                }
                INSERTION => {
                    push(&mut cigar, CigarKind::Insertion, 1);
                    state = if cell & INSERTION_OPENED != 0 { STOP } else { INSERTION };
                    i -= 1;
                }
                DELETION => {
                    push(&mut cigar, CigarKind::Deletion, 1);
                    state = if cell & DELETION_OPENED != 0 { STOP } else { DELETION };
                    j -= 1;
                }
                _ => break,
            }
        }
        push(&mut cigar, CigarKind::SoftClip, i as u32);
        cigar.reverse();
        Alignment {
            score: self.score,
            start: j,
            cigar,
        }
    }
}

/// Fills the cells of one target base and returns their best score. `best` starts one prefix before the first cell.
fn fill_row(base: u8, query: &[u8], best: &mut [i32], deletions: &mut [i32], steps: &mut [u8]) -> i32 {
    let base = if base == b'N' { 0 } else { base };
    let mismatch = if base == ANY { MATCH } else { MISMATCH };
    let Some((before, best)) = best.split_first_mut() else {
        return 0;
    };
    let mut diagonal = *before;
    // The cell to the left of the band, or of the query's first base, has no score.
    let (mut left, mut insertion, mut top) = (0, WORST, 0);
    let cells = query.iter().zip(best).zip(deletions).zip(steps);
    for (((&other, best), deletion), step) in cells {
        let (open, extend) = (left - GAP_OPEN, insertion - GAP_EXTEND);
        insertion = open.max(extend);
        let mut flags = if open > extend { INSERTION_OPENED } else { 0 };
        let (open, extend) = (*best - GAP_OPEN, *deletion - GAP_EXTEND);
        *deletion = open.max(extend);
        flags |= if open > extend { DELETION_OPENED } else { 0 };
        let matched = diagonal + if other == base { MATCH } else { mismatch };
        let gapped = insertion.max(*deletion);
        let gap = if insertion > *deletion { INSERTION } else { DELETION };
        let score = matched.max(gapped).max(0);
        let from = if matched >= gapped { DIAGONAL } else { gap };
        *step = flags | if score > 0 { from } else { STOP };
        diagonal = *best;
        *best = score;
        left = score;
        top = top.max(score);
    }
    top
}

/// How many diagonals a gapped alignment of `length` bases may leave a diagonal with an alignment of `score`, and still
/// score more. A gap of g bases costs `GAP_OPEN + (g − 1) · GAP_EXTEND`, and each match gains at most `MATCH`.
pub fn margin(length: usize, score: i32) -> i64 {
    i64::from((MATCH * length as i32 - score - GAP_OPEN).max(0) / GAP_EXTEND + 1)
}

/// The score of the best ungapped local alignment of `query` to `target`, with the query's first base at target offset
/// `diagonal`.
pub fn ungapped_score(query: &[u8], target: &[u8], diagonal: i64) -> i32 {
    let skip = (-diagonal).clamp(0, query.len() as i64) as usize;
    let start = diagonal.clamp(0, target.len() as i64) as usize;
    let (mut sum, mut best) = (0, 0);
    for (a, b) in query[skip..].iter().zip(&target[start..]) {
        sum = (sum + if a == b && *a != b'N' { MATCH } else { MISMATCH }).max(0);
        best = best.max(sum);
    }
    best
}
