//! Global alignment of an allele to the reference bases that it replaces.

/// Alignment step: paired bases, bases only in the allele, or bases only in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlignmentOp {
    Match,
    Insert,
    Delete,
}

/// The scores of BWA-MEM, which the GA4GH reference implementation uses since its version 0.3.1 (July 2016).
const MATCH: i32 = 1;
const MISMATCH: i32 = -4;
const GAP_OPEN: i32 = 6;
const GAP_EXTEND: i32 = 1;
const IMPOSSIBLE: i32 = i32::MIN / 2;

/// Tables up to this many cells are filled without a band.
const WITHOUT_BAND: usize = 1 << 18;

/// Most cells of a table, at one byte each.
const MAX_CELLS: usize = 1 << 26;

/// Extra diagonals of the first band, on either side of the shortest path.
const FIRST_MARGIN: usize = 64;

/// Aligns two alleles with affine gaps (Gotoh, J Mol Biol 162 (1982) 705–708). Gaps stand as far to the right as
/// possible with equal score.
///
/// Long alleles are aligned in a band. The band grows until no alignment outside of it can have an equal score.
/// None if even the narrowest band is too large. If the widest possible band does not prove the optimum, its
/// alignment is the result.
pub fn align(reference: &[u8], alternate: &[u8]) -> Option<Vec<(AlignmentOp, usize)>> {
    let (rows, columns) = (alternate.len(), reference.len());
    let mut margin = match rows.saturating_mul(columns) <= WITHOUT_BAND {
        true => rows.max(columns),
        false => FIRST_MARGIN,
    };
    let mut found = None;
    loop {
        let band = Band::new(rows, columns, margin);
        if rows.saturating_mul(band.width) > MAX_CELLS {
            return found;
        }
        let (score, moves) = fill(&band, reference, alternate);
        found = Some(trace(&band, &moves, rows, columns));
        if band.is_whole || score > band.best_outside(rows, columns) {
            return found;
        }
        margin *= 2;
    }
}

/// The cells of the table that are filled: diagonals `low` to `high` (column − row).
struct Band {
    low: i64,
    high: i64,
    margin: usize,
    /// Most cells of a row.
    width: usize,
    is_whole: bool,
}

impl Band {
    fn new(rows: usize, columns: usize, margin: usize) -> Self {
        let shift = columns as i64 - rows as i64;
        let (low, high) = (shift.min(0) - margin as i64, shift.max(0) + margin as i64);
        Self {
            low,
            high,
            margin,
            width: columns.min((high - low + 1) as usize),
            is_whole: low <= 1 - rows as i64 && high >= columns as i64 - 1,
        }
    }

    /// First column of a row.
    fn begin(&self, row: usize) -> usize {
        (row as i64 + self.low).max(0) as usize
    }

    /// End of a row (exclusive).
    fn end(&self, row: usize, columns: usize) -> usize {
        ((row as i64 + self.high + 1).max(0) as usize).min(columns)
    }

    /// Index of a cell in the table of moves.
    fn cell(&self, row: usize, column: usize) -> usize {
        row * self.width + column - self.begin(row)
    }

    /// Upper limit of the score of alignments that leave the band: their gaps of both kinds have `margin + 1` more
    /// bases than necessary.
    fn best_outside(&self, rows: usize, columns: usize) -> i32 {
        let inserted = self.margin + 1 + rows.saturating_sub(columns);
        let deleted = self.margin + 1 + columns.saturating_sub(rows);
        let matches = rows.saturating_sub(inserted) as i32;
        matches * MATCH - (inserted + deleted) as i32 * GAP_EXTEND - 2 * GAP_OPEN
    }
}

fn substitution(reference: u8, alternate: u8) -> i32 {
    let is_known = |base| matches!(base, b'A' | b'C' | b'G' | b'T');
    match (reference, alternate) {
        (r, a) if !is_known(r) || !is_known(a) => 0,
        (r, a) if r == a => MATCH,
        _ => MISMATCH,
    }
}

/// The score of the best alignment in the band, and the moves. Per cell: the best move (0 match, 1 insert, 2
/// delete), and whether an insertion (4) or a deletion (8) that continues beyond the cell was already open.
fn fill(band: &Band, reference: &[u8], alternate: &[u8]) -> (i32, Vec<u8>) {
    let (rows, columns) = (alternate.len(), reference.len());
    let gap = |length: usize| -(GAP_OPEN + GAP_EXTEND * length as i32);
    let mut moves = vec![0u8; rows * band.width];
    let mut best: Vec<i32> = (0..=columns).map(|j| if j == 0 { 0 } else { gap(j) }).collect();
    let mut insert = vec![IMPOSSIBLE; columns + 1];
    for (i, &base) in alternate.iter().enumerate() {
        let (begin, end) = (band.begin(i), band.end(i, columns));
        let mut delete = IMPOSSIBLE;
        let mut left = if begin == 0 { gap(i + 1) } else { IMPOSSIBLE };
        let row = &mut moves[i * band.width..][..end - begin];
        for (j, cell) in (begin..end).zip(row) {
            let diagonal = best[j] + substitution(reference[j], base);
            best[j] = left;
            let (mut score, mut step) = match diagonal > insert[j] {
                true => (diagonal, 0),
                false => (insert[j], 1),
            };
            if delete >= score {
                (score, step) = (delete, 2);
            }
            left = score;
            let open = score - GAP_OPEN - GAP_EXTEND;
            let longer = insert[j] - GAP_EXTEND;
            step |= if longer > open { 4 } else { 0 };
            insert[j] = longer.max(open);
            let longer = delete - GAP_EXTEND;
            step |= if longer > open { 8 } else { 0 };
            delete = longer.max(open);
            *cell = step;
        }
        best[end] = left;
        insert[end] = IMPOSSIBLE;
    }
    (best[columns], moves)
}

