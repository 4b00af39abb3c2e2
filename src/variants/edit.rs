//! What an allele changes, without the bases that VCF pads it with.

/// The bases of `start..end` (0-based half-open, empty for an insertion) replaced by `bases`, nothing shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    pub start: u64,
    pub end: u64,
    pub bases: Vec<u8>,
}

impl Edit {
    /// Takes off what the alleles share: VCF's anchor base, then at the end, then at the start. None if nothing remains.
    pub fn new(position: u64, reference: &[u8], alternate: &[u8]) -> Option<Self> {
        let shared = |pair: &(&u8, &u8)| pair.0 == pair.1;
        let anchor = usize::from(!reference.is_empty() && reference.first() == alternate.first());
        let (tail, other) = (&reference[anchor..], &alternate[anchor..]);
        let suffix = tail.iter().rev().zip(other.iter().rev()).take_while(shared).count();
        let reference = &reference[..reference.len() - suffix];
        let alternate = &alternate[..alternate.len() - suffix];
        let prefix = reference.iter().zip(alternate).take_while(shared).count();
        let edit = Self {
            start: position + prefix as u64,
            end: position + reference.len() as u64,
            bases: alternate[prefix..].to_vec(),
        };
        (edit.start < edit.end || !edit.bases.is_empty()).then_some(edit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_taken_off() {
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
        // The anchor goes first, so that a record stays where it says.
        assert_eq!(edit("GAAG", "G"), some(11, 14, ""));
        assert_eq!(edit("AC", "AC"), None);
    }
}
