//! One pileup with its label and its place.

use crate::pileup::{CHANNELS, PileupContext, WIDTH};

/// Bytes of one row of an image.
pub const ROW_BYTES: usize = WIDTH * CHANNELS;

/// A pileup image of one allele set, with its label and the candidate that it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// C-order [rows, 221, 7]; empty rows at the end may be missing.
    pub image: Vec<u8>,
    /// How many truth haplotypes carry an allele of the set (0, 1 or 2), if known.
    pub label: Option<u8>,
    pub contig: String,
    /// 0-based.
    pub position: u64,
    pub reference: Vec<u8>,
    pub alternates: Vec<Vec<u8>>,
    /// Indices of `alternates` that the image shows as supported: one, or a pair.
    pub allele_indices: Vec<usize>,
    pub context: PileupContext,
}

/// Number of rows of an image up to the last row that is not empty.
pub fn filled_rows(image: &[u8]) -> usize {
    let empty = image
        .rchunks_exact(ROW_BYTES)
        .take_while(|row| row.iter().fold(0, |bits, byte| bits | byte) == 0)
        .count();
    image.len() / ROW_BYTES - empty
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pileup::HEIGHT;

    #[test]
    fn filled_rows_end_at_the_last_row_that_is_not_empty() {
        let mut image = vec![0; HEIGHT * ROW_BYTES];
        assert_eq!(filled_rows(&image), 0);
        image[7 * ROW_BYTES + 3] = 1;
        assert_eq!(filled_rows(&image), 8);
        image[HEIGHT * ROW_BYTES - 1] = 1;
        assert_eq!(filled_rows(&image), HEIGHT);
        assert_eq!(filled_rows(&[]), 0);
    }
}
