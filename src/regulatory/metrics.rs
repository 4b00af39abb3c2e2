//! How well scores tell bound sequences from others: AUROC and AUPRC with 95 % intervals.

use serde::{Deserialize, Serialize};

/// Half width of a 95 % interval, in standard deviations.
const Z: f64 = 1.959_964;

/// A measure with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// What a model reaches on the examples of a split, for one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskResult {
    pub task: String,
    pub positives: usize,
    pub negatives: usize,
    pub auroc: Measured,
    pub auprc: Measured,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{:.4} ({:.4}–{:.4})", self.value, self.low, self.high)
    }
}

impl TaskResult {
    /// Measures scores. None without positives or without negatives.
    pub fn new(task: &str, scores: &[f32], labels: &[bool]) -> Option<Self> {
        let of = |label: bool| -> Vec<f32> {
            let both = scores.iter().zip(labels);
            both.filter(|(_, is)| **is == label).map(|(&score, _)| score).collect()
        };
        let (positives, negatives) = (of(true), of(false));
        (!positives.is_empty() && !negatives.is_empty()).then(|| Self {
            task: task.to_owned(),
            positives: positives.len(),
            negatives: negatives.len(),
            auroc: auroc(&positives, &negatives),
            auprc: auprc(&positives, &negatives),
        })
    }
}

/// The area under the ROC curve, with the variance of DeLong et al. (Biometrics 44 (1988) 837–845) on the logit scale.
pub fn auroc(positives: &[f32], negatives: &[f32]) -> Measured {
    let (m, n) = (positives.len() as f64, negatives.len() as f64);
    let (p, q) = (sorted(positives), sorted(negatives));
    // For each score, the fraction of the other class that lies below; ties count half.
    let below = |other: &[f32], x: f32| {
        let (less, equal) = (other.partition_point(|&y| y < x), other.partition_point(|&y| y <= x));
        (less as f64 + equal as f64) / 2.0 / other.len() as f64
    };
    let of_positives: Vec<f64> = positives.iter().map(|&x| below(&q, x)).collect();
    let of_negatives: Vec<f64> = negatives.iter().map(|&x| 1.0 - below(&p, x)).collect();
    let area = of_positives.iter().sum::<f64>() / m;
    let variance = |values: &[f64], count: f64| {
        let squares = values.iter().map(|x| (x - area).powi(2)).sum::<f64>();
        squares / (count - 1.0).max(1.0) / count
    };
    let deviation = (variance(&of_positives, m) + variance(&of_negatives, n)).sqrt();
    on_logit_scale(area, deviation, m.min(n))
}

/// The average precision, with the logit interval of Boyd et al. ("Area under the precision-recall curve: point estimates and
/// confidence intervals", ECML PKDD 2013).
pub fn auprc(positives: &[f32], negatives: &[f32]) -> Measured {
    let (p, q) = (sorted(positives), sorted(negatives));
    let precision = |&x: &f32| {
        let found = (p.len() - p.partition_point(|&y| y < x)) as f64;
        found / (found + (q.len() - q.partition_point(|&y| y < x)) as f64)
    };
    let n = p.len() as f64;
    let area = p.iter().map(precision).sum::<f64>() / n;
    on_logit_scale(area, (area * (1.0 - area) / n).sqrt(), n)
}

fn sorted(values: &[f32]) -> Vec<f32> {
    let mut values = values.to_vec();
    values.sort_by(f32::total_cmp);
    values
}

/// The interval by the delta method on the logit scale, which keeps it between 0 and 1. At the end of the scale there is no
/// deviation, and the rule of three gives the interval.
fn on_logit_scale(value: f64, deviation: f64, n: f64) -> Measured {
    if value <= 0.0 || value >= 1.0 || deviation == 0.0 {
        let width = (3.0 / n).min(1.0);
        let (low, high) = ((value - width).max(0.0), (value + width).min(1.0));
        return Measured { value, low, high };
    }
    let logit = (value / (1.0 - value)).ln();
    let width = Z * deviation / (value * (1.0 - value));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    Measured {
        value,
        low: back(logit - width),
        high: back(logit + width),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Random;

    #[test]
    fn areas_agree_with_counting() {
        // Of the six pairs, four and a half are in order.
        let area = auroc(&[0.9, 0.5, 0.3], &[0.5, 0.2]);
        assert!((area.value - 4.5 / 6.0).abs() < 1e-12);
        assert!((auprc(&[3.0, 1.0], &[2.0, 0.0]).value - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        let whole = auroc(&[2.0; 100], &[1.0; 50]);
        assert_eq!((whole.value, whole.high), (1.0, 1.0));
        assert!((whole.low - 0.94).abs() < 1e-12);
        assert!(TaskResult::new("T", &[1.0, 2.0], &[true, true]).is_none());
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        // Normal scores, a deviation apart: AUROC is Φ(1/√2).
        let truth = 0.760_249_9;
        let mut random = Random::new(&[7]);
        let mut held = 0;
        for _ in 0..400 {
            let mut draw =
                |mean: f64, n: usize| -> Vec<f32> { (0..n).map(|_| (mean + random.normal()) as f32).collect() };
            let area = auroc(&draw(1.0, 80), &draw(0.0, 120));
            held += usize::from((area.low..area.high).contains(&truth));
        }
        assert!((368..=392).contains(&held), "{held} of 400");
    }
}
