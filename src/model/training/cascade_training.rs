//! Fits the cascade to the training examples of the pileup network, and finds the thresholds of its decisions.

use std::sync::Arc;

use anyhow::Result;
use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::optimizer::Optimizer;
use crate::model::artifact::Model;
use crate::model::cascade::{Cascade, CascadeTensors, CascadeThresholds, Trial, is_cascade_weight, layer_shapes};
use crate::model::feed::{Feed, TrainingItem, TrainingOptions, augment};
use crate::model::network::features::{FEATURES, summarize, variant_type};
use crate::model::network::{Random, Range, Weights};

/// Summaries of each example: one of the unchanged image, then of augmented images.
const VIEWS: u64 = 4;
/// Most summaries in training, which limits memory; beyond this, summaries are sampled at random.
const MOST_SUMMARIES: u64 = 1 << 20;
/// With fewer summaries, the model has no cascade.
const FEWEST_SUMMARIES: usize = 1000;
/// One in this many training examples is held out to find the thresholds.
const HELD_OUT: u64 = 6;
const BATCH: usize = 256;
const EPOCHS: u64 = 12;
const LEARNING_RATE: f64 = 3e-3;
/// Largest fraction of wrong decisions on held-out examples.
const WRONG_DECISIONS: f64 = 5e-4;

/// Summaries and labels of examples.
#[derive(Default)]
struct Summaries {
    values: Vec<f32>,
    labels: Vec<i64>,
}

/// A cascade with its weights.
pub struct FittedCascade {
    pub cascade: Arc<Cascade>,
    pub weights: Weights,
}

impl FittedCascade {
    /// From weights (weights outside of the cascade are ignored) and the thresholds of the card. None if there is
    /// no cascade.
    pub fn new(weights: &Weights, card: Option<CascadeThresholds>) -> Result<Option<Self>> {
        Ok(Cascade::from_weights(weights, card)?.map(|cascade| Self {
            cascade: cascade.into(),
            weights: weights
                .iter()
                .filter(|(name, _)| is_cascade_weight(name))
                .map(|(name, tensor)| (name.clone(), tensor.shallow_clone()))
                .collect(),
        }))
    }
}

/// Fits a cascade, and its thresholds on the training examples that it did not learn from. Validation has no part in it,
/// because the cascade chooses the easy examples. None if there are too few examples. The result depends only on
/// options and shards.
pub fn fit(training: &Feed, options: &TrainingOptions) -> Result<Option<FittedCascade>> {
    let (mut learned, mut held_out) = (Summaries::default(), Summaries::default());
    let kept = MOST_SUMMARIES as f64 / (training.labelled() * VIEWS) as f64;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
    let mut before = 0;
    training.in_order(BATCH, |items| {
        let numbered = (before + 1..).zip(items).collect::<Vec<_>>();
        let summarize_views = |&(number, item): &(u64, &TrainingItem)| views(item, number, kept, options);
        let views: Vec<_> = pool.install(|| numbered.par_iter().map(summarize_views).collect());
        before += items.len() as u64;
        for ((number, item), views) in numbered.into_iter().zip(views) {
            let summaries = if is_held_out(number) {
                &mut held_out
            } else {
                &mut learned
            };
            views.iter().for_each(|view| summaries.push(view, item.label));
        }
        Ok(())
    })?;
    if learned.labels.len() < FEWEST_SUMMARIES {
        return Ok(None);
    }
    with_thresholds(&learned.fit(options)?, None, &held_out)
}

fn is_held_out(number: u64) -> bool {
    number.is_multiple_of(HELD_OUT)
}

/// Summaries of an example: of the unchanged image if it is held out, otherwise a random sample that includes
/// augmented images.
fn views(item: &TrainingItem, number: u64, kept: f64, options: &TrainingOptions) -> Vec<[f32; FEATURES]> {
    let view = |view: u64| {
        let mut random = Random::new(&[options.seed, view, number]);
        let wanted = if is_held_out(number) {
            view == 0
        } else {
            random.uniform() < kept
        };
        if !wanted || !item.alone {
            return None;
        }
        let mut image = std::borrow::Cow::Borrowed(&item.image);
        if view > 0 && options.augment {
            augment(image.to_mut(), &mut random);
        }
        Some(summarize(&image, item.context.variant_type))
    };
    (0..VIEWS).filter_map(view).collect()
}

/// The cascade of a model in fine-tuning: its weights stay, and new examples set its thresholds.
pub fn refit_thresholds(model: &Model, examples: &Feed) -> Result<Option<FittedCascade>> {
    let mut summaries = Summaries::default();
    examples.in_order(BATCH, |items| {
        let alone = items.iter().filter(|item| item.alone);
        alone.for_each(|item| summaries.push(&summarize(&item.image, item.context.variant_type), item.label));
        Ok(())
    })?;
    with_thresholds(&model.weights()?, model.card().cascade.as_ref(), &summaries)
}

