//! The prior of genotypes at a site, from the whole cohort.
//!
//! An allele belongs to one of several classes: an artefact that a share of the samples shows although all are homozygous
//! reference, or a variant with some frequency in the population, whose genotypes are in Hardy-Weinberg proportions. The
//! weights of the classes are measured on the cohort (`fit.rs`). So a variant that one sample has alone is as credible
//! as such variants are in this cohort.

use crate::variants::Ploidy;

/// Shares of samples that show an artefact.
const ARTEFACT_SHARES: [f64; 4] = [0.002, 0.02, 0.1, 0.4];

/// Shares of the samples without a variant that show it nevertheless: most variants are rarely seen by error, but those in
/// repeats are.
const ERROR_SHARES: [f64; 2] = [0.01, 0.2];

/// Ratio of neighbouring frequencies.
const FREQUENCY_STEP: f64 = 1.5;

/// The classes of an allele in a cohort of some size.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// Frequencies of variants, and the share of other samples that show them; the artefacts come before them.
    variants: Vec<(f64, f64)>,
}

/// What a sample says of the number of its copies of an allele.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CopyLikelihoods {
    /// Of no, one and two copies. The greatest is 1.
    pub by_copies: [f64; 3],
    pub ploidy: Ploidy,
    /// Whether the sample shows the allele, and its likelihoods are those of samples that do.
    pub is_candidate: bool,
}

/// Unscaled prior of the numbers of copies of an allele in one sample, given all other samples.
pub type CopyPrior = [f64; 3];

impl Classes {
    pub fn new(samples: usize) -> Self {
        let least = 0.5 / (2.0 * samples.max(1) as f64);
        let mut low = Vec::new();
        let mut frequency = least;
        while frequency < 0.45 {
            low.push(frequency);
            frequency *= FREQUENCY_STEP;
        }
        let high: Vec<f64> = low.iter().rev().map(|frequency| 1.0 - frequency).collect();
        low.push(0.5);
        low.extend(high);
        let with_errors = |error: f64| low.iter().map(move |&frequency| (frequency, error));
        Self {
            variants: ERROR_SHARES.into_iter().flat_map(with_errors).collect(),
        }
    }

    pub fn len(&self) -> usize {
        ARTEFACT_SHARES.len() + self.variants.len()
    }

    /// Typical weights: `artefacts` of the candidates are none, and variants have the spectrum of a population of constant
    /// size.
    pub fn typical(&self, artefacts: f64) -> Vec<f64> {
        let spectrum: Vec<f64> = self.variants.iter().map(|&(f, _)| f.min(1.0 - f) / f).collect();
        let total: f64 = spectrum.iter().sum();
        let rest = spectrum.iter().map(|weight| (1.0 - artefacts) * weight / total);
        let none = ARTEFACT_SHARES.iter().map(|_| artefacts / ARTEFACT_SHARES.len() as f64);
        none.chain(rest).collect()
    }

    /// The part of the weights that artefacts have.
    pub fn artefacts(&self, weights: impl Iterator<Item = f64>) -> f64 {
        weights.take(ARTEFACT_SHARES.len()).sum()
    }

    /// Prior of the numbers of copies in each class, with the chance that a sample with so many copies shows the allele.
    fn priors(&self, ploidy: Ploidy, is_candidate: bool) -> impl Iterator<Item = CopyPrior> {
        let shown = move |share: f64| if is_candidate { share } else { 1.0 - share };
        let artefacts = ARTEFACT_SHARES.iter().map(move |&share| [shown(share), 0.0, 0.0]);
        let variants = self.variants.iter().map(move |&(f, error)| {
            let none = 1.0 - f;
            let error = shown(error);
            match ploidy {
                Ploidy::Diploid => [none * none * error, 2.0 * f * none, f * f],
                Ploidy::Haploid | Ploidy::Absent => [none * error, f, 0.0],
            }
        });
        artefacts.chain(variants)
    }

    /// Likelihood of a sample in each class.
    pub fn likelihoods(&self, sample: &CopyLikelihoods) -> impl Iterator<Item = f64> {
        let by_copies = sample.by_copies;
        self.priors(sample.ploidy, sample.is_candidate)
            .map(move |prior| dot(&prior, &by_copies).max(f64::MIN_POSITIVE))
    }
}

/// The likelihoods of all samples at one allele.
pub struct AlleleModel<'a> {
    classes: &'a Classes,
    samples: &'a [CopyLikelihoods],
    /// Logarithm of the weight of each class times the likelihood of all samples.
    totals: Vec<f64>,
    /// Logarithm of the likelihood of each sample in each class.
    by_sample: Vec<f64>,
}

impl<'a> AlleleModel<'a> {
    /// `ln_weights` are the logarithms of the weights of the classes.
    pub fn new(classes: &'a Classes, ln_weights: &[f64], samples: &'a [CopyLikelihoods]) -> Self {
        let mut totals = ln_weights.to_vec();
        let mut by_sample: Vec<f64> = Vec::with_capacity(samples.len() * classes.len());
        for (rank, sample) in samples.iter().enumerate() {
            let first = by_sample.len();
            match rank.checked_sub(1).filter(|&before| samples[before] == *sample) {
                // Many samples show the same block.
                Some(_) => by_sample.extend_from_within(first - classes.len()..),
                None => by_sample.extend(classes.likelihoods(sample).map(f64::ln)),
            }
            for (total, ln) in totals.iter_mut().zip(&by_sample[first..]) {
                *total += ln;
            }
        }
        Self {
            classes,
            samples,
            totals,
            by_sample,
        }
    }

