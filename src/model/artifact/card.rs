//! The model card: what a weights file contains, what it was trained on, and how good it is.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::data_set::DataSet;
use crate::model::cascade::CascadeThresholds;
use crate::model::network::Architecture;
use crate::model::tiers::Tiers;
use crate::pileup::{CHANNEL_NAMES, CHANNELS, HEIGHT, REFERENCE_ROWS, WIDTH};
use crate::variants::VariantType;

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
    /// The sets that `dvcall calibrate` used for this model or for the model that training started from. Training
    /// replaces only the temperatures. Empty if the whole calibration comes from the validation examples of training.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibrated_on: Vec<DataSet>,
    /// None for a model without a cascade.
    pub cascade: Option<CascadeThresholds>,
    /// How far calls can be trusted, and the sets that this was fitted on. None: `dvcall calibrate --tiers` did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiers: Option<Tiers>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers_fitted_on: Vec<DataSet>,
    pub training: Option<Training>,
    pub notes: String,
}

/// The corrections of the network's log-probabilities for each variant type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Corrections", into = "Corrections")]
pub struct Calibration {
    pub snp: Correction,
    pub indel: Correction,
}

/// A calibration in the form of the card.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Corrections {
    snp_temperature: f64,
    snp_depth_exponent: f64,
    snp_reference_shift: f64,
    snp_noise_shift: f64,
    indel_temperature: f64,
    indel_depth_exponent: f64,
    indel_reference_shift: f64,
    indel_noise_shift: f64,
}

impl From<Corrections> for Calibration {
    fn from(c: Corrections) -> Self {
        Self {
            snp: Correction {
                temperature_at_20: c.snp_temperature,
                depth_exponent: c.snp_depth_exponent,
                reference_shift: c.snp_reference_shift,
                noise_shift: c.snp_noise_shift,
            },
            indel: Correction {
                temperature_at_20: c.indel_temperature,
                depth_exponent: c.indel_depth_exponent,
                reference_shift: c.indel_reference_shift,
                noise_shift: c.indel_noise_shift,
            },
        }
    }
}

impl From<Calibration> for Corrections {
    fn from(Calibration { snp, indel }: Calibration) -> Self {
        Self {
            snp_temperature: snp.temperature_at_20,
            snp_depth_exponent: snp.depth_exponent,
            snp_reference_shift: snp.reference_shift,
            snp_noise_shift: snp.noise_shift,
            indel_temperature: indel.temperature_at_20,
            indel_depth_exponent: indel.depth_exponent,
            indel_reference_shift: indel.reference_shift,
            indel_noise_shift: indel.noise_shift,
        }
    }
}

/// Corrects log-probabilities. First they are divided by a temperature (Guo et al., "On calibration of modern
/// neural networks", ICML 2017) that depends on the number of reads: `temperature_at_20 · (reads /
/// 20)^depth_exponent`. Then `reference_shift` (nats) is added to hom-ref, because variants may be rarer than in
/// training (Saerens et al., "Adjusting the outputs of a classifier to new a priori probabilities", Neural
/// Computation 2002). Also added is `noise_shift` times the library's noise (`Library::noise`), because a doubtful
/// candidate is more often an error where systematic errors are frequent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    pub temperature_at_20: f64,
    pub depth_exponent: f64,
    pub reference_shift: f64,
    pub noise_shift: f64,
}

impl Default for Correction {
    fn default() -> Self {
        Self {
            temperature_at_20: 1.0,
            depth_exponent: 0.0,
            reference_shift: 0.0,
            noise_shift: 0.0,
        }
    }
}

impl Correction {
    /// `rows`: filled rows of the pileup, including reference rows.
    pub fn temperature(&self, rows: usize) -> f64 {
        let reads = rows.saturating_sub(REFERENCE_ROWS).clamp(4, HEIGHT) as f64;
        self.temperature_at_20 * (reads / 20.0).powf(self.depth_exponent)
    }

    /// The shift (nats) of the log-probability of hom-ref for a library with this noise.
    pub fn shift(&self, noise: f32) -> f64 {
        self.reference_shift + self.noise_shift * f64::from(noise)
    }

