//! The corrections that make probabilities honest, fitted on held-out examples.

use std::collections::BTreeSet;

use super::card::{Calibration, Correction};
use super::validation::{Outcome, metrics};
use crate::candidates::VariantType;

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
pub fn cool(outcomes: &[Outcome], before: &Calibration) -> Calibration {
    for_each_type(outcomes, |variant_type, loss, examples| {
        let before = *before.of(variant_type);
        let cooled = fitted(&before, Free::Temperature, loss);
        let gain = (loss(&before) - loss(&cooled)) * examples as f64;
        if gain > WORTH_A_NUMBER { cooled } else { before }
    })
}

/// The temperatures and shifts with the least cross-entropy.
pub fn calibrate(outcomes: &[Outcome]) -> Calibration {
    let libraries: BTreeSet<u32> = outcomes.iter().map(|outcome| outcome.noise.to_bits()).collect();
    for_each_type(outcomes, |_, loss, examples| {
        let mut best = fitted(&Correction::default(), Free::ByDepth, loss);
        // Few examples say little on how frequent variants are, and few libraries on what noise changes.
        for (free, worth, least) in [
            (Free::Shift, WORTH_A_NUMBER, 1),
            (Free::ShiftByNoise, WORTH_A_NOISE_SHIFT, LEAST_LIBRARIES),
        ] {
            let shifted = fitted(&best, free, loss);
            let gain = (loss(&best) - loss(&shifted)) * examples as f64;
            if gain > worth && libraries.len() >= least {
                best = shifted;
            }
        }
        best
    })
}

/// Fits both types, each by its loss and the number of its examples.
fn for_each_type(
    outcomes: &[Outcome],
    fit: impl Fn(VariantType, &dyn Fn(&Correction) -> f64, usize) -> Correction,
) -> Calibration {
    let best = |variant_type| {
        let of_type = outcomes.iter().filter(|o| o.variant_type == variant_type);
        let of_type: Vec<_> = of_type.copied().collect();
        let loss = |correction: &Correction| metrics(&of_type, variant_type, correction).cross_entropy;
        fit(variant_type, &loss, of_type.len())
    };
    Calibration {
        snp: best(VariantType::Snp),
        indel: best(VariantType::Indel),
    }
}

/// The last number that is fitted, with those before it; the others stay.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Free {
    Temperature,
    ByDepth,
    Shift,
    ShiftByNoise,
}

