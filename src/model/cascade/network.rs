//! The first stage of a model: a small network on the summary of a pileup. If this network is certain, the pileup
//! network does not run (Viola and Jones, "Rapid object detection using a boosted cascade of simple features", CVPR
//! 2001).

use anyhow::{Context, Result, ensure};
use ndarray::{Array1, Array2};
use tch::Tensor;

use super::thresholds::{CascadeThresholds, likeliest};
use crate::model::network::features::{FEATURES, summarize};
use crate::model::network::{Range, Weights};
use crate::variants::VariantType;

/// Number of units in each layer, from the summary to the three genotypes.
pub const UNITS: [usize; 4] = [FEATURES, 48, 24, 3];
/// Prefix of the names of the cascade's weights.
const PREFIX: &str = "cascade.";

/// A cascade for inference. It runs without torch, and each result depends only on its image.
#[derive(Clone, Debug)]
pub struct Cascade {
    /// The summary is normalized: (summary − mean) / deviation.
    mean: Array1<f32>,
    deviation: Array1<f32>,
    layers: Vec<(Array2<f32>, Array1<f32>)>,
    /// Smallest and largest accepted value of each summary feature. None for older models.
    limits: Option<[Vec<f32>; 2]>,
    card: CascadeThresholds,
}

impl Cascade {
    /// Builds the cascade from a model's weights. None without a card. Fails if the weights do not fit.
    pub fn from_weights(weights: &Weights, card: Option<CascadeThresholds>) -> Result<Option<Self>> {
        let Some(card) = card else { return Ok(None) };
        let values = |name: String, shape: &[usize]| -> Result<Vec<f32>> {
            let tensor = weights.get(&format!("{PREFIX}{name}"));
            let tensor = tensor.with_context(|| format!("weight {PREFIX}{name} is missing"))?;
            let found: Vec<usize> = tensor.size().iter().map(|&d| d as usize).collect();
            ensure!(
                found == shape,
                "weight {PREFIX}{name} has shape {found:?}, but shape {shape:?} is expected"
            );
            Ok(tensor
                .f_detach()?
                .f_contiguous()?
                .f_view([-1i64].as_slice())?
                .try_into()?)
        };
        let mut layers = Vec::new();
        for (index, units) in UNITS.windows(2).enumerate() {
            let weight = values(layer_name(index, "weight"), &[units[1], units[0]])?;
            let bias = values(layer_name(index, "bias"), &[units[1]])?;
            layers.push((Array2::from_shape_vec((units[1], units[0]), weight)?, bias.into()));
        }
        let deviation = values("deviation".into(), &[FEATURES])?;
        ensure!(
            deviation.iter().all(|&d| d > 0.0),
            "weight {PREFIX}deviation has a value that is not above 0"
        );
        Ok(Some(Self {
            mean: values("mean".into(), &[FEATURES])?.into(),
            deviation: deviation.into(),
            layers,
            limits: Range::from_weights(weights, PREFIX, FEATURES)?.map(|range| range.limits()),
            card,
        }))
    }

    /// Probabilities of hom-ref, het and hom-alt from a summary.
    fn probabilities(&self, summary: &[f32; FEATURES]) -> [f32; 3] {
        let summary = Array1::from_iter(summary.iter().copied());
        let mut x = (&summary - &self.mean) / &self.deviation;
        for (index, (weight, bias)) in self.layers.iter().enumerate() {
            x = weight.dot(&x) + bias;
            if index + 1 < self.layers.len() {
                x.mapv_inplace(|v| v.max(0.0));
            }
        }
        let greatest = x.fold(f32::MIN, |a, &b| a.max(b));
        let exponentials = x.mapv(|v| (v - greatest).exp());
        let sum = exponentials.sum();
        [0, 1, 2].map(|class| exponentials[class] / sum)
    }

    /// Probabilities of hom-ref, het and hom-alt from a summary. None outside of the range of training, because the
    /// cascade is overconfident there.
    pub fn judge(&self, summary: &[f32; FEATURES]) -> Option<[f32; 3]> {
        self.is_in_range(summary).then(|| self.probabilities(summary))
    }

