//! Probabilities of a sample's genotypes at a site, from its likelihoods and the prior of the cohort.

use super::allele::Allele;
use super::discover::AlleleSupport;
use super::evidence::{Evidence, Likelihoods};
use super::prior::{CopyLikelihoods, CopyPrior, scaled};
use super::unify::Site;
use crate::variants::{Genotype, Ploidy, genotypes};

/// Frequency of an allele that the site does not have, at least.
const LEAST_HIDDEN_FREQUENCY: f64 = 1e-4;
/// Weight of a hidden allele of the sample among the alleles that are not looked at.
const HIDDEN_WEIGHT: f64 = 0.1;

/// Probabilities of the genotypes of one sample, in VCF order of the site's alleles and the hidden ones.
pub struct Posterior {
    pub all: Vec<Genotype>,
    pub probabilities: Vec<f64>,
}

/// Frequencies of the reference and the alternates, by expectation and maximization in Hardy-Weinberg proportions. They
/// only weigh the other alleles while one is looked at.
pub fn allele_frequencies(site: &Site, evidence: &[Evidence], usable: &[usize]) -> Vec<f64> {
    let alleles = site.alternates.len() + 1;
    let copies = |support: &AlleleSupport| f64::from(support.copies) + 0.5;
    let alternates: Vec<f64> = site.support.iter().map(copies).collect();
    let reference = (2.0 * evidence.len() as f64 - alternates.iter().sum::<f64>()).max(1.0);
    let mut frequencies = normalized(std::iter::once(reference).chain(alternates).collect());
    if alleles == 2 {
        return frequencies;
    }
    // Few samples carry an alternate; the others count as the reference.
    let carriers: Vec<usize> = usable
        .iter()
        .copied()
        .filter(|&sample| matches!(evidence[sample].ln, Likelihoods::Genotypes(_)))
        .collect();
    for _ in 0..8 {
        let mut counts = vec![0.01; alleles];
        counts[0] += 2.0 * (usable.len() - carriers.len()) as f64;
        for &sample in &carriers {
            let evidence = &evidence[sample];
            let all = genotypes(evidence.ploidy, alleles - 1);
            let ln: Vec<f64> = all
                .iter()
                .map(|genotype| {
                    let prior: f64 = genotype.alleles().iter().map(|&allele| frequencies[allele].ln()).sum();
                    let orders: f64 = match genotype {
                        Genotype::Diploid([a, b]) if a != b => 2.0,
                        _ => 1.0,
                    };
                    evidence.ln.of(genotype) + prior + orders.ln()
                })
                .collect();
            for (genotype, weight) in all.iter().zip(scaled(&ln)) {
                genotype.alleles().iter().for_each(|&allele| counts[allele] += weight);
            }
        }
        frequencies = normalized(counts);
    }
    frequencies
}

fn normalized(mut values: Vec<f64>) -> Vec<f64> {
    let total: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= total);
    values
}

/// Likelihoods of the numbers of copies of an allele. The other alleles count by their frequencies.
pub fn copies_of(allele: usize, evidence: &Evidence, frequencies: &[f64]) -> CopyLikelihoods {
    let count = frequencies.len() + evidence.hidden.len();
    let weight = |other: usize| match frequencies.get(other) {
        _ if other == allele => 0.0,
        Some(frequency) => frequency.max(1e-6),
        None => HIDDEN_WEIGHT,
    };
    let total: f64 = (0..count).map(weight).sum();
    let weight = |other: usize| weight(other) / total;
    let mut by_copies = match &evidence.ln {
        Likelihoods::Copies(ln) => {
            let reference = weight(0);
            let [none, one, two] = ln.map(f64::exp);
            let other = 1.0 - reference;
            match evidence.ploidy {
                Ploidy::Diploid => [
                    reference * reference * none + 2.0 * reference * other * one + other * other * two,
                    reference * one + other * two,
                    two,
                ],
                _ => [reference * none + other * one, one, 0.0],
            }
        }
        Likelihoods::Genotypes(ln) => {
            let greatest = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut sums = [0.0; 3];
            for (genotype, ln) in genotypes(evidence.ploidy, count - 1).iter().zip(ln) {
                let copies = genotype.alleles().iter().filter(|&&own| own == allele).count();
                let others = genotype.alleles().iter().filter(|&&own| own != allele);
                let mut share: f64 = others.map(|&other| weight(other)).product();
                if let Genotype::Diploid([a, b]) = genotype
                    && copies == 0
                    && a != b
                {
                    share *= 2.0;
                }
                sums[copies] += share * (ln - greatest).exp();
            }
            sums
        }
    };
    let greatest = by_copies.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    by_copies.iter_mut().for_each(|likelihood| *likelihood /= greatest);
    CopyLikelihoods {
        by_copies,
        ploidy: evidence.ploidy,
        is_candidate: evidence.is_candidate[allele - 1],
    }
}

/// Likelihoods of the numbers of copies of the only alternate of a site.
pub fn copies_alone(evidence: &Evidence) -> CopyLikelihoods {
    copies_of(1, evidence, &[0.9, 0.1])
}

pub fn posterior(site: &Site, evidence: &Evidence, priors: &[CopyPrior], samples: usize) -> Posterior {
    let all = genotypes(evidence.ploidy, priors.len() + evidence.hidden.len());
    let hidden: Vec<CopyPrior> = evidence
        .hidden
        .iter()
        .map(|allele| hidden_prior(site, allele, samples))
        .collect();
    let ln_of = |priors: &[CopyPrior]| -> Vec<[f64; 3]> {
        priors
            .iter()
            .map(|prior| prior.map(|value| value.max(f64::MIN_POSITIVE).ln()))
            .collect()
    };
    let (priors, hidden) = (ln_of(priors), ln_of(&hidden));
    let priors: Vec<[f64; 3]> = priors.into_iter().chain(hidden).collect();
    let absent: f64 = priors.iter().map(|prior| prior[0]).sum();
    let ln = |genotype: &Genotype| {
        let alleles = genotype.alleles();
        let gain = |allele: usize, copies: usize| match allele {
            0 => 0.0,
            _ => priors[allele - 1][copies] - priors[allele - 1][0],
        };
        let prior = match alleles {
            [a, b] if a == b => gain(*a, 2),
            _ => alleles.iter().map(|&allele| gain(allele, 1)).sum(),
        };
        evidence.ln.of(genotype) + absent + prior
    };
    let ln: Vec<f64> = all.iter().map(ln).collect();
    Posterior {
        probabilities: scaled(&ln).collect(),
        all,
    }
}

/// Prior of an allele that only this sample brings to the site: as credible as its own likelihoods, if it is of
/// sufficient quality; otherwise rare.
fn hidden_prior(site: &Site, allele: &Allele, samples: usize) -> CopyPrior {
    let shares = [0.35, 0.38, 0.26];
    if site.lost.contains(allele) {
        return shares;
    }
    let frequency = f64::from(site.lost_copies) / (2.0 * samples as f64);
    let rare = frequency.max(LEAST_HIDDEN_FREQUENCY);
    [shares[0], shares[1] * rare, shares[2] * rare]
}
