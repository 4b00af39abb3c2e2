//! The model card: what a weights file is, what it was trained on, how well it did.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::architecture::Architecture;
use super::certainty::CascadeCard;
use crate::candidates::VariantType;
use crate::examples::LabelCounts;
use crate::pileup::{CHANNEL_NAMES, CHANNELS, HEIGHT, REFERENCE_ROWS, WIDTH};

const FORMAT: &str = "dvcall-model-1";
/// The classes, in the order of the network's probabilities.
pub const CLASSES: [&str; 3] = ["hom_ref", "het", "hom_alt"];

/// The contents of `<model>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub format: String,
    pub name: String,
    pub dvcall_version: String,
    pub shape: [usize; 3],
    pub channels: Vec<String>,
    pub classes: Vec<String>,
    pub architecture: Architecture,
    /// SHA-256 of the safetensors file that the card belongs to.
    pub weights_sha256: String,
    pub calibration: Calibration,
    /// None of a model without cascade.
    #[serde(default)]
    pub cascade: Option<CascadeCard>,
    pub training: Option<Training>,
    pub notes: String,
}

/// Temperatures that log-probabilities are divided by (Guo et al., "On calibration of modern neural networks", ICML 2017).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Temperatures", into = "Temperatures")]
pub struct Calibration {
    pub snp: Temperature,
    pub indel: Temperature,
}

/// A calibration as the card writes it. Older cards know no exponents.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Temperatures {
    snp_temperature: f64,
    #[serde(default)]
    snp_depth_exponent: f64,
    indel_temperature: f64,
    #[serde(default)]
    indel_depth_exponent: f64,
}

impl From<Temperatures> for Calibration {
    fn from(t: Temperatures) -> Self {
        let temperature = |at_20, exponent| Temperature { at_20, exponent };
        Self {
            snp: temperature(t.snp_temperature, t.snp_depth_exponent),
            indel: temperature(t.indel_temperature, t.indel_depth_exponent),
        }
    }
}

impl From<Calibration> for Temperatures {
    fn from(c: Calibration) -> Self {
        Self {
            snp_temperature: c.snp.at_20,
            snp_depth_exponent: c.snp.exponent,
            indel_temperature: c.indel.at_20,
            indel_depth_exponent: c.indel.exponent,
        }
    }
}

/// A temperature that depends on how many reads are shown: `at_20 · (reads / 20)^exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature {
    /// With 20 reads.
    pub at_20: f64,
    pub exponent: f64,
}

impl Default for Temperature {
    fn default() -> Self {
        Self {
            at_20: 1.0,
            exponent: 0.0,
        }
    }
}

impl Temperature {
    /// `rows`: filled rows of the pileup, those of the reference included.
    pub fn of(&self, rows: usize) -> f64 {
        let reads = rows.saturating_sub(REFERENCE_ROWS).clamp(4, HEIGHT) as f64;
        self.at_20 * (reads / 20.0).powf(self.exponent)
    }
}

impl Calibration {
    pub fn temperature(&self, variant_type: VariantType, rows: usize) -> f64 {
        match variant_type {
            VariantType::Snp => self.snp.of(rows),
            VariantType::Indel => self.indel.of(rows),
        }
    }
}

/// How the weights came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Every setting of the run, seed included.
    pub settings: Value,
    pub examples: Vec<DataSet>,
    pub validation: Vec<DataSet>,
    /// Checksum of the weights that training started from, if not random ones.
    pub init_from: Option<String>,
    pub libtorch_version: String,
    /// The epoch (from 1) whose averaged weights these are.
    pub best_epoch: usize,
    pub epochs: Vec<Epoch>,
}

/// A shard set that was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSet {
    pub path: String,
    /// SHA-256 of its manifest.
    pub sha256: String,
    pub snp: LabelCounts,
    pub indel: LabelCounts,
}

/// Errors and loss of one kind of variant on the validation examples. An example is an allele set; its genotype must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    pub examples: u64,
    pub true_positives: u64,
    pub false_positives: u64,
    pub false_negatives: u64,
    pub recall: f64,
    pub precision: f64,
    pub f1: f64,
    /// Mean cross-entropy of the calibrated genotype probabilities, in nats.
    pub cross_entropy: f64,
}

/// One line of the training log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// Mean over the epoch's examples, smoothed labels and all.
    pub training_loss: f64,
    pub snp: Metrics,
    pub indel: Metrics,
    pub learning_rate: f64,
    pub examples_per_second: f64,
}

impl Card {
    pub fn new(name: &str, architecture: Architecture) -> Self {
        Self {
            format: FORMAT.into(),
            name: name.into(),
            dvcall_version: env!("CARGO_PKG_VERSION").into(),
            shape: [HEIGHT, WIDTH, CHANNELS],
            channels: CHANNEL_NAMES.map(str::to_owned).to_vec(),
            classes: CLASSES.map(str::to_owned).to_vec(),
            architecture,
            weights_sha256: String::new(),
            calibration: Calibration::default(),
            cascade: None,
            training: None,
            notes: String::new(),
        }
    }

    /// Reads a card. Fails, naming what differs, if this version cannot use its model.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let value: Value = serde_json::from_slice(text).context("the card is not JSON")?;
        match value.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            other => bail!(
                "the card has format {}, this version reads {FORMAT}",
                other.unwrap_or("none")
            ),
        }
        let card: Self = serde_json::from_value(value).context("the card is damaged")?;
        let fits = Self::new("", Architecture::default());
        if card.shape != fits.shape {
            bail!(
                "the model takes pileups of shape {:?}, this version draws {:?}",
                card.shape,
                fits.shape
            );
        }
        let differ = |a: &[String], b: &[String]| (a != b).then(|| (a.join(","), b.join(",")));
        if let Some((model, here)) = differ(&card.channels, &fits.channels) {
            bail!("the model takes the channels {model}, this version draws {here}");
        }
        if let Some((model, here)) = differ(&card.classes, &fits.classes) {
            bail!("the model gives the classes {model}, this version wants {here}");
        }
        for Temperature { at_20, exponent } in [card.calibration.snp, card.calibration.indel] {
            if !(0.01..100.0).contains(&at_20) || !(-2.0..=2.0).contains(&exponent) {
                bail!("the card has a temperature of {at_20} with exponent {exponent}");
            }
        }
        card.architecture.check()?;
        Ok(card)
    }
}
