//! Splits complex alleles into substitutions, insertions and deletions.

use super::alignment::{AlignmentOp, align};
use crate::variants::Edit;

/// Splits an allele into single-base substitutions, insertions and deletions. Alleles with two or more bases on
/// both sides are aligned. Others become substitutions from the left, then one gap. An allele that is too long to
/// align stays whole. `reference` are the bases of `start..end`.
pub fn primitives(change: &Edit, reference: &[u8]) -> Vec<Edit> {
    let alternate = &change.bases;
    let steps = if reference.len() >= 2 && alternate.len() >= 2 {
        match align(reference, alternate) {
            Some(steps) => steps,
            None => return vec![change.clone()],
        }
    } else {
        let shared = reference.len().min(alternate.len());
        let gap = match reference.len() > alternate.len() {
            true => (AlignmentOp::Delete, reference.len() - shared),
            false => (AlignmentOp::Insert, alternate.len() - shared),
        };
        vec![(AlignmentOp::Match, shared), gap]
    };
    let (mut r, mut a) = (0, 0);
    let mut found = Vec::new();
    for (step, length) in steps.into_iter().filter(|s| s.1 > 0) {
        let at = change.start + r as u64;
        match step {
            AlignmentOp::Match => {
                let differing = (0..length).filter(|i| reference[r + i] != alternate[a + i]);
                found.extend(differing.map(|i| Edit {
                    start: at + i as u64,
                    end: at + i as u64 + 1,
                    bases: vec![alternate[a + i]],
                }));
                r += length;
                a += length;
            }
            AlignmentOp::Delete => {
                found.push(Edit {
                    start: at,
                    end: at + length as u64,
                    bases: Vec::new(),
                });
                r += length;
            }
            AlignmentOp::Insert => {
                found.push(Edit {
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

    fn split(reference: &str, alternate: &str) -> Vec<(u64, u64, String)> {
        let change = Edit {
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
    fn several_substitutions_are_separate() {
        assert_eq!(split("ACGT", "TCGA"), [(100, 101, "T".into()), (103, 104, "A".into())]);
    }

    #[test]
    fn gaps_stand_beside_substitutions() {
        assert_eq!(split("A", "GTT"), [(100, 101, "G".into()), (101, 101, "TT".into())]);
        assert_eq!(split("GTTC", "C").len(), 2);
        assert_eq!(
            split("ACGTACGTCC", "ACGTACCC"),
            [(106, 108, String::new())],
            "one deletion and not a row of substitutions"
        );
    }
}
