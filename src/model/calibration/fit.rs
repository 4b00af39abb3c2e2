//! Fits the corrections of the genotype probabilities on held-out examples.

use std::collections::BTreeSet;

use super::validation::{Prediction, metrics};
use crate::model::artifact::{Calibration, Correction};
use crate::variants::VariantType;

/// Most rounds over the free parameters; each round fits every parameter while the others stay fixed.
const MAX_ROUNDS: usize = 30;
/// Largest `reference_shift` and `noise_shift`, in nats.
const MAX_SHIFT: f64 = 4.0;
/// Smallest gain in log-likelihood for each parameter, in nats: twice what Akaike's criterion requires.
const MIN_GAIN: f64 = 2.0;
/// The same for `noise_shift`: all examples of a library are one observation of the effect of its noise.
const MIN_GAIN_OF_NOISE_SHIFT: f64 = 10.0;
/// Fewest libraries for `noise_shift`, because two libraries differ in more than their noise.
const MIN_LIBRARIES: usize = 5;
/// Smallest gain in mean log-likelihood for another round, in nats.
const MIN_GAIN_OF_ROUND: f64 = 1e-6;

/// A calibration with the temperatures of least cross-entropy. Temperatures stay if there are too few examples.
/// Everything else stays, because the examples of one sample have one depth and one library.
pub fn fit_temperatures(outcomes: &[Prediction], before: &Calibration) -> Calibration {
    fit(outcomes, before, &[Parameter::Temperature])
}

/// The temperatures and shifts with the least cross-entropy. Values stay if there are too few examples to fit them.
pub fn fit_calibration(outcomes: &[Prediction], before: &Calibration) -> Calibration {
    fit(outcomes, before, &Parameter::ALL)
}

/// Fits both types, one parameter after the other; refits the earlier parameters with each new one.
fn fit(outcomes: &[Prediction], before: &Calibration, parameters: &[Parameter]) -> Calibration {
    let libraries: BTreeSet<u32> = outcomes.iter().map(|outcome| outcome.noise.to_bits()).collect();
    let usable: Vec<Parameter> = parameters
        .iter()
        .copied()
        .filter(|parameter| libraries.len() >= parameter.min_libraries())
        .collect();
    let fit_type = |variant_type| {
        let examples = outcomes.iter().filter(|o| o.variant_type == variant_type);
        let examples: Vec<_> = examples.copied().collect();
        let (before, count) = (before.for_type(variant_type), examples.len() as f64);
        let loss = |correction: &Correction| {
            metrics(&examples, variant_type, correction).cross_entropy + penalty(correction, before) / count
        };
        match examples.is_empty() {
            true => *before,
            false => fit_useful(before, &usable, &loss, count),
        }
    };
    Calibration {
        snp: fit_type(VariantType::Snp),
        indel: fit_type(VariantType::Indel),
    }
}

/// Negative log-prior of a correction, in nats, by its distance from `before`: a few correct examples do not make a
/// model certain.
fn penalty(correction: &Correction, before: &Correction) -> f64 {
    let term = |parameter: &Parameter| {
        let distance = parameter.get(correction) - parameter.get(before);
        (distance / parameter.spread()).powi(2) / 2.0
    };
    Parameter::ALL.iter().map(term).sum()
}

/// The correction with the least mean loss over `examples` examples. Parameters that gain too little stay.
fn fit_useful(
    before: &Correction,
    parameters: &[Parameter],
    loss: &dyn Fn(&Correction) -> f64,
    examples: f64,
) -> Correction {
    let (mut best, mut free) = (*before, Vec::new());
    // Twice, because a temperature may gain enough only after a shift is free.
    for parameter in parameters.iter().chain(parameters) {
        if free.contains(parameter) {
            continue;
        }
        free.push(*parameter);
        let found = minimize(&best, &free, loss);
        if (loss(&best) - loss(&found)) * examples > parameter.min_gain() {
            best = found;
        } else {
            free.pop();
        }
    }
    best
}

/// A parameter of a correction; the temperature is fitted as its logarithm.
#[derive(Clone, Copy, PartialEq)]
enum Parameter {
    Temperature,
    DepthExponent,
    ReferenceShift,
    NoiseShift,
}

