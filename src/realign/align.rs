//! Gapped alignment with affine gap costs.
//!
//! Source: Gotoh, "An improved algorithm for matching biological sequences", J Mol Biol 162 (1982) 705–708; local as
//! in Smith and Waterman, J Mol Biol 147 (1981) 195–197. Of alignments that score alike, the one with its gaps furthest
//! left is taken, as by DeepVariant.

use super::cigar::push;
use crate::reads::{CigarKind, CigarOp};

pub const MATCH: i32 = 4;
pub const MISMATCH: i32 = -6;
/// Cost of a gap's first base, and of each further one.
const GAP_OPEN: i32 = 8;
const GAP_EXTEND: i32 = 2;

/// Far below any score, far above overflow.
const WORST: i32 = i32::MIN / 2;

/// An alignment of a query to a part of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    pub score: i32,
    /// First target base aligned.
    pub start: usize,
    /// The whole query: matches, insertions, deletions, and soft clips at the ends.
    pub cigar: Vec<CigarOp>,
}

/// Which way a cell of the matrix was reached.
const STOP: u8 = 0;
const DIAGONAL: u8 = 1;
const INSERTION: u8 = 2;
const DELETION: u8 = 3;
const WAY: u8 = 3;
/// The gap that ends in this cell was opened here, not extended.
const INSERTION_OPENED: u8 = 4;
const DELETION_OPENED: u8 = 8;

/// Aligns sequences; keeps its buffers from one alignment to the next.
#[derive(Default)]
pub struct Aligner {
    /// Best score of each query prefix at the current target base, and the same when it ends with an insertion or
    /// with a deletion.
    best: Vec<i32>,
    deletion: Vec<i32>,
    /// One row of ways per target base.
    ways: Vec<u8>,
}

impl Aligner {
    /// The best local alignment of `query` to `target`; `None` if not a base matches. Of several, the one that ends
    /// first in the target.
    pub fn local(&mut self, query: &[u8], target: &[u8]) -> Option<Alignment> {
        let (score, target_end, query_end) = self.fill(query, target, true);
        (score > 0).then(|| {
            let clip = (query.len() - query_end) as u32;
            self.trace(query.len(), target_end, query_end, score, clip)
        })
    }

    /// The best alignment of all of `query` to all of `target`.
    pub fn global(&mut self, query: &[u8], target: &[u8]) -> Alignment {
        let (score, ..) = self.fill(query, target, false);
        self.trace(query.len(), target.len(), query.len(), score, 0)
    }

    /// Fills the matrix. Returns the best score and where it ends in target and query: for a local alignment the
    /// first best cell, else the last cell.
    fn fill(&mut self, query: &[u8], target: &[u8], local: bool) -> (i32, usize, usize) {
        let width = query.len() + 1;
        let gap = |length: usize| {
            if length == 0 {
                0
            } else {
                -GAP_OPEN - (length as i32 - 1) * GAP_EXTEND
            }
        };
        self.ways.clear();
        self.ways.resize((target.len() + 1) * width, STOP);
        self.best.clear();
        self.best.extend((0..width).map(|i| if local { 0 } else { gap(i) }));
        self.deletion.clear();
        self.deletion.resize(width, WORST);
        if !local {
            self.ways[1..width].fill(INSERTION);
        }
        let floor = if local { 0 } else { WORST };
        let (mut top, mut target_end, mut query_end) = (0, 0, 0);
        for (j, &base) in target.iter().enumerate() {
            let row = &mut self.ways[(j + 1) * width..(j + 2) * width];
            let mut diagonal = self.best[0];
            self.best[0] = if local { 0 } else { gap(j + 1) };
            row[0] = if local { STOP } else { DELETION };
            let mut insertion = WORST;
            for i in 1..width {
                let (open, extend) = (self.best[i - 1] - GAP_OPEN, insertion - GAP_EXTEND);
                insertion = open.max(extend);
                let mut way = if open > extend { INSERTION_OPENED } else { 0 };
                let (open, extend) = (self.best[i] - GAP_OPEN, self.deletion[i] - GAP_EXTEND);
                let deletion = open.max(extend);
                way |= if open > extend { DELETION_OPENED } else { 0 };
                self.deletion[i] = deletion;
                let matched = diagonal
                    + if query[i - 1] == base && base != b'N' {
                        MATCH
                    } else {
                        MISMATCH
                    };
                diagonal = self.best[i];
                let gapped = insertion.max(deletion).max(floor);
                let score = matched.max(gapped);
                way |= if score == floor {
                    STOP
                } else if matched >= gapped {
                    DIAGONAL
                } else if insertion > deletion {
                    INSERTION
                } else {
                    DELETION
                };
                self.best[i] = score;
                row[i] = way;
                if score > top {
                    (top, target_end, query_end) = (score, j + 1, i);
                }
            }
        }
        if local {
            (top, target_end, query_end)
        } else {
            (self.best[width - 1], target.len(), query.len())
        }
    }

    /// Follows the ways back from a cell.
    fn trace(&self, query_length: usize, target_end: usize, query_end: usize, score: i32, clip: u32) -> Alignment {
        let width = query_length + 1;
        let (mut i, mut j) = (query_end, target_end);
        let mut cigar = Vec::new();
        push(&mut cigar, CigarKind::SoftClip, clip);
        let mut state = STOP;
        loop {
            let cell = self.ways[j * width + i];
            if state == STOP {
                state = cell & WAY;
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
        Alignment { score, start: j, cigar }
    }
}
