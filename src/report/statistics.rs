//! Counts over the variants of one sample.

use std::collections::BTreeMap;

use super::contigs::{ContigPlace, SexRegion};
use super::histogram::Histogram;
use super::kinds::{Change, Kind, Zygosity};
use super::variant::Variant;

/// Base changes without strand, named from the pyrimidine.
pub const BASE_CHANGES: [&str; 6] = ["C>A", "C>G", "C>T", "T>A", "T>C", "T>G"];
/// Number of bars for shares of reads. The middle of the first is 0, of the last 1, and of one of them 0.5.
pub const FRACTION_BARS: usize = 51;

/// Counts of variants: records of which the sample carries an alternate allele.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    pub variants: u64,
    /// In the order of [`Kind::ALL`].
    pub kinds: [u64; Kind::ALL.len()],
    /// By [`Zygosity`], of all records with an alternate allele, so that 0/0 and no calls count too.
    pub zygosities: [u64; Zygosity::COUNT],
    /// Alleles, in the order of [`BASE_CHANGES`].
    pub base_changes: [u64; BASE_CHANGES.len()],
    /// Alleles by length; a deletion is negative. Lengths beyond [`LONGEST_INDEL`] count as the next one.
    pub indel_lengths: BTreeMap<i64, u64>,
    pub depth: Histogram,
    pub quality: Histogram,
    pub genotype_quality: Histogram,
    /// Shares of reads in [`FRACTION_BARS`] bars, in the order of [`Zygosity::CALLED`].
    pub fractions: [Histogram; Zygosity::CALLED.len()],
    /// Fields that gave the depth and the shares of reads, with the number of records.
    pub sources: BTreeMap<&'static str, u64>,
    /// By rank of the contig.
    pub contigs: Vec<Zygosities>,
    /// In the order of [`SexRegion::ALL`].
    pub sex_regions: [SexRegionCounts; SexRegion::ALL.len()],
}

pub const LONGEST_INDEL: i64 = 1_000;

/// Variants by genotype.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zygosities {
    pub variants: u64,
    pub heterozygous: u64,
    pub homozygous: u64,
    pub haploid: u64,
}

impl Zygosities {
    fn add(&mut self, zygosity: Zygosity) {
        self.variants += 1;
        match zygosity {
            Zygosity::Heterozygous | Zygosity::TwoAlternates => self.heterozygous += 1,
            Zygosity::Homozygous => self.homozygous += 1,
            Zygosity::Haploid => self.haploid += 1,
            _ => {}
        }
    }

    pub fn het_hom(&self) -> Option<f64> {
        ratio(self.heterozygous, self.homozygous)
    }
}

/// The counts of one part of the genome for the sex check.
#[derive(Clone, Debug, Default)]
pub struct SexRegionCounts {
    pub zygosities: Zygosities,
    pub depth: Histogram,
}

/// None without a denominator.
pub fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

impl Statistics {
    pub fn add(&mut self, variant: &Variant, place: &ContigPlace, position: u64) {
        self.zygosities[variant.zygosity as usize] += 1;
        self.add_fractions(variant);
        let Some(kind) = variant.kind() else { return };
        self.variants += 1;
        self.kinds[kind as usize] += 1;
        variant.changes.iter().for_each(|change| self.add_change(*change));
        self.quality.extend(variant.quality);
        self.genotype_quality.extend(variant.genotype_quality);
        if let Some((source, depth)) = variant.depth {
            self.depth.add(depth);
            *self.sources.entry(source).or_default() += 1;
        }
        if self.contigs.len() <= place.rank {
            self.contigs.resize(place.rank + 1, Zygosities::default());
        }
        self.contigs[place.rank].add(variant.zygosity);
        if let Some(region) = place.sex_region(position) {
            let counts = &mut self.sex_regions[region as usize];
            counts.zygosities.add(variant.zygosity);
            counts.depth.extend(variant.depth.map(|(_, depth)| depth));
        }
    }

    fn add_fractions(&mut self, variant: &Variant) {
        let Some(index) = Zygosity::CALLED.iter().position(|z| *z == variant.zygosity) else {
            return;
        };
        let last = (FRACTION_BARS - 1) as f64;
        let nearest = variant
            .fractions
            .iter()
            .map(|fraction| (fraction * last).round().min(last));
        self.fractions[index].extend(nearest);
        if !variant.fractions.is_empty() {
            *self.sources.entry(variant.fraction_source).or_default() += 1;
        }
    }

    fn add_change(&mut self, change: Change) {
        match change {
            Change::Substitution(reference, alternate) => {
                let name = match reference {
                    b'A' | b'G' => [complement(reference), b'>', complement(alternate)],
                    _ => [reference, b'>', alternate],
                };
                if let Some(index) = BASE_CHANGES.iter().position(|known| known.as_bytes() == name) {
                    self.base_changes[index] += 1;
                }
            }
            Change::Indel(length) => {
                let length = length.clamp(-LONGEST_INDEL - 1, LONGEST_INDEL + 1);
                *self.indel_lengths.entry(length).or_default() += 1;
            }
            Change::Complex | Change::Symbolic => {}
        }
    }

    pub fn transitions(&self) -> u64 {
        self.base_changes[2] + self.base_changes[4]
    }

    pub fn ti_tv(&self) -> Option<f64> {
        let all: u64 = self.base_changes.iter().sum();
        ratio(self.transitions(), all - self.transitions())
    }

    /// All variants by genotype.
    pub fn total(&self) -> Zygosities {
        let count = |zygosity| self.zygosities[zygosity as usize];
        Zygosities {
            variants: self.variants,
            heterozygous: count(Zygosity::Heterozygous) + count(Zygosity::TwoAlternates),
            homozygous: count(Zygosity::Homozygous),
            haploid: count(Zygosity::Haploid),
        }
    }
}

fn complement(base: u8) -> u8 {
    match base {
        b'A' => b'T',
        b'C' => b'G',
        b'G' => b'C',
        b'T' => b'A',
        other => other,
    }
}
