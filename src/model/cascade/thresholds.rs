//! Probability thresholds for the decisions of a cascade.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::variants::VariantType;

/// Thresholds to try.
const THRESHOLDS: [f64; 9] = [0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999];
/// Decisions that are necessary to believe a new cascade, or to lower a threshold of the starting model: fewer cannot
/// show one error in two thousand.
const ENOUGH_DECISIONS: u64 = 2000;

/// The threshold of a cascade for one variant type, and its performance on held-out examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CascadeThreshold {
    /// Smallest probability of the most likely genotype at which the cascade decides; above 1 it never decides.
    pub threshold: f64,
    /// Counts of held-out examples: all; decided by the cascade; of these, wrong by the cascade, and wrong by the
    /// pileup network.
    pub examples: u64,
    pub decided: u64,
    pub wrong: u64,
    pub network_wrong: u64,
    /// Examples that only the cascade decides wrongly, not the pileup network.
    pub wrong_alone: u64,
}

/// A held-out example with the results of both stages.
pub struct Trial {
    pub variant_type: VariantType,
    /// The cascade's probabilities of hom-ref, het and hom-alt.
    pub probabilities: [f32; 3],
    pub label: u8,
    pub network_is_right: bool,
}

impl CascadeThreshold {
    const NEVER: Self = Self {
        threshold: 2.0,
        examples: 0,
        decided: 0,
        wrong: 0,
        network_wrong: 0,
        wrong_alone: 0,
    };

    fn at(threshold: f64, trials: &[&Trial]) -> Self {
        let mut tried = Self {
            threshold,
            examples: trials.len() as u64,
            ..Self::NEVER
        };
        for trial in trials {
            let (class, probability) = likeliest(&trial.probabilities);
            if f64::from(probability) >= threshold {
                tried.decided += 1;
                tried.wrong += u64::from(class != trial.label);
                tried.network_wrong += u64::from(!trial.network_is_right);
                tried.wrong_alone += u64::from(class != trial.label && trial.network_is_right);
            }
        }
        tried
    }
}

/// The thresholds of a cascade in the model card.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CascadeThresholds {
    pub snp: CascadeThreshold,
    pub indel: CascadeThreshold,
}

impl CascadeThresholds {
    /// The thresholds of a cascade that never decides.
    pub const NEVER: Self = Self {
        snp: CascadeThreshold::NEVER,
        indel: CascadeThreshold::NEVER,
    };

    /// Finds the smallest thresholds that `accepts` allows. A threshold needs [`ENOUGH_DECISIONS`] decisions, unless
    /// it is at least as high as that of the starting model (`before`). That threshold stays if no example reaches it.
    pub fn fit(trials: &[Trial], before: Option<&Self>, accepts: impl Fn(&CascadeThreshold) -> bool) -> Self {
        let fit_type = |variant_type| {
            let trials: Vec<&Trial> = trials.iter().filter(|t| t.variant_type == variant_type).collect();
            let tried = THRESHOLDS
                .into_iter()
                .map(|threshold| CascadeThreshold::at(threshold, &trials));
            let before = before.map(|card| card.for_type(variant_type));
            let least = before.map_or(CascadeThreshold::NEVER.threshold, |before| before.threshold);
            let may_use = |c: &CascadeThreshold| c.threshold >= least || c.decided >= ENOUGH_DECISIONS;
            let mut accepted = tried.filter(|c| c.decided > 0 && may_use(c) && accepts(c));
            let untried = before.filter(|before| CascadeThreshold::at(before.threshold, &trials).decided == 0);
            accepted
                .next()
                .or(untried.copied())
                .unwrap_or_else(|| CascadeThreshold::at(CascadeThreshold::NEVER.threshold, &trials))
        };
        Self {
            snp: fit_type(VariantType::Snp),
            indel: fit_type(VariantType::Indel),
        }
    }

    /// Fails if a threshold would let an uncertain cascade decide.
    pub fn check(&self) -> Result<()> {
        for CascadeThreshold { threshold, .. } in [self.snp, self.indel] {
            ensure!(
                (0.5..=2.0).contains(&threshold),
                "the model card has a cascade with a threshold of {threshold}, outside of 0.5..2; use another model"
            );
        }
        Ok(())
    }

    pub fn for_type(&self, variant_type: VariantType) -> &CascadeThreshold {
        match variant_type {
            VariantType::Snp => &self.snp,
            VariantType::Indel => &self.indel,
        }
    }
}

