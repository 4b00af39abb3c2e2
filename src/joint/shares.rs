//! The prior in the genotype probabilities of a network, and how it is taken out.
//!
//! A network that learned from candidates gives the probability of a genotype among candidates: it holds the share of
//! candidates that have the genotype. If the probabilities are calibrated, their mean over the candidates of a sample is
//! that share. The likelihood is the probability divided by the share, so that the prior of the cohort counts alone.

use super::window::Variant;
use crate::variants::{Genotype, genotypes};

/// Kinds of genotypes: homozygous reference, heterozygous, homozygous, two alternates.
const KINDS: usize = 4;

/// Weight of the typical shares, in candidates.
const PRIOR_WEIGHT: f64 = 20.0;

/// Typical shares by kind, for records with one alternate, and with several.
const TYPICAL: [[f64; KINDS]; 2] = [[0.35, 0.38, 0.26, 0.01], [0.2, 0.3, 0.25, 0.25]];

/// Shares of the candidates of a sample that have each kind of genotype: SNPs, indels, and records with several
/// alternates.
#[derive(Clone, Debug)]
pub struct Shares {
    /// Sums of probabilities.
    sums: [[f64; KINDS]; 3],
    /// Logarithm of the shares.
    ln: [[f64; KINDS]; 3],
}

impl Default for Shares {
    fn default() -> Self {
        let typical = [TYPICAL[0], TYPICAL[0], TYPICAL[1]];
        let mut shares = Self {
            sums: typical.map(|kinds| kinds.map(|share| share * PRIOR_WEIGHT)),
            ln: [[0.0; KINDS]; 3],
        };
        shares.settle();
        shares
    }
}

impl Shares {
    /// Adds the probabilities of a candidate.
    pub fn add(&mut self, variant: &Variant) {
        let all = genotypes(variant.ploidy(), variant.alleles.len());
        let probability = |phred: &u32| 10f64.powf(-f64::from(*phred) / 10.0);
        let total: f64 = variant.likelihoods.iter().map(probability).sum();
        for (genotype, phred) in all.iter().zip(&variant.likelihoods) {
            self.sums[type_of(variant)][kind_of(genotype)] += probability(phred) / total;
        }
    }

    /// Adds the candidates of another part.
    pub fn add_all(&mut self, sums: &[[f64; KINDS]; 3]) {
        for (own, other) in self.sums.iter_mut().flatten().zip(sums.iter().flatten()) {
            *own += other;
        }
    }

    /// Makes shares of the sums.
    pub fn settle(&mut self) {
        for (ln, sums) in self.ln.iter_mut().zip(&self.sums) {
            let total: f64 = sums.iter().sum();
            *ln = sums.map(|sum| (sum / total).ln());
        }
    }

    /// The sums without the typical shares.
    pub fn counted(&self) -> [[f64; KINDS]; 3] {
        let mut counted = self.sums;
        for (own, typical) in counted.iter_mut().flatten().zip(Self::default().sums.iter().flatten()) {
            *own -= typical;
        }
        counted
    }

    /// Logarithm of the share of candidates with a genotype like this.
    pub fn ln_share(&self, variant: &Variant, genotype: &Genotype) -> f64 {
        let (kind, alternates) = (kind_of(genotype), variant.known().count());
        // The genotypes of a kind divide its share among them.
        let genotypes = [1, alternates, alternates, alternates * alternates.saturating_sub(1) / 2][kind];
        self.ln[type_of(variant)][kind] - (genotypes.max(1) as f64).ln()
    }
}

fn type_of(variant: &Variant) -> usize {
    match variant.known().count() {
        0 | 1 => usize::from(!variant.is_snp()),
        _ => 2,
    }
}

fn kind_of(genotype: &Genotype) -> usize {
    match *genotype {
        Genotype::Haploid(0) | Genotype::Diploid([_, 0]) => 0,
        Genotype::Haploid(_) => 2,
        Genotype::Diploid([0, _]) => 1,
        Genotype::Diploid([a, b]) if a == b => 2,
        Genotype::Diploid(_) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::super::allele::Allele;
    use super::super::window::RecordAllele;
    use super::*;

    #[test]
    fn shares_are_the_mean_probabilities() {
        let snp = |likelihoods: &[u32]| Variant {
            start: 5,
            end: 6,
            alleles: vec![
                RecordAllele::Known(Allele {
                    start: 5,
                    end: 6,
                    bases: b"T".to_vec(),
                }),
                RecordAllele::Unseen,
            ],
            genotype: vec![Some(0), Some(1)],
            quality: None,
            depth: None,
            allele_depths: Vec::new(),
            likelihoods: likelihoods.to_vec(),
        };
        let mut shares = Shares::default();
        let before = shares.ln_share(&snp(&[]), &Genotype::Diploid([0, 1]));
        for _ in 0..1_000 {
            shares.add(&snp(&[0, 90, 90, 990, 990, 990]));
        }
        for _ in 0..3_000 {
            shares.add(&snp(&[90, 0, 90, 990, 990, 990]));
        }
        shares.settle();
        let share = |genotype: [usize; 2]| shares.ln_share(&snp(&[]), &genotype.into()).exp();
        assert!((share([0, 0]) - 0.25).abs() < 0.01 && (share([0, 1]) - 0.75).abs() < 0.01);
        assert!((before.exp() - TYPICAL[0][1]).abs() < 1e-9);
        let sum: f64 = shares.counted().iter().flatten().sum();
        assert!((sum - 4_000.0).abs() < 1e-6);
    }
}
