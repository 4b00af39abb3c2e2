//! Complex alleles as what they are made of: substitutions, insertions, deletions.

use super::alignment::{Step, align};

/// One change of the sequence: `start..end` (0-based half-open) is replaced by `bases`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub start: u64,
    pub end: u64,
    pub bases: Vec<u8>,
}

impl Change {
    /// The change from `reference`, which begins at `position`, to `alternate`, without any base that both share.
    /// Trimmed at the right end first where `right_first`, otherwise at the left.
    pub fn between(position: u64, reference: &[u8], alternate: &[u8], right_first: bool) -> Self {
        let suffix = |r: &[u8], a: &[u8]| r.iter().rev().zip(a.iter().rev()).take_while(|(x, y)| x == y).count();
        let prefix = |r: &[u8], a: &[u8]| r.iter().zip(a).take_while(|(x, y)| x == y).count();
        let (left, right) = if right_first {
            let right = suffix(reference, alternate);
            let left = prefix(
                &reference[..reference.len() - right],
                &alternate[..alternate.len() - right],
            );
            (left, right)
        } else {
            let left = prefix(reference, alternate);
            (left, suffix(&reference[left..], &alternate[left..]))
        };
        Self {
            start: position + left as u64,
            end: position + (reference.len() - right) as u64,
            bases: alternate[left..alternate.len() - right].to_vec(),
        }
    }

    pub fn reference_length(&self) -> usize {
        (self.end - self.start) as usize
    }

    pub fn is_insertion(&self) -> bool {
        self.start == self.end
    }

    /// A substitution of one base.
    pub fn is_substitution(&self) -> bool {
        self.reference_length() == 1 && self.bases.len() == 1
    }
}

/// Takes an allele apart into single-base substitutions, insertions and deletions. Alleles of two bases or more on
/// both sides are aligned; others are substitutions from the left, then one gap. An allele that is too long to align
/// stays whole. `reference` are the bases of `start..end`.
pub fn primitives(change: &Change, reference: &[u8]) -> Vec<Change> {
    let alternate = &change.bases;
    let steps = if reference.len() >= 2 && alternate.len() >= 2 {
        match align(reference, alternate) {
            Some(steps) => steps,
            None => return vec![change.clone()],
        }
    } else {
        let shared = reference.len().min(alternate.len());
        let gap = match reference.len() > alternate.len() {
            true => (Step::Delete, reference.len() - shared),
            false => (Step::Insert, alternate.len() - shared),
        };
        vec![(Step::Match, shared), gap]
    };
    let (mut r, mut a) = (0, 0);
    let mut found = Vec::new();
    for (step, length) in steps.into_iter().filter(|s| s.1 > 0) {
        let at = change.start + r as u64;
        match step {
            Step::Match => {
                let differing = (0..length).filter(|i| reference[r + i] != alternate[a + i]);
                found.extend(differing.map(|i| Change {
                    start: at + i as u64,
                    end: at + i as u64 + 1,
                    bases: vec![alternate[a + i]],
                }));
                r += length;
                a += length;
            }
            Step::Delete => {
                found.push(Change {
                    start: at,
                    end: at + length as u64,
                    bases: Vec::new(),
                });
                r += length;
            }
            Step::Insert => {
                found.push(Change {
                    start: at,
                    end: at,
                    bases: alternate[a..a + length].to_vec(),
                });
                a += length;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(reference: &str, alternate: &str) -> Vec<(u64, u64, String)> {
        let change = Change {
            start: 100,
            end: 100 + reference.len() as u64,
            bases: alternate.into(),
        };
        primitives(&change, reference.as_bytes())
            .into_iter()
            .map(|c| (c.start, c.end, String::from_utf8(c.bases).unwrap()))
            .collect()
    }

    #[test]
    fn alleles_are_trimmed_from_either_side() {
        let left = Change::between(10, b"CAAA", b"CAA", false);
        assert_eq!((left.start, left.end, left.bases.len()), (13, 14, 0));
        let right = Change::between(10, b"CAAA", b"CAA", true);
        assert_eq!((right.start, right.end), (11, 12));
        assert!(Change::between(10, b"C", b"CG", false).is_insertion());
    }

    #[test]
    fn several_substitutions_are_separate() {
        assert_eq!(
            taken_apart("ACGT", "TCGA"),
            [(100, 101, "T".into()), (103, 104, "A".into())]
        );
    }

    #[test]
    fn gaps_stand_beside_substitutions() {
        assert_eq!(
            taken_apart("A", "GTT"),
            [(100, 101, "G".into()), (101, 101, "TT".into())]
        );
        assert_eq!(taken_apart("GTTC", "C").len(), 2);
        assert_eq!(
            taken_apart("ACGTACGTCC", "ACGTACCC"),
            [(106, 108, String::new())],
            "one deletion and not a row of substitutions"
        );
    }
}
