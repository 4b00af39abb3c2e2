//! Summarizes a pileup in a few dozen numbers. The cascade decides clear pileups by them.

mod columns;
mod rows;

use self::columns::{Columns, crossed_column, describe_reference};
use self::rows::{GROUP_FEATURES, GROUPS, Group, Likelihoods, RowFeatures};
use crate::examples::{ROW_BYTES, filled_rows};
use crate::pileup::{CENTER, HEIGHT, REFERENCE_ROWS};
use crate::variants::VariantType;

/// Number of features of a summary.
pub const FEATURES: usize = GENERAL + GROUPS * GROUP_FEATURES + INFORMATIVE;
const GENERAL: usize = 21;
/// Number of features of the reads that are informative about the allele.
const INFORMATIVE: usize = 8;

/// Summarizes an image (C-order u8 [rows ≤ 100, 221, 7]; empty rows at the end may be missing).
pub fn summarize(image: &[u8], variant_type: VariantType) -> [f32; FEATURES] {
    let rows = filled_rows(image);
    let mut columns = Columns::default();
    let mut groups = [Group::default(); GROUPS];
    let (mut all, mut informative) = (Likelihoods::default(), Likelihoods::default());
    let crossed = crossed_column(image, variant_type);
    for row in image.chunks_exact(ROW_BYTES).take(rows).skip(REFERENCE_ROWS) {
        let Some(row) = RowFeatures::from_image(row, &mut columns) else {
            continue;
        };
        groups[row.group].add(&row);
        all.add(&row);
        if row.group == 0 || row.first <= CENTER && row.last >= crossed {
            informative.add(&row);
        }
    }
    let mut features = Vec::with_capacity(FEATURES);
    let reads: f32 = groups.iter().map(|g| g.reads).sum();
    let indel = variant_type == VariantType::Indel;
    features.extend([
        f32::from(u8::from(indel)),
        reads.ln_1p(),
        f32::from(u8::from(rows >= HEIGHT)),
    ]);
    all.describe(&mut features);
    columns.describe(reads, &mut features);
    describe_reference(image, &mut features);
    groups.iter().for_each(|group| group.describe(reads, &mut features));
    let [supporting, reference, other] = informative.reads;
    features.extend([
        reference.ln_1p(),
        other.ln_1p(),
        supporting / (supporting + reference + other).max(1.0),
        ((crossed - CENTER) as f32).ln_1p(),
    ]);
    informative.describe(&mut features);
    let mut summary = [0.0; FEATURES];
    summary.iter_mut().zip(features).for_each(|(s, f)| *s = f);
    summary
}

/// Reads that are informative about the allele, and the share of them that supports it.
pub fn informative_reads(summary: &[f32; FEATURES]) -> (f32, f32) {
    let informative = FEATURES - INFORMATIVE;
    let [supporting, reference, other] = [GENERAL, informative, informative + 1].map(|rank| summary[rank].exp_m1());
    let reads = supporting + reference + other;
    (reads, supporting / reads.max(1.0))
}

/// The variant type of a summary.
pub fn variant_type(summary: &[f32; FEATURES]) -> VariantType {
    if summary[0] > 0.5 {
        VariantType::Indel
    } else {
        VariantType::Snp
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pileup::index::READ_BASE;
    use crate::pileup::{CHANNELS, DIFFERS, STRANDS, SUPPORTS, WIDTH};

    /// 30 reads over the whole width; the first `support` of them support the allele.
    fn image(support: usize) -> Vec<u8> {
        let row = |row: usize| {
            (0..WIDTH).flat_map(move |column| {
                let supports = row >= REFERENCE_ROWS && row < REFERENCE_ROWS + support;
                let differs = if supports && column == CENTER { DIFFERS } else { 50 };
                let base = [250, 30, 180][column % 3];
                [
                    base,
                    190,
                    254,
                    STRANDS[row % 2],
                    if supports { SUPPORTS } else { 152 },
                    differs,
                    90,
                ]
            })
        };
        (0..REFERENCE_ROWS + 30).flat_map(row).collect()
    }

    #[test]
    fn the_most_likely_genotype_shows() {
        let likelihoods = |support| summarize(&image(support), VariantType::Snp)[3..5].to_vec();
        let (reference, het, alternate) = (likelihoods(1), likelihoods(15), likelihoods(29));
        assert!(reference[0] < -1.0 && het[0] > 1.0 && alternate[0] > 1.0);
        assert!(het[1] < -1.0 && alternate[1] > 1.0);
    }

    #[test]
    fn reads_that_end_within_a_repeat_are_not_informative() {
        let mut pixels = image(5);
        // A homopolymer of ten bases; the reads that do not support the allele end within it.
        for row in 0..REFERENCE_ROWS + 30 {
            for column in CENTER + 1..WIDTH {
                let at = row * ROW_BYTES + column * CHANNELS;
                if row >= REFERENCE_ROWS + 5 && column > CENTER + 5 {
                    pixels[at..at + CHANNELS].fill(0);
                } else if column <= CENTER + 10 {
                    pixels[at + READ_BASE] = 100;
                }
            }
        }
        let summary = summarize(&pixels, VariantType::Indel);
        let informative = &summary[FEATURES - INFORMATIVE..];
        assert_eq!(informative[..3], [0.0, 0.0, 1.0]);
        assert_eq!(informative[3], 11f32.ln_1p());
        let [within, all] = [&summary, &summarize(&image(5), VariantType::Snp)].map(informative_reads);
        assert!(
            (within.0 - 5.0).abs() < 1e-4 && (within.1 - 1.0).abs() < 1e-4,
            "{within:?}"
        );
        assert!(
            (all.0 - 30.0).abs() < 1e-4 && (all.1 - 5.0 / 30.0).abs() < 1e-4,
            "{all:?}"
        );
        // Hom-alt by the informative reads, het or hom-ref by all reads.
        assert!(informative[5] > 0.0 && summary[4] < 0.0);
        assert_eq!(summarize(&pixels, VariantType::Snp)[FEATURES - INFORMATIVE + 3], 0.0);
    }

    #[test]
    fn columns_beyond_the_end_of_a_contig_are_no_repeat() {
        let mut pixels = image(15);
        for row in 0..REFERENCE_ROWS + 30 {
            let beyond = row * ROW_BYTES + (CENTER + 1) * CHANNELS..(row + 1) * ROW_BYTES;
            pixels[beyond].fill(0);
        }
        // Repeats of units of 1, 2, 3 and 4 bases: the reference repeats 3 bases, to the left.
        let repeats = |pixels: &[u8]| summarize(pixels, VariantType::Indel)[16..20].to_vec();
        let left = ((CENTER + 1 - 3) as f32).ln_1p();
        assert_eq!(repeats(&pixels), [0.0, 0.0, left, 0.0]);
        assert_eq!(crossed_column(&pixels, VariantType::Indel), CENTER + 1);
    }

    #[test]
    fn every_number_is_finite_and_empty_rows_do_not_matter() {
        let mut padded = image(12);
        let summary = summarize(&padded, VariantType::Indel);
        padded.resize(HEIGHT * ROW_BYTES, 0);
        assert_eq!(summary, summarize(&padded, VariantType::Indel));
        assert!(summary.iter().all(|f| f.is_finite()));
        assert!(summarize(&[], VariantType::Snp).iter().all(|f| f.is_finite()));
        // The reads of two groups, and the repeat of three bases.
        assert_eq!(summary[GENERAL], 12f32.ln_1p());
        assert_eq!(summary[GENERAL + GROUP_FEATURES], 18f32.ln_1p());
        assert!(summary[18] > summary[17] + 1.0);
    }
}
