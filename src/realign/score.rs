//! Computes the score of a local alignment without the alignment. [`super::align::Aligner`] finds the same score, but
//! this module computes many cells at once.

use std::ops::{Range, RangeInclusive};

/// Longest query whose scores fit an i16.
pub const LONGEST_QUERY: usize = 8_191;

pub const MATCH: i32 = 4;
pub const MISMATCH: i32 = -6;
/// Cost of a gap's first base, and of each further base.
pub const GAP_OPEN: i32 = 8;
pub const GAP_EXTEND: i32 = 2;

/// Cells filled at once: a 256-bit vector.
const LANES: usize = 16;

/// Lower than any score, and safe from overflow.
const WORST: i16 = i16::MIN / 2;

/// Scores of every other diagonal of the band, for alignments that end on it: the best, the best that ends with an
/// insertion, and the best that ends with a deletion. One more cell at both ends stands for cells beside the band.
#[derive(Default)]
struct Diagonals {
    best: Vec<i16>,
    insertion: Vec<i16>,
    deletion: Vec<i16>,
}

impl Diagonals {
    fn reset(&mut self, count: usize) {
        for (scores, value) in [
            (&mut self.best, 0),
            (&mut self.insertion, WORST),
            (&mut self.deletion, WORST),
        ] {
            scores.clear();
            scores.resize(count + 2, value);
        }
    }
}

/// The score and the end of an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlignmentEnd {
    pub score: i32,
    /// One past the last aligned base.
    pub target: usize,
    pub query: usize,
}

/// Scores alignments and reuses its buffers.
///
/// Cells are filled by antidiagonals. The cells of one antidiagonal are independent, so the compiler vectorizes the
/// inner loop; they lie on every other diagonal. Whole vectors are filled. The additional cells lie beside the band,
/// where they are harmless, or beyond the ends of a sequence, where nothing matches and no alignment leads back.
#[derive(Default)]
pub struct Scorer {
    even: Diagonals,
    odd: Diagonals,
    /// The reversed query, and the target, as wide as scores, padded with one vector at both ends.
    query: Vec<i16>,
    target: Vec<i16>,
}

impl Scorer {
    /// The score and end of the best local alignment of `query` to `target`, within `margin` diagonals (target offset
    /// minus query offset) of `diagonals` or slightly beyond. On ties, it takes the alignment that ends first in the
    /// target. `None` if the score is below `floor`, which must be above 0. A query has at most `LONGEST_QUERY`
    /// bases.
    pub fn score(
        &mut self,
        query: &[u8],
        target: &[u8],
        diagonals: &RangeInclusive<i64>,
        margin: i64,
        floor: i32,
    ) -> Option<AlignmentEnd> {
        let low = diagonals.start() - margin;
        let count = ((diagonals.end() + margin - low) as usize / 2 + 1).next_multiple_of(LANES) as i64;
        self.even.reset(count as usize);
        self.odd.reset(count as usize);
        pad(&mut self.query, query.iter().rev(), -1);
        pad(&mut self.target, target.iter(), -2);
        let (length, end) = (query.len() as i64, target.len() as i64);
        let mut best = (floor as i16, (i64::MAX, i64::MAX));
        for (step, parity) in (1..length + count).flat_map(|step| [(step, 0), (step, 1)]) {
            // Cell k of this antidiagonal lies at query prefix `step` − k, target prefix `offset` + k.
            let offset = step + low + parity;
            let first = (step - length).max(1 - offset).max(0);
            let last = (step - 1).min(end - offset).min(count - 1);
            if first > last {
                continue;
            }
            let first = first as usize / LANES * LANES;
            let cells = first..(last as usize + 1).next_multiple_of(LANES);
            let bases = [
                &self.query[(LANES as i64 + length - step + first as i64) as usize..],
                &self.target[(LANES as i64 + offset - 1 + first as i64) as usize..],
            ];
            let (here, there, before) = if parity == 0 {
                (&mut self.even, &self.odd, 1)
            } else {
                (&mut self.odd, &self.even, 2)
            };
            let top = fill_antidiagonal(here, there, cells.clone(), before, bases);
            if top >= best.0 {
                let at = here.best[cells.start + 1..].iter().position(|&score| score == top);
                let k = (cells.start + at.unwrap_or(0)) as i64;
                let ends = (offset + k, step - k);
                if top > best.0 || ends < best.1 {
                    best = (top, ends);
                }
            }
        }
        let (score, (target, query)) = best;
        (target < i64::MAX).then_some(AlignmentEnd {
            score: i32::from(score),
            target: target as usize,
            query: query as usize,
        })
    }
}