fn with_thresholds(
    weights: &Weights,
    before: Option<&CascadeThresholds>,
    held_out: &Summaries,
) -> Result<Option<FittedCascade>> {
    let Some(cascade) = Cascade::from_weights(weights, Some(CascadeThresholds::NEVER))? else {
        return Ok(None);
    };
    let summaries = held_out.values.as_chunks::<FEATURES>().0.iter();
    let trial = |(summary, label): (&[f32; FEATURES], i64)| {
        Some(Trial {
            variant_type: variant_type(summary),
            probabilities: cascade.judge(summary)?,
            label: label as u8,
            network_is_right: true,
        })
    };
    let trials: Vec<_> = summaries
        .zip(held_out.labels.iter().copied())
        .filter_map(trial)
        .collect();
    let card = CascadeThresholds::fit(&trials, before, |c| {
        c.wrong as f64 <= WRONG_DECISIONS * c.decided as f64
    });
    FittedCascade::new(weights, Some(card))
}

/// Thresholds of a cascade that runs before the pileup network. The cascade must correct at least two of the network's
/// errors for each error that it adds. So chance alone rarely makes the cascade worse than the network on other data.
pub fn thresholds_beside_network(trials: &[Trial], before: Option<&CascadeThresholds>) -> CascadeThresholds {
    CascadeThresholds::fit(trials, before, |c| {
        let corrected = c.network_wrong - (c.wrong - c.wrong_alone);
        2 * c.wrong_alone <= corrected && c.wrong as f64 <= WRONG_DECISIONS * c.decided as f64
    })
}

impl Summaries {
    fn push(&mut self, summary: &[f32; FEATURES], label: u8) {
        self.values.extend(summary);
        self.labels.push(i64::from(label));
    }

    fn fit(&self, options: &TrainingOptions) -> Result<Weights> {
        let n = self.labels.len();
        let summaries = Tensor::f_from_slice(&self.values)?.f_view([n as i64, FEATURES as i64])?;
        let labels = Tensor::f_from_slice(&self.labels)?;
        let mut random = Random::new(&[options.seed, FEATURES as u64]);
        let mut layers = Weights::new();
        for (name, shape) in layer_shapes() {
            let gain = if shape.len() > 1 {
                (2.0 / shape[1] as f64).sqrt()
            } else {
                0.0
            };
            let values: Vec<f32> = (0..shape.iter().product())
                .map(|_| (gain * random.normal()) as f32)
                .collect();
            let tensor = Tensor::f_from_slice(&values)?.f_view(shape.as_slice())?;
            layers.insert(name, tensor.f_set_requires_grad(true)?);
        }
        let cascade = CascadeTensors {
            mean: summaries.f_mean_dim([0i64].as_slice(), false, Kind::Float)?,
            deviation: summaries.f_std_dim([0i64].as_slice(), false, false)? + 1e-3,
            range: Range::covering(&self.values, FEATURES),
            layers,
        };
        // The average looks back over a fraction of an epoch.
        let options = TrainingOptions {
            learning_rate: LEARNING_RATE,
            average_decay: 0.999,
            ..options.clone()
        };
        let mut optimizer = Optimizer::new(&cascade.layers, None)?;
        let mut order: Vec<i64> = (0..n as i64).collect();
        let (mut step, steps) = (0, EPOCHS * n.div_ceil(BATCH) as u64);
        for _ in 0..EPOCHS {
            random.shuffle(&mut order);
            for batch in order.chunks(BATCH) {
                let batch = Tensor::f_from_slice(batch)?;
                let logits = cascade.forward(&summaries.f_index_select(0, &batch)?)?;
                let labels = labels.f_index_select(0, &batch)?;
                logits
                    .f_log_softmax(-1, Kind::Float)?
                    .f_nll_loss(&labels, None::<Tensor>, tch::Reduction::Mean, -100)?
                    .f_backward()?;
                let gradient = take_gradient(&cascade.layers)?;
                let rate = options.learning_rate_at(step, steps);
                optimizer.step(&gradient, &|_| rate, (&options).into())?;
                step += 1;
            }
        }
        Ok(cascade.weights(&optimizer.average()))
    }
}

/// The gradient of each weight; sets the gradients to 0 afterwards.
fn take_gradient(weights: &Weights) -> Result<Weights> {
    let _no_grad = tch::no_grad_guard();
    let take = |(name, weight): (&String, &Tensor)| {
        let mut gradient = weight.f_grad()?;
        let taken = gradient.copy();
        let _ = gradient.f_zero_()?;
        Ok((name.clone(), taken))
    };
    weights.iter().map(take).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::VariantType;

    #[test]
    fn the_cascade_must_correct_two_errors_for_each_error_it_adds() {
        // The cascade is certain of hom-ref; the network's genotype is right or wrong.
        let trials = |count, label, network_is_right| {
            (0..count).map(move |_| Trial {
                variant_type: VariantType::Snp,
                probabilities: [0.9999, 0.0001, 0.0],
                label,
                network_is_right,
            })
        };
        let fitted = |added, corrected| {
            let both_wrong = trials(1, 2, false);
            let trials = trials(10_000, 0, true)
                .chain(both_wrong)
                .chain(trials(added, 1, true))
                .chain(trials(corrected, 0, false));
            thresholds_beside_network(&trials.collect::<Vec<_>>(), None).snp
        };
        assert_eq!(fitted(1, 2).threshold, 0.99);
        assert_eq!((fitted(1, 2).wrong, fitted(1, 2).wrong_alone), (2, 1));
        assert!(fitted(1, 1).threshold > 1.0);
        assert_eq!(fitted(0, 0).threshold, 0.99);
    }
}
