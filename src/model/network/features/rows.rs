//! Features of a pileup's rows, single and by group.

use super::columns::{Columns, SITE};
use crate::pileup::index::{BASE_QUALITY, DIFFERENCE, INSERT_SIZE, MAPPING_QUALITY, STRAND, SUPPORT};
use crate::pileup::{CENTER, CHANNELS, DIFFERS, STRANDS, SUPPORTS, WIDTH};

/// Groups of reads: supporting the allele; showing the reference; showing neither.
pub const GROUPS: usize = 3;
/// Number of features of a group.
pub const GROUP_FEATURES: usize = 13;

/// Features of one row.
pub struct RowFeatures {
    pub group: usize,
    /// First and last column that the row covers.
    pub first: usize,
    pub last: usize,
    pub reverse: bool,
    /// Base quality at the candidate, or of the read's first base if it has none there; phred / 40.
    pub quality: f32,
    /// Mapping quality, phred / 60.
    pub mapping: f32,
    /// Insert size, bases / 1000.
    pub insert: f32,
    /// Columns from the candidate to the nearer end of the read.
    pub to_end: f32,
    /// Differences from the reference away from the site, and gaps, both per covered column.
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

/// Number of reads by group, and log-likelihoods of hom-ref, het and hom-alt: Li, Bioinformatics 2011, eq. 2.
#[derive(Default)]
pub struct Likelihoods {
    pub reads: [f32; GROUPS],
    log_likelihoods: [f32; 3],
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
        let [reference, het, hom_alt] = &mut self.log_likelihoods;
        *reference += (1.0 - alternate).ln();
        *het += 0.5f32.ln();
        *hom_alt += alternate.ln();
    }

    /// Adds four features: three log-likelihood ratios of the genotypes, and the lead of het over the others per read.
    pub fn describe(&self, features: &mut Vec<f32>) {
        let [reference, het, alternate] = self.log_likelihoods;
        features.extend([het - reference, alternate - het, alternate - reference].map(f32::asinh));
        let reads: f32 = self.reads.iter().sum();
        features.push(((het - reference.max(alternate)) / reads.max(1.0)).clamp(-1.0, 1.0));
    }
}

impl RowFeatures {
    /// None for an empty row. Adds the row to the columns.
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
        let pixel = if site[STRAND] != 0 { site } else { any };
        Some(Self {
            group,
            first,
            last,
            reverse: any[STRAND] == STRANDS[1],
            quality: f32::from(pixel[BASE_QUALITY]) / 254.0,
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

    /// Adds [`GROUP_FEATURES`] features: the number and fraction of reads, then means.
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
