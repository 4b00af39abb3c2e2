//! Elastic weight consolidation (Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS
//! 114 (2017) 3521–3526): training pulls each weight back to its old value. The pull is stronger, the more the old
//! examples depend on the weight.

use anyhow::Result;
use tch::{Device, Tensor};

use crate::model::network::{Weights, copy_of};

/// Name under which the model stores the importance of a weight. The importance is the sum of squared loss gradients
/// over the training examples, an estimate of the Fisher information. It comes from gradients before clipping, without
/// the slope of an older pull. The importances of the built-in model are smaller: they came from clipped gradients.
fn importance_name(weight: &str) -> String {
    format!("{PREFIX}{weight}")
}

const PREFIX: &str = "importance/";

/// Starting values of the weights, and the strength of the pull towards each.
pub struct ElasticWeights {
    start: Weights,
    pull: Weights,
}

impl ElasticWeights {
    /// Prepares a model's weights to learn `examples` new examples. With `strength` 1, the old examples would count
    /// as if they were learned again. None if the model does not store importances.
    pub fn new(model: &Weights, examples: u64, strength: f64, device: Device) -> Result<Option<Self>> {
        let (mut start, mut pull) = (Weights::new(), Weights::new());
        for (name, weight) in model {
            if let Some(importance) = model.get(&importance_name(name)) {
                let pulled = importance
                    .f_to_device(device)?
                    .f_mul_scalar(strength / examples.max(1) as f64)?;
                pull.insert(name.clone(), pulled);
                start.insert(name.clone(), copy_of(&weight.f_detach()?.f_to_device(device)?)?);
            }
        }
        Ok((!pull.is_empty()).then_some(Self { start, pull }))
    }

    /// Whether a model's weights include importances.
    pub fn has_importances(model: &Weights) -> bool {
        model.keys().any(|name| name.starts_with(PREFIX))
    }

    /// Moves a weight towards its start: the proximal step (Parikh and Boyd, "Proximal algorithms", 2014) of pull / 2 ·
    /// (weight − start)², for a step size of each number. A step against the slope would overshoot where the pull is
    /// strong, because Adam makes all steps alike.
    pub fn pull_back(&self, name: &str, weight: &mut Tensor, step: &Tensor) -> Result<()> {
        let (Some(start), Some(pull)) = (self.start.get(name), self.pull.get(name)) else {
            return Ok(());
        };
        let kept = step.f_mul(pull)?.f_add_scalar(1.0)?.f_reciprocal()?;
        let moved = weight.f_sub(start)?.f_mul(&kept)?;
        weight.f_copy_(&start.f_add(&moved)?)?;
        Ok(())
    }
}

/// Adds the importances of this training to the importances before, if there are any. `squares` are the mean
/// squared gradients of batches of `batch_size` examples; `examples` is the number of training examples.
pub fn importances(before: &Weights, squares: &Weights, batch_size: u64, examples: u64) -> Result<Weights> {
    let mut importances = Weights::new();
    for (name, square) in squares {
        // The gradient of a batch is a mean: its square is the square of one example's gradient divided by the
        // batch size.
        let mut importance = square.f_mul_scalar(batch_size as f64 * examples as f64)?;
        let name = importance_name(name);
        if let Some(before) = before.get(&name) {
            let _ = importance.f_add_(&before.f_to_device(importance.device())?)?;
        }
        importances.insert(name, importance);
    }
    Ok(importances)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(parts: &[(&str, &[f32], &[i64])]) -> Weights {
        let tensor = |values: &[f32], shape: &[i64]| Tensor::from_slice(values).view(shape);
        parts
            .iter()
            .map(|(name, values, shape)| ((*name).to_owned(), tensor(values, shape)))
            .collect()
    }

    #[test]
    fn pull_is_stronger_on_important_weights() {
        let squares = weights(&[("w", &[2.0, 0.0], &[1, 2]), ("b", &[4.0], &[1])]);
        let learned = importances(&Weights::new(), &squares, 8, 100).unwrap();
        let values = |t: &Tensor| Vec::<f32>::try_from(t.flatten(0, -1)).unwrap();
        assert_eq!(values(&learned["importance/w"]), [1600.0, 0.0]);
        let more = importances(&learned, &squares, 8, 50).unwrap();
        assert_eq!(values(&more["importance/w"]), [2400.0, 0.0]);

        let mut model = weights(&[("w", &[1.0, 1.0], &[1, 2]), ("b", &[0.0], &[1])]);
        assert!(ElasticWeights::new(&model, 10, 1.0, Device::Cpu).unwrap().is_none());
        model.extend(learned);
        let elastic = ElasticWeights::new(&model, 10, 0.5, Device::Cpu).unwrap().unwrap();
        // The pulls are 80, 0 and 160.
        let pulled = |name: &str, mut weight: Tensor, step: f32| {
            elastic.pull_back(name, &mut weight, &Tensor::from(step)).unwrap();
            values(&weight)
        };
        assert_eq!(pulled("w", Tensor::from_slice2(&[[2.0f32, 5.0]]), 0.0125), [1.5, 5.0]);
        assert_eq!(pulled("b", Tensor::from_slice(&[-1.0f32]), 0.25), [-1.0 / 41.0]);
        assert_eq!(pulled("other", Tensor::from_slice(&[1.0f32]), 1.0), [1.0]);
        // However strong the pull, the weight does not go beyond its start.
        assert!((0.0..1e-6).contains(&pulled("b", Tensor::from_slice(&[1.0f32]), 1e6)[0]));
    }
}