    fn ln_of(&self, sample: usize) -> &[f64] {
        &self.by_sample[sample * self.classes.len()..][..self.classes.len()]
    }

    /// Prior of each sample, in which its own records do not count. `left_out` are further samples that do not count.
    pub fn prior_of(&self, sample: usize, left_out: &[usize]) -> CopyPrior {
        let mut weights = self.totals.clone();
        for out in left_out
            .iter()
            .copied()
            .chain((!left_out.contains(&sample)).then_some(sample))
        {
            for (weight, ln) in weights.iter_mut().zip(self.ln_of(out)) {
                *weight -= ln;
            }
        }
        let own = &self.samples[sample];
        let mut prior = [0.0; 3];
        for (weight, class) in scaled(&weights).zip(self.classes.priors(own.ploidy, own.is_candidate)) {
            for (sum, value) in prior.iter_mut().zip(class) {
                *sum += weight * value;
            }
        }
        prior
    }

    /// Natural logarithm of the probability that no sample has a copy.
    pub fn ln_absent(&self) -> f64 {
        let mut absent = self.totals.clone();
        for (rank, sample) in self.samples.iter().enumerate() {
            let priors = self.classes.priors(sample.ploidy, sample.is_candidate);
            for ((total, ln), prior) in absent.iter_mut().zip(self.ln_of(rank)).zip(priors) {
                *total += (prior[0] * sample.by_copies[0]).max(f64::MIN_POSITIVE).ln() - ln;
            }
        }
        ln_sum(&absent) - ln_sum(&self.totals)
    }

    /// Expected frequency of the allele.
    pub fn frequency(&self) -> f64 {
        let frequencies = ARTEFACT_SHARES
            .iter()
            .map(|_| 0.0)
            .chain(self.classes.variants.iter().map(|variant| variant.0));
        scaled(&self.totals)
            .zip(frequencies)
            .map(|(weight, frequency)| weight * frequency)
            .sum()
    }
}

/// Weights of sum 1 from their logarithms.
pub fn scaled(ln: &[f64]) -> impl Iterator<Item = f64> {
    let total = ln_sum(ln);
    ln.iter().map(move |value| (value - total).exp())
}

/// Logarithm of the sum of numbers that are given by their logarithms.
pub fn ln_sum(ln: &[f64]) -> f64 {
    let greatest = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    greatest + ln.iter().map(|value| (value - greatest).exp()).sum::<f64>().ln()
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample that shows the allele, with odds of a variant against none.
    fn shows(odds: f64) -> CopyLikelihoods {
        CopyLikelihoods {
            by_copies: [1.0 / odds, 1.0, 0.01],
            ploidy: Ploidy::Diploid,
            is_candidate: true,
        }
    }

    fn blank(depth: i32) -> CopyLikelihoods {
        CopyLikelihoods {
            by_copies: [1.0, 0.5f64.powi(depth), 0.001f64.powi(depth)],
            ploidy: Ploidy::Diploid,
            is_candidate: false,
        }
    }

    /// Odds that the first sample has a copy.
    fn odds(samples: &[CopyLikelihoods]) -> f64 {
        let classes = Classes::new(samples.len());
        let ln: Vec<f64> = classes.typical(0.5).iter().map(|weight| weight.ln()).collect();
        let model = AlleleModel::new(&classes, &ln, samples);
        let prior = model.prior_of(0, &[]);
        let has = samples[0].by_copies;
        (prior[1] * has[1] + prior[2] * has[2]) / (prior[0] * has[0])
    }

    #[test]
    fn other_carriers_make_a_doubtful_variant_credible() {
        let alone: Vec<_> = [shows(2.0)].into_iter().chain((0..20).map(|_| blank(20))).collect();
        let shared: Vec<_> = [shows(2.0)]
            .into_iter()
            .chain((0..5).map(|_| shows(1e6)))
            .chain((0..15).map(|_| blank(20)))
            .collect();
        assert!(
            odds(&shared) > 20.0 * odds(&alone),
            "{} {}",
            odds(&shared),
            odds(&alone)
        );
        // A sample that shows nothing is no carrier for that.
        let (mut empty, others) = (vec![blank(20)], &shared[1..]);
        empty.extend_from_slice(others);
        assert!(odds(&empty) < 1e-3);
    }

    #[test]
    fn the_weights_are_a_distribution_and_the_absence_of_carriers_has_a_probability() {
        for samples in [1, 3, 1_000] {
            let classes = Classes::new(samples);
            let weights = classes.typical(0.4);
            assert_eq!(weights.len(), classes.len());
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!((classes.artefacts(weights.into_iter()) - 0.4).abs() < 1e-9);
        }
        let classes = Classes::new(2);
        let ln: Vec<f64> = classes.typical(0.5).iter().map(|weight| weight.ln()).collect();
        let absent = |samples: &[CopyLikelihoods]| AlleleModel::new(&classes, &ln, samples).ln_absent();
        assert!(absent(&[blank(30), blank(30)]) > -0.7);
        let sure = absent(&[shows(1e9), blank(30)]);
        assert!(sure < -15.0, "{sure}");
    }
}
