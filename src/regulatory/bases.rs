//! Bases as numbers: A, C, G and T are 0 to 3, so that the complement of `b` is `3 - b`; any other letter is 4.

/// The number of a letter that is not A, C, G or T.
pub const UNKNOWN: u8 = 4;

const LETTERS: &[u8; 5] = b"ACGTN";

/// The number of a letter in upper or lower case.
pub fn code(letter: u8) -> u8 {
    match letter.to_ascii_uppercase() {
        b'A' => 0,
        b'C' => 1,
        b'G' => 2,
        b'T' => 3,
        _ => UNKNOWN,
    }
}

/// The letter of a number.
pub fn letter(code: u8) -> char {
    char::from(LETTERS[usize::from(code.min(UNKNOWN))])
}

/// The numbers of a text.
pub fn encode(text: &[u8]) -> Vec<u8> {
    text.iter().map(|&letter| code(letter)).collect()
}

/// Whether a letter stands for a base or several (IUPAC), in upper or lower case.
pub fn is_nucleotide(letter: u8) -> bool {
    b"ACGTUNRYSWKMBDHV".contains(&letter.to_ascii_uppercase())
}

fn complement(code: u8) -> u8 {
    if code < UNKNOWN { 3 - code } else { code }
}

/// The other strand.
pub fn reverse_complement(codes: &[u8]) -> Vec<u8> {
    codes.iter().rev().map(|&code| complement(code)).collect()
}

/// The strand that comes first by its numbers: the same for a sequence and its reverse complement.
pub fn canonical(codes: &[u8]) -> Vec<u8> {
    let other = reverse_complement(codes);
    if other.as_slice() < codes {
        other
    } else {
        codes.to_vec()
    }
}

/// The fraction of G and C among the known bases; 0 without a known base.
pub fn gc(codes: &[u8]) -> f64 {
    let count = |wanted: &dyn Fn(u8) -> bool| codes.iter().filter(|&&code| wanted(code)).count();
    let known = count(&|code| code < UNKNOWN);
    count(&|code| code == 1 || code == 2) as f64 / known.max(1) as f64
}

/// The fraction of letters that are no base.
pub fn unknown(codes: &[u8]) -> f64 {
    codes.iter().filter(|&&code| code == UNKNOWN).count() as f64 / codes.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strands_have_one_canonical_form() {
        let forward = encode(b"aaCGtN");
        assert_eq!(forward, [0, 0, 1, 2, 3, 4]);
        let reverse = reverse_complement(&forward);
        assert_eq!(reverse.iter().map(|&code| letter(code)).collect::<String>(), "NACGTT");
        assert_eq!(reverse_complement(&reverse), forward);
        assert_eq!(canonical(&forward), canonical(&reverse));
        assert_eq!((gc(&forward), unknown(&forward)), (0.4, 1.0 / 6.0));
        assert!(is_nucleotide(b'r') && !is_nucleotide(b'!') && !is_nucleotide(b'-'));
    }
}