impl Parameter {
    const ALL: [Self; 4] = [
        Self::Temperature,
        Self::DepthExponent,
        Self::ReferenceShift,
        Self::NoiseShift,
    ];

    /// Smallest gain in log-likelihood, in nats.
    fn min_gain(self) -> f64 {
        match self {
            Self::NoiseShift => MIN_GAIN_OF_NOISE_SHIFT,
            _ => MIN_GAIN,
        }
    }

    fn min_libraries(self) -> usize {
        match self {
            Self::NoiseShift => MIN_LIBRARIES,
            _ => 1,
        }
    }

    /// Search range.
    fn range(self) -> (f64, f64) {
        match self {
            Self::Temperature => (0.2f64.ln(), 5f64.ln()),
            Self::DepthExponent => (-1.0, 1.0),
            Self::ReferenceShift | Self::NoiseShift => (-MAX_SHIFT, MAX_SHIFT),
        }
    }

    /// Standard deviation of the change from the value before.
    fn spread(self) -> f64 {
        match self {
            Self::ReferenceShift => 1.0,
            Self::Temperature | Self::NoiseShift => 0.5,
            Self::DepthExponent => 0.25,
        }
    }

    fn get(self, correction: &Correction) -> f64 {
        match self {
            Self::Temperature => correction.temperature_at_20.ln(),
            Self::DepthExponent => correction.depth_exponent,
            Self::ReferenceShift => correction.reference_shift,
            Self::NoiseShift => correction.noise_shift,
        }
    }

    /// The correction with another value of this parameter.
    fn set(self, correction: &Correction, value: f64) -> Correction {
        let mut correction = *correction;
        match self {
            Self::Temperature => correction.temperature_at_20 = value.exp(),
            Self::DepthExponent => correction.depth_exponent = value,
            Self::ReferenceShift => correction.reference_shift = value,
            Self::NoiseShift => correction.noise_shift = value,
        }
        correction
    }
}

/// The correction with the least loss; fits the free parameters in turn.
fn minimize(start: &Correction, free: &[Parameter], loss: &dyn Fn(&Correction) -> f64) -> Correction {
    let mut best = *start;
    for _ in 0..MAX_ROUNDS {
        let mut most = 0f64;
        for parameter in free {
            let found = parameter.set(&best, least(parameter.range(), |x| loss(&parameter.set(&best, x))));
            let gain = loss(&best) - loss(&found);
            // A parameter without effect stays, such as the exponent if all examples have 20 reads.
            if gain > MIN_GAIN_OF_ROUND {
                best = found;
            }
            most = most.max(gain);
        }
        if most <= MIN_GAIN_OF_ROUND {
            break;
        }
    }
    best
}

