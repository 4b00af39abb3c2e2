//! Fingerprints of the sequences that haplotypes still have before them.

use super::haplotype::SearchInput;
use super::variant::Oriented;

/// Arithmetic is modulo this Mersenne prime.
const PRIME: u64 = (1 << 61) - 1;

/// Two bases of the polynomials, so that different sequences have equal fingerprints with a probability below 10⁻²⁵.
const BASES: [u64; 2] = [0x0b2c_9d1f_6e37_a485, 0x1d86_4e72_93b5_0fc1];

fn product(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let sum = (product as u64 & PRIME) + (product >> 61) as u64;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn sum(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

/// The fingerprint of a sequence that grows at its end (Karp and Rabin, IBM J Res Dev 31 (1987) 249–260), and its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    pub length: u64,
    polynomials: [u64; 2],
}

impl Fingerprint {
    fn push(&mut self, base: u8) {
        self.length += 1;
        for (polynomial, factor) in self.polynomials.iter_mut().zip(BASES) {
            *polynomial = sum(product(*polynomial, factor), u64::from(base));
        }
    }
}

/// Fingerprints of all pieces of one sequence, which grows at its end.
struct Pieces {
    whole: Fingerprint,
    /// Polynomials of the bases before each position, and powers of the bases of the polynomials.
    before: Vec<[u64; 2]>,
    powers: Vec<[u64; 2]>,
}

impl Default for Pieces {
    fn default() -> Self {
        Self {
            whole: Fingerprint::default(),
            before: vec![[0; 2]],
            powers: vec![[1; 2]],
        }
    }
}

impl Pieces {
    fn len(&self) -> usize {
        self.whole.length as usize
    }

    fn push(&mut self, base: u8) {
        self.whole.push(base);
        self.before.push(self.whole.polynomials);
        let last = self.powers[self.powers.len() - 1];
        self.powers.push([0, 1].map(|i| product(last[i], BASES[i])));
    }

    /// Adds the piece `start..end` to a fingerprint.
    fn add(&self, to: &mut Fingerprint, start: usize, end: usize) {
        let (start, end) = (start.min(self.len()), end.min(self.len()));
        if start >= end {
            return;
        }
        to.length += (end - start) as u64;
        for i in 0..2 {
            let power = self.powers[end - start][i];
            let piece = sum(self.before[end][i], PRIME - product(self.before[start][i], power));
            to.polynomials[i] = sum(product(to.polynomials[i], power), piece);
        }
    }
}

/// Fingerprints of the reference from a position on, and of the changes of the variants of one side from a variant on.
/// Both grow when they are needed.
pub struct SideFingerprints {
    start: u64,
    reference: Pieces,
    first_variant: usize,
    /// All changes one after the other, and where those of each variant begin.
    changes: Pieces,
    begins: Vec<[usize; 2]>,
}

impl SideFingerprints {
    pub fn new(start: u64, first_variant: usize) -> Self {
        Self {
            start,
            reference: Pieces::default(),
            first_variant,
            changes: Pieces::default(),
            begins: Vec::new(),
        }
    }

    /// Makes the reference known up to `end`, and the variants up to `variants`.
    pub fn grow(&mut self, input: &SearchInput, end: u64, variants: usize) {
        for position in self.start + self.reference.whole.length..end {
            self.reference.push(input.sequence.base(position));
        }
        for variant in self.first_variant + self.begins.len()..variants {
            self.begins.push([0, 1].map(|side| {
                let begin = self.changes.len();
                let change = input.variants[variant].change(side);
                change
                    .iter()
                    .flat_map(|c| &c.bases)
                    .for_each(|base| self.changes.push(*base));
                begin
            }));
        }
    }

    /// Adds the reference bases `start..end`.
    pub fn add_reference(&self, to: &mut Fingerprint, start: u64, end: u64) {
        let index = |position: u64| position.saturating_sub(self.start) as usize;
        self.reference.add(to, index(start), index(end));
    }

    /// Adds the bases of a change, which has `length` bases, from base `from` on.
    pub fn add_change(&self, to: &mut Fingerprint, oriented: Oriented, from: usize, length: usize) {
        let begin = self.begins[oriented.variant as usize - self.first_variant][usize::from(oriented.side & 1)];
        self.changes.add(to, begin + from, begin + length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bases: &[u8]) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        bases.iter().for_each(|base| fingerprint.push(*base));
        fingerprint
    }

    #[test]
    fn pieces_of_equal_sequences_have_equal_fingerprints() {
        let bases = b"ACGTTGCAACGGATCCATGCATTAGCCGATCGGATACCAGTACG";
        let mut pieces = Pieces::default();
        bases.iter().for_each(|base| pieces.push(*base));
        for (start, middle, end) in [(0, 0, 0), (0, 22, 44), (3, 3, 20), (43, 44, 44), (0, 44, 44)] {
            let mut joined = Fingerprint::default();
            pieces.add(&mut joined, start, middle);
            pieces.add(&mut joined, middle, end);
            assert_eq!(of(&bases[start..end]), joined, "{start} {middle} {end}");
        }
        assert_ne!(of(b"ACGT"), of(b"ACGA"));
        assert_ne!(of(b"AC"), of(b"CA"));
        assert!(of(b"").length == 0 && of(b"ACG").length == 3);
    }
}
