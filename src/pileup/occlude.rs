//! Pileups of which a part is hidden, to see what the network looks at.

use super::channels::{DIFFERS, SUPPORTS, index};
use super::channels::{differs_from_reference, supports_allele};
use super::{CHANNELS, REFERENCE_ROWS, WIDTH};

/// Bytes of a row.
const ROW: usize = WIDTH * CHANNELS;

/// Number of reads that a pileup shows.
pub fn drawn_reads(image: &[u8]) -> usize {
    let rows = image.chunks_exact(ROW).skip(REFERENCE_ROWS);
    let filled = rows.enumerate().filter(|(_, row)| row.iter().any(|&byte| byte > 0));
    filled.map(|(number, _)| number + 1).next_back().unwrap_or(0)
}

/// The pileup as if these reads (0: the uppermost) were not there. The reads below move up.
pub fn without_reads(image: &[u8], reads: &[usize]) -> Vec<u8> {
    let kept = image.chunks_exact(ROW).enumerate().filter(|(row, _)| {
        let read = row.checked_sub(REFERENCE_ROWS);
        read.is_none_or(|read| !reads.contains(&read))
    });
    let mut rest: Vec<u8> = kept.flat_map(|(_, row)| row).copied().collect();
    rest.resize(image.len(), 0);
    rest
}

/// The pileup whose reads show the reference in these columns, also where they delete it.
pub fn without_columns(image: &[u8], columns: &[usize]) -> Vec<u8> {
    let mut hidden = image.to_vec();
    let (reference, reads) = hidden.split_at_mut(REFERENCE_ROWS * ROW);
    for row in reads.chunks_exact_mut(ROW) {
        let Some(span) = span(row) else { continue };
        for &column in columns.iter().filter(|column| span.contains(*column)) {
            let neighbour = (span.start..column).rev().chain(column..span.end);
            let neighbour = neighbour
                .map(|column| pixel(row, column))
                .find(|pixel| !is_empty(pixel));
            let expected = pixel(reference, column);
            let mut changed = pixel(row, column);
            if is_empty(&changed) {
                changed = neighbour.unwrap_or(expected);
            }
            if !is_empty(&expected) {
                changed[index::READ_BASE] = expected[index::READ_BASE];
                changed[index::DIFFERENCE] = differs_from_reference(false);
                row[column * CHANNELS..][..CHANNELS].copy_from_slice(&changed);
            }
        }
    }
    hidden
}

/// The pileup whose reads say nothing in this channel: they show the base of the reference, do not support the allele,
/// do not differ from the reference, or all have the mean value.
pub fn without_channel(image: &[u8], channel: usize) -> Vec<u8> {
    let mut hidden = image.to_vec();
    let (reference, reads) = hidden.split_at_mut(REFERENCE_ROWS * ROW);
    let filled = reads.chunks_exact(CHANNELS).filter(|pixel| !is_empty(pixel));
    let (sum, count) = filled.fold((0, 0), |(sum, count), pixel| {
        (sum + u64::from(pixel[channel]), count + 1u64)
    });
    let mean = (sum / count.max(1)) as u8;
    for row in reads.chunks_exact_mut(ROW) {
        for (column, pixel) in row
            .chunks_exact_mut(CHANNELS)
            .enumerate()
            .filter(|(_, pixel)| !is_empty(pixel))
        {
            pixel[channel] = match channel {
                index::READ_BASE => reference[column * CHANNELS + index::READ_BASE],
                index::SUPPORT => supports_allele(false),
                index::DIFFERENCE => differs_from_reference(false),
                _ => mean,
            };
        }
    }
    hidden
}

/// The columns from the first to the last pixel of a row.
pub(super) fn span(row: &[u8]) -> Option<std::ops::Range<usize>> {
    let filled = || row.chunks_exact(CHANNELS).map(|pixel| !is_empty(pixel));
    let first = filled().position(|is_filled| is_filled)?;
    let last = filled().rev().position(|is_filled| is_filled)?;
    Some(first..WIDTH - last)
}

pub(super) fn pixel(row: &[u8], column: usize) -> [u8; CHANNELS] {
    std::array::from_fn(|channel| row[column * CHANNELS + channel])
}

/// Whether no read shows anything here.
pub(super) fn is_empty(pixel: &[u8]) -> bool {
    pixel.iter().all(|&byte| byte == 0)
}

