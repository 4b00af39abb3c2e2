//! What the columns of a pileup show: differences nearby, depth, and repeats of the reference.

use crate::pileup::index::READ_BASE;
use crate::pileup::{CENTER, CHANNELS, WIDTH};
use crate::variants::VariantType;

/// Columns about the candidate whose differences are not counted as errors of a read.
pub const SITE: usize = 1;
/// Distances in which differences of other columns are looked for, in bases.
const DISTANCES: [usize; 3] = [5, 20, 80];
/// Longest repeat unit looked for beside the candidate, in bases.
const LONGEST_UNIT: usize = 4;
/// Longest unit of repeats that a read must reach across to tell of an indel.
const LONGEST_CROSSED: usize = 6;

/// Reads and differing bases of each column.
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
    /// Other columns where reads differ, and depth on both sides.
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

/// The base of the reference in a column; 0 where it is not known, as beyond the ends of a contig.
fn reference_base(image: &[u8], column: usize) -> u8 {
    image.get(column * CHANNELS + READ_BASE).copied().unwrap_or(0)
}

/// Whether two columns have the same base. Unknown bases are like no other: they are no repeat.
fn are_alike(image: &[u8], column: usize, other: usize) -> bool {
    let base = reference_base(image, column);
    base != 0 && base == reference_base(image, other)
}

/// The column that a read must reach to tell of the candidate: itself for a SNP. How many units a repeat has is seen only by
/// reads that cross it, and indels stand at its left end.
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

/// Repeats of the reference on both sides of the candidate: for each unit length, bases that go on in step with those a unit
/// before; and how many of the 21 bases about it are alike.
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
