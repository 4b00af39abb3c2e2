//! Detects clean reads: an indel is nearly their only difference from the reference.

use crate::genome::Sequence;
use crate::reads::{Indel, Read};

/// Maximum number of mismatches in a clean read. A misaligned tail from another locus has more mismatches, or more
/// indels.
const FEW_MISMATCHES: usize = 3;

/// Minimum number of aligned bases on each side of the indel.
const MIN_BESIDE: usize = 10;

/// Whether a read has exactly one indel and few other mismatches of sufficient quality.
pub(super) fn is_clean(read: &Read, indels: &[Indel], sequence: &Sequence, min_base_quality: u8) -> bool {
    let mismatches = || {
        read.matches().flat_map(|(position, index, length)| {
            let expected = sequence.slice(position, position + length as u64);
            let bases = read.bases[index..].iter().zip(&read.quals[index..]);
            bases
                .zip(expected)
                .filter(|&((base, quality), expected)| base != expected && *quality >= min_base_quality)
        })
    };
    let inside = || read.matches().all(|(_, _, length)| length >= MIN_BESIDE);
    indels.len() == 1 && inside() && mismatches().nth(FEW_MISMATCHES).is_none()
}
