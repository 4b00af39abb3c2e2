//! The alleles of a variant, and the windows around them.

use crate::regulatory::bases::{UNKNOWN, encode};

/// Number of classes of variants; see [`Alleles::class`].
pub const CLASSES: usize = 13;
/// Class of a block of several substituted bases. Classes before it are single substitutions.
pub const BLOCK: usize = 6;
/// Lengths of insertions and deletions of a class, from and to. The last class also holds longer ones.
pub const LENGTHS: [(usize, usize); 3] = [(1, 1), (2, 4), (5, 20)];

/// Two alleles as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alleles {
    pub reference: Vec<u8>,
    pub alternate: Vec<u8>,
}

impl Alleles {
    /// The alleles of a record. None if the alternate is no sequence of known bases, or equals the reference.
    pub fn new(reference: &str, alternate: &str) -> Option<Self> {
        let (reference, alternate) = (encode(reference.as_bytes()), encode(alternate.as_bytes()));
        let is_known = !alternate.is_empty() && !alternate.contains(&UNKNOWN);
        (is_known && reference != alternate).then_some(Self { reference, alternate })
    }

    /// The class of variants that this one is compared with: the substituted and the new base of either strand (C to A, C to G,
    /// C to T, T to A, T to C, T to G), a block of substitutions, or an insertion or deletion by its length.
    pub fn class(&self) -> usize {
        let pair = self.reference.iter().zip(&self.alternate);
        let prefix = pair.take_while(|(a, b)| a == b).count();
        let rest = |codes: &[u8]| codes.len() - prefix;
        let (a, b) = (&self.reference[prefix..], &self.alternate[prefix..]);
        let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
        let (removed, added) = (rest(&self.reference) - suffix, rest(&self.alternate) - suffix);
        match (removed, added) {
            (1, 1) => substitution(a[0], b[0]),
            _ if removed == added => BLOCK,
            _ => {
                let length = removed.abs_diff(added);
                let of_length = LENGTHS
                    .iter()
                    .position(|&(_, most)| length <= most)
                    .unwrap_or(LENGTHS.len() - 1);
                BLOCK + 1 + of_length + if removed > added { LENGTHS.len() } else { 0 }
            }
        }
    }
}

/// The class of a substitution. On the strand where the reference is C or T, the alternates are in order.
fn substitution(reference: u8, alternate: u8) -> usize {
    let (from, to) = match reference {
        1 | 3 => (reference, alternate),
        _ => (3 - reference.min(3), 3 - alternate.min(3)),
    };
    let rank = (0..4)
        .filter(|&base| base != from)
        .position(|base| base == to)
        .unwrap_or(0);
    if from == 1 { rank } else { 3 + rank }
}

/// The window of `length` bases around the middle of an allele, which lies between two flanks of at least this length.
pub fn haplotype_window(left: &[u8], allele: &[u8], right: &[u8], length: usize) -> Vec<u8> {
    let middle = left.len() + allele.len() / 2;
    let start = middle - length / 2;
    let all = left.iter().chain(allele).chain(right);
    all.skip(start).take(length).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alleles(reference: &str, alternate: &str) -> Alleles {
        Alleles::new(reference, alternate).unwrap()
    }

    #[test]
    fn classes_are_those_of_either_strand() {
        let class = |reference: &str, alternate: &str| alleles(reference, alternate).class();
        for (rank, (a, b)) in [
            ("CA", "GT"),
            ("CG", "GC"),
            ("CT", "GA"),
            ("TA", "AT"),
            ("TC", "AG"),
            ("TG", "AC"),
        ]
        .iter()
        .enumerate()
        {
            assert_eq!(
                [class(&a[..1], &a[1..]), class(&b[..1], &b[1..])],
                [rank, rank],
                "{a} {b}"
            );
        }
        assert_eq!(class("ACG", "ATG"), class("C", "T"));
        assert_eq!(class("AC", "GT"), BLOCK);
        assert_eq!(
            [class("A", "AT"), class("A", "ATTT"), class("A", "ATTTTTTTT")],
            [7, 8, 9]
        );
        assert_eq!(
            [class("AT", "A"), class("ATTT", "A"), class("GATTTTTTTT", "G")],
            [10, 11, 12]
        );
        assert_eq!(class("GATTTTTTTT", "GC"), 12);
        for other in ["<DEL>", "*", ".", "N", "A", ""] {
            assert!(Alleles::new("A", other).is_none(), "{other}");
        }
    }

    #[test]
    fn windows_are_around_the_middle_of_the_allele() {
        let (left, right) = ([0; 8], [3; 8]);
        assert_eq!(haplotype_window(&left, &[1], &right, 5), [0, 0, 1, 3, 3]);
        assert_eq!(haplotype_window(&left, &[1, 2], &right, 5), [0, 1, 2, 3, 3]);
        assert_eq!(haplotype_window(&left, &[1; 20], &right, 5), [1; 5]);
    }
}
