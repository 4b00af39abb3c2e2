//! AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019) with averaged weights. Torch's
//! own AdamW does not expose its state, so a training could not resume.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind, Tensor};

use crate::model::artifact::ElasticWeights;
use crate::model::feed::TrainingOptions;
use crate::model::network::{Network, Weights, copy_of};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// What a step needs to know.
#[derive(Clone, Copy, Debug)]
pub struct StepOptions {
    /// Largest norm of the gradient.
    pub gradient_norm: f64,
    /// Decoupled weight decay, only on matrices and filters.
    pub weight_decay: f64,
    /// Decay of the exponential moving average of the weights.
    pub average_decay: f64,
}

impl From<&TrainingOptions> for StepOptions {
    fn from(options: &TrainingOptions) -> Self {
        Self {
            gradient_norm: options.gradient_norm,
            weight_decay: options.weight_decay,
            average_decay: options.average_decay,
        }
    }
}

/// One weight and its state.
struct Parameter {
    weight: Tensor,
    /// Exponential moving averages of the gradient, of its square, and of the weight.
    moment1: Tensor,
    moment2: Tensor,
    average: Tensor,
    /// Exponential moving average of the square of the loss gradient alone: not clipped, without the elastic pull.
    square: Tensor,
}

/// Updates weights, and shares their memory.
pub struct Optimizer {
    parameters: BTreeMap<String, Parameter>,
    steps: u64,
    /// Replaces weight decay.
    elastic: Option<ElasticWeights>,
}

/// Prefixes of tensor names in a saved state.
const PARTS: [&str; 5] = ["weight/", "moment1/", "moment2/", "average/", "square/"];

impl Optimizer {
    /// An optimizer at its first step, with or without elastic weights.
    pub fn new(weights: &Weights, elastic: Option<ElasticWeights>) -> Result<Self> {
        let parameter = |(name, weight): (&String, &Tensor)| {
            let weight = weight.f_detach()?;
            let parameter = Parameter {
                moment1: weight.f_zeros_like()?,
                moment2: weight.f_zeros_like()?,
                square: weight.f_zeros_like()?,
                average: copy_of(&weight)?,
                weight,
            };
            Ok((name.clone(), parameter))
        };
        Ok(Self {
            parameters: weights.iter().map(parameter).collect::<Result<_>>()?,
            steps: 0,
            elastic,
        })
    }

