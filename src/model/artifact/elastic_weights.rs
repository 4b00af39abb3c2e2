//! What a model remembers while it is trained on: each weight is held where it was, the more firmly the more the old examples
//! need it there. Elastic weight consolidation (Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks",
//! PNAS 114 (2017) 3521–3526).

use anyhow::Result;
use tch::{Device, Tensor};

use crate::model::network::Weights;

/// Name of a weight's importance beside it in the model: the sum, over the examples learned from, of the squared gradient of
/// the loss, which estimates the Fisher information. It is estimated by the optimizer's second moment, and so by the gradient
/// as the optimizer sees it: clipped, which takes the more away the smaller the batches are, and with the slope of an older
/// memory in it.
fn importance_name(weight: &str) -> String {
    format!("{PREFIX}{weight}")
}

const PREFIX: &str = "importance/";

/// Where the weights were, and how firmly they are held there.
pub struct ElasticWeights {
    start: Weights,
    pull: Weights,
}

impl ElasticWeights {
    /// Of a model's weights, to learn `examples` new ones: with `strength` 1 the old ones would count as if they were
    /// learned again, had no gradient been clipped.
    /// None if the model does not tell how important its weights are.
    pub fn new(model: &Weights, examples: u64, strength: f64, device: Device) -> Result<Option<Self>> {
        let (mut start, mut pull) = (Weights::new(), Weights::new());
        for (name, weight) in model {
            if let Some(importance) = model.get(&importance_name(name)) {
                let pulled = importance.f_to_device(device)? * (strength / examples.max(1) as f64);
                pull.insert(name.clone(), pulled);
                start.insert(name.clone(), weight.f_detach()?.f_to_device(device)?.copy());
            }
        }
        Ok((!pull.is_empty()).then_some(Self { start, pull }))
    }

    /// Whether a model's weights tell how important they are.
    pub fn is_among(model: &Weights) -> bool {
        model.keys().any(|name| name.starts_with(PREFIX))
    }

    /// What is added to the gradient of a weight: the slope of pull / 2 · (weight − start)².
    pub fn slope(&self, name: &str, weight: &Tensor) -> Result<Option<Tensor>> {
        let (Some(start), Some(pull)) = (self.start.get(name), self.pull.get(name)) else {
            return Ok(None);
        };
        Ok(Some(weight.f_sub(start)?.f_mul(pull)?))
    }
}

/// The importances of weights by now: those before, if any, and what was learned since. `squares` are the mean squared
/// gradients of batches of so many examples, `examples` all that were learned from.
pub fn importances(before: &Weights, squares: &Weights, batch_size: u64, examples: u64) -> Result<Weights> {
    let mut importances = Weights::new();
    for (name, square) in squares {
        // The gradient of a batch is a mean: its square is that of one example over their number.
        let mut importance = square * (batch_size as f64 * examples as f64);
        let name = importance_name(name);
        if let Some(before) = before.get(&name) {
            importance += before.f_to_device(importance.device())?;
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
    fn important_weights_are_held() {
        let squares = weights(&[("w", &[2.0, 0.0], &[1, 2]), ("b", &[4.0], &[1])]);
        let learned = importances(&Weights::new(), &squares, 8, 100).unwrap();
        let values = |t: &Tensor| Vec::<f32>::try_from(t.flatten(0, -1)).unwrap();
        assert_eq!(values(&learned["importance/w"]), [1600.0, 0.0]);
        let more = importances(&learned, &squares, 8, 50).unwrap();
        assert_eq!(values(&more["importance/w"]), [2400.0, 0.0]);

        let mut model = weights(&[("w", &[1.0, 1.0], &[1, 2]), ("b", &[0.0], &[1])]);
        assert!(ElasticWeights::new(&model, 10, 1.0, Device::Cpu).unwrap().is_none());
        model.extend(learned);
        let memory = ElasticWeights::new(&model, 10, 0.5, Device::Cpu).unwrap().unwrap();
        let slope = |name: &str, weight: Tensor| memory.slope(name, &weight).unwrap().map(|t| values(&t));
        assert_eq!(slope("w", Tensor::from_slice2(&[[2.0f32, 5.0]])), Some(vec![80.0, 0.0]));
        assert_eq!(slope("b", Tensor::from_slice(&[-1.0f32])), Some(vec![-160.0]));
        assert_eq!(slope("other", Tensor::from_slice(&[1.0f32])), None);
    }
}
