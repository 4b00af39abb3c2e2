//! Jeffreys intervals of proportions.

use statrs::function::beta::inv_beta_reg;

/// The 95 % Jeffreys interval of `hits` of `trials`: quantiles of Beta(hits + ½, misses + ½). The lower end is 0
/// without hits, the upper end is 1 without misses (Brown, Cai and DasGupta, Statistical Science 16 (2001) 101–133).
pub fn jeffreys(hits: u64, trials: u64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (a, b) = (hits as f64 + 0.5, (trials - hits) as f64 + 0.5);
    let low = if hits == 0 { 0.0 } else { inv_beta_reg(a, b, 0.025) };
    let high = if hits == trials { 1.0 } else { inv_beta_reg(a, b, 0.975) };
    (low, high)
}

/// The interval of an F1 score. F1 = 2J / (1 + J) rises with J, the fraction of true positives among all called or
/// missed variants. So the ends follow from the interval of J.
pub fn f1_interval(found: u64, missed: u64, wrong: u64) -> (f64, f64) {
    let (low, high) = jeffreys(found, found + missed + wrong);
    let f1 = |j: f64| 2.0 * j / (1.0 + j);
    (f1(low), f1(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_the_literature() {
        // R: qbeta(c(.025, .975), 8 + .5, 2 + .5)
        let (low, high) = jeffreys(8, 10);
        assert!(
            (low - 0.4972).abs() < 2e-3 && (high - 0.9557).abs() < 2e-3,
            "{low} {high}"
        );
        assert_eq!(jeffreys(0, 5).0, 0.0);
        assert_eq!(jeffreys(5, 5).1, 1.0);
        let (low, high) = jeffreys(99_000, 100_000);
        assert!(low > 0.989 && high < 0.991 && low < 0.99 && high > 0.99);
    }

    #[test]
    fn the_interval_of_f1_agrees_with_numerical_integration() {
        // 2j / (1 + j) of Beta(90.5, 15.5) and Beta(9000.5, 1500.5), integrated in 400,000 steps.
        for (counts, expected) in [((90, 10, 5), (0.8770, 0.9551)), ((9_000, 1_000, 500), (0.9191, 0.9269))] {
            let (low, high) = f1_interval(counts.0, counts.1, counts.2);
            assert!(
                (low - expected.0).abs() < 1e-4 && (high - expected.1).abs() < 1e-4,
                "{low} {high}"
            );
        }
    }
}
