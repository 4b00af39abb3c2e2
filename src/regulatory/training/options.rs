//! Settings of a training.

use serde::{Deserialize, Serialize};

use crate::model::StepOptions;
use crate::regulatory::network::Shape;

/// The settings that, together with the examples, determine the trained weights. The model card stores them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingOptions {
    pub shape: Shape,
    pub seed: u64,
    pub epochs: usize,
    /// Least examples of an epoch: it passes over a smaller set several times.
    pub epoch_examples: usize,
    pub batch_size: usize,
    /// Peak learning rate of AdamW.
    pub learning_rate: f64,
    /// Fraction of all steps in which the learning rate rises from 0; afterwards it falls along a cosine.
    pub warm_up: f64,
    /// Decoupled weight decay, only on matrices and filters.
    pub weight_decay: f64,
    /// Fraction of the pooled features and of the hidden units that a step leaves out.
    pub dropout: f64,
    /// Decay of the exponential moving average of the weights. The averaged weights are validated and saved.
    pub average_decay: f64,
    /// Largest norm of the gradient.
    pub gradient_norm: f64,
    /// Training ends after this many epochs that are not better.
    pub patience: usize,
    /// Learning rate of a layer, relative to the layer after it.
    pub layer_rate: f64,
    /// Epochs until the next layer learns too, from the last layer on; 0: all layers learn from the start.
    pub unfreeze_epochs: usize,
    /// Most examples to learn from; 0: all.
    pub most_examples: usize,
}

impl TrainingOptions {
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            seed: 1,
            epochs: 10,
            epoch_examples: 16_384,
            batch_size: 64,
            learning_rate: 8e-3,
            warm_up: 0.05,
            weight_decay: 0.01,
            dropout: 0.2,
            average_decay: 0.995,
            gradient_norm: 1.0,
            patience: 4,
            layer_rate: 1.0,
            unfreeze_epochs: 0,
            most_examples: 0,
        }
    }

    pub fn step(&self) -> StepOptions {
        StepOptions {
            gradient_norm: self.gradient_norm,
            weight_decay: self.weight_decay,
            average_decay: self.average_decay,
        }
    }
}
