//! The sex check: how many copies of X the genotypes look like, and what lies on Y.

use super::contigs::SexRegion;
use super::statistics::{SexRegionCounts, Statistics, ratio};

/// Fewest genotypes on X, and on the autosomes, for a statement.
const FEWEST: u64 = 20;
/// The share of heterozygous genotypes on X, divided by their share on the autosomes: at most this on one copy of X.
/// What is left there are errors of calling.
const ONE_COPY: f64 = 0.5;
/// At least this with two copies. Their share is about the same on X and on the autosomes.
const TWO_COPIES: f64 = 0.7;

/// What the genotypes outside the pseudoautosomal regions say about X.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Copies {
    One(f64),
    Two(f64),
    Unclear(f64),
    /// Too few genotypes on X, or on the autosomes.
    Unknown,
}

impl Copies {
    pub fn of_x(statistics: &Statistics) -> Self {
        let [x, autosomes] = [SexRegion::X, SexRegion::Autosomes].map(|region| share(statistics, region));
        match (x, autosomes) {
            (Some(x), Some(autosomes)) if autosomes > 0.0 => match x / autosomes {
                share if share <= ONE_COPY => Self::One(share),
                share if share >= TWO_COPIES => Self::Two(share),
                share => Self::Unclear(share),
            },
            _ => Self::Unknown,
        }
    }

    pub fn sentence(self) -> String {
        let compared =
            |share: f64| format!("heterozygous genotypes are {share:.2} times as frequent on X as on the autosomes");
        match self {
            Self::One(share) => format!("X looks like one copy (as in a male): {}.", compared(share)),
            Self::Two(share) => format!("X looks like two copies (as in a female): {}.", compared(share)),
            Self::Unclear(share) => format!("Copies of X: unclear. The {}.", compared(share)),
            Self::Unknown => format!(
                "Copies of X: unknown. X outside the pseudoautosomal regions and the autosomes need at least {FEWEST} \
                 genotypes each, some of them heterozygous on the autosomes."
            ),
        }
    }
}

fn counts(statistics: &Statistics, region: SexRegion) -> &SexRegionCounts {
    &statistics.sex_regions[region as usize]
}

/// Whether a variant lies on X or Y outside the pseudoautosomal regions.
pub fn has_sex_chromosomes(statistics: &Statistics) -> bool {
    let variants = |region| counts(statistics, region).zygosities.variants;
    variants(SexRegion::X) + variants(SexRegion::Y) > 0
}

/// The het/hom ratio of a part of the genome, divided by that of the autosomes.
pub fn relative_het_hom(statistics: &Statistics, region: SexRegion) -> Option<f64> {
    let het_hom = |region| counts(statistics, region).zygosities.het_hom();
    let autosomes = het_hom(SexRegion::Autosomes).filter(|ratio| *ratio > 0.0)?;
    Some(het_hom(region)? / autosomes)
}

/// The share of heterozygous genotypes.
fn share(statistics: &Statistics, region: SexRegion) -> Option<f64> {
    let counts = counts(statistics, region).zygosities;
    let all = counts.heterozygous + counts.homozygous + counts.haploid;
    ratio(counts.heterozygous, all).filter(|_| all >= FEWEST)
}

/// The median depth of a part of the genome, divided by that of the autosomes.
pub fn relative_depth(statistics: &Statistics, region: SexRegion) -> Option<f64> {
    let median = |region| counts(statistics, region).depth.median();
    ratio(median(region)? as u64, median(SexRegion::Autosomes)? as u64)
}

#[cfg(test)]
mod tests {
    use super::super::statistics::Zygosities;
    use super::*;

    fn with(autosomes: [u64; 3], x: [u64; 3]) -> Statistics {
        let mut statistics = Statistics::default();
        for (region, [heterozygous, homozygous, haploid]) in [(SexRegion::Autosomes, autosomes), (SexRegion::X, x)] {
            statistics.sex_regions[region as usize].zygosities = Zygosities {
                variants: heterozygous + homozygous + haploid,
                heterozygous,
                homozygous,
                haploid,
            };
        }
        statistics
    }

    #[test]
    fn copies_of_x_follow_from_the_share_of_heterozygous_genotypes() {
        let copies = |autosomes, x| Copies::of_x(&with(autosomes, x));
        assert_eq!(copies([60, 40, 0], [30, 20, 0]), Copies::Two(1.0));
        assert_eq!(copies([60, 40, 0], [0, 0, 50]), Copies::One(0.0));
        assert_eq!(copies([60, 40, 0], [6, 44, 0]), Copies::One(0.2));
        assert_eq!(copies([60, 40, 0], [18, 32, 0]), Copies::Unclear(0.6));
        assert_eq!(copies([60, 40, 0], [10, 9, 0]), Copies::Unknown);
        assert_eq!(copies([0, 0, 0], [30, 20, 0]), Copies::Unknown);
        assert_eq!(copies([0, 40, 0], [30, 20, 0]), Copies::Unknown);
        assert!(copies([0, 40, 0], [30, 20, 0]).sentence().contains("unknown"));
    }

    #[test]
    fn het_hom_and_depth_are_compared_with_the_autosomes() {
        let mut statistics = with([60, 30, 0], [5, 10, 0]);
        assert_eq!(relative_het_hom(&statistics, SexRegion::X), Some(0.25));
        assert_eq!(relative_het_hom(&statistics, SexRegion::Y), None);
        assert!(has_sex_chromosomes(&statistics) && !has_sex_chromosomes(&with([60, 30, 0], [0, 0, 0])));
        assert_eq!(relative_depth(&statistics, SexRegion::Y), None);
        statistics.sex_regions[SexRegion::Autosomes as usize].depth.add(30.0);
        statistics.sex_regions[SexRegion::Y as usize].depth.add(15.0);
        assert_eq!(relative_depth(&statistics, SexRegion::Y), Some(0.5));
    }
}
