//! What is learned: labels of sequences, or the bases themselves.

use anyhow::Result;
use tch::Tensor;

use super::gradient::Workers;
use crate::model::Random;
use crate::regulatory::network::{Heads, Network};

/// How a network does on validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validated {
    /// Mean loss.
    pub loss: f64,
    /// The measure that the lesson names.
    pub measure: f64,
    /// What training maximises.
    pub score: f64,
}

/// Training examples, their loss, and validation.
pub trait Lesson: Sync {
    fn heads(&self) -> Heads;

    /// Number of training examples.
    fn examples(&self) -> usize;

    /// The name of what is measured on validation.
    fn measure(&self) -> &'static str;

    /// The sum of the losses of training examples, by rank.
    fn loss(&self, network: &Network, examples: &[usize], random: Random) -> Result<Tensor>;

    fn validate(&self, workers: &mut Workers) -> Result<Validated>;
}