    /// Number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Clips the gradient to a norm, takes one step against it, and updates the average. `learning_rate` gives the rate
    /// of each weight by its name. A weight without a gradient stays as it is.
    pub fn step(
        &mut self,
        gradient: &Weights,
        learning_rate: &dyn Fn(&str) -> f64,
        options: StepOptions,
    ) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        self.steps += 1;
        let squares = gradient.values().map(|g| Ok(g.f_square()?.f_sum(Kind::Float)?));
        let squares: Vec<Tensor> = squares.collect::<Result<_>>()?;
        let norm = Tensor::f_stack(&squares, 0)?
            .f_sum(Kind::Float)?
            .f_double_value(&[])?
            .sqrt();
        ensure!(
            norm.is_finite(),
            "the gradient is not finite; try a smaller --learning-rate"
        );
        let scale = (options.gradient_norm / norm).min(1.0);
        let step = self.steps as f64;
        let (correction1, correction2) = (1.0 - BETA1.powf(step), 1.0 - BETA2.powf(step));
        // The average starts with a short memory, so that it soon forgets the random weights.
        let decay = options.average_decay.min((1.0 + step) / (10.0 + step));
        for (name, p) in &mut self.parameters {
            let Some(gradient) = gradient.get(name) else { continue };
            let learning_rate = learning_rate(name);
            let _ = p.square.f_lerp_(&gradient.f_square()?, 1.0 - BETA2)?;
            let gradient = gradient.f_mul_scalar(scale)?;
            let _ = p.moment1.f_lerp_(&gradient, 1.0 - BETA1)?;
            let _ = p.moment2.f_lerp_(&gradient.f_square()?, 1.0 - BETA2)?;
            if self.elastic.is_none() && p.weight.dim() > 1 {
                let _ = p.weight.f_mul_scalar_(1.0 - learning_rate * options.weight_decay)?;
            }
            let denominator = p.moment2.f_div_scalar(correction2)?.f_sqrt_()?.f_add_scalar_(EPSILON)?;
            let direction = p.moment1.f_div(&denominator)?;
            let _ = p.weight.f_sub_(&direction.f_mul_scalar(learning_rate / correction1)?)?;
            if let Some(elastic) = &self.elastic {
                // The old examples' gradients would have been clipped, too.
                elastic.pull_back(
                    name,
                    &mut p.weight,
                    &denominator.f_reciprocal()?.f_mul_scalar(learning_rate * scale)?,
                )?;
            }
            let _ = p.average.f_lerp_(&p.weight, 1.0 - decay)?;
        }
        Ok(())
    }

    /// The averaged weights.
    pub fn average(&self) -> Weights {
        self.parameters
            .iter()
            .map(|(name, p)| (name.clone(), p.average.shallow_clone()))
            .collect()
    }

    /// The moving average of the squared gradients of the loss, without clipping and without the elastic pull.
    pub fn squares(&self) -> Result<Weights> {
        let correction = 1.0 - BETA2.powf(self.steps.max(1) as f64);
        let square = |(name, p): (&String, &Parameter)| Ok((name.clone(), p.square.f_div_scalar(correction)?));
        self.parameters.iter().map(square).collect()
    }

    /// All tensors, for a checkpoint.
    pub fn state(&self) -> Weights {
        let parts = |(name, p): (&String, &Parameter)| {
            let tensors = [&p.weight, &p.moment1, &p.moment2, &p.average, &p.square].map(Tensor::shallow_clone);
            PARTS.map(|part| format!("{part}{name}")).into_iter().zip(tensors)
        };
        self.parameters.iter().flat_map(parts).collect()
    }

    /// Restores a saved state. Fails if the state belongs to another network.
    pub fn restore(&mut self, state: &Weights, steps: u64) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        self.steps = steps;
        for (name, p) in &mut self.parameters {
            let tensors = [
                &mut p.weight,
                &mut p.moment1,
                &mut p.moment2,
                &mut p.average,
                &mut p.square,
            ];
            for (part, tensor) in PARTS.iter().zip(tensors) {
                let saved = state
                    .get(&format!("{part}{name}"))
                    .with_context(|| format!("{part}{name} is missing; train without --resume"))?;
                ensure!(saved.size() == tensor.size(), "{part}{name} has another shape");
                tensor.f_copy_(&saved.f_to_device(tensor.device())?)?;
            }
        }
        Ok(())
    }

    /// A network with the averaged weights.
    pub fn averaged(&self, network: &Network, device: Device) -> Result<Network> {
        let mut weights = self.average();
        weights.extend(network.range_weights());
        Network::with_weights(network.architecture(), &weights, device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_those_of_the_gradient_before_clipping_and_pull() {
        let values = |values: &[f32]| Tensor::from_slice(values);
        let weights = Weights::from([("w".to_owned(), values(&[1.0, 1.0]))]);
        let mut model = Weights::from([("w".to_owned(), values(&[0.0, 0.0]))]);
        model.insert("importance/w".to_owned(), values(&[50.0, 50.0]));
        let elastic = ElasticWeights::new(&model, 1, 1.0, Device::Cpu).unwrap();
        assert!(elastic.is_some());
        let mut optimizer = Optimizer::new(&weights, elastic).unwrap();
        let options = StepOptions {
            gradient_norm: 1.0,
            weight_decay: 0.02,
            average_decay: 0.999,
        };
        // The norm of the gradient is 50 times as large as the norm to which it is clipped.
        let gradient = Weights::from([("w".to_owned(), values(&[30.0, 40.0]))]);
        (0..3).for_each(|_| optimizer.step(&gradient, &|_| 1e-3, options).unwrap());
        let squares: Vec<f32> = (&optimizer.squares().unwrap()["w"]).try_into().unwrap();
        assert!(
            (squares[0] - 900.0).abs() < 1.0 && (squares[1] - 1600.0).abs() < 1.0,
            "{squares:?}"
        );
        // A checkpoint keeps them.
        let mut resumed = Optimizer::new(&weights, None).unwrap();
        resumed.restore(&optimizer.state(), optimizer.steps()).unwrap();
        assert_eq!(resumed.squares().unwrap()["w"], optimizer.squares().unwrap()["w"]);
    }

    #[test]
    fn each_weight_has_its_rate_and_stays_without_a_gradient() {
        let values = |values: &[f32]| Tensor::from_slice(values);
        let names = ["fast", "slow", "frozen"].map(str::to_owned);
        let weights: Weights = names.iter().map(|name| (name.clone(), values(&[1.0]))).collect();
        let gradient: Weights = names[..2].iter().map(|name| (name.clone(), values(&[1.0]))).collect();
        let options = StepOptions {
            gradient_norm: 10.0,
            weight_decay: 0.0,
            average_decay: 0.0,
        };
        let rate = |name: &str| if name == "fast" { 0.1 } else { 0.01 };
        Optimizer::new(&weights, None)
            .unwrap()
            .step(&gradient, &rate, options)
            .unwrap();
        let moved = |name: &str| 1.0 - weights[name].double_value(&[0]);
        assert!((moved("fast") - 0.1).abs() < 1e-4 && (moved("slow") - 0.01).abs() < 1e-4);
        assert_eq!(moved("frozen"), 0.0);
    }
}