/// Follows the moves back from the last cell. Between two gaps there is a pair of bases, even if adjacent gaps have
/// an equal score, as in the reference implementation.
fn trace(band: &Band, moves: &[u8], rows: usize, columns: usize) -> Vec<(AlignmentOp, usize)> {
    let mut steps: Vec<(AlignmentOp, usize)> = Vec::new();
    let mut push = |step, length| match steps.last_mut() {
        Some(last) if last.0 == step => last.1 += length,
        _ => steps.push((step, length)),
    };
    let (mut i, mut j) = (rows, columns);
    let mut state = AlignmentOp::Match;
    while i > 0 && j > 0 {
        let cell = moves[band.cell(i - 1, j - 1)];
        state = match state {
            AlignmentOp::Insert if cell & 4 != 0 => AlignmentOp::Insert,
            AlignmentOp::Delete if cell & 8 != 0 => AlignmentOp::Delete,
            AlignmentOp::Insert | AlignmentOp::Delete => AlignmentOp::Match,
            AlignmentOp::Match => match cell & 3 {
                0 => AlignmentOp::Match,
                1 => AlignmentOp::Insert,
                _ => AlignmentOp::Delete,
            },
        };
        push(state, 1);
        match state {
            AlignmentOp::Match => (i, j) = (i - 1, j - 1),
            AlignmentOp::Insert => i -= 1,
            AlignmentOp::Delete => j -= 1,
        }
    }
    if i > 0 {
        push(AlignmentOp::Insert, i);
    }
    if j > 0 {
        push(AlignmentOp::Delete, j);
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random bases that are the same in every run.
    fn bases(length: usize, mut seed: u64) -> Vec<u8> {
        (0..length)
            .map(|_| {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                b"ACGT"[(seed >> 33) as usize % 4]
            })
            .collect()
    }

    /// The steps of an alignment, as letters with lengths.
    fn steps_of(reference: &[u8], alternate: &[u8]) -> String {
        let steps = align(reference, alternate).unwrap();
        let letter = |step| match step {
            AlignmentOp::Match => 'M',
            AlignmentOp::Insert => 'I',
            AlignmentOp::Delete => 'D',
        };
        steps.iter().map(|&(step, n)| format!("{n}{}", letter(step))).collect()
    }

    #[test]
    fn one_gap_costs_more_than_a_mismatch_and_less_than_two() {
        assert_eq!(steps_of(b"ACGTACGTCC", b"ACGTACCC"), "6M2D2M");
        assert_eq!(steps_of(b"GTTC", b"CTTG"), "4M");
        assert_eq!(steps_of(b"GATTCA", b"CATTCGTTG"), "6M3I");
        assert_eq!(steps_of(b"CTGATTACCAG", b"GTGATTAC"), "8M3D");
    }

    #[test]
    fn equal_gaps_stand_at_the_right() {
        assert_eq!(steps_of(b"CAAAAG", b"CAAAG"), "4M1D1M");
        assert_eq!(steps_of(b"CAAAG", b"CAAAAG"), "4M1I1M");
    }

    #[test]
    fn ambiguity_codes_cost_nothing() {
        assert_eq!(substitution(b'N', b'A'), 0);
        assert_eq!(substitution(b'R', b'R'), 0);
    }

    #[test]
    fn a_band_gives_the_same_alignment_as_the_whole_table() {
        let reference = bases(700, 1);
        for (at, deleted, inserted) in [(5, 1, 0), (350, 0, 90), (10, 300, 0), (600, 3, 200), (1, 120, 450)] {
            let mut alternate = reference.clone();
            alternate.splice(at..at + deleted, bases(inserted, 7));
            alternate[at + inserted + 20] = b'N';
            let whole = Band::new(alternate.len(), reference.len(), 2_000);
            let moves = fill(&whole, &reference, &alternate).1;
            assert!(alternate.len() * reference.len() > WITHOUT_BAND && whole.is_whole);
            let expected = trace(&whole, &moves, alternate.len(), reference.len());
            assert_eq!(
                align(&reference, &alternate),
                Some(expected),
                "{at} {deleted} {inserted}"
            );
        }
    }

    #[test]
    fn long_alleles_are_aligned_in_little_memory() {
        let reference = bases(100_000, 3);
        let mut alternate = reference.clone();
        alternate.remove(10);
        alternate.insert(90_000, if reference[90_001] == b'A' { b'C' } else { b'A' });
        let steps = align(&reference, &alternate).unwrap();
        assert_eq!(steps.iter().filter(|s| s.0 != AlignmentOp::Match).count(), 2);
        assert_eq!(align(&bases(60_000, 4), &bases(200_000, 5)), None);
    }
}
