//! A sequence model: the weights of a network, and the card beside them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tch::Device;

use super::metrics::TaskResult;
use super::network::{Heads, Network, Shape};
use crate::examples::hex;
use crate::model::{Weights, check_pair, from_bytes, load_pair, save_pair, to_bytes};

const FORMAT: &str = "dvcall-regulatory-1";

/// The contents of `<model>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub format: String,
    pub name: String,
    pub dvcall_version: String,
    pub shape: Shape,
    pub heads: Heads,
    /// The tasks of the heads, in order. Empty for a language model.
    pub tasks: Vec<String>,
    /// Bases of the sequences that the model learned from.
    pub length: usize,
    /// SHA-256 of the safetensors file that the card belongs to.
    pub weights_sha256: String,
    pub training: Training,
    /// What the model reaches on the splits of its examples. Empty until training ends.
    pub validation: Vec<TaskResult>,
    pub test: Vec<TaskResult>,
    /// Perplexities of a language model and of Markov chains on held-out sequence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perplexity: Vec<Perplexity>,
    pub notes: String,
}

/// How well a model predicts held-out bases: 4 is chance, 1 is certainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perplexity {
    pub model: String,
    pub bases: usize,
    pub value: f64,
}

/// How the weights were trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Every setting of the run, seed included.
    pub settings: Value,
    pub examples: Examples,
    /// The model at the start of training: its name and the checksum of its weights. None if they were random.
    pub init_from: Option<String>,
    pub libtorch_version: String,
    /// The epoch, from 1, of these averaged weights.
    pub best_epoch: usize,
    pub epochs: Vec<Epoch>,
}

/// What a model learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examples {
    pub path: String,
    pub sha256: String,
    /// Number of training examples.
    pub training: usize,
    /// What the set was made from.
    pub origin: Value,
}

/// One line of the training log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    pub training_loss: f64,
    pub validation_loss: f64,
    /// AUROC, averaged over tasks, or the perplexity of a language model.
    pub measure: f64,
    pub learning_rate: f64,
    pub examples_per_second: f64,
}

/// Weights and their card.
#[derive(Clone)]
pub struct SequenceModel {
    card: Card,
    card_text: Vec<u8>,
    weights: Vec<u8>,
}

impl Card {
    /// A card without results.
    pub fn new(name: &str, shape: &Shape, heads: Heads, tasks: &[String], length: usize, training: Training) -> Self {
        Self {
            format: FORMAT.into(),
            name: name.into(),
            dvcall_version: env!("CARGO_PKG_VERSION").into(),
            shape: shape.clone(),
            heads,
            tasks: tasks.to_vec(),
            length,
            weights_sha256: String::new(),
            training,
            validation: Vec::new(),
            test: Vec::new(),
            perplexity: Vec::new(),
            notes: String::new(),
        }
    }

    fn parse(text: &[u8]) -> Result<Self> {
        let value: Value = serde_json::from_slice(text).context("the model card is not JSON")?;
        match value.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("dvcall-model-") => bail!(
                "it is a model of dvcall train, which calls variants from reads; give a model of dvcall regulatory train"
            ),
            other => bail!(
                "the model card has format {}, but this version reads {FORMAT}",
                other.unwrap_or("none")
            ),
        }
        let card: Self = serde_json::from_value(value).context("the model card is damaged")?;
        card.shape.check().context("the model card is damaged")?;
        let fits = match card.heads {
            Heads::Tasks(tasks) => tasks == card.tasks.len() && tasks > 0,
            Heads::Bases => card.tasks.is_empty(),
        };
        ensure!(
            fits && card.length > 0,
            "the model card is damaged: its tasks do not fit its heads"
        );
        Ok(card)
    }
}

impl SequenceModel {
    /// Reads `<model>.safetensors` and the card beside it.
    pub fn load(path: &Path) -> Result<Self> {
        load_pair(path, |weights, card_text| {
            let card = Card::parse(card_text)?;
            check_pair(weights, &card.weights_sha256)?;
            let model = Self {
                card,
                card_text: card_text.to_vec(),
                weights: weights.to_vec(),
            };
            model.network(Device::Cpu)?;
            Ok(model)
        })
    }

    /// Like [`load`](Self::load). Fails if the model does not score sequences.
    pub fn load_with_tasks(path: &Path) -> Result<Self> {
        let model = Self::load(path)?;
        ensure!(
            model.card.heads != Heads::Bases,
            "cannot use model {}: it is a language model of dvcall regulatory pretrain, which knows no task; train one \
             from it with: dvcall regulatory train --init-from",
            path.display()
        );
        Ok(model)
    }

    /// A model of these weights; the card gets their checksum.
    pub fn new(weights: &Weights, card: Card) -> Result<Self> {
        Self::completed(to_bytes(weights, None)?, card)
    }

    /// The same weights with another card.
    pub fn with_card(&self, card: Card) -> Result<Self> {
        Self::completed(self.weights.clone(), card)
    }

    fn completed(weights: Vec<u8>, mut card: Card) -> Result<Self> {
        card.weights_sha256 = hex(&Sha256::digest(&weights));
        let card_text = (serde_json::to_string_pretty(&card)? + "\n").into_bytes();
        Ok(Self {
            card,
            card_text,
            weights,
        })
    }

    /// Writes weights and card together.
    pub fn save(&self, path: &Path) -> Result<()> {
        save_pair(path, &self.weights, &self.card_text, &self.card.weights_sha256)
    }

    pub fn card(&self) -> &Card {
        &self.card
    }

    pub fn weights(&self) -> Result<Weights> {
        Ok(from_bytes(&self.weights, "").context("damaged weights")?.0)
    }

    /// Name and checksum of the weights.
    pub fn identity(&self) -> String {
        format!("{} sha256:{}", self.card.name, self.card.weights_sha256)
    }

    /// A copy of the network on `device`.
    pub fn network(&self, device: Device) -> Result<Network> {
        let network = Network::with_weights(&self.card.shape, self.card.heads, &self.weights()?, device);
        network.context("the weights do not fit the card")
    }
}
