//! Simulated references and reads for the tests.

use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// Random bases without any meaning, the same for the same seed (xorshift).
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

pub fn ops(text: &str) -> Vec<CigarOp> {
    let mut cigar = Vec::new();
    let mut length = 0;
    for c in text.chars() {
        let kind = match c {
            'M' => CigarKind::Match,
            'I' => CigarKind::Insertion,
            'D' => CigarKind::Deletion,
            'N' => CigarKind::RefSkip,
            'S' => CigarKind::SoftClip,
            'H' => CigarKind::HardClip,
            digit => {
                length = length * 10 + digit.to_digit(10).expect("a digit");
                continue;
            }
        };
        cigar.push(CigarOp { kind, length });
        length = 0;
    }
    cigar
}

pub fn text(cigar: &[CigarOp]) -> String {
    let letter = |kind| match kind {
        CigarKind::Match => 'M',
        CigarKind::Insertion => 'I',
        CigarKind::Deletion => 'D',
        CigarKind::RefSkip => 'N',
        CigarKind::SoftClip => 'S',
        CigarKind::HardClip => 'H',
    };
    cigar
        .iter()
        .map(|op| format!("{}{}", op.length, letter(op.kind)))
        .collect()
}

pub fn read(name: &str, start: u64, cigar: &str, bases: &[u8]) -> Read {
    Read {
        name: name.into(),
        start,
        cigar: ops(cigar),
        bases: bases.to_vec(),
        quals: vec![30; bases.len()],
        mapping_quality: 60,
        reverse: false,
        second_of_pair: false,
        insert_size: 300,
    }
}

/// Reads of `length` bases every `step` bases of a haplotype, which is the reference with `deleted` bases at offset
/// `at` replaced by `inserted`; aligned as an aligner would that finds no indel: the longer side matched, the shorter
/// clipped.
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
            let (start, cigar) = if left == length || (left >= right && left > 0) {
                (from as i64, format!("{left}M{}S", length - left))
            } else {
                let clip = length - right;
                ((from + clip) as i64 + shift, format!("{clip}S{right}M"))
            };
            let cigar = ops(&cigar).into_iter().filter(|op| op.length > 0).collect::<Vec<_>>();
            let name = format!(
                "{}{from:05}",
                if inserted.is_empty() && deleted == 0 { "r" } else { "v" }
            );
            let bases = &haplotype[from..from + length];
            read(&name, reference.start + start as u64, &text(&cigar), bases)
        })
        .collect()
}
