//! The state from which an interrupted training resumes: one file, replaced as a whole.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::artifact::{Calibration, DataSet, Epoch, Model, Validated};
use crate::model::cascade::CascadeThresholds;
use crate::model::feed::TrainingOptions;
use crate::model::network::{Weights, from_bytes, to_bytes};
use crate::output::write_file;

const KEY: &str = "dvcall-training";

/// The progress of a training. Random numbers need no state: they come from seed, epoch and example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    pub options: TrainingOptions,
    pub examples: Vec<DataSet>,
    pub validation: Vec<DataSet>,
    pub init_from: Option<String>,
    /// Calibration and cascade thresholds of the model that training started from.
    pub calibration: Option<Calibration>,
    pub believed_before: Option<CascadeThresholds>,
    /// Thresholds of the cascade. The checkpoint also stores the cascade's weights.
    pub cascade: Option<CascadeThresholds>,
    /// Total number of steps, and number of examples drawn in the current epoch.
    pub steps: u64,
    pub drawn: u64,
    /// Sum of the loss over the examples of the current epoch, and the number of these examples.
    pub loss_sum: f64,
    pub loss_examples: u64,
    /// The starting model on the validation examples.
    pub start: Option<Validated>,
    /// Completed epochs.
    pub epochs: Vec<Epoch>,
    /// The best epoch (from 1; 0 is the starting model) and its score.
    pub best: Option<(usize, f64)>,
}

/// The checkpoint's path: `x.safetensors` has `x.checkpoint.safetensors`.
pub fn checkpoint_path(output: &Path) -> PathBuf {
    output.with_extension("checkpoint.safetensors")
}

/// Writes the progress of a training and its tensors.
pub fn save(path: &Path, progress: &impl Serialize, state: &Weights) -> Result<()> {
    write_file(path, &to_bytes(state, Some((KEY, serde_json::to_string(progress)?)))?)
}

/// Reads what [`save`] has written.
pub fn load<S: DeserializeOwned>(path: &Path) -> Result<(S, Weights)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let damaged = || format!("damaged checkpoint {}; train without --resume", path.display());
    let (state, progress) = from_bytes(&bytes, KEY).with_context(damaged)?;
    let progress = progress.with_context(damaged)?;
    Ok((serde_json::from_str(&progress).with_context(damaged)?, state))
}

impl TrainingState {
    /// Fails if the model at `output` is not the best model of this training so far.
    pub fn check_best(&self, output: &Path) -> Result<()> {
        let Some((epoch, _)) = self.best else { return Ok(()) };
        let training = Model::load(output).ok().and_then(|model| model.card().training.clone());
        // The checkpoint is written after the model, so the model may be one epoch ahead.
        ensure!(
            training.is_some_and(|training| training.epochs.starts_with(&self.epochs)),
            "--resume: {} is not the model of epoch {epoch}, which the checkpoint beside it names; put it back, or \
             train without --resume",
            output.display()
        );
        Ok(())
    }

    /// Fails if a training with the settings of `other` cannot resume from here; the error states the difference. More
    /// epochs are allowed.
    pub fn check_same_run(&self, other: &Self) -> Result<()> {
        for (option, before, now) in [
            ("--examples", &self.examples, &other.examples),
            ("--validation", &self.validation, &other.validation),
        ] {
            check_same_sets(option, before, now)?;
        }
        let value = |p: &Self| -> Result<_> {
            let mut value = serde_json::to_value(&p.options)?;
            value["init_from"] = serde_json::to_value(&p.init_from)?;
            value["calibration of init_from"] = serde_json::to_value(p.calibration)?;
            value["cascade of init_from"] = serde_json::to_value(p.believed_before)?;
            for free in ["patience", "threads", "epochs"] {
                value[free] = 0.into();
            }
            Ok(value)
        };
        let (before, now) = (self.options.epochs, other.options.epochs);
        ensure!(
            now >= before,
            "--resume: --epochs was {before} when the checkpoint was written and is {now} now; give as many or more"
        );
        let (before, now) = (value(self)?, value(other)?);
        for (key, before) in before.as_object().into_iter().flatten() {
            if now[key] != *before {
                bail!(
                    "--resume: {key} was {before} when the checkpoint was written and is {} now; \
                     use the same settings, or train without --resume",
                    now[key]
                );
            }
        }
        Ok(())
    }
}

/// Fails if a set differs in content or order; the error states the first difference.
fn check_same_sets(option: &str, before: &[DataSet], now: &[DataSet]) -> Result<()> {
    let checksum = |sets: &[DataSet], index: usize| sets.get(index).map(|set| set.sha256.clone());
    let differs = (0..before.len().max(now.len())).find(|&i| checksum(before, i) != checksum(now, i));
    let Some(index) = differs else { return Ok(()) };
    let name = |sets: &[DataSet]| sets.get(index).map_or("none".to_owned(), |set| set.path.clone());
    bail!(
        "--resume: number {} of {option} was {} when the checkpoint was written and is {} now, or its examples have \
         changed; use the same sets in the same order, or train without --resume",
        index + 1,
        name(before),
        name(now)
    )
}
