//! The edit of an allele, without the padding bases of VCF.

/// Replacement of the reference bases `start..end` (0-based half-open, empty for an insertion) by `bases`. Both share
/// no base at their ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    pub start: u64,
    pub end: u64,
    pub bases: Vec<u8>,
}

impl Edit {
    /// The edit of an allele of a VCF record. Removes the shared anchor base, then the shared bases at the end, then at
    /// the start. None if nothing remains.
    pub fn new(position: u64, reference: &[u8], alternate: &[u8]) -> Option<Self> {
        let anchor = usize::from(!reference.is_empty() && reference.first() == alternate.first());
        let edit = Self::between(
            position + anchor as u64,
            &reference[anchor..],
            &alternate[anchor..],
            true,
        );
        (edit.start < edit.end || !edit.bases.is_empty()).then_some(edit)
    }

    /// The change from `reference`, which begins at the 0-based `position`, to `alternate`, without the bases that both
    /// share. Trims the right end first if `right_first`, otherwise the left end.
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

    /// Whether one base replaces one base.
    pub fn is_substitution(&self) -> bool {
        self.reference_length() == 1 && self.bases.len() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_removed() {
        let edit = |reference: &str, alternate: &str| {
            let edit = Edit::new(10, reference.as_bytes(), alternate.as_bytes())?;
            Some((edit.start, edit.end, String::from_utf8(edit.bases).unwrap()))
        };
        let some = |start, end, bases: &str| Some((start, end, bases.to_owned()));
        assert_eq!(edit("A", "C"), some(10, 11, "C"));
        assert_eq!(edit("CAT", "C"), some(11, 13, ""));
        assert_eq!(edit("C", "CAT"), some(11, 11, "AT"));
        assert_eq!(edit("CAAA", "CAAAA"), some(11, 11, "A"));
        assert_eq!(edit("CAT", "GAT"), some(10, 11, "G"));
        assert_eq!(edit("GATTG", "GACCG"), some(12, 14, "CC"));
        // The anchor is removed first, so that the edit starts after the record's position.
        assert_eq!(edit("GAAG", "G"), some(11, 14, ""));
        assert_eq!(edit("AC", "AC"), None);
    }

    #[test]
    fn alleles_are_trimmed_from_either_side() {
        let left = Edit::between(10, b"CAAA", b"CAA", false);
        assert_eq!((left.start, left.end, left.bases.len()), (13, 14, 0));
        let right = Edit::between(10, b"CAAA", b"CAA", true);
        assert_eq!((right.start, right.end), (11, 12));
        assert!(Edit::between(10, b"C", b"CG", false).is_insertion());
    }
}
