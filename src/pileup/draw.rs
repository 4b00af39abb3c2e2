//! Drawing a pileup.

use super::{CENTER, CHANNELS, HEIGHT, PILEUP_SIZE, REFERENCE_ROWS, WIDTH, channels, rows};
use crate::candidates::Candidate;
use crate::genome::Sequence;
use crate::reads::{CigarKind, Read};

/// Shown in place of a base where an indel is anchored.
const INDEL_ANCHOR: u8 = b'*';

/// The sets of alternates that a candidate has a pileup for: each alone, then each pair.
pub fn allele_sets(candidate: &Candidate) -> Vec<Vec<usize>> {
    let alternates = candidate.alternates.len();
    let mut sets: Vec<Vec<usize>> = (0..alternates).map(|i| vec![i]).collect();
    for first in 0..alternates {
        sets.extend((first + 1..alternates).map(|second| vec![first, second]));
    }
    sets
}

/// Draws the pileup of a candidate for one set of its alternates into `image` (u8, [`HEIGHT`] × [`WIDTH`] ×
/// [`CHANNELS`]). `reads` are the partition's, ordered by start, as the candidate's supporting reads count them.
///
/// # Panics
/// If `image` is not of [`PILEUP_SIZE`].
pub fn draw(candidate: &Candidate, alternates: &[usize], reads: &[Read], reference: &Sequence, image: &mut [u8]) {
    assert_eq!(image.len(), PILEUP_SIZE, "image size");
    image.fill(0);
    let mut window = [b'N'; WIDTH];
    // Where the window begins; left of position 0 at a contig's start.
    let start = candidate.position as i64 - CENTER as i64;
    for (column, base) in window.iter_mut().enumerate() {
        *base = u64::try_from(start + column as i64).map_or(b'N', |position| reference.base(position));
    }
    let (reference_rows, read_rows) = image.split_at_mut(REFERENCE_ROWS * WIDTH * CHANNELS);
    for row in reference_rows.chunks_exact_mut(WIDTH * CHANNELS) {
        for (pixel, &base) in row.chunks_exact_mut(CHANNELS).zip(&window) {
            pixel.copy_from_slice(&channels::reference_pixel(base));
        }
    }
    let supports = |read: usize| {
        let mut sets = alternates.iter().filter_map(|&a| candidate.alternates.get(a));
        sets.any(|allele| allele.supporting_reads.binary_search(&(read as u32)).is_ok())
    };
    let selected = rows::select(candidate, reads);
    let rows = read_rows.chunks_exact_mut(WIDTH * CHANNELS);
    debug_assert!(selected.len() <= HEIGHT - REFERENCE_ROWS);
    for (index, row) in selected.into_iter().zip(rows) {
        draw_read(&reads[index], supports(index), start, &window, row);
    }
}

/// Draws one read into its row. `start` is the position of the first column, `window` the reference under the row.
fn draw_read(read: &Read, supports: bool, start: i64, window: &[u8; WIDTH], row: &mut [u8]) {
    let of_read = [
        0,
        0,
        channels::mapping_quality(read.mapping_quality),
        channels::strand(read.reverse),
        channels::supports_allele(supports),
        0,
        channels::insert_size(read.insert_size),
    ];
    let mut put = |column: i64, base: u8, quality: u8| {
        let Some(column) = usize::try_from(column).ok().filter(|&c| c < WIDTH) else {
            return;
        };
        let mut pixel = of_read;
        pixel[0] = channels::read_base(base);
        pixel[1] = channels::base_quality(quality);
        pixel[5] = channels::differs_from_reference(base != window[column]);
        row[column * CHANNELS..][..CHANNELS].copy_from_slice(&pixel);
    };
    let (mut column, mut index) = (read.start as i64 - start, 0);
    for op in &read.cigar {
        let length = op.length as usize;
        match op.kind {
            CigarKind::Match => {
                let shown = read.bases[index..].iter().zip(&read.quals[index..]).take(length);
                for (offset, (&base, &quality)) in shown.enumerate() {
                    put(column + offset as i64, base, quality);
                }
            }
            CigarKind::Insertion => put(column - 1, INDEL_ANCHOR, read.quals[index]),
            CigarKind::Deletion if index > 0 => put(column - 1, INDEL_ANCHOR, read.quals[index - 1]),
            _ => {}
        }
        column += if op.kind.consumes_reference() { length as i64 } else { 0 };
        index += if op.kind.consumes_read() { length } else { 0 };
    }
}