/// The minimum of a function with one minimum, by golden-section search.
fn least((mut low, mut high): (f64, f64), function: impl Fn(f64) -> f64) -> f64 {
    let shrink = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..20 {
        let (a, b) = (high - shrink * (high - low), low + shrink * (high - low));
        if function(a) < function(b) { high = b } else { low = a }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::super::validation::outcome;
    use super::*;
    use crate::model::inference::genotype_probabilities;

    #[test]
    fn overconfidence_raises_the_temperature() {
        // 90 % right, but with a probability of 99.9 %.
        let logit = 999f32.ln();
        let het = [logit, 0.0, logit, -30.0];
        let outcomes: Vec<_> = (0..1000).map(|i| outcome(het, u8::from(i % 10 != 0))).collect();
        let calibration = fit_calibration(&outcomes, &Calibration::default());
        let p = genotype_probabilities(&het, &calibration.snp, 25, 0.0);
        assert!((p[1] - 0.9).abs() < 0.01, "{p:?}");
        assert_eq!(calibration.indel, Correction::default());
        // Training refits only the temperature, and not from a few examples.
        let before = Correction {
            depth_exponent: 0.3,
            reference_shift: 1.0,
            ..Correction::default()
        };
        let before = Calibration {
            snp: before,
            ..Calibration::default()
        };
        let snp = fit_temperatures(&outcomes, &before).snp;
        assert!(snp.temperature_at_20 > 2.0, "{snp:?}");
        assert_eq!((snp.depth_exponent, snp.reference_shift), (0.3, 1.0));
        assert_eq!(fit_temperatures(&outcomes[1..4], &before), before);
    }

    #[test]
    fn temperature_follows_depth() {
        let logit = 99f32.ln();
        let het = [logit, 0.0, logit, -30.0];
        // A probability of 99 %: 70 of 100 right with few reads, 99 of 100 with many.
        let at_depth = |rows, right| {
            (0..100).map(move |i| Prediction {
                rows,
                ..outcome(het, u8::from(i < right))
            })
        };
        let outcomes: Vec<_> = at_depth(13, 70).chain(at_depth(69, 99)).collect();
        let snp = fit_calibration(&outcomes, &Calibration::default()).snp;
        assert!(snp.temperature(13) > 2.0 * snp.temperature(69), "{snp:?}");
    }

    #[test]
    fn noise_shifts_the_reference_where_it_is_informative() {
        // Of doubtful candidates, one in ten is a variant in noisy libraries, nine in ten in quiet libraries.
        let doubtful = [0.0, 0.0, 0.0, -30.0];
        let library = |noise, variants| {
            (0..200).map(move |i| Prediction {
                noise,
                ..outcome(doubtful, u8::from(i % 10 < variants))
            })
        };
        let few: Vec<_> = library(-2.0, 9).chain(library(0.0, 5)).chain(library(2.0, 1)).collect();
        assert_eq!(fit_calibration(&few, &Calibration::default()).snp.noise_shift, 0.0);
        let more = library(-0.01, 5).chain(library(0.01, 5));
        let outcomes: Vec<_> = few.into_iter().chain(more).collect();
        let snp = fit_calibration(&outcomes, &Calibration::default()).snp;
        assert!((snp.noise_shift - 9f64.ln() / 2.0).abs() < 0.1, "{snp:?}");
        assert!(snp.shift(0.0).abs() < 0.1, "{snp:?}");
        let alike = [-2.0, -1.0, 0.0, 1.0, 2.0]
            .into_iter()
            .flat_map(|noise| library(noise, 5));
        assert_eq!(
            fit_calibration(&alike.collect::<Vec<_>>(), &Calibration::default())
                .snp
                .noise_shift,
            0.0
        );
    }

    #[test]
    fn variants_rarer_than_the_network_predicts_shift_the_reference() {
        // The network predicts that half of each kind are variants. In truth, one in ten doubtful and all plain
        // examples are variants.
        let doubtful = [0.0, 0.0, 0.0, -30.0];
        let (plain, reference) = ([9.0, 0.0, 9.0, -30.0], [-9.0, 9.0, 0.0, -30.0]);
        let mut outcomes: Vec<_> = (0..2000).map(|i| outcome(doubtful, u8::from(i % 10 == 0))).collect();
        outcomes.extend((0..2000).map(|_| outcome(plain, 1)));
        outcomes.extend((0..2000).map(|_| outcome(reference, 0)));
        let snp = fit_calibration(&outcomes, &Calibration::default()).snp;
        assert!((snp.reference_shift - 9f64.ln()).abs() < 0.1, "{snp:?}");
        // A few examples are not enough.
        let few = [outcome(doubtful, 0), outcome(plain, 1), outcome(reference, 0)];
        assert_eq!(fit_calibration(&few, &Calibration::default()), Calibration::default());
    }

    #[test]
    fn parameters_that_examples_cannot_fit_stay() {
        let before = Correction {
            temperature_at_20: 1.3,
            depth_exponent: 0.3,
            reference_shift: 1.0,
            noise_shift: 0.4,
        };
        let before = Calibration {
            snp: before,
            indel: before,
        };
        // Twelve examples, all correct, and no indels.
        let plain = [9.0, 0.0, 9.0, -30.0];
        let few: Vec<_> = (0..12).map(|_| outcome(plain, 1)).collect();
        assert_eq!(fit_calibration(&few, &before), before);
        let more: Vec<_> = (0..2_000)
            .map(|i| outcome([3.0, 0.0, 3.0, -30.0], u8::from(i % 10 > 0)))
            .collect();
        let found = fit_calibration(&more, &before);
        assert!(found.snp != before.snp && found.indel == before.indel, "{found:?}");
        assert_eq!(fit_calibration(&[], &before), before);
    }
}
