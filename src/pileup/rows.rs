//! Selects the reads that a pileup shows.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::{HEIGHT, REFERENCE_ROWS};
use crate::candidates::Candidate;
use crate::genome::PARTITION_FLANK;
use crate::reads::{CigarKind, MIN_BASE_QUALITY, Read};

/// A pileup shows reads that come within this many bases of the candidate, even if they do not reach the candidate.
const NEIGHBOURHOOD: u64 = 5;

/// Indices of the reads to show, in order. If there are more reads than rows, the reads with the lowest hashes
/// stay. The choice therefore depends only on the reads.
pub(super) fn select(candidate: &Candidate, reads: &[Read]) -> Vec<usize> {
    let first = candidate.position.saturating_sub(PARTITION_FLANK);
    let begin = reads.partition_point(|read| read.start < first);
    let end = reads.partition_point(|read| read.start < candidate.end() + NEIGHBOURHOOD);
    let is_near = |&i: &usize| {
        let read = &reads[i];
        read.end() + NEIGHBOURHOOD > candidate.position && has_quality(read, candidate.position)
    };
    let mut rows: Vec<usize> = (begin..end.max(begin)).filter(is_near).collect();
    if rows.len() > HEIGHT - REFERENCE_ROWS {
        let mut ranked: Vec<(u64, usize)> = rows.iter().map(|&i| (rank(&reads[i]), i)).collect();
        // If all reads have one name, their content breaks the tie; a tie broken by order would keep the leftmost
        // reads.
        let drawn = |i: usize| (reads[i].drawn_number(), i);
        ranked.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| drawn(a.1).cmp(&drawn(b.1))));
        ranked.truncate(HEIGHT - REFERENCE_ROWS);
        rows = ranked.into_iter().map(|(_, i)| i).collect();
        rows.sort_unstable();
    }
    rows
}

/// Whether the base or indel anchor that the read shows at the position has sufficient quality. True if the read
/// shows nothing there.
fn has_quality(read: &Read, at: u64) -> bool {
    let (mut position, mut index) = (read.start, 0);
    let quality = |index: usize| read.quals.get(index).copied().unwrap_or(0);
    for op in &read.cigar {
        let length = u64::from(op.length);
        let low = match op.kind {
            CigarKind::Match => {
                (position..position + length).contains(&at)
                    && quality(index + (at - position) as usize) < MIN_BASE_QUALITY
            }
            CigarKind::Insertion => position == at + 1 && quality(index) < MIN_BASE_QUALITY,
            _ => false,
        };
        if low {
            return false;
        }
        position += if op.kind.consumes_reference() { length } else { 0 };
        index += if op.kind.consumes_read() { op.length as usize } else { 0 };
    }
    true
}

fn rank(read: &Read) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(&read.name);
    hasher.write_u8(u8::from(read.second_of_pair));
    hasher.finish()
}
