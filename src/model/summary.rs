//! A pileup in a few dozen numbers: what a glance at it tells. The cascade decides plain cases by them.

use crate::candidates::VariantType;
use crate::examples::{ROW_BYTES, filled_rows};
use crate::pileup::index::{BASE_QUALITY, DIFFERENCE, INSERT_SIZE, MAPPING_QUALITY, READ_BASE, STRAND, SUPPORT};
use crate::pileup::{CENTER, CHANNELS, DIFFERS, HEIGHT, REFERENCE_ROWS, STRANDS, SUPPORTS, WIDTH};

/// Numbers of a summary.
pub const FEATURES: usize = GENERAL + GROUPS * OF_GROUP + TELLING;
const GENERAL: usize = 21;
const OF_GROUP: usize = 13;
const TELLING: usize = 8;
/// Reads that support the allele; others that show the reference; others that show neither.
const GROUPS: usize = 3;
/// Columns about the candidate whose differences are not counted as errors of a read.
const SITE: usize = 1;
/// Distances in which differences of other columns are looked for, in bases.
const DISTANCES: [usize; 3] = [5, 20, 80];
/// Longest repeat unit looked for beside the candidate, in bases.
const LONGEST_UNIT: usize = 4;
/// Longest unit of repeats that a read must reach across to tell of an indel.
const LONGEST_CROSSED: usize = 6;

/// What one row shows.
struct Row {
    group: usize,
    /// Columns from the first to the last that it covers.
    first: usize,
    last: usize,
    reverse: bool,
    /// Of the base at the candidate, or of the read's end where it has none there; phred / 40.
    quality: f32,
    /// Phred / 60.
    mapping: f32,
    /// Bases / 1000.
    insert: f32,
    /// Columns to the nearer end of the read.
    to_end: f32,
    /// Differences from the reference and gaps away from the site, per covered column.
    differences: f32,
    gaps: f32,
}

/// Sums over the rows of a group.
#[derive(Clone, Copy, Default)]
struct Group {
    reads: f32,
    reverse: f32,
    quality: f32,
    low_quality: f32,
    mapping: f32,
    low_mapping: f32,
    insert: f32,
    to_end: f32,
    near_end: f32,
    differences: f32,
    many_differences: f32,
    gaps: f32,
}

/// Reads and differing bases of each column.
struct Columns {
    covered: [f32; WIDTH],
    different: [f32; WIDTH],
}