/// Whether the read of a row supports the allele.
pub(super) fn supports(row: &[u8]) -> bool {
    let mut pixels = row.chunks_exact(CHANNELS);
    pixels.any(|pixel| pixel[index::SUPPORT] == SUPPORTS)
}

/// Whether a pixel differs from the reference.
pub(super) fn differs(pixel: &[u8]) -> bool {
    pixel[index::DIFFERENCE] == DIFFERS
}

#[cfg(test)]
mod tests {
    use super::super::{CENTER, PILEUP_SIZE, draw};
    use super::*;
    use crate::candidates::{Allele, Candidate};
    use crate::genome::Sequence;
    use crate::reads::testing::read;

    /// Three reads: one with a SNP at position 200, one with a deletion, one like the reference.
    fn image() -> Vec<u8> {
        let reference = "ACGTTGCAAC".repeat(40);
        let at = |start: usize, length: usize| reference.as_bytes()[start..start + length].to_vec();
        let mut with_snp = at(190, 20);
        with_snp[10] = b'T';
        let deleted = [at(195, 8), at(205, 8)].concat();
        let reads = [
            read("snp", 190, "20M", &with_snp),
            read("del", 195, "8M2D8M", &deleted),
            read("ref", 196, "20M", &at(196, 20)),
        ];
        let candidate = Candidate {
            position: 200,
            reference: b"A".to_vec(),
            alternates: vec![Allele {
                bases: b"T".to_vec(),
                supporting_reads: vec![0],
                depth: 1,
            }],
            depth: 3,
            reference_depth: 2,
        };
        let mut image = vec![0; PILEUP_SIZE];
        draw(
            &candidate,
            &[0],
            &reads,
            &Sequence::new(0, reference.into()),
            &mut image,
        );
        image
    }

    fn row(image: &[u8], read: usize) -> &[u8] {
        &image[(REFERENCE_ROWS + read) * ROW..][..ROW]
    }

    #[test]
    fn a_hidden_read_leaves_no_gap() {
        let image = image();
        assert_eq!(drawn_reads(&image), 3);
        let rest = without_reads(&image, &[1]);
        assert_eq!((rest.len(), drawn_reads(&rest)), (image.len(), 2));
        assert_eq!((row(&rest, 0), row(&rest, 1)), (row(&image, 0), row(&image, 2)));
        assert_eq!(rest[..REFERENCE_ROWS * ROW], image[..REFERENCE_ROWS * ROW]);
        assert_eq!(drawn_reads(&without_reads(&image, &[0, 1, 2])), 0);
    }

    #[test]
    fn hidden_columns_show_the_reference() {
        let image = image();
        assert!(differs(&pixel(row(&image, 0), CENTER)));
        let hidden = without_columns(&image, &[CENTER]);
        let changed = pixel(row(&hidden, 0), CENTER);
        assert_eq!(changed[index::READ_BASE], image[CENTER * CHANNELS]);
        assert!(!differs(&changed) && changed[index::SUPPORT] == SUPPORTS);
        assert_eq!(row(&hidden, 2), row(&image, 2));
        // The deleted columns get pixels, and columns that no read spans stay empty.
        let deleted = CENTER + 3;
        assert!(is_empty(&pixel(row(&image, 1), deleted)));
        let hidden = without_columns(&image, &[deleted, 3]);
        assert!(!is_empty(&pixel(row(&hidden, 1), deleted)) && is_empty(&pixel(row(&hidden, 1), 3)));
    }

    #[test]
    fn a_hidden_channel_says_the_same_everywhere() {
        let image = image();
        let values = |image: &[u8], channel: usize| -> Vec<u8> {
            let pixels = image[REFERENCE_ROWS * ROW..].chunks_exact(CHANNELS);
            let mut values: Vec<u8> = pixels.filter(|p| !is_empty(p)).map(|p| p[channel]).collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        assert_eq!(values(&image, index::SUPPORT).len(), 2);
        assert_eq!(
            values(&without_channel(&image, index::SUPPORT), index::SUPPORT).len(),
            1
        );
        assert_eq!(
            values(&without_channel(&image, index::BASE_QUALITY), index::BASE_QUALITY).len(),
            1
        );
        let bases = without_channel(&image, index::READ_BASE);
        assert_eq!(pixel(row(&bases, 0), CENTER)[0], image[CENTER * CHANNELS]);
        assert!(differs(&pixel(row(&bases, 0), CENTER)), "other channels stay");
    }
}