/// Copies bases and pads both ends with a vector of `none`; N also becomes `none`.
fn pad<'a>(padded: &mut Vec<i16>, bases: impl Iterator<Item = &'a u8>, none: i16) {
    padded.clear();
    padded.resize(LANES, none);
    padded.extend(bases.map(|&base| if base == b'N' { none } else { i16::from(base) }));
    padded.resize(padded.len() + LANES, none);
}

/// Fills `cells` of an antidiagonal, and returns the best score. In the other buffers, the cell with one query base
/// less is `before` further on; the cell with one target base less comes directly before that.
fn fill_antidiagonal(
    here: &mut Diagonals,
    there: &Diagonals,
    cells: Range<usize>,
    before: usize,
    bases: [&[i16]; 2],
) -> i16 {
    let own = cells.start + 1..cells.end + 1;
    let less_query = cells.start + before..cells.end + before;
    let less_target = cells.start + before - 1..cells.end + before - 1;
    fill(
        &mut here.best[own.clone()],
        &mut here.insertion[own.clone()],
        &mut here.deletion[own],
        [&there.best[less_query.clone()], &there.insertion[less_query]],
        [&there.best[less_target.clone()], &there.deletion[less_target]],
        bases,
    )
}

/// The inner loop, with the widest vectors of the processor.
fn fill(
    best: &mut [i16],
    insertion: &mut [i16],
    deletion: &mut [i16],
    less_query: [&[i16]; 2],
    less_target: [&[i16]; 2],
    bases: [&[i16]; 2],
) -> i16 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { fill_with_avx2(best, insertion, deletion, less_query, less_target, bases) };
    }
    fill_plainly(best, insertion, deletion, less_query, less_target, bases)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fill_with_avx2(
    best: &mut [i16],
    insertion: &mut [i16],
    deletion: &mut [i16],
    less_query: [&[i16]; 2],
    less_target: [&[i16]; 2],
    bases: [&[i16]; 2],
) -> i16 {
    fill_plainly(best, insertion, deletion, less_query, less_target, bases)
}

/// A separate function, so that the compiler knows that the slices do not overlap.
#[inline(always)]
fn fill_plainly(
    best: &mut [i16],
    insertion: &mut [i16],
    deletion: &mut [i16],
    [best_less_query, inserted]: [&[i16]; 2],
    [best_less_target, deleted]: [&[i16]; 2],
    [query, target]: [&[i16]; 2],
) -> i16 {
    const OPEN: i16 = GAP_OPEN as i16;
    const EXTEND: i16 = GAP_EXTEND as i16;
    let n = best.len() / LANES * LANES;
    let (best, insertion, deletion) = (&mut best[..n], &mut insertion[..n], &mut deletion[..n]);
    let (best_less_query, inserted) = (&best_less_query[..n], &inserted[..n]);
    let (best_less_target, deleted) = (&best_less_target[..n], &deleted[..n]);
    let (query, target) = (&query[..n], &target[..n]);
    let mut top = 0;
    for x in 0..n {
        let gap_in_target = (best_less_query[x] - OPEN).max(inserted[x] - EXTEND);
        let gap_in_query = (best_less_target[x] - OPEN).max(deleted[x] - EXTEND);
        let gain = if query[x] == target[x] {
            MATCH as i16
        } else {
            MISMATCH as i16
        };
        let score = (best[x] + gain).max(gap_in_target).max(gap_in_query).max(0);
        best[x] = score;
        insertion[x] = gap_in_target;
        deletion[x] = gap_in_query;
        top = top.max(score);
    }
    top
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::align::Aligner;
    use super::*;

    proptest! {
        #[test]
        fn scores_equal_the_aligners_scores(
            target in "[ACGTN]{1,60}",
            from in 0usize..60,
            insert in "[ACGT]{0,8}",
            cut in 0usize..8,
            noise in prop::collection::vec((0usize..60, 0usize..4), 0..6),
        ) {
            let target = target.into_bytes();
            let from = from % target.len();
            let middle = (from + target.len()) / 2;
            let rest = &target[(middle + cut).min(target.len())..];
            let mut query = [&target[from..middle], insert.as_bytes(), rest].concat();
            for (at, base) in noise {
                if let Some(b) = query.get_mut(at) {
                    *b = b"ACGT"[base];
                }
            }
            let (mut aligner, mut scorer) = (Aligner::default(), Scorer::default());
            let wide = target.len().max(query.len()) as i64;
            let score = aligner.align(&query, &target, &(0..=0), wide);
            let expected = (score > 0).then(|| aligner.end());
            prop_assert_eq!(scorer.score(&query, &target, &(0..=0), wide, 1), expected);
            prop_assert_eq!(scorer.score(&query, &target, &(0..=0), wide, score + 1), None);
            // A band may miss the best score, but never exceeds it.
            let banded = scorer.score(&query, &target, &(from as i64..=from as i64), 4, 1);
            prop_assert!(banded.is_none_or(|end| end.score <= score));
        }
    }
}