/// The correction with the least loss, one of its numbers after the other.
fn fitted(start: &Correction, free: Free, loss: &dyn Fn(&Correction) -> f64) -> Correction {
    let depth_exponent = if free < Free::ByDepth {
        start.depth_exponent
    } else {
        0.0
    };
    let mut best = Correction {
        temperature_at_20: 1.0,
        depth_exponent,
        ..*start
    };
    let mut improve = |range: (f64, f64), with: &dyn Fn(&Correction, f64) -> Correction| {
        let found = with(&best, least(range, |x| loss(&with(&best, x))));
        let gain = loss(&best) - loss(&found);
        // What no example depends on stays: the exponent, say, where all have 20 reads.
        if gain > WORTH_A_ROUND {
            best = found;
        }
        gain
    };
    for _ in 0..ROUNDS {
        let mut gain = improve((0.2f64.ln(), 5f64.ln()), &|c, log| Correction {
            temperature_at_20: log.exp(),
            ..*c
        });
        if free >= Free::ByDepth {
            gain = gain.max(improve((-1.0, 1.0), &|c, depth_exponent| Correction {
                depth_exponent,
                ..*c
            }));
        }
        let shift = (-MOST_SHIFT, MOST_SHIFT);
        if free >= Free::Shift {
            gain = gain.max(improve(shift, &|c, reference_shift| Correction {
                reference_shift,
                ..*c
            }));
        }
        if free == Free::ShiftByNoise {
            gain = gain.max(improve(shift, &|c, noise_shift| Correction { noise_shift, ..*c }));
        }
        if gain <= WORTH_A_ROUND {
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
    use super::*;
    use crate::model::genotype_probabilities;
    use crate::model::validation::outcome;

    #[test]
    fn overconfidence_is_cooled() {
        // 90 % right, but sure to 99.9 %.
        let logit = 999f32.ln();
        let het = [logit, 0.0, logit, -30.0];
        let outcomes: Vec<_> = (0..100).map(|i| outcome(het, u8::from(i % 10 != 0))).collect();
        let calibration = calibrate(&outcomes);
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
        let snp = cool(&outcomes, &before).snp;
        assert!(snp.temperature_at_20 > 2.0, "{snp:?}");
        assert_eq!((snp.depth_exponent, snp.reference_shift), (0.3, 1.0));
        assert_eq!(cool(&outcomes[1..4], &before), before);
    }

    #[test]
    fn temperature_follows_depth() {
        let logit = 99f32.ln();
        let het = [logit, 0.0, logit, -30.0];
        // Sure to 99 %: with few reads right in 70 of 100, with many in 99.
        let of_depth = |rows, right| {
            (0..100).map(move |i| Outcome {
                rows,
                ..outcome(het, u8::from(i < right))
            })
        };
        let outcomes: Vec<_> = of_depth(13, 70).chain(of_depth(69, 99)).collect();
        let snp = calibrate(&outcomes).snp;
        assert!(snp.temperature(13) > 2.0 * snp.temperature(69), "{snp:?}");
    }

    #[test]
    fn noise_shifts_the_reference_where_it_says_something() {
        // Of doubtful candidates a tenth are variants in noisy libraries, nine in ten in calm ones.
        let doubtful = [0.0, 0.0, 0.0, -30.0];
        let of = |noise, variants| {
            (0..200).map(move |i| Outcome {
                noise,
                ..outcome(doubtful, u8::from(i % 10 < variants))
            })
        };
        let few: Vec<_> = of(-2.0, 9).chain(of(0.0, 5)).chain(of(2.0, 1)).collect();
        assert_eq!(calibrate(&few).snp.noise_shift, 0.0);
        let more = of(-0.01, 5).chain(of(0.01, 5));
        let outcomes: Vec<_> = few.into_iter().chain(more).collect();
        let snp = calibrate(&outcomes).snp;
        assert!((snp.noise_shift - 9f64.ln() / 2.0).abs() < 0.1, "{snp:?}");
        assert!(snp.shift(0.0).abs() < 0.1, "{snp:?}");
        let alike = [-2.0, -1.0, 0.0, 1.0, 2.0].into_iter().flat_map(|noise| of(noise, 5));
        assert_eq!(calibrate(&alike.collect::<Vec<_>>()).snp.noise_shift, 0.0);
    }

    #[test]
    fn variants_that_are_rarer_than_thought_shift_the_reference() {
        // The network holds half of each kind for variants: in truth it is a tenth of the doubtful and all of the plain ones.
        let doubtful = [0.0, 0.0, 0.0, -30.0];
        let (plain, reference) = ([9.0, 0.0, 9.0, -30.0], [-9.0, 9.0, 0.0, -30.0]);
        let mut outcomes: Vec<_> = (0..200).map(|i| outcome(doubtful, u8::from(i % 10 == 0))).collect();
        outcomes.extend((0..200).map(|_| outcome(plain, 1)));
        outcomes.extend((0..200).map(|_| outcome(reference, 0)));
        let snp = calibrate(&outcomes).snp;
        assert!((snp.reference_shift - 9f64.ln()).abs() < 0.1, "{snp:?}");
        // A handful says nothing.
        let snp = calibrate(&[outcome(doubtful, 0), outcome(plain, 1), outcome(reference, 0)]).snp;
        assert_eq!(snp.reference_shift, 0.0);
    }
}
