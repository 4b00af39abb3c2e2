//! Recalibrates a trained model on examples with a realistic frequency of variants.

use anyhow::Result;
use tch::Device;

use super::cascade_training;
use crate::model::artifact::{Card, DataSet, Model};
use crate::model::calibration::{fit_calibration, outcomes, trials};
use crate::model::feed::Feed;

/// The model's card with calibration and cascade thresholds from these examples. The weights do not change.
pub fn recalibrate(model: &Model, examples: &Feed, device: Device) -> Result<Card> {
    let before = model.card().cascade.as_ref();
    let fitted = match before {
        Some(_) => cascade_training::refit_thresholds(model, examples)?,
        None => None,
    };
    let cascade = fitted.as_ref().map(|f| &*f.cascade);
    let outcomes = outcomes(&model.network(device)?, cascade, examples, device)?;
    let mut card = model.card().clone();
    // They were fitted to the probabilities of the earlier calibration.
    card.tiers = None;
    card.tiers_fitted_on.clear();
    card.calibration = fit_calibration(&outcomes, &model.card().calibration);
    let trials = trials(&outcomes, &card.calibration);
    card.cascade = cascade.map(|_| cascade_training::thresholds_beside_network(&trials, before));
    let start = model.card();
    // A part that these examples could not fit still comes from the earlier sets.
    if card.calibration.snp != start.calibration.snp && card.calibration.indel != start.calibration.indel {
        card.calibrated_on.clear();
    }
    if card.calibration != start.calibration || card.cascade != start.cascade {
        let is_listed = |set: &DataSet| card.calibrated_on.iter().any(|before| before.sha256 == set.sha256);
        let new: Vec<_> = examples.data_sets().into_iter().filter(|set| !is_listed(set)).collect();
        card.calibrated_on.extend(new);
    }
    Ok(card)
}
