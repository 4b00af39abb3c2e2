//! Pseudo-random numbers that are always the same for the same bytes.
//!
//! They select reads. Therefore they are implemented here: a library's hash may change with its version.

/// The finisher of splitmix64 (Steele, Lea and Flood, OOPSLA 2014): each bit of the result depends on all bits.
pub(super) fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The number of `bytes`; `before` is the number of the preceding bytes.
pub(super) fn draw(before: u64, bytes: &[u8]) -> u64 {
    let word = |chunk: &[u8]| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    };
    let words = bytes.chunks(8).map(word);
    let next = |drawn: u64, word: u64| mix(drawn.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ word);
    words.chain([bytes.len() as u64]).fold(before, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change_and_differ_between_bytes() {
        let others = [
            draw(2, b"read-1"),
            draw(1, b"read-2"),
            draw(1, b"read-1\0"),
            draw(1, b""),
        ];
        assert!(others.iter().all(|&other| other != draw(1, b"read-1")));
        // Which reads are chosen must be the same in every version.
        assert_eq!(
            [draw(0, b""), draw(7, b"fragment 12")],
            [0xe220_a839_7b1d_cdaf, 0x093f_78aa_8777_dc7f]
        );
    }
}
