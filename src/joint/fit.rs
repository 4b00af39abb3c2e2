//! What is measured on a cohort before its sites are called: the prior that each sample's likelihoods hold, and the
//! weights of the classes of alleles.

use super::allele::Allele;
use super::prior::{Classes, ln_sum, scaled};
use super::shares::Shares;

/// Weight of the typical weights, in alleles.
const PRIOR_WEIGHT: f64 = 10.0;

/// Typical shares of artefacts among the candidate alleles of SNPs and of indels.
const TYPICAL_ARTEFACTS: [f64; 2] = [0.3, 0.5];

/// Most rounds of expectation and maximization.
const MAX_ROUNDS: usize = 200;

/// The prior of a cohort.
#[derive(Clone, Debug)]
pub struct CohortPrior {
    pub(super) classes: Classes,
    /// Logarithm of the weights of the classes, for SNPs and for indels.
    ln_weights: [Vec<f64>; 2],
    /// The prior in the likelihoods of each sample; none where they hold none.
    pub(super) shares: Vec<Option<Shares>>,
}

/// The likelihoods of all samples at an allele, by class, as logarithms.
pub type ClassLikelihoods = Vec<f64>;

impl CohortPrior {
    /// The prior of a cohort of which nothing was measured.
    pub(super) fn typical(shares: Vec<Option<Shares>>) -> Self {
        let classes = Classes::new(shares.len());
        let ln_weights = TYPICAL_ARTEFACTS.map(|share| logarithms(&classes.typical(share)));
        Self {
            classes,
            ln_weights,
            shares,
        }
    }

    pub(super) fn ln_weights(&self, allele: &Allele) -> &[f64] {
        &self.ln_weights[usize::from(!allele.is_snp())]
    }

    /// Fits the weights to candidate alleles: SNPs and indels.
    pub(super) fn fit(&mut self, alleles: &[Vec<ClassLikelihoods>; 2]) {
        for ((weights, alleles), artefacts) in self.ln_weights.iter_mut().zip(alleles).zip(TYPICAL_ARTEFACTS) {
            *weights = fitted(alleles, &self.classes.typical(artefacts));
        }
    }

    /// Share of the candidate SNPs and indels that are artefacts.
    pub fn artefacts(&self) -> [f64; 2] {
        let share = |weights: &Vec<f64>| self.classes.artefacts(weights.iter().map(|ln| ln.exp()));
        [share(&self.ln_weights[0]), share(&self.ln_weights[1])]
    }
}

/// The likeliest weights, by expectation and maximization.
fn fitted(alleles: &[ClassLikelihoods], typical: &[f64]) -> Vec<f64> {
    let mut ln_weights = logarithms(typical);
    let mut before = f64::NEG_INFINITY;
    for _ in 0..MAX_ROUNDS {
        let mut counts: Vec<f64> = typical.iter().map(|weight| weight * PRIOR_WEIGHT).collect();
        let mut likelihood = 0.0;
        for allele in alleles {
            let ln: Vec<f64> = allele.iter().zip(&ln_weights).map(|(ln, weight)| ln + weight).collect();
            likelihood += ln_sum(&ln);
            for (count, share) in counts.iter_mut().zip(scaled(&ln)) {
                *count += share;
            }
        }
        let total: f64 = counts.iter().sum();
        ln_weights = counts.iter().map(|count| (count / total).ln()).collect();
        if likelihood - before < 1e-4 * alleles.len() as f64 {
            break;
        }
        before = likelihood;
    }
    ln_weights
}

fn logarithms(weights: &[f64]) -> Vec<f64> {
    weights.iter().map(|weight| weight.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_the_alleles() {
        // Nine of ten alleles are of the second class, and each tells it with odds of 20.
        let allele = |class: usize| if class == 0 { vec![0.0, -3.0] } else { vec![-3.0, 0.0] };
        let alleles: Vec<_> = (0..1000).map(|rank| allele(usize::from(rank % 10 > 0))).collect();
        let weights = fitted(&alleles, &[0.5, 0.5]);
        assert!((weights[1].exp() - 0.92).abs() < 0.03, "{}", weights[1].exp());
        assert_eq!(fitted(&[], &[0.5, 0.5])[0].exp(), 0.5);
    }
}