    fn check(&self) -> Result<()> {
        if !(0.01..100.0).contains(&self.temperature_at_20) || !(-2.0..=2.0).contains(&self.depth_exponent) {
            bail!(
                "the model card has temperature {} and depth exponent {}, beyond 0.01..100 and ±2; use another model",
                self.temperature_at_20,
                self.depth_exponent
            );
        }
        if !(-20.0..=20.0).contains(&self.reference_shift) {
            bail!(
                "the model card has reference shift {}, beyond ±20; use another model",
                self.reference_shift
            );
        }
        if !(-20.0..=20.0).contains(&self.noise_shift) {
            bail!(
                "the model card has noise shift {}, beyond ±20; use another model",
                self.noise_shift
            );
        }
        Ok(())
    }
}

impl std::fmt::Display for Correction {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self {
            temperature_at_20,
            depth_exponent,
            reference_shift,
            noise_shift,
        } = self;
        write!(
            f,
            "temperature {temperature_at_20:.4} · (reads / 20)^{depth_exponent:.4}, reference shift {reference_shift:.4} + \
             {noise_shift:.4} · noise"
        )
    }
}

impl Calibration {
    pub fn for_type(&self, variant_type: VariantType) -> &Correction {
        match variant_type {
            VariantType::Snp => &self.snp,
            VariantType::Indel => &self.indel,
        }
    }
}

/// How the weights were trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Every setting of the run, seed included.
    pub settings: Value,
    pub examples: Vec<DataSet>,
    pub validation: Vec<DataSet>,
    /// The sets that the model at the start of training, and the models before it, learned from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned_before: Vec<DataSet>,
    /// Checksum of the weights that training started from. None if they were random.
    pub init_from: Option<String>,
    pub libtorch_version: String,
    /// The epoch (from 1) that these averaged weights come from. 0 if they are those of the start, because no epoch was
    /// better.
    pub best_epoch: usize,
    /// The model at the start on the validation examples. None if training started from random weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Validated>,
    pub epochs: Vec<Epoch>,
}

/// Errors and loss of one variant type on the validation examples. An example is an allele set; its genotype must
/// match.
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

/// A model's errors and losses on the validation examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    pub snp: Metrics,
    pub indel: Metrics,
}

impl Validated {
    /// What training maximises. F1 decides; the loss is scaled so that it only breaks ties.
    pub fn score(&self) -> f64 {
        let Self { snp, indel } = self;
        (snp.f1 + indel.f1) / 2.0 - 1e-6 * (snp.cross_entropy + indel.cross_entropy)
    }
}

/// One line of the training log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// Mean over the epoch's examples, with smoothed labels.
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
            calibrated_on: Vec::new(),
            cascade: None,
            tiers: None,
            tiers_fitted_on: Vec::new(),
            training: None,
            notes: String::new(),
        }
    }

    /// The sets that this model and the models before it learned from, without repeats.
    pub fn learned(&self) -> Vec<DataSet> {
        let mut sets: Vec<DataSet> = Vec::new();
        if let Some(training) = &self.training {
            // The weights of the start have not learned from the examples of this training.
            let examples = if training.best_epoch > 0 {
                training.examples.as_slice()
            } else {
                &[]
            };
            for set in training.learned_before.iter().chain(examples) {
                if sets.iter().all(|listed| listed.sha256 != set.sha256) {
                    sets.push(set.clone());
                }
            }
        }
        sets
    }

    /// Reads a card. Fails if this version cannot use its model; the error states the difference.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let value: Value = serde_json::from_slice(text).context("the model card is not JSON")?;
        match value.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("dvcall-regulatory-") => bail!(
                "it is a model of dvcall regulatory, which does not call variants; use it with dvcall regulatory score or explain"
            ),
            other => bail!(
                "the model card has format {}, but this version reads {FORMAT}",
                other.unwrap_or("none")
            ),
        }
        let card: Self = serde_json::from_value(value).context("the model card is damaged")?;
        let fits = Self::new("", Architecture::default());
        if card.shape != fits.shape {
            bail!(
                "the model takes pileups of shape {:?}, but this version draws {:?}",
                card.shape,
                fits.shape
            );
        }
        let differ = |a: &[String], b: &[String]| (a != b).then(|| (a.join(","), b.join(",")));
        if let Some((model, here)) = differ(&card.channels, &fits.channels) {
            bail!("the model takes the channels {model}, but this version draws {here}");
        }
        if let Some((model, here)) = differ(&card.classes, &fits.classes) {
            bail!("the model has the classes {model}, but this version needs {here}");
        }
        card.calibration.snp.check()?;
        card.calibration.indel.check()?;
        card.cascade.as_ref().map_or(Ok(()), CascadeThresholds::check)?;
        card.architecture.check()?;
        Ok(card)
    }
}