    /// Probabilities of hom-ref, het and hom-alt of an image (see `summarize`). None if they do not reach the
    /// threshold.
    pub fn decide(&self, image: &[u8], variant_type: VariantType) -> Option<[f32; 3]> {
        let probabilities = self.judge(&summarize(image, variant_type))?;
        let (_, greatest) = likeliest(&probabilities);
        (f64::from(greatest) >= self.card.for_type(variant_type).threshold).then_some(probabilities)
    }

    /// Whether each feature of a summary lies in the range of training.
    fn is_in_range(&self, summary: &[f32; FEATURES]) -> bool {
        let Some([least, greatest]) = &self.limits else {
            return false;
        };
        let limits = least.iter().zip(greatest);
        summary
            .iter()
            .zip(limits)
            .all(|(x, (least, greatest))| (least..=greatest).contains(&x))
    }

    pub fn card(&self) -> &CascadeThresholds {
        &self.card
    }
}

/// The cascades of an ensemble; they only decide together.
pub struct Cascades(Vec<Cascade>);

impl Cascades {
    /// Takes the cascades of all models of an ensemble.
    pub fn new(cascades: Vec<Cascade>) -> Self {
        Self(cascades)
    }

    /// The mean probabilities of the cascades for an image. None unless all decide, for the same genotype. See
    /// [`Cascade::decide`].
    pub fn decide(&self, image: &[u8], variant_type: VariantType) -> Option<[f32; 3]> {
        let mut mean = [0.0; 3];
        for cascade in &self.0 {
            let probabilities = cascade.decide(image, variant_type)?;
            mean.iter_mut()
                .zip(probabilities)
                .for_each(|(m, p)| *m += p / self.0.len() as f32);
        }
        mean.iter().any(|&p| p > 0.9).then_some(mean)
    }
}

impl Cascades {
    /// The mean probabilities of the cascades for an image, whether or not they are certain enough to decide. None if
    /// the image is outside of the range of training of any of them.
    pub fn judge(&self, image: &[u8], variant_type: VariantType) -> Option<[f32; 3]> {
        self.judge_summary(&summarize(image, variant_type))
    }

    /// The same, of the summary of an image.
    pub fn judge_summary(&self, summary: &[f32; FEATURES]) -> Option<[f32; 3]> {
        let judged: Option<Vec<_>> = self.0.iter().map(|cascade| cascade.judge(summary)).collect();
        let judged = judged?;
        let mean = |class: usize| judged.iter().map(|p| p[class] / judged.len() as f32).sum();
        Some(std::array::from_fn(mean))
    }
}

