//! Calls of held-out examples, to fit tiers on.

use anyhow::{Context, Result};
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
        let alone: Vec<_> = items.iter().filter(|item| item.alone).collect();
        let decide = |item: &&TrainingItem| {
            let decided = cascades.as_ref()?.decide(&item.image, item.context.variant_type)?;
            Some(Decision {
                probabilities: decided,
                is_of_cascade: true,
            })
        };
        let decisions: Vec<Option<Decision>> = alone.iter().map(decide).collect();
        let pairs = alone.iter().zip(&decisions);
        let open: Vec<&TrainingItem> = pairs.filter(|(_, d)| d.is_none()).map(|(item, _)| *item).collect();
        let images: Vec<&[u8]> = open.iter().map(|item| item.image.as_slice()).collect();
        let contexts: Vec<_> = open.iter().map(|item| item.context).collect();
        let mut of_network = classifier.classify(&images, &contexts)?.into_iter();
        for (item, decided) in alone.into_iter().zip(decisions) {
            let asked = || {
                of_network.next().map(|probabilities| Decision {
                    probabilities,
                    is_of_cascade: false,
                })
            };
            let decision = decided.or_else(asked).context("the network gave too few answers")?;
            calls.extend(judged(item, decision, cascades.as_ref()));
        }
        Ok(())
    })?;
    Ok(calls)
}

/// The call of an example. None if no variant is called.
fn judged(item: &TrainingItem, decision: Decision, cascades: Option<&Cascades>) -> Option<JudgedCall> {
    let sample = SampleEvidence {
        noise: item.context.noise,
        depth: item.sample_depth,
    };
    let evidence = CallEvidence::of_variant(&item.image, item.context.variant_type, decision, cascades, sample)?;
    Some(JudgedCall {
        is_wrong: evidence.genotype() != usize::from(item.label),
        evidence,
    })
}
