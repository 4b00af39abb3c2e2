//! Jeffreys intervals of proportions.

/// The 95 % Jeffreys interval of `hits` of `trials`: quantiles of Beta(hits + ½, misses + ½). The lower end is 0
/// without hits, the upper end is 1 without misses (Brown, Cai and DasGupta, Statistical Science 16 (2001) 101–133).
pub fn jeffreys(hits: u64, trials: u64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (a, b) = (hits as f64 + 0.5, (trials - hits) as f64 + 0.5);
    let low = if hits == 0 { 0.0 } else { beta_quantile(0.025, a, b) };
    let high = if hits == trials {
        1.0
    } else {
        beta_quantile(0.975, a, b)
    };
    (low, high)
}

/// The interval of an F1 score. F1 = 2J / (1 + J) rises with J, the fraction of true positives among all called or
/// missed variants. So the ends follow from the interval of J.
pub fn f1_interval(found: u64, missed: u64, wrong: u64) -> (f64, f64) {
    let (low, high) = jeffreys(found, found + missed + wrong);
    let f1 = |j: f64| 2.0 * j / (1.0 + j);
    (f1(low), f1(high))
}

/// Bisection, because the distribution function rises.
fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if beta_distribution(middle, a, b) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The regularised incomplete beta function, as a continued fraction (Abramowitz and Stegun, 26.5.8).
fn beta_distribution(x: f64, a: f64, b: f64) -> f64 {
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_distribution(1.0 - x, b, a);
    }
    if x <= 0.0 {
        return 0.0;
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    let small = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / small(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / small(1.0 + term * d);
            c = small(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-12 {
            break;
        }
    }
    front * fraction
}

/// Stirling's series, after a shift of the argument to where the series is accurate (Abramowitz and Stegun, 6.1.41).
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 10.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
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
        assert!((beta_distribution(0.5, 3.0, 3.0) - 0.5).abs() < 1e-9);
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
