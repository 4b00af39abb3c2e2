//! Logistic regression of errors.

use serde::{Deserialize, Serialize};

/// Strength of the penalty on each weight of a standardized feature, in examples.
const RIDGE: f64 = 10.0;
const ROUNDS: usize = 30;
/// Least standard deviation of a feature that counts.
const LEAST_DEVIATION: f64 = 1e-6;
/// Standardized features are bounded, so that one strange value does not decide.
const BOUND: f64 = 6.0;

/// The probability of an error by a linear model of its log-odds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    weights: Vec<f64>,
    bias: f64,
}

impl Regression {
    /// Fits by Newton's method with a ridge penalty. None if the errors cannot be told from the others, because one of
    /// both is missing.
    pub fn fit<const N: usize>(examples: &[([f64; N], bool)]) -> Option<Self> {
        let errors = examples.iter().filter(|(_, is_error)| *is_error).count();
        if errors == 0 || errors == examples.len() {
            return None;
        }
        let count = examples.len() as f64;
        let mean: Vec<f64> = (0..N)
            .map(|i| examples.iter().map(|(x, _)| x[i]).sum::<f64>() / count)
            .collect();
        let deviation = (0..N).map(|i| {
            let variance = examples.iter().map(|(x, _)| (x[i] - mean[i]).powi(2)).sum::<f64>() / count;
            variance.sqrt()
        });
        let mut fitted = Self {
            deviation: deviation.collect(),
            mean,
            weights: vec![0.0; N],
            bias: (errors as f64 / (count - errors as f64)).ln(),
        };
        let rows: Vec<(Vec<f64>, f64)> = examples
            .iter()
            .map(|(x, is_error)| (fitted.standardized(x), f64::from(u8::from(*is_error))))
            .collect();
        for _ in 0..ROUNDS {
            let step = fitted.newton_step(&rows)?;
            let longest = step.iter().fold(0.0, |longest: f64, part| longest.max(part.abs()));
            // A long step may overshoot.
            let scale = if longest > 2.0 { 2.0 / longest } else { 1.0 };
            fitted.bias += scale * step[N];
            fitted
                .weights
                .iter_mut()
                .zip(&step)
                .for_each(|(weight, part)| *weight += scale * part);
            if longest < 1e-8 {
                break;
            }
        }
        Some(fitted)
    }

    /// The change of weights and bias that Newton's method takes.
    fn newton_step(&self, rows: &[(Vec<f64>, f64)]) -> Option<Vec<f64>> {
        let n = self.weights.len() + 1;
        let (mut hessian, mut gradient) = (vec![vec![0.0; n]; n], vec![0.0; n]);
        for (x, y) in rows {
            let p = self.of_standardized(x);
            let values = || x.iter().copied().chain([1.0]);
            for ((cells, slope), value) in hessian.iter_mut().zip(&mut gradient).zip(values()) {
                *slope += (y - p) * value;
                let scaled = p * (1.0 - p) * value;
                cells
                    .iter_mut()
                    .zip(values())
                    .for_each(|(cell, other)| *cell += scaled * other);
            }
        }
        // The bias has no penalty.
        let weights = self.weights.iter().map(|&weight| (RIDGE, weight)).chain([(1e-9, 0.0)]);
        for (index, (ridge, weight)) in weights.enumerate() {
            hessian[index][index] += ridge;
            gradient[index] -= ridge * weight;
        }
        solve(hessian, gradient)
    }

    fn standardized(&self, x: &[f64]) -> Vec<f64> {
        let scales = self.mean.iter().zip(&self.deviation);
        let scaled = x
            .iter()
            .zip(scales)
            .map(|(x, (mean, deviation))| match *deviation > LEAST_DEVIATION {
                true => ((x - mean) / deviation).clamp(-BOUND, BOUND),
                false => 0.0,
            });
        scaled.collect()
    }

    fn of_standardized(&self, x: &[f64]) -> f64 {
        let sum: f64 = x.iter().zip(&self.weights).map(|(x, weight)| x * weight).sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }

    /// The probability of an error. Features that the model was not fitted to give 1.
    pub fn risk(&self, features: &[f64]) -> f64 {
        let fits = features.len() == self.weights.len() && features.iter().all(|value| value.is_finite());
        if fits {
            self.of_standardized(&self.standardized(features))
        } else {
            1.0
        }
    }
}

/// Solves a system of linear equations by elimination. None if it has no single solution.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        if matrix[pivot][column].abs() < 1e-12 {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (above, below) = matrix.split_at_mut(column + 1);
        let top = &above[column];
        for (row, right_of_row) in below.iter_mut().zip(column + 1..n) {
            let factor = row[column] / top[column];
            row.iter_mut()
                .zip(top)
                .skip(column)
                .for_each(|(cell, above)| *cell -= factor * above);
            right[right_of_row] -= factor * right[column];
        }
    }
    for column in (0..n).rev() {
        let known: f64 = (column + 1..n).map(|other| matrix[column][other] * right[other]).sum();
        right[column] = (right[column] - known) / matrix[column][column];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::network::Random;

    #[test]
    fn equations_are_solved() {
        let solved = solve(vec![vec![0.0, 2.0], vec![3.0, 1.0]], vec![4.0, 5.0]).unwrap();
        assert!((solved[0] - 1.0).abs() < 1e-9 && (solved[1] - 2.0).abs() < 1e-9);
        assert!(solve(vec![vec![1.0, 1.0], vec![1.0, 1.0]], vec![1.0, 2.0]).is_none());
    }

    #[test]
    fn the_weights_that_made_the_errors_are_found() {
        let mut random = Random::new(&[5]);
        let examples: Vec<([f64; 3], bool)> = (0..20_000)
            .map(|_| {
                let x = [0, 1, 2].map(|_| 2.0 * f64::from(random.uniform() as f32) - 1.0);
                let risk = 1.0 / (1.0 + (2.0 - 3.0 * x[0] + x[1]).exp());
                (x, f64::from(random.uniform() as f32) < risk)
            })
            .collect();
        let fitted = Regression::fit(&examples).unwrap();
        let risk = |x: [f64; 3]| fitted.risk(&x);
        for x in [[0.0, 0.0, 0.0], [0.8, -0.5, 0.9], [-0.5, 0.5, -0.9]] {
            let expected = 1.0 / (1.0 + f64::exp(2.0 - 3.0 * x[0] + x[1]));
            assert!((risk(x) - expected).abs() < 0.03, "{x:?}: {} and {expected}", risk(x));
        }
        assert_eq!(fitted.risk(&[f64::NAN, 0.0, 0.0]), 1.0);
        assert_eq!(fitted.risk(&[0.0]), 1.0);
        assert!(Regression::fit(&[([0.0], false), ([1.0], false)]).is_none());
    }
}
