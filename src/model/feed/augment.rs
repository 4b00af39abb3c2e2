//! Changes of a pileup that do not change its genotype: another depth, another chemistry.
//!
//! Encodings are those of the `pileup` module: a pixel is filled if its strand channel is not 0.

use crate::examples::{ROW_BYTES, filled_rows};
use crate::model::network::Random;
use crate::pileup::index::{BASE_QUALITY, INSERT_SIZE, STRAND, SUPPORT};
use crate::pileup::{CHANNELS, REFERENCE_ROWS, STRANDS, SUPPORTS};

/// Pixel value of one phred unit of base quality.
const PHRED: f64 = 254.0 / 40.0;
/// Qualities that newer instruments report (NovaSeq: 2, 12, 23, 37), as (lowest quality of the bin, reported quality).
const QUALITY_BINS: [(f64, f64); 4] = [(30.0, 37.0), (18.0, 23.0), (7.0, 12.0), (0.0, 2.0)];
/// Fewest supporting reads after a reduction of depth; with fewer reads, most sites would not be candidates.
const MIN_SUPPORT: usize = 2;

/// Changes an image (C-order [rows, 221, 7]) at random. The number of rows can decrease.
pub fn augment(image: &mut Vec<u8>, random: &mut Random) {
    image.truncate(filled_rows(image) * ROW_BYTES);
    if random.uniform() < 0.5 {
        let kept = 0.35 + 0.65 * random.uniform();
        reduce_depth(image, kept, random);
    }
    let table = quality_table(random);
    let flip = random.uniform() < 0.5;
    let insert_size = if random.uniform() < 0.5 {
        0.75 + 0.6 * random.uniform()
    } else {
        1.0
    };
    let Some(reads) = image.get_mut(REFERENCE_ROWS * ROW_BYTES..) else {
        return;
    };
    for pixel in reads.chunks_exact_mut(CHANNELS).filter(|p| p[STRAND] != 0) {
        pixel[BASE_QUALITY] = table[usize::from(pixel[BASE_QUALITY])];
        if flip {
            pixel[STRAND] = STRANDS[usize::from(pixel[STRAND] == STRANDS[0])];
        }
        pixel[INSERT_SIZE] = (f64::from(pixel[INSERT_SIZE]) * insert_size).min(254.0) as u8;
    }
}

/// Keeps each read with probability `kept`. Changes nothing if fewer than [`MIN_SUPPORT`] supporting reads would
/// remain.
fn reduce_depth(image: &mut Vec<u8>, kept: f64, random: &mut Random) {
    let rows = image.len() / ROW_BYTES;
    let keep: Vec<bool> = (0..rows)
        .map(|row| row < REFERENCE_ROWS || random.uniform() < kept)
        .collect();
    let supports = |row: &[u8]| row.chunks_exact(CHANNELS).any(|pixel| pixel[SUPPORT] == SUPPORTS);
    let support = image
        .chunks_exact(ROW_BYTES)
        .zip(&keep)
        .skip(REFERENCE_ROWS)
        .filter(|&(row, &k)| k && supports(row));
    if support.count() < MIN_SUPPORT {
        return;
    }
    let mut end = 0;
    for row in (0..rows).filter(|&row| keep[row]) {
        image.copy_within(row * ROW_BYTES..(row + 1) * ROW_BYTES, end);
        end += ROW_BYTES;
    }
    image.truncate(end);
}

/// New value for each value of the base quality channel: a shift of up to 4 phred units, and binning in some images.
fn quality_table(random: &mut Random) -> [u8; 256] {
    let shift = if random.uniform() < 0.5 {
        8.0 * random.uniform() - 4.0
    } else {
        0.0
    };
    let binned = random.uniform() < 0.2;
    let mut table = [0; 256];
    for (value, out) in table.iter_mut().enumerate() {
        let mut quality = (value as f64 / PHRED).round();
        if binned {
            quality = QUALITY_BINS
                .iter()
                .find(|bin| quality >= bin.0)
                .map_or(quality, |bin| bin.1);
        }
        *out = if shift == 0.0 && !binned {
            value as u8
        } else {
            ((quality + shift).clamp(1.0, 40.0) * PHRED) as u8
        };
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pileup::WIDTH;

    /// 5 reference rows and 40 reads, every third of them supporting; the first channel holds the row number.
    fn image() -> Vec<u8> {
        (0..45 * WIDTH)
            .flat_map(|pixel| {
                let row = pixel / WIDTH;
                let support = if row >= REFERENCE_ROWS && row.is_multiple_of(3) {
                    SUPPORTS
                } else {
                    152
                };
                [row as u8 + 1, 190, 254, 70, support, 50, 90]
            })
            .collect()
    }

    #[test]
    fn reference_rows_and_the_order_of_reads_do_not_change() {
        let (before, mut depths) = (image(), Vec::new());
        for seed in 0..50 {
            let mut after = before.clone();
            augment(&mut after, &mut Random::new(&[seed]));
            let mut again = before.clone();
            augment(&mut again, &mut Random::new(&[seed]));
            assert_eq!(after, again);
            assert_eq!(
                after[..REFERENCE_ROWS * ROW_BYTES],
                before[..REFERENCE_ROWS * ROW_BYTES]
            );
            let marks: Vec<u8> = after.chunks_exact(ROW_BYTES).map(|row| row[0]).collect();
            assert!(marks.is_sorted());
            assert!(
                after
                    .chunks_exact(CHANNELS)
                    .all(|p| [70, 240].contains(&p[STRAND]) && p[BASE_QUALITY] > 0)
            );
            depths.push(marks.len());
        }
        assert!(depths.iter().any(|&d| d < 30) && depths.contains(&45));
    }

    #[test]
    fn support_is_not_lost() {
        let mut sparse = image();
        for (row, bytes) in sparse.chunks_exact_mut(ROW_BYTES).enumerate() {
            let support = if row == 10 || row == 20 { SUPPORTS } else { 152 };
            bytes.chunks_exact_mut(CHANNELS).for_each(|p| p[SUPPORT] = support);
        }
        for seed in 0..50 {
            let mut after = sparse.clone();
            augment(&mut after, &mut Random::new(&[seed]));
            assert_eq!(
                after
                    .chunks_exact(ROW_BYTES)
                    .filter(|row| row[SUPPORT] == SUPPORTS)
                    .count(),
                2
            );
        }
    }
}
