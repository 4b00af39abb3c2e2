//! Estimates the rate of systematic errors. The fraction of reads with the other base separates them from chance errors
//! and variants.

use super::tally::{DEPTHS, ErrorTally};

/// Possible fractions of reads with a systematic error, all equally frequent.
const SYSTEMATIC: [f64; 9] = [0.08, 0.11, 0.14, 0.17, 0.20, 0.23, 0.26, 0.29, 0.32];
/// Possible fractions of reads with a heterozygous SNP, because libraries may favour either allele.
const HETEROZYGOUS: [f64; 3] = [0.44, 0.48, 0.52];
/// Fraction of reads with a homozygous SNP.
const HOMOZYGOUS: [f64; 1] = [0.995];
/// Weight of the prior: the number of places that count as observed at the typical frequency.
const PRIOR_PLACES: f64 = 2.0;
/// Rounds of expectation and maximization. With few data, convergence is slow.
const ROUNDS: usize = 300;

/// The frequency of systematic errors per base, by expectation-maximization (Dempster et al., J. R. Stat. Soc. B 1977)
/// over the columns in which at least two reads agree on another base. The result is the mode of the posterior with a
/// Gamma prior around `typical`.
pub(super) fn systematic_errors(tally: &ErrorTally, typical: f64) -> f64 {
    let chance = chance_error(tally) / 3.0;
    let cells: Vec<_> = tally.cells().filter(|&(_, other, _)| other >= 2).collect();
    let kinds = [&SYSTEMATIC[..], &HETEROZYGOUS, &HOMOZYGOUS];
    let likelihoods = kinds.map(|shares| -> Vec<f64> { cells.iter().map(|&(n, k, _)| mean(shares, n, k)).collect() });
    let exposures = kinds.map(|shares| exposure(tally, shares));
    let by_chance: Vec<f64> = cells.iter().map(|&(n, k, _)| 3.0 * binomial(n, k, chance)).collect();
    let mut frequencies = [typical, 1e-3, 5e-4];
    for _ in 0..ROUNDS {
        let mut places = [PRIOR_PLACES, 0.0, 0.0];
        for (cell, &(_, _, columns)) in cells.iter().enumerate() {
            let shares: [f64; 3] = std::array::from_fn(|kind| frequencies[kind] * likelihoods[kind][cell]);
            let all = by_chance[cell] + shares.iter().sum::<f64>();
            if all > 0.0 {
                (0..3).for_each(|kind| places[kind] += columns as f64 * shares[kind] / all);
            }
        }
        frequencies[0] = places[0] / (exposures[0] + PRIOR_PLACES / typical);
        (1..3).for_each(|kind| frequencies[kind] = places[kind] / exposures[kind].max(1.0));
    }
    frequencies[0]
}

/// Probability that a base is wrong by chance: the ratio of columns with one different read to the bases of columns
/// without any.
fn chance_error(tally: &ErrorTally) -> f64 {
    let (mut errors, mut bases) = (0, 0);
    for (depth, other, columns) in tally.cells() {
        match other {
            0 => bases += depth as u64 * columns,
            1 => errors += columns,
            _ => {}
        }
    }
    errors as f64 / bases.max(1) as f64
}

/// Expected number of columns in which a place of this kind shows the other base in at least two reads.
fn exposure(tally: &ErrorTally, shares: &[f64]) -> f64 {
    let visible: Vec<f64> = DEPTHS.map(|n| 1.0 - mean(shares, n, 0) - mean(shares, n, 1)).collect();
    tally
        .cells()
        .map(|(depth, _, columns)| columns as f64 * visible[depth - DEPTHS.start])
        .sum()
}

fn mean(shares: &[f64], n: usize, k: usize) -> f64 {
    shares.iter().map(|&share| binomial(n, k, share)).sum::<f64>() / shares.len() as f64
}

/// Binomial probability of `k` of `n` reads, if each has the probability `share`.
fn binomial(n: usize, k: usize, share: f64) -> f64 {
    let ways: f64 = (0..k).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).sum();
    (ways + k as f64 * share.max(1e-300).ln() + (n - k) as f64 * (1.0 - share).ln()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected tally of columns with one depth.
    fn expected(depth: usize, columns: f64, systematic: f64) -> ErrorTally {
        let mut tally = ErrorTally::default();
        let (heterozygous, homozygous, error) = (1e-3, 5e-4, 1e-3);
        for other in 0..=depth {
            let variants = heterozygous * binomial(depth, other, 0.48) + homozygous * binomial(depth, other, 0.995);
            let rest = 1.0 - systematic - heterozygous - homozygous;
            let chance = match other {
                0 => (1.0f64 - error).powi(depth as i32),
                1 => depth as f64 * error,
                _ => 3.0 * binomial(depth, other, error / 3.0),
            };
            let share = systematic * mean(&SYSTEMATIC, depth, other) + variants + rest * chance;
            tally.set(depth, other, (columns * share).round() as u64);
        }
        tally
    }

    #[test]
    fn systematic_errors_are_separated_from_variants_and_chance() {
        for depth in [9, 30, 80] {
            for frequency in [5e-5, 1.5e-4, 4e-4] {
                let found = systematic_errors(&expected(depth, 2e6, frequency), 1.5e-4);
                assert!(
                    (found / frequency).ln().abs() < 0.25,
                    "{depth}×: {found:e} of {frequency:e}"
                );
            }
            let found = systematic_errors(&expected(depth, 2e6, 0.0), 1.5e-4);
            assert!(found < 5e-5, "{depth}×: {found:e} of none");
        }
    }

    #[test]
    fn few_data_give_the_typical_rate() {
        assert!((systematic_errors(&ErrorTally::default(), 1.5e-4) - 1.5e-4).abs() < 1e-9);
        let found = systematic_errors(&expected(8, 2e3, 0.0), 1.5e-4);
        assert!(found > 1e-4, "{found:e}");
    }

    #[test]
    fn binomials_sum_to_one() {
        let sum: f64 = (0..=40).map(|k| binomial(40, k, 0.3)).sum();
        assert!((sum - 1.0).abs() < 1e-9);
        assert_eq!(binomial(5, 0, 0.0), 1.0);
    }
}
