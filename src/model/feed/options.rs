//! Settings of a training run.

use serde::{Deserialize, Serialize};

use crate::model::network::Architecture;

/// The settings that, together with the shards, determine the trained weights. The model card stores them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingOptions {
    pub architecture: Architecture,
    pub seed: u64,
    pub epochs: usize,
    pub batch_size: usize,
    /// Peak learning rate of AdamW.
    pub learning_rate: f64,
    /// Fraction of all steps in which the learning rate rises from 0; afterwards it falls along a cosine.
    pub warm_up: f64,
    /// Decoupled weight decay, only on matrices and filters.
    pub weight_decay: f64,
    /// Strength of elastic weight consolidation in fine-tuning, instead of weight decay: 1 = as if the old examples
    /// were learned again, 0 = none.
    pub remember: f64,
    /// Fraction of a label's probability that is spread over all classes.
    pub label_smoothing: f64,
    /// Decay of the exponential moving average of the weights. The averaged weights are validated and saved.
    pub average_decay: f64,
    /// Exponent of the type weights (inverse of the type's number of examples): 0 = no weighting, 1 = indels weigh
    /// as much as SNPs in total.
    pub type_balance: f64,
    /// Largest norm of the gradient.
    pub gradient_norm: f64,
    /// Training ends after this many epochs without a better validation F1.
    pub patience: usize,
    pub augment: bool,
    /// Fraction of the examples that the cascade decides correctly which the pileup network still learns from.
    pub easy_examples: f64,
    /// Number of examples in the shuffle buffer.
    pub shuffle_buffer: usize,
    /// On the CPU, the examples of a step are distributed over this many threads.
    pub threads: usize,
    /// Whether CUDA computes convolutions in bf16.
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
    /// The defaults for training that starts from a trained model, which forgets with more.
    pub fn fine_tuning() -> Self {
        Self {
            epochs: 8,
            learning_rate: 2e-4,
            ..Self::default()
        }
    }

    /// Learning rate of a step (from 0) out of `total`.
    pub fn learning_rate_at(&self, step: u64, total: u64) -> f64 {
        self.learning_rate * schedule(self.warm_up, step, total)
    }
}

/// The learning rate of a step (from 0) out of `total`, relative to the peak: it rises for the fraction `warm_up` of the
/// steps, and then falls along a cosine.
pub fn schedule(warm_up: f64, step: u64, total: u64) -> f64 {
    let warm_up = (warm_up * total as f64).max(1.0);
    let step = step as f64 + 0.5;
    if step < warm_up {
        return step / warm_up;
    }
    let done = ((step - warm_up) / (total as f64 - warm_up).max(1.0)).min(1.0);
    0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
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
