//! The corrections that make probabilities honest, fitted on held-out examples.

use std::collections::BTreeSet;

use super::validation::{Prediction, metrics};
use crate::model::artifact::{Calibration, Correction};
use crate::variants::VariantType;

/// Most times that each number of a correction is fitted, the others as they are.
const ROUNDS: usize = 30;
/// Largest `reference_shift` and `noise_shift`, in nats.
const MOST_SHIFT: f64 = 4.0;
/// Log-likelihood that each number must gain, in nats, twice what Akaike's criterion asks of a parameter.
const WORTH_A_NUMBER: f64 = 2.0;
/// The same for a shift that follows noise: the examples of a library are one witness of what its noise changes.
const WORTH_A_NOISE_SHIFT: f64 = 10.0;
/// Libraries that it needs: two differ in more than their noise.
const LEAST_LIBRARIES: usize = 5;
/// Mean log-likelihood, in nats, that is worth another round.
const WORTH_A_ROUND: f64 = 1e-6;

/// A calibration with the temperatures of least cross-entropy, where the examples are enough to tell them. All else stays: examples of
/// one sample have one depth and one library.
pub fn fit_temperatures(outcomes: &[Prediction], before: &Calibration) -> Calibration {
    corrected(outcomes, before, &[Number::Temperature])
}

/// The temperatures and shifts with the least cross-entropy, but for those that the examples are too few to tell: these stay.
pub fn fit_calibration(outcomes: &[Prediction], before: &Calibration) -> Calibration {
    corrected(outcomes, before, &Number::ALL)
}

/// Fits both types, number by number; each that is found is fitted again with the next.
fn corrected(outcomes: &[Prediction], before: &Calibration, numbers: &[Number]) -> Calibration {
    let libraries: BTreeSet<u32> = outcomes.iter().map(|outcome| outcome.noise.to_bits()).collect();
    let told: Vec<Number> = numbers
        .iter()
        .copied()
        .filter(|number| libraries.len() >= number.least_libraries())
        .collect();
    let of_type = |variant_type| {
        let of_type = outcomes.iter().filter(|o| o.variant_type == variant_type);
        let of_type: Vec<_> = of_type.copied().collect();
        let (before, examples) = (before.for_type(variant_type), of_type.len() as f64);
        let loss = |correction: &Correction| {
            metrics(&of_type, variant_type, correction).cross_entropy + unlikeliness(correction, before) / examples
        };
        match of_type.is_empty() {
            true => *before,
            false => worthwhile(before, &told, &loss, examples),
        }
    };
    Calibration {
        snp: of_type(VariantType::Snp),
        indel: of_type(VariantType::Indel),
    }
}

/// How unlikely a correction is, in nats, by how far it is from that before: few examples, all of them right, do not make a model sure.
fn unlikeliness(correction: &Correction, before: &Correction) -> f64 {
    let of = |number: &Number| {
        let far = number.get(correction) - number.get(before);
        (far / number.spread()).powi(2) / 2.0
    };
    Number::ALL.iter().map(of).sum()
}

/// The correction with the least mean loss of so many examples, but for numbers that gain too little: these stay.
fn worthwhile(before: &Correction, numbers: &[Number], loss: &dyn Fn(&Correction) -> f64, examples: f64) -> Correction {
    let (mut best, mut free) = (*before, Vec::new());
    // Twice, as a temperature may be found only when a shift is.
    for number in numbers.iter().chain(numbers) {
        if free.contains(number) {
            continue;
        }
        free.push(*number);
        let found = fitted(&best, &free, loss);
        if (loss(&best) - loss(&found)) * examples > number.worth() {
            best = found;
        } else {
            free.pop();
        }
    }
    best
}

/// A number of a correction; of the temperature it is the logarithm.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    Temperature,
    DepthExponent,
    ReferenceShift,
    NoiseShift,
}

impl Number {
    const ALL: [Self; 4] = [
        Self::Temperature,
        Self::DepthExponent,
        Self::ReferenceShift,
        Self::NoiseShift,
    ];

    /// Log-likelihood that it must gain.
    fn worth(self) -> f64 {
        match self {
            Self::NoiseShift => WORTH_A_NOISE_SHIFT,
            _ => WORTH_A_NUMBER,
        }
    }

    fn least_libraries(self) -> usize {
        match self {
            Self::NoiseShift => LEAST_LIBRARIES,
            _ => 1,
        }
    }

    /// Where it is looked for.
    fn range(self) -> (f64, f64) {
        match self {
            Self::Temperature => (0.2f64.ln(), 5f64.ln()),
            Self::DepthExponent => (-1.0, 1.0),
            Self::ReferenceShift | Self::NoiseShift => (-MOST_SHIFT, MOST_SHIFT),
        }
    }

    /// How far from what it was it comes to lie, usually.
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

