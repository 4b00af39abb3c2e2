//! Markov chains: the next base from the bases before it.

use crate::regulatory::bases::UNKNOWN;
use crate::regulatory::model::Perplexity;

/// The highest order.
const MOST: usize = 8;

/// The perplexities on `validation` of chains of the orders 0 to 8, each learned from `training`, with one more of each base.
pub fn markov_perplexities(training: &[Vec<u8>], validation: &[Vec<u8>]) -> Vec<Perplexity> {
    (0..=MOST)
        .map(|order| {
            let mut counts = vec![[1.0; 4]; 1 << (2 * order)];
            for_each(training, order, |context, base| counts[context][base] += 1.0);
            let (mut loss, mut bases) = (0.0, 0);
            for_each(validation, order, |context, base| {
                let counts = &counts[context];
                loss -= (counts[base] / counts.iter().sum::<f64>()).ln();
                bases += 1;
            });
            Perplexity {
                model: format!("Markov chain of order {order}"),
                bases,
                value: (loss / bases.max(1) as f64).exp(),
            }
        })
        .collect()
}

/// Each base with the number of the known bases before it. All orders see the same bases.
fn for_each(sequences: &[Vec<u8>], order: usize, mut take: impl FnMut(usize, usize)) {
    for codes in sequences {
        for window in codes.windows(MOST + 1).filter(|window| !window.contains(&UNKNOWN)) {
            let context = window[MOST - order..MOST]
                .iter()
                .fold(0, |context, &code| 4 * context + usize::from(code));
            take(context, usize::from(window[MOST]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Random;

    #[test]
    fn the_order_of_the_sequence_predicts_best() {
        // Each base is most often the one after the base two before.
        let mut random = Random::new(&[1]);
        let mut sequence = |length: usize| {
            let mut codes = vec![0, 2];
            while codes.len() < length {
                let follows = (codes[codes.len() - 2] + 1) % 4;
                codes.push(if random.uniform() < 0.85 {
                    follows
                } else {
                    random.below(4) as u8
                });
            }
            codes
        };
        let (training, validation) = (vec![sequence(200_000)], vec![sequence(20_000)]);
        let found: Vec<f64> = markov_perplexities(&training, &validation)
            .iter()
            .map(|p| p.value)
            .collect();
        assert_eq!(found.len(), 9);
        // A share of 0.8875 for one base, and 0.0375 for each of three others.
        let best = (-(0.8875_f64 * 0.8875_f64.ln() + 0.1125 * 0.0375_f64.ln())).exp();
        assert!((found[2] - best).abs() < 0.03, "{found:?} {best}");
        assert!(found[0] > 3.9 && found[1] > 3.8 && found[2] < found[8]);
    }
}
