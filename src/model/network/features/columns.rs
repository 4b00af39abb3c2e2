//! Features of a pileup's columns: differences nearby, depth, and repeats of the reference.

use crate::pileup::index::READ_BASE;
use crate::pileup::{CENTER, CHANNELS, WIDTH};
use crate::variants::VariantType;

/// Differences up to this many columns from the candidate do not count as errors of a read.
pub const SITE: usize = 1;
/// Distances from the candidate in which differences count, in bases.
const DISTANCES: [usize; 3] = [5, 20, 80];
/// Longest unit of repeats beside the candidate, in bases.
const LONGEST_UNIT: usize = 4;
/// Longest unit of a repeat that a read must cross to be informative about an indel, in bases.
const LONGEST_CROSSED: usize = 6;

/// Number of reads and of differing bases in each column.
pub struct Columns {
    pub covered: [f32; WIDTH],
    pub different: [f32; WIDTH],
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            covered: [0.0; WIDTH],
            different: [0.0; WIDTH],
        }
    }
}

impl Columns {
    /// Adds features of differences in other columns, and of depth on both sides.
    pub fn describe(&self, reads: f32, features: &mut Vec<f32>) {
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

/// The reference base in a column; 0 if unknown, for example beyond the ends of a contig.
fn reference_base(image: &[u8], column: usize) -> u8 {
    image.get(column * CHANNELS + READ_BASE).copied().unwrap_or(0)
}

/// Whether two columns have the same reference base. Unknown bases equal no base, so they form no repeat.
fn are_alike(image: &[u8], column: usize, other: usize) -> bool {
    let base = reference_base(image, column);
    base != 0 && base == reference_base(image, other)
}

/// The column that a read must reach to be informative about the candidate; for a SNP, the candidate's column. Only
/// reads that cross a repeat show its number of units, and indels stand at the left end of repeats.
pub fn crossed_column(image: &[u8], variant_type: VariantType) -> usize {
    if variant_type == VariantType::Snp {
        return CENTER;
    }
    let beyond = (1..=LONGEST_CROSSED).filter_map(|unit| {
        let alike = (CENTER + 1..WIDTH - unit)
            .take_while(|&c| are_alike(image, c, c + unit))
            .count();
        (alike >= unit).then_some(CENTER + 1 + alike + unit)
    });
    beyond.max().unwrap_or(CENTER + 1).min(WIDTH - 1)
}

/// Adds features of repeats on both sides of the candidate. For each unit length: how many bases equal the base one
/// unit before. Then the fraction of the most frequent base among the 21 bases around the candidate.
pub fn describe_reference(image: &[u8], features: &mut Vec<f32>) {
    for unit in 1..=LONGEST_UNIT {
        let forward = (CENTER + 1..WIDTH - unit)
            .take_while(|&c| are_alike(image, c, c + unit))
            .count();
        let backward = (unit..=CENTER)
            .rev()
            .take_while(|&c| are_alike(image, c, c - unit))
            .count();
        features.push((forward.max(backward) as f32).ln_1p());
    }
    let mut counts = std::collections::BTreeMap::new();
    for column in CENTER - 10..=CENTER + 10 {
        *counts.entry(reference_base(image, column)).or_insert(0.0f32) += 1.0 / 21.0;
    }
    features.push(counts.values().copied().fold(0.0, f32::max));
}
