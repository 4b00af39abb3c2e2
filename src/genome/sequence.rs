//! A piece of reference sequence in memory, and the differences of two sequences.

/// Bases that are compared at once.
const WORD: usize = size_of::<u64>();

/// Reference bases (A, C, G, T, N) from `start`, addressed by genome position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// 0-based position of the first base.
    pub start: u64,
    pub bases: Vec<u8>,
}

impl Sequence {
    pub fn new(start: u64, bases: Vec<u8>) -> Self {
        Self { start, bases }
    }

    /// 0-based position after the last base.
    pub fn end(&self) -> u64 {
        self.start + self.bases.len() as u64
    }

    /// The base at the 0-based `position`; N outside of the sequence.
    pub fn base(&self, position: u64) -> u8 {
        position
            .checked_sub(self.start)
            .and_then(|i| self.bases.get(i as usize))
            .copied()
            .unwrap_or(b'N')
    }

    /// The bases of `start..end`, clipped to the sequence.
    pub fn slice(&self, start: u64, end: u64) -> &[u8] {
        let index = |p: u64| p.clamp(self.start, self.end()) - self.start;
        &self.bases[index(start) as usize..index(end).max(index(start)) as usize]
    }
}

/// The offsets at which two sequences differ, up to the end of the shorter one.
pub(crate) fn differences<'a>(a: &'a [u8], b: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let length = a.len().min(b.len());
    let ((words, rest), (other_words, other_rest)) = (a[..length].as_chunks(), b[..length].as_chunks());
    let done = length - rest.len();
    let in_words = words
        .iter()
        .zip(other_words)
        .enumerate()
        .flat_map(|(number, (&a, &b))| {
            differing_bytes(u64::from_le_bytes(a) ^ u64::from_le_bytes(b)).map(move |byte| number * WORD + byte)
        });
    let in_rest = rest.iter().zip(other_rest).enumerate().filter(|(_, (a, b))| a != b);
    in_words.chain(in_rest.map(move |(offset, _)| done + offset))
}

/// The numbers of the bytes of a word that are not 0, in ascending order.
fn differing_bytes(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let byte = (word != 0).then(|| (word.trailing_zeros() / u8::BITS) as usize)?;
        word &= !(0xff << (byte * u8::BITS as usize));
        Some(byte)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::differences;

    proptest! {
        #[test]
        fn differences_are_those_of_single_bases(a in "[ACN]{0,40}", b in "[ACN]{0,40}") {
            let pairs = a.bytes().zip(b.bytes()).enumerate();
            let expected: Vec<usize> = pairs.filter(|(_, (a, b))| a != b).map(|(offset, _)| offset).collect();
            prop_assert_eq!(differences(a.as_bytes(), b.as_bytes()).collect::<Vec<_>>(), expected);
        }
    }
}
