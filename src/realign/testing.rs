//! Simulated references and reads for the tests.

use crate::genome::Sequence;
use crate::reads::Read;
pub use crate::reads::testing::{ops, read, text};

/// Random bases, the same for the same seed (xorshift).
pub fn random_bases(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b"ACGT"[(state >> 33) as usize & 3]
    };
    (0..length).map(|_| next()).collect()
}

/// Reads of `length` bases every `step` bases of a haplotype: the reference with `deleted` bases at offset `at`
/// replaced by `inserted`. The alignments lack the indel: the longer side is matched, the shorter side is clipped.
pub fn clipped_reads(
    reference: &Sequence,
    at: usize,
    deleted: usize,
    inserted: &[u8],
    length: usize,
    step: usize,
) -> Vec<Read> {
    let haplotype = [&reference.bases[..at], inserted, &reference.bases[at + deleted..]].concat();
    let shift = deleted as i64 - inserted.len() as i64;
    (0..haplotype.len() - length)
        .step_by(step)
        .map(|from| {
            let left = at.saturating_sub(from).min(length);
            let right = (from + length).saturating_sub(at + inserted.len()).min(length);
            let is_reference = deleted == 0 && inserted.is_empty();
            let (start, cigar) = if is_reference {
                (from as i64, format!("{length}M"))
            } else if left == length || (left >= right && left > 0) {
                (from as i64, format!("{left}M{}S", length - left))
            } else {
                let clip = length - right;
                ((from + clip) as i64 + shift, format!("{clip}S{right}M"))
            };
            let cigar = ops(&cigar).into_iter().filter(|op| op.length > 0).collect::<Vec<_>>();
            let name = format!("{}{from:05}", if is_reference { "r" } else { "v" });
            let bases = &haplotype[from..from + length];
            read(&name, reference.start + start as u64, &text(&cigar), bases)
        })
        .collect()
}
