//! How far a cascade may be believed.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::variants::VariantType;

/// Probabilities that are tried as thresholds.
const THRESHOLDS: [f64; 9] = [0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999];
/// Decisions that lower a threshold that more examples set: fewer cannot tell one wrong in two thousand.
const ENOUGH_DECISIONS: u64 = 2000;

/// From which probability on the cascade is believed, and how it did on held-out examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CascadeThreshold {
    /// Least probability of the likeliest genotype; above 1 the cascade never decides.
    pub threshold: f64,
    /// Held-out examples; those that the cascade decided; those of them whose genotype was wrong, by the cascade and by
    /// the pileup network.
    pub examples: u64,
    pub decided: u64,
    pub wrong: u64,
    pub network_wrong: u64,
    /// Those that the cascade decided wrongly and the pileup network would not have.
    pub wrong_alone: u64,
}

/// A held-out example that both stages judged.
pub struct Trial {
    pub variant_type: VariantType,
    /// What the cascade says.
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

/// What a card says of a cascade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CascadeThresholds {
    pub snp: CascadeThreshold,
    pub indel: CascadeThreshold,
}

impl CascadeThresholds {
    /// Of a cascade that never decides.
    pub const NEVER: Self = Self {
        snp: CascadeThreshold::NEVER,
        indel: CascadeThreshold::NEVER,
    };

    /// With the least thresholds that make it believable; those of a model that was started from are lowered by many examples only,
    /// and stay where no example is as sure.
    pub fn fit(trials: &[Trial], before: Option<&Self>, believable: impl Fn(&CascadeThreshold) -> bool) -> Self {
        let of_type = |variant_type| {
            let trials: Vec<&Trial> = trials.iter().filter(|t| t.variant_type == variant_type).collect();
            let tried = THRESHOLDS
                .into_iter()
                .map(|threshold| CascadeThreshold::at(threshold, &trials));
            let before = before.map(|card| card.for_type(variant_type));
            let least = before.map_or(0.0, |before| before.threshold);
            let is_told = |c: &CascadeThreshold| c.threshold >= least || c.decided >= ENOUGH_DECISIONS;
            let mut believed = tried.filter(|c| c.decided > 0 && is_told(c) && believable(c));
            let untried = before.filter(|before| CascadeThreshold::at(before.threshold, &trials).decided == 0);
            believed
                .next()
                .or(untried.copied())
                .unwrap_or_else(|| CascadeThreshold::at(CascadeThreshold::NEVER.threshold, &trials))
        };
        Self {
            snp: of_type(VariantType::Snp),
            indel: of_type(VariantType::Indel),
        }
    }

    /// Fails if a threshold would let a cascade decide that is not sure.
    pub fn check(&self) -> Result<()> {
        for CascadeThreshold { threshold, .. } in [self.snp, self.indel] {
            ensure!(
                (0.5..=2.0).contains(&threshold),
                "the card has a cascade with a threshold of {threshold}"
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
        let kind = |name, c: &CascadeThreshold| {
            let share = 100.0 * c.decided as f64 / c.examples.max(1) as f64;
            format!(
                "decides {share:.0} % of held-out {name}s by P ≥ {} ({} of {}, {} wrong where the network has {} wrong)",
                c.threshold, c.decided, c.examples, c.wrong, c.network_wrong
            )
        };
        write!(f, "{}; {}", kind("SNP", &self.snp), kind("indel", &self.indel))
    }
}

/// The likeliest genotype and its probability.
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
    fn the_least_threshold_that_is_believable_is_taken() {
        let trial = |probability: f32, label| Trial {
            variant_type: VariantType::Snp,
            probabilities: [probability, 1.0 - probability, 0.0],
            label,
            network_is_right: true,
        };
        // Right from 0.9985 on, wrong once at 0.996.
        let trials: Vec<_> = [(0.996, 1), (0.9985, 0), (0.9985, 0), (0.99985, 0), (0.5, 1)]
            .map(|(p, label)| trial(p, label))
            .into();
        let of_few = CascadeThresholds::fit(&trials, None, |c| c.wrong == 0);
        assert_eq!(
            (of_few.snp.threshold, of_few.snp.examples, of_few.snp.decided),
            (0.998, 5, 3)
        );
        assert!(of_few.indel.threshold > 1.0);
        // Few examples raise what more have set, and do not lower it.
        let tuned = |trials: &[Trial], threshold| {
            let mut before = of_few;
            before.snp.threshold = threshold;
            CascadeThresholds::fit(trials, Some(&before), |c| c.wrong == 0)
                .snp
                .threshold
        };
        assert_eq!((tuned(&trials, 0.9995), tuned(&trials, 0.99)), (0.9995, 0.998));
        let many: Vec<_> = (0..ENOUGH_DECISIONS).map(|_| trial(0.996, 0)).collect();
        assert_eq!(tuned(&many, 0.9995), 0.99);
        // What none is sure enough to try stays; what was tried and found wrong does not.
        assert_eq!(tuned(&many[1..], 0.9995), 0.9995);
        assert_eq!(tuned(&[], 0.9995), 0.9995);
        assert!(tuned(&[trial(0.99999, 1)], 0.9995) > 1.0);
    }
}