/// Summarizes an image (C-order u8 [rows ≤ 100, 221, 7]; empty rows at the end may be left out).
pub fn summarize(image: &[u8], variant_type: VariantType) -> [f32; FEATURES] {
    let rows = filled_rows(image);
    let mut columns = Columns {
        covered: [0.0; WIDTH],
        different: [0.0; WIDTH],
    };
    let mut groups = [Group::default(); GROUPS];
    let (mut all, mut telling) = (Likelihoods::default(), Likelihoods::default());
    let crossed = crossed_column(image, variant_type);
    for row in image.chunks_exact(ROW_BYTES).take(rows).skip(REFERENCE_ROWS) {
        let Some(row) = Row::of(row, &mut columns) else {
            continue;
        };
        groups[row.group].add(&row);
        all.add(&row);
        if row.group == 0 || row.first <= CENTER && row.last >= crossed {
            telling.add(&row);
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
    let [supporting, reference, other] = telling.reads;
    features.extend([
        reference.ln_1p(),
        other.ln_1p(),
        supporting / (supporting + reference + other).max(1.0),
        ((crossed - CENTER) as f32).ln_1p(),
    ]);
    telling.describe(&mut features);
    let mut summary = [0.0; FEATURES];
    summary.iter_mut().zip(features).for_each(|(s, f)| *s = f);
    summary
}

/// The type that a summary was made for.
pub fn variant_type(summary: &[f32; FEATURES]) -> VariantType {
    if summary[0] > 0.5 {
        VariantType::Indel
    } else {
        VariantType::Snp
    }
}

/// Reads by group, and log-likelihoods of hom-ref, het and hom-alt: Li, Bioinformatics 2011, eq. 2.
#[derive(Default)]
struct Likelihoods {
    reads: [f32; GROUPS],
    of_genotype: [f32; 3],
}

impl Likelihoods {
    fn add(&mut self, row: &Row) {
        self.reads[row.group] += 1.0;
        let error = 0.75 * (10f32.powf(-4.0 * row.quality) + 10f32.powf(-6.0 * row.mapping)) + 0.002;
        let alternate = if row.group == 0 {
            1.0 - error.min(0.75)
        } else {
            error.min(0.75)
        };
        let [reference, het, hom_alt] = &mut self.of_genotype;
        *reference += (1.0 - alternate).ln();
        *het += 0.5f32.ln();
        *hom_alt += alternate.ln();
    }

    /// Four numbers: how much likelier each genotype is than the one before, and whether it is the heterozygous one.
    fn describe(&self, features: &mut Vec<f32>) {
        let [reference, het, alternate] = self.of_genotype;
        features.extend([het - reference, alternate - het, alternate - reference].map(f32::asinh));
        let reads: f32 = self.reads.iter().sum();
        features.push(((het - reference.max(alternate)) / reads.max(1.0)).clamp(-1.0, 1.0));
    }
}

impl Row {
    /// None of an empty row. Adds the row to the columns.
    fn of(row: &[u8], columns: &mut Columns) -> Option<Self> {
        let pixel = |column: usize| &row[column * CHANNELS..][..CHANNELS];
        let first = (0..WIDTH).find(|&c| pixel(c)[STRAND] != 0)?;
        let last = (first..WIDTH).rfind(|&c| pixel(c)[STRAND] != 0).unwrap_or(first);
        let (mut covered, mut different) = (0.0, 0.0);
        for column in first..=last {
            let pixel = pixel(column);
            if pixel[STRAND] == 0 {
                continue;
            }
            covered += 1.0;
            columns.covered[column] += 1.0;
            if pixel[DIFFERENCE] == DIFFERS {
                columns.different[column] += 1.0;
                different += f32::from(u8::from(column.abs_diff(CENTER) > SITE));
            }
        }
        let (any, site) = (pixel(first), pixel(CENTER));
        let group = match (
            any[SUPPORT] == SUPPORTS,
            site[STRAND] != 0 && site[DIFFERENCE] != DIFFERS,
        ) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        let shown = if site[STRAND] != 0 { site } else { any };
        Some(Self {
            group,
            first,
            last,
            reverse: any[STRAND] == STRANDS[1],
            quality: f32::from(shown[BASE_QUALITY]) / 254.0,
            mapping: f32::from(any[MAPPING_QUALITY]) / 254.0,
            insert: f32::from(any[INSERT_SIZE]) / 254.0,
            to_end: CENTER.abs_diff(first).min(CENTER.abs_diff(last)) as f32,
            differences: different / covered,
            gaps: ((last - first + 1) as f32 - covered) / covered,
        })
    }
}

impl Group {
    fn add(&mut self, row: &Row) {
        let one = |condition: bool| f32::from(u8::from(condition));
        self.reads += 1.0;
        self.reverse += one(row.reverse);
        self.quality += row.quality;
        self.low_quality += one(row.quality < 0.5);
        self.mapping += row.mapping;
        self.low_mapping += one(row.mapping < 0.4);
        self.insert += row.insert;
        self.to_end += row.to_end / CENTER as f32;
        self.near_end += one(row.to_end < 6.0);
        self.differences += row.differences;
        self.many_differences += one(row.differences > 0.03);
        self.gaps += row.gaps;
    }

    /// [`OF_GROUP`] numbers: how many reads of all, then means.
    fn describe(&self, all: f32, features: &mut Vec<f32>) {
        let mean = |sum: f32| sum / self.reads.max(1.0);
        features.extend([
            self.reads.ln_1p(),
            self.reads / all.max(1.0),
            self.reverse.min(self.reads - self.reverse).ln_1p(),
            mean(self.reverse) - 0.5,
            mean(self.quality),
            mean(self.low_quality),
            mean(self.mapping),
            mean(self.low_mapping),
            mean(self.insert),
            mean(self.to_end),
            mean(self.near_end),
            10.0 * mean(self.differences) + mean(self.many_differences),
            mean(self.gaps),
        ]);
    }
}

impl Columns {
    /// Other columns where reads differ, and depth on both sides.
    fn describe(&self, reads: f32, features: &mut Vec<f32>) {
        for distance in DISTANCES {
            let around = (CENTER - distance..=CENTER + distance).filter(|c| c.abs_diff(CENTER) > SITE);
            let shares = around.map(|c| self.different[c] / self.covered[c].max(4.0));
            let (mut greatest, mut many) = (0.0f32, 0.0f32);
            for share in shares {
                greatest = greatest.max(share);
                many += f32::from(u8::from(share > 0.15));
            }
            features.extend([greatest, many.ln_1p()]);
        }
        let depth = |column: usize| self.covered[column] / reads.max(1.0);
        features.extend([depth(CENTER), depth(CENTER - 30), depth(CENTER + 30)]);
    }
}

/// The base of the reference in a column.
fn reference_base(image: &[u8], column: usize) -> u8 {
    image.get(column * CHANNELS + READ_BASE).copied().unwrap_or(0)
}

/// The column that a read must reach to tell of the candidate: itself for a SNP. How many units a repeat has is seen only by
/// reads that cross it, and indels stand at its left end.
fn crossed_column(image: &[u8], variant_type: VariantType) -> usize {
    if variant_type == VariantType::Snp {
        return CENTER;
    }
    let base = |column| reference_base(image, column);
    let beyond = (1..=LONGEST_CROSSED).filter_map(|unit| {
        let alike = (CENTER + 1..WIDTH - unit)
            .take_while(|&c| base(c) == base(c + unit))
            .count();
        (alike >= unit).then_some(CENTER + 1 + alike + unit)
    });
    beyond.max().unwrap_or(CENTER + 1).min(WIDTH - 1)
}

/// Repeats of the reference on both sides of the candidate: for each unit length, bases that go on in step with those a unit
/// before; and how many of the 21 bases about it are alike.
fn describe_reference(image: &[u8], features: &mut Vec<f32>) {
    let base = |column| reference_base(image, column);
    for unit in 1..=LONGEST_UNIT {
        let forward = (CENTER + 1..WIDTH - unit)
            .take_while(|&c| base(c) == base(c + unit))
            .count();
        let backward = (unit..=CENTER).rev().take_while(|&c| base(c) == base(c - unit)).count();
        features.push((forward.max(backward) as f32).ln_1p());
    }
    let mut counts = std::collections::BTreeMap::new();
    for column in CENTER - 10..=CENTER + 10 {
        *counts.entry(base(column)).or_insert(0.0f32) += 1.0 / 21.0;
    }
    features.push(counts.values().copied().fold(0.0, f32::max));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 reads over the whole width, the first `support` of which support the allele.
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
    fn the_likeliest_genotype_shows() {
        let likelihoods = |support| summarize(&image(support), VariantType::Snp)[3..5].to_vec();
        let (reference, het, alternate) = (likelihoods(1), likelihoods(15), likelihoods(29));
        assert!(reference[0] < -1.0 && het[0] > 1.0 && alternate[0] > 1.0);
        assert!(het[1] < -1.0 && alternate[1] > 1.0);
    }

    #[test]
    fn reads_that_end_within_a_repeat_tell_nothing() {
        let mut pixels = image(5);
        // A run of ten like bases; the reads that do not support the allele end within it.
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
        let telling = &summary[FEATURES - TELLING..];
        assert_eq!(telling[..3], [0.0, 0.0, 1.0]);
        assert_eq!(telling[3], 11f32.ln_1p());
        // Hom-alt by the reads that tell, het or hom-ref by all.
        assert!(telling[5] > 0.0 && summary[4] < 0.0);
        assert_eq!(summarize(&pixels, VariantType::Snp)[FEATURES - TELLING + 3], 0.0);
    }

    #[test]
    fn every_number_is_finite_and_empty_rows_do_not_matter() {
        let mut padded = image(12);
        let summary = summarize(&padded, VariantType::Indel);
        padded.resize(HEIGHT * ROW_BYTES, 0);
        assert_eq!(summary, summarize(&padded, VariantType::Indel));
        assert!(summary.iter().all(|f| f.is_finite()));
        assert!(summarize(&[], VariantType::Snp).iter().all(|f| f.is_finite()));
        // Reads of the two groups, and the repeat of three bases.
        assert_eq!(summary[GENERAL], 12f32.ln_1p());
        assert_eq!(summary[GENERAL + OF_GROUP], 18f32.ln_1p());
        assert!(summary[18] > summary[17] + 1.0);
    }
}