/// Whether a model's weight of this name belongs to the cascade.
pub fn is_cascade_weight(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Name of a layer's weight or bias, without the prefix.
fn layer_name(index: usize, part: &str) -> String {
    format!("layer{}.{part}", index + 1)
}

/// Weights of a cascade in training: `mean`, `deviation` and range of each feature, and the layers' weights and biases.
pub struct CascadeTensors {
    pub mean: Tensor,
    pub deviation: Tensor,
    pub range: Range,
    pub layers: Weights,
}

impl CascadeTensors {
    /// Logits [n, 3] of summaries [n, features].
    pub fn forward(&self, summaries: &Tensor) -> Result<Tensor> {
        let mut x = (summaries - &self.mean) / &self.deviation;
        for index in 0..UNITS.len() - 1 {
            let part = |part| self.layers.get(&layer_name(index, part)).context("a layer is missing");
            x = x.f_linear(part("weight")?, Some(part("bias")?))?;
            if index + 2 < UNITS.len() {
                x = x.f_relu()?;
            }
        }
        Ok(x)
    }

    /// All weights under their names in a model.
    pub fn weights(&self, layers: &Weights) -> Weights {
        let layers = layers
            .iter()
            .map(|(name, tensor)| (format!("{PREFIX}{name}"), tensor.shallow_clone()));
        let scales = [("mean", &self.mean), ("deviation", &self.deviation)];
        let scales = scales.map(|(name, tensor)| (format!("{PREFIX}{name}"), tensor.shallow_clone()));
        layers.chain(scales).chain(self.range.weights(PREFIX)).collect()
    }
}

/// Names and shapes of the layers' weights and biases.
pub fn layer_shapes() -> impl Iterator<Item = (String, Vec<i64>)> {
    UNITS.windows(2).enumerate().flat_map(|(index, units)| {
        let [inputs, outputs] = [units[0] as i64, units[1] as i64];
        [
            (layer_name(index, "weight"), vec![outputs, inputs]),
            (layer_name(index, "bias"), vec![outputs]),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::network::Random;

    fn weights() -> Weights {
        let mut random = Random::new(&[3]);
        let mut tensor = |shape: &[i64], least: f32| {
            let values: Vec<f32> = (0..shape.iter().product())
                .map(|_| least + random.uniform() as f32)
                .collect();
            Tensor::from_slice(&values).view(shape)
        };
        let cascade = CascadeTensors {
            mean: tensor(&[FEATURES as i64], -0.5),
            deviation: tensor(&[FEATURES as i64], 0.5),
            range: Range::covering(&[[0.0; FEATURES], [1.0; FEATURES]].concat(), FEATURES),
            layers: layer_shapes()
                .map(|(name, shape)| (name, tensor(&shape, -0.5)))
                .collect(),
        };
        cascade.weights(&cascade.layers)
    }

    #[test]
    fn inference_agrees_with_training() {
        let weights = weights();
        let cascade = Cascade::from_weights(&weights, Some(CascadeThresholds::NEVER))
            .unwrap()
            .unwrap();
        let part = |name: &str| weights[&format!("{PREFIX}{name}")].shallow_clone();
        let tensors = CascadeTensors {
            mean: part("mean"),
            deviation: part("deviation"),
            range: Range::covering(&[0.0; FEATURES], FEATURES),
            layers: layer_shapes().map(|(name, _)| (name.clone(), part(&name))).collect(),
        };
        let mut random = Random::new(&[4]);
        let summary: [f32; FEATURES] = std::array::from_fn(|_| random.uniform() as f32);
        let logits = tensors
            .forward(&Tensor::from_slice(&summary).view([1, FEATURES as i64]))
            .unwrap();
        let expected: Vec<f32> = logits.softmax(-1, tch::Kind::Float).view([-1]).try_into().unwrap();
        let found = cascade.probabilities(&summary);
        assert!(
            expected.iter().zip(found).all(|(e, f)| (e - f).abs() < 1e-5),
            "{expected:?} {found:?}"
        );
    }

    #[test]
    fn it_abstains_outside_of_the_range_of_training() {
        let mut cascade = Cascade::from_weights(&weights(), Some(CascadeThresholds::NEVER))
            .unwrap()
            .unwrap();
        let mut summary = [0.5; FEATURES];
        assert!(cascade.judge(&summary).is_some());
        // The margin is a quarter of the range.
        for (value, seen) in [(1.24, true), (1.26, false), (-0.26, false), (f32::NAN, false)] {
            summary[33] = value;
            assert_eq!(cascade.judge(&summary).is_some(), seen, "{value}");
        }
        cascade.limits = None;
        assert!(cascade.judge(&[0.5; FEATURES]).is_none());
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let mut weights = weights();
        assert!(Cascade::from_weights(&weights, None).unwrap().is_none());
        weights.insert("cascade.layer2.bias".into(), Tensor::from_slice(&[1f32]));
        let refused = Cascade::from_weights(&weights, Some(CascadeThresholds::NEVER)).unwrap_err();
        assert!(refused.to_string().contains("cascade.layer2.bias has shape [1]"));
        let mut weights = self::weights();
        weights.insert("cascade.deviation".into(), Tensor::from_slice(&[0f32; FEATURES]));
        let refused = Cascade::from_weights(&weights, Some(CascadeThresholds::NEVER)).unwrap_err();
        assert!(refused.to_string().contains("cascade.deviation"), "{refused}");
    }
}
