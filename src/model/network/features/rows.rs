//! What the rows of a pileup show, alone and by group.

use super::columns::{Columns, SITE};
use crate::pileup::index::{BASE_QUALITY, DIFFERENCE, INSERT_SIZE, MAPPING_QUALITY, STRAND, SUPPORT};
use crate::pileup::{CENTER, CHANNELS, DIFFERS, STRANDS, SUPPORTS, WIDTH};

/// Reads that support the allele; others that show the reference; others that show neither.
pub const GROUPS: usize = 3;
/// Numbers that describe a group.
pub const OF_GROUP: usize = 13;

/// What one row shows.
pub struct RowFeatures {
    pub group: usize,
    /// Columns from the first to the last that it covers.
    pub first: usize,
    pub last: usize,
    pub reverse: bool,
    /// Of the base at the candidate, or of the read's end where it has none there; phred / 40.
    pub quality: f32,
    /// Phred / 60.
    pub mapping: f32,
    /// Bases / 1000.
    pub insert: f32,
    /// Columns to the nearer end of the read.
    pub to_end: f32,
    /// Differences from the reference and gaps away from the site, per covered column.
    pub differences: f32,
    pub gaps: f32,
}

/// Sums over the rows of a group.
#[derive(Clone, Copy, Default)]
pub struct Group {
    pub reads: f32,
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

/// Reads by group, and log-likelihoods of hom-ref, het and hom-alt: Li, Bioinformatics 2011, eq. 2.
#[derive(Default)]
pub struct Likelihoods {
    pub reads: [f32; GROUPS],
    of_genotype: [f32; 3],
}

impl Likelihoods {
    pub fn add(&mut self, row: &RowFeatures) {
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
    pub fn describe(&self, features: &mut Vec<f32>) {
        let [reference, het, alternate] = self.of_genotype;
        features.extend([het - reference, alternate - het, alternate - reference].map(f32::asinh));
        let reads: f32 = self.reads.iter().sum();
        features.push(((het - reference.max(alternate)) / reads.max(1.0)).clamp(-1.0, 1.0));
    }
}

impl RowFeatures {
    /// None of an empty row. Adds the row to the columns.
    pub fn from_image(row: &[u8], columns: &mut Columns) -> Option<Self> {
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
    pub fn add(&mut self, row: &RowFeatures) {
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
    pub fn describe(&self, all: f32, features: &mut Vec<f32>) {
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