    /// The correction with another value of this number.
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

/// The correction with the least loss, one of the free numbers after the other.
fn fitted(start: &Correction, free: &[Number], loss: &dyn Fn(&Correction) -> f64) -> Correction {
    let mut best = *start;
    for _ in 0..ROUNDS {
        let mut most = 0f64;
        for number in free {
            let found = number.set(&best, least(number.range(), |x| loss(&number.set(&best, x))));
            let gain = loss(&best) - loss(&found);
            // What no example depends on stays: the exponent, say, where all have 20 reads.
            if gain > WORTH_A_ROUND {
                best = found;
            }
            most = most.max(gain);
        }
        if most <= WORTH_A_ROUND {
            break;
        }
    }
    best
}

/// Where a function with one minimum has it, by golden-section search.
fn least((mut low, mut high): (f64, f64), of: impl Fn(f64) -> f64) -> f64 {
    let shrink = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..20 {
        let (a, b) = (high - shrink * (high - low), low + shrink * (high - low));
        if of(a) < of(b) { high = b } else { low = a }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::super::validation::outcome;
    use super::*;
    use crate::model::inference::genotype_probabilities;

    #[test]
    fn overconfidence_is_cooled() {
        // 90 % right, but sure to 99.9 %.
        let logit = 999f32.ln();
        let het = [logit, 0.0, logit, -30.0];
        let outcomes: Vec<_> = (0..1000).map(|i| outcome(het, u8::from(i % 10 != 0))).collect();
        let calibration = fit_calibration(&outcomes, &Calibration::default());
        let p = genotype_probabilities(&het, &calibration.snp, 25, 0.0);
        assert!((p[1] - 0.9).abs() < 0.01, "{p:?}");
        assert_eq!(calibration.indel, Correction::default());
        // A temperature alone may be fitted anew, but not from a handful.
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
        // Sure to 99 %: with few reads right in 70 of 100, with many in 99.
        let of_depth = |rows, right| {
            (0..100).map(move |i| Prediction {
                rows,
                ..outcome(het, u8::from(i < right))
            })
        };
        let outcomes: Vec<_> = of_depth(13, 70).chain(of_depth(69, 99)).collect();
        let snp = fit_calibration(&outcomes, &Calibration::default()).snp;
        assert!(snp.temperature(13) > 2.0 * snp.temperature(69), "{snp:?}");
    }

    #[test]
    fn noise_shifts_the_reference_where_it_says_something() {
        // Of doubtful candidates a tenth are variants in noisy libraries, nine in ten in calm ones.
        let doubtful = [0.0, 0.0, 0.0, -30.0];
        let of = |noise, variants| {
            (0..200).map(move |i| Prediction {
                noise,
                ..outcome(doubtful, u8::from(i % 10 < variants))
            })
        };
        let few: Vec<_> = of(-2.0, 9).chain(of(0.0, 5)).chain(of(2.0, 1)).collect();
        assert_eq!(fit_calibration(&few, &Calibration::default()).snp.noise_shift, 0.0);
        let more = of(-0.01, 5).chain(of(0.01, 5));
        let outcomes: Vec<_> = few.into_iter().chain(more).collect();
        let snp = fit_calibration(&outcomes, &Calibration::default()).snp;
        assert!((snp.noise_shift - 9f64.ln() / 2.0).abs() < 0.1, "{snp:?}");
        assert!(snp.shift(0.0).abs() < 0.1, "{snp:?}");
        let alike = [-2.0, -1.0, 0.0, 1.0, 2.0].into_iter().flat_map(|noise| of(noise, 5));
        assert_eq!(
            fit_calibration(&alike.collect::<Vec<_>>(), &Calibration::default())
                .snp
                .noise_shift,
            0.0
        );
    }

    #[test]
    fn variants_that_are_rarer_than_thought_shift_the_reference() {
        // The network holds half of each kind for variants: in truth it is a tenth of the doubtful and all of the plain ones.
        let doubtful = [0.0, 0.0, 0.0, -30.0];
        let (plain, reference) = ([9.0, 0.0, 9.0, -30.0], [-9.0, 9.0, 0.0, -30.0]);
        let mut outcomes: Vec<_> = (0..2000).map(|i| outcome(doubtful, u8::from(i % 10 == 0))).collect();
        outcomes.extend((0..2000).map(|_| outcome(plain, 1)));
        outcomes.extend((0..2000).map(|_| outcome(reference, 0)));
        let snp = fit_calibration(&outcomes, &Calibration::default()).snp;
        assert!((snp.reference_shift - 9f64.ln()).abs() < 0.1, "{snp:?}");
        // A handful says nothing.
        let few = [outcome(doubtful, 0), outcome(plain, 1), outcome(reference, 0)];
        assert_eq!(fit_calibration(&few, &Calibration::default()), Calibration::default());
    }

    #[test]
    fn what_examples_cannot_tell_stays() {
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
        // A dozen, all of them right, and no indels.
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
