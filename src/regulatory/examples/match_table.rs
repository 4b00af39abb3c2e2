//! How well negatives match the positives.

use std::fmt::Write;

use super::set::{Example, ExampleSet};
use super::split::Split;
use crate::regulatory::bases::gc;

/// Columns of the table.
const HEADER: &str = "split\tlabel\texamples\tmean_gc\tsd_gc\tmean_repeats\tsd_repeats\tks_gc\tks_repeats\n";

/// A line for the positives and one for the negatives of each split, separated by tabs. `ks` is the largest difference
/// between the cumulative distributions of positives and negatives (Kolmogorov and Smirnov).
pub fn match_table(set: &ExampleSet) -> String {
    let mut table = HEADER.to_owned();
    for split in Split::ALL {
        let of = |positive: bool| -> [Vec<f64>; 2] {
            let examples = set.examples.iter();
            let chosen: Vec<&Example> = examples
                .filter(|e| e.split == split && e.is_positive() == positive)
                .collect();
            let gcs = chosen.iter().map(|e| gc(&e.codes)).collect();
            [gcs, chosen.iter().map(|e| e.repeats).collect()]
        };
        let (positives, negatives) = (of(true), of(false));
        for (label, [gcs, repeats]) in [("positive", &positives), ("negative", &negatives)] {
            let ((mean_gc, sd_gc), (mean_repeats, sd_repeats)) = (moments(gcs), moments(repeats));
            let [ks_gc, ks_repeats] = [0, 1].map(|i| distance(&positives[i], &negatives[i]));
            // A string takes all that is written.
            _ = writeln!(
                table,
                "{}\t{label}\t{}\t{mean_gc:.4}\t{sd_gc:.4}\t{mean_repeats:.4}\t{sd_repeats:.4}\t{ks_gc:.4}\t{ks_repeats:.4}",
                split.name(),
                gcs.len(),
            );
        }
    }
    table
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    let below = |values: &[f64], x: f64| values.partition_point(|&y| y <= x) as f64 / values.len() as f64;
    let differences = a.iter().chain(&b).map(|&x| (below(&a, x) - below(&b, x)).abs());
    differences.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_kolmogorov_and_smirnov() {
        assert_eq!(distance(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert_eq!(distance(&[1.0, 2.0], &[3.0]), 1.0);
        assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0], &[2.5]), 0.5);
        assert_eq!(moments(&[1.0, 3.0]), (2.0, 1.0));
    }
}
