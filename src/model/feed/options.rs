//! Settings of a training run.

use serde::{Deserialize, Serialize};

use crate::model::network::Architecture;

/// What, with the shards, decides the trained weights. The card keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingOptions {
    pub architecture: Architecture,
    pub seed: u64,
    pub epochs: usize,
    pub batch_size: usize,
    /// Of AdamW, at its peak.
    pub learning_rate: f64,
    /// Share of all steps in which the learning rate rises from 0; afterwards it falls as a cosine.
    pub warm_up: f64,
    /// Decoupled, on matrices and filters only.
    pub weight_decay: f64,
    /// How firmly a model that is trained on keeps what it learned, in place of weight decay: 1 = as if its examples were learned
    /// again, 0 = not at all.
    pub remember: f64,
    /// Share of a label's probability that is spread over all classes.
    pub label_smoothing: f64,
    /// Of the exponential moving average of the weights, which is what is validated and saved.
    pub average_decay: f64,
    /// Types are weighted by their number to this power, inversely: 0 = as they come, 1 = as much for indels as for SNPs.
    pub type_balance: f64,
    /// Greatest norm of the gradient.
    pub gradient_norm: f64,
    /// Epochs without a better validation F1 after which training ends.
    pub patience: usize,
    pub augment: bool,
    /// Share of the examples that the cascade decides rightly which the pileup network learns from all the same.
    pub easy_examples: f64,
    /// Examples held for shuffling.
    pub shuffle_buffer: usize,
    /// On the CPU: examples of a step are shared out between so many.
    pub threads: usize,
    /// On CUDA, convolutions in bf16.
    pub mixed_precision: bool,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            architecture: Architecture::default(),
            seed: 1,
            epochs: 50,
            batch_size: 32,
            learning_rate: 1e-3,
            warm_up: 0.03,
            weight_decay: 0.02,
            remember: 16.0,
            label_smoothing: 0.002,
            average_decay: 0.999,
            type_balance: 0.5,
            gradient_norm: 1.0,
            patience: 10,
            augment: true,
            easy_examples: 0.2,
            shuffle_buffer: 4096,
            threads: 1,
            mixed_precision: true,
        }
    }
}

impl TrainingOptions {
    /// Learning rate of a step (from 0) out of `total`.
    pub fn learning_rate_at(&self, step: u64, total: u64) -> f64 {
        let warm_up = (self.warm_up * total as f64).max(1.0);
        let step = step as f64 + 0.5;
        if step < warm_up {
            return self.learning_rate * step / warm_up;
        }
        let done = ((step - warm_up) / (total as f64 - warm_up).max(1.0)).min(1.0);
        self.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_rate_rises_and_falls() {
        let options = TrainingOptions {
            warm_up: 0.1,
            learning_rate: 1.0,
            ..TrainingOptions::default()
        };
        let rates: Vec<_> = (0..1000).map(|s| options.learning_rate_at(s, 1000)).collect();
        let peak = rates.iter().copied().fold(0.0, f64::max);
        assert!(rates[0] < 0.01 && (peak - 1.0).abs() < 0.01 && rates[999] < 0.011);
        assert!(rates[..100].is_sorted() && rates[100..].is_sorted_by(|a, b| a >= b));
    }
}
