//! Reads in which an indel is nearly all that differs from the reference.

use crate::genome::Sequence;
use crate::reads::{Indel, Read};

/// Most other bases in which a plain read with an indel differs from the reference. A tail from elsewhere, forced into place,
/// has more, or more indels.
const FEW_MISMATCHES: usize = 3;

/// Least number of bases that it has aligned on either side of the indel.
const MIN_BESIDE: usize = 10;

/// Whether a read has one of its `indels` only, and differs in few bases of sufficient quality elsewhere.
pub(super) fn is_clean(read: &Read, indels: &[Indel], sequence: &Sequence, min_base_quality: u8) -> bool {
    let mismatches = || {
        read.matches().flat_map(|(position, index, length)| {
            let expected = sequence.slice(position, position + length as u64);
            let shown = read.bases[index..].iter().zip(&read.quals[index..]);
            shown
                .zip(expected)
                .filter(|&((base, quality), expected)| base != expected && *quality >= min_base_quality)
        })
    };
    let inside = || read.matches().all(|(_, _, length)| length >= MIN_BESIDE);
    indels.len() == 1 && inside() && mismatches().nth(FEW_MISMATCHES).is_none()
}
