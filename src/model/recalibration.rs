//! A trained model is calibrated anew, on examples among which variants are as frequent as where it will be used.

use anyhow::Result;
use tch::Device;

use super::card::Card;
use super::cascade_training;
use super::correcting::calibrate;
use super::feed::Feed;
use super::trained_model::Model;
use super::validation::{outcomes, trials};

/// The model's card with calibration and cascade thresholds of these examples. Weights stay as they are.
pub fn recalibrate(model: &Model, examples: &Feed, device: Device) -> Result<Card> {
    let fitted = match model.card().cascade {
        Some(_) => cascade_training::judge_again(&model.weights()?, examples)?,
        None => None,
    };
    let cascade = fitted.as_ref().map(|f| &*f.cascade);
    let outcomes = outcomes(&model.network(device)?, cascade, examples, device)?;
    let mut card = model.card().clone();
    card.calibration = calibrate(&outcomes);
    card.cascade = cascade.map(|_| cascade_training::believe_beside_network(&trials(&outcomes, &card.calibration)));
    card.calibrated_on = examples.data_sets();
    Ok(card)
}