impl std::fmt::Display for CascadeThresholds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SNPs: {}; indels: {}", self.snp, self.indel)
    }
}

impl std::fmt::Display for CascadeThreshold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (threshold, examples) = (self.threshold, self.examples);
        if threshold > 1.0 {
            return write!(
                f,
                "it decides none, because no threshold was shown to be safe on {examples} held-out examples; the pileup \
                 network decides all"
            );
        }
        write!(
            f,
            "it decides where its likeliest genotype has P ≥ {threshold}, and the pileup network decides the rest"
        )?;
        if examples == 0 {
            return write!(f, " (not measured)");
        }
        let share = 100.0 * self.decided as f64 / examples as f64;
        write!(
            f,
            " (of {examples} held-out examples it decided {}, {share:.0} %: {} wrong; of the same, the pileup network had \
             {} wrong)",
            self.decided, self.wrong, self.network_wrong
        )
    }
}

/// The most likely genotype and its probability.
pub fn likeliest(probabilities: &[f32; 3]) -> (u8, f32) {
    let mut best = (0, probabilities[0]);
    for (class, &probability) in (0..).zip(probabilities) {
        if probability > best.1 {
            best = (class, probability);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cascade_decides_is_told_in_words() {
        let snp = CascadeThreshold {
            threshold: 0.995,
            examples: 400,
            decided: 300,
            wrong: 4,
            network_wrong: 5,
            wrong_alone: 0,
        };
        let text = CascadeThresholds {
            snp,
            ..CascadeThresholds::NEVER
        }
        .to_string();
        assert!(
            text.starts_with("SNPs: it decides where its likeliest genotype has P ≥ 0.995, and"),
            "{text}"
        );
        assert!(
            text.contains("decided 300, 75 %: 4 wrong; of the same, the pileup network had 5 wrong"),
            "{text}"
        );
        assert!(text.contains("; indels: it decides none"), "{text}");
        let unmeasured = CascadeThreshold {
            threshold: 0.995,
            ..CascadeThreshold::NEVER
        };
        assert!(unmeasured.to_string().ends_with("(not measured)"));
    }

    #[test]
    fn the_smallest_accepted_threshold_is_used() {
        let trial = |probability: f32, label| Trial {
            variant_type: VariantType::Snp,
            probabilities: [probability, 1.0 - probability, 0.0],
            label,
            network_is_right: true,
        };
        // All correct from 0.9985 on, one error at 0.996.
        let trials: Vec<_> = [(0.996, 1), (0.9985, 0), (0.9985, 0), (0.99985, 0), (0.5, 1)]
            .map(|(p, label)| trial(p, label))
            .into();
        // Three decisions are too few to believe a new cascade, and enough for a threshold of the starting model.
        let new = CascadeThresholds::fit(&trials, None, |c| c.wrong == 0);
        assert!(new.snp.threshold > 1.0 && new.indel.threshold > 1.0);
        let mut low = CascadeThresholds::NEVER;
        low.snp.threshold = 0.99;
        let few = CascadeThresholds::fit(&trials, Some(&low), |c| c.wrong == 0);
        assert_eq!((few.snp.threshold, few.snp.examples, few.snp.decided), (0.998, 5, 3));
        assert!(few.indel.threshold > 1.0);
        // A few examples can raise the threshold before, but not lower it.
        let tuned = |trials: &[Trial], threshold| {
            let mut before = few;
            before.snp.threshold = threshold;
            CascadeThresholds::fit(trials, Some(&before), |c| c.wrong == 0)
                .snp
                .threshold
        };
        assert_eq!((tuned(&trials, 0.9995), tuned(&trials, 0.99)), (0.9995, 0.998));
        let many: Vec<_> = (0..ENOUGH_DECISIONS).map(|_| trial(0.996, 0)).collect();
        assert_eq!(tuned(&many, 0.9995), 0.99);
        let believed = |trials: &[Trial]| CascadeThresholds::fit(trials, None, |c| c.wrong == 0).snp.threshold;
        assert!(believed(&many) == 0.99 && believed(&many[1..]) > 1.0);
        // A threshold that no example reaches stays; a threshold with a wrong decision does not.
        assert_eq!(tuned(&many[1..], 0.9995), 0.9995);
        assert_eq!(tuned(&[], 0.9995), 0.9995);
        assert!(tuned(&[trial(0.99999, 1)], 0.9995) > 1.0);
    }
}
