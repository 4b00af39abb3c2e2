//! Calls of held-out examples, to fit tiers on.

use anyhow::Result;
use tch::Device;

use crate::model::artifact::Model;
use crate::model::cascade::Cascades;
use crate::model::feed::{Feed, TrainingItem};
use crate::model::inference::Inference;
use crate::model::tiers::{CallEvidence, Decision, GuardRails, JudgedCall, SampleEvidence, Tiers};

/// Examples that are classified together.
const BATCH: usize = 256;

/// The tiers of a model, fitted on examples that it was not trained on.
pub fn fit_tiers(model: &Model, examples: &Feed, device: Device) -> Result<Tiers> {
    Ok(Tiers::fit(
        &judged_calls(model, examples, device)?,
        GuardRails::default(),
    ))
}

/// The variants that model and cascade call among the examples of candidates with one alternate, decided as in `call`.
fn judged_calls(model: &Model, examples: &Feed, device: Device) -> Result<Vec<JudgedCall>> {
    let mut classifier = Inference::new(vec![model.clone()], &[device])?.classifier()?;
    let cascades = model.cascade()?.map(|cascade| Cascades::new(vec![cascade]));
    let mut calls = Vec::new();
    examples.in_order(BATCH, |items| {
        let alone: Vec<&TrainingItem> = items.iter().filter(|item| item.alone).collect();
        let images: Vec<&[u8]> = alone.iter().map(|item| item.image.as_slice()).collect();
        let contexts: Vec<_> = alone.iter().map(|item| item.context).collect();
        let results = classifier.classify(&images, &contexts)?;
        for (item, network) in alone.into_iter().zip(results) {
            let variant_type = item.context.variant_type;
            let decided = cascades.as_ref().and_then(|c| c.decide(&item.image, variant_type));
            let decision = Decision {
                probabilities: decided.unwrap_or(network),
                is_of_cascade: decided.is_some(),
            };
            let sample = SampleEvidence {
                noise: item.context.noise,
                depth: item.sample_depth,
            };
            let evidence = CallEvidence::of_variant(&item.image, variant_type, decision, cascades.as_ref(), sample);
            calls.extend(evidence.map(|evidence| JudgedCall {
                is_wrong: evidence.genotype() != usize::from(item.label),
                evidence,
            }));
        }
        Ok(())
    })?;
    Ok(calls)
}
