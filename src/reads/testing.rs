//! Synthetic reads for tests.

use super::read::{CigarKind, CigarOp, Read};

/// Parses a CIGAR such as `10M2D5M`.
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

/// Formats a CIGAR.
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

/// A forward read of good quality.
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
