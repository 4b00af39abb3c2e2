//! The forward pass. Both strands go through the same layers, and then together: the result is the same for a sequence and its
//! reverse complement.

use anyhow::{Context, Result, bail};
use tch::{Device, Kind, Tensor};

use super::architecture::{Architecture, BLOCK_WIDTH, BLOCKS, Heads, LSTM_POOL, Shape};
use crate::model::{Random, Weights, copy_of};

/// A network with its weights.
pub struct Network {
    shape: Shape,
    heads: Heads,
    weights: Weights,
}

/// Sequences as numbers to f32 [n, 4, length]: 1 for the base, and 0 everywhere for an unknown one.
pub fn one_hot(sequences: &[&[u8]], device: Device) -> Result<Tensor> {
    let length = sequences.first().map_or(0, |codes| codes.len());
    let mut values = vec![0f32; sequences.len() * 4 * length];
    for (codes, out) in sequences.iter().zip(values.chunks_exact_mut(4 * length.max(1))) {
        for (position, &code) in codes.iter().enumerate().filter(|(_, code)| **code < 4) {
            out[usize::from(code) * length + position] = 1.0;
        }
    }
    let shape = [sequences.len() as i64, 4, length as i64];
    Ok(Tensor::f_from_slice(&values)?.f_view(shape)?.f_to_device(device)?)
}

impl Network {
    /// A network with random weights (He et al., "Delving deep into rectifiers", ICCV 2015).
    pub fn random(shape: &Shape, heads: Heads, seed: u64, device: Device) -> Result<Self> {
        shape.check()?;
        let mut random = Random::new(&[seed]);
        let mut weights = Weights::new();
        for layer in shape.layers(heads) {
            let fan_in: i64 = layer.shape.iter().skip(1).product();
            let deviation = (layer.gain / fan_in.max(1) as f64).sqrt();
            let count = layer.shape.iter().product::<i64>();
            let values: Vec<f32> = (0..count).map(|_| (deviation * random.normal()) as f32).collect();
            let tensor = Tensor::f_from_slice(&values)?.f_view(layer.shape.as_slice())?;
            weights.insert(layer.name, tensor.f_to_device(device)?);
        }
        Self::share(shape, heads, &weights)
    }

    /// A network with copies of these weights. Fails if one is missing or has another shape.
    pub fn with_weights(shape: &Shape, heads: Heads, weights: &Weights, device: Device) -> Result<Self> {
        shape.check()?;
        let mut copies = Weights::new();
        for layer in shape.layers(heads) {
            let (name, expected) = (layer.name, layer.shape);
            let tensor = weights
                .get(&name)
                .with_context(|| format!("weight {name} is missing"))?;
            if tensor.size() != expected {
                bail!("weight {name} has shape {:?}, expected {expected:?}", tensor.size());
            }
            copies.insert(name, copy_of(&tensor.f_detach()?.f_to_device(device)?)?);
        }
        Self::share(shape, heads, &copies)
    }

    /// A network that shares the memory of these weights, and computes gradients.
    fn share(shape: &Shape, heads: Heads, weights: &Weights) -> Result<Self> {
        let shared =
            |(name, weight): (&String, &Tensor)| Ok((name.clone(), weight.f_detach()?.f_set_requires_grad(true)?));
        Ok(Self {
            shape: shape.clone(),
            heads,
            weights: weights.iter().map(shared).collect::<Result<_>>()?,
        })
    }

    /// A network with the same weights, for another thread.
    pub fn replica(&self) -> Result<Self> {
        Self::share(&self.shape, self.heads, &self.weights)
    }

    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    pub fn heads(&self) -> Heads {
        self.heads
    }

    fn device(&self) -> Device {
        self.weights.values().next().map_or(Device::Cpu, Tensor::device)
    }

    /// Copies the weights of the same name and shape. Returns their names.
    pub fn adopt(&mut self, other: &Weights) -> Result<Vec<String>> {
        let _no_grad = tch::no_grad_guard();
        let mut adopted = Vec::new();
        for (name, weight) in &mut self.weights {
            if let Some(other) = other.get(name).filter(|other| other.size() == weight.size()) {
                weight.f_detach()?.f_copy_(&other.f_to_device(weight.device())?)?;
                adopted.push(name.clone());
            }
        }
        Ok(adopted)
    }

    fn weight(&self, name: &str) -> Result<&Tensor> {
        self.weights
            .get(name)
            .with_context(|| format!("weight {name} is missing"))
    }

    fn convolve(&self, x: &Tensor, layer: &str, dilation: i64) -> Result<Tensor> {
        let (weight, bias) = (
            self.weight(&format!("{layer}.weight"))?,
            self.weight(&format!("{layer}.bias"))?,
        );
        let padding = weight.size()[2] / 2 * dilation;
        Ok(x.f_conv1d(weight, Some(bias), 1i64, padding, dilation, 1)?)
    }

    fn linear(&self, x: &Tensor, layer: &str) -> Result<Tensor> {
        let (weight, bias) = (
            self.weight(&format!("{layer}.weight"))?,
            self.weight(&format!("{layer}.bias"))?,
        );
        Ok(x.f_linear(weight, Some(bias))?)
    }

    /// The first convolutions of f32 [n, 4, length], before the rectifier: [n, filters, length].
    pub fn first(&self, x: &Tensor) -> Result<Tensor> {
        let layers = self.shape.first();
        let all = layers.iter().map(|(name, _)| self.convolve(x, name, 1));
        match &all.collect::<Result<Vec<_>>>()?[..] {
            [one] => Ok(one.shallow_clone()),
            many => Ok(Tensor::f_cat(many, 1)?),
        }
    }

    /// Features of each position.
    fn features(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.first(x)?.f_relu()?;
        match self.shape.architecture {
            Architecture::Convolution | Architecture::Parallel => Ok(x),
            Architecture::Residual => self.blocks(x),
            Architecture::Lstm => self.lstm(&x),
        }
    }

    fn blocks(&self, mut x: Tensor) -> Result<Tensor> {
        const { assert!(BLOCK_WIDTH % 2 == 1) };
        for block in 0..BLOCKS {
            let (name, dilation) = (format!("block{}", block + 1), 1 << block);
            let inner = self.convolve(&x, &format!("{name}.conv1"), dilation)?.f_relu()?;
            let inner = self.convolve(&inner, &format!("{name}.conv2"), dilation)?;
            x = x.f_add(&inner)?.f_relu()?;
        }
        Ok(x)
    }

    fn lstm(&self, x: &Tensor) -> Result<Tensor> {
        let pooled = x.f_max_pool1d(LSTM_POOL, LSTM_POOL, 0i64, 1i64, true)?;
        let steps = pooled.f_transpose(1, 2)?.f_contiguous()?;
        let state = || {
            let size = [2, x.size()[0], self.shape.hidden as i64];
            Tensor::f_zeros(size, (Kind::Float, x.device()))
        };
        let mut parameters = Vec::new();
        for direction in ["forward", "backward"] {
            for part in ["input.weight", "state.weight", "input.bias", "state.bias"] {
                parameters.push(self.weight(&format!("lstm.{direction}.{part}"))?);
            }
        }
        let states = [state()?, state()?];
        let states: Vec<&Tensor> = states.iter().collect();
        let (output, _, _) = steps.f_lstm(&states, &parameters, true, 1, 0.0, false, true, true)?;
        Ok(output.f_transpose(1, 2)?)
    }

    /// Logits f32 [n, tasks] of f32 [n, 4, length]. With `dropout`, this fraction of the features is left out by chance.
    pub fn tasks(&self, x: &Tensor, dropout: Option<(f64, Random)>) -> Result<Tensor> {
        let n = x.size()[0];
        // The complement of base `b` is `3 - b`, so both dimensions turn around.
        let both = Tensor::f_cat(&[x, &x.f_flip([1i64, 2])?], 0)?;
        let features = self.features(&both)?;
        let greatest = features.f_amax([2i64].as_slice(), false)?;
        let mean = features.f_mean_dim([2i64].as_slice(), false, Kind::Float)?;
        let strands = |pooled: &Tensor| Ok::<_, anyhow::Error>((pooled.f_narrow(0, 0, n)?, pooled.f_narrow(0, n, n)?));
        let ((a, b), (c, d)) = (strands(&greatest)?, strands(&mean)?);
        let mut pooled = Tensor::f_cat(&[a.f_maximum(&b)?, c.f_add(&d)?.f_mul_scalar(0.5)?], 1)?;
        let mut dropout = dropout.filter(|(fraction, _)| *fraction > 0.0);
        if let Some((fraction, random)) = &mut dropout {
            pooled = pooled.f_mul(&mask(&pooled.size(), *fraction, random)?.f_to_device(pooled.device())?)?;
        }
        let mut hidden = self.linear(&pooled, "hidden")?.f_relu()?;
        if let Some((fraction, random)) = &mut dropout {
            hidden = hidden.f_mul(&mask(&hidden.size(), *fraction, random)?.f_to_device(hidden.device())?)?;
        }
        self.linear(&hidden, "heads")
    }

    /// Logits f32 [n, 4, length] of the base at each position.
    pub fn bases(&self, x: &Tensor) -> Result<Tensor> {
        self.convolve(&self.features(x)?, "base", 1)
    }

    /// Logits of sequences, by task.
    pub fn score(&self, sequences: &[&[u8]]) -> Result<Vec<Vec<f32>>> {
        let _no_grad = tch::no_grad_guard();
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        let logits = self.tasks(&one_hot(sequences, self.device())?, None)?;
        let tasks = logits.size()[1] as usize;
        let flat = logits.f_to_device(Device::Cpu)?.f_contiguous()?.f_view([-1i64])?;
        let flat: Vec<f32> = Vec::try_from(&flat)?;
        Ok(flat.chunks(tasks.max(1)).map(<[f32]>::to_vec).collect())
    }
}

/// 0 for this fraction of the values, and otherwise what keeps the mean.
fn mask(size: &[i64], fraction: f64, random: &mut Random) -> Result<Tensor> {
    let kept = (1.0 / (1.0 - fraction)) as f32;
    let draw = || if random.uniform() < fraction { 0.0 } else { kept };
    let values: Vec<f32> = std::iter::repeat_with(draw)
        .take(size.iter().product::<i64>() as usize)
        .collect();
    Ok(Tensor::f_from_slice(&values)?.f_view(size)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regulatory::bases::reverse_complement;

    const ALL: [Architecture; 4] = [
        Architecture::Convolution,
        Architecture::Parallel,
        Architecture::Residual,
        Architecture::Lstm,
    ];

    fn sequence(random: &mut Random, length: usize) -> Vec<u8> {
        (0..length).map(|_| random.below(5) as u8).collect()
    }

    #[test]
    fn strands_score_alike_and_sequences_do_not_depend_on_each_other() {
        for architecture in ALL {
            let network = Network::random(&Shape::new(architecture), Heads::Tasks(2), 3, Device::Cpu).unwrap();
            let mut random = Random::new(&[1]);
            let forward: Vec<Vec<u8>> = (0..5).map(|_| sequence(&mut random, 64)).collect();
            let reverse: Vec<Vec<u8>> = forward.iter().map(|codes| reverse_complement(codes)).collect();
            let score = |sequences: &[Vec<u8>]| {
                network
                    .score(&sequences.iter().map(Vec::as_slice).collect::<Vec<_>>())
                    .unwrap()
            };
            let (a, b, alone) = (score(&forward), score(&reverse), score(&forward[2..3]));
            assert_eq!((a.len(), a[0].len()), (5, 2));
            let near = |x: &[f32], y: &[f32]| x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-5);
            assert!(a.iter().zip(&b).all(|(a, b)| near(a, b)), "{architecture:?}");
            assert!(near(&a[2], &alone[0]) && !near(&a[0], &a[1]), "{architecture:?}");
            let other =
                Network::with_weights(network.shape(), network.heads(), network.weights(), Device::Cpu).unwrap();
            assert_eq!(
                other.score(&[&forward[0]]).unwrap(),
                network.score(&[&forward[0]]).unwrap()
            );
        }
    }

    #[test]
    fn features_see_no_farther_than_their_reach() {
        for architecture in &ALL[..3] {
            let shape = Shape::new(*architecture);
            let mut network = Network::random(&shape, Heads::Bases, 3, Device::Cpu).unwrap();
            // The second convolution of a block begins at zero.
            for block in 1..=BLOCKS {
                let _ = network
                    .weights
                    .get_mut(&format!("block{block}.conv2.weight"))
                    .map(|weight| {
                        let _no_grad = tch::no_grad_guard();
                        weight.fill_(0.1)
                    });
            }
            let codes = sequence(&mut Random::new(&[2]), 150);
            let at = |codes: &[u8], position: i64| -> Vec<f32> {
                let logits = network.bases(&one_hot(&[codes], Device::Cpu).unwrap()).unwrap();
                Vec::try_from(logits.select(2, position).view([-1i64])).unwrap()
            };
            let reach = shape.reach().unwrap();
            let changed = |distance: usize| {
                let mut other = codes.clone();
                other[40 + distance] = (other[40 + distance] + 1) % 4;
                at(&other, 40) != at(&codes, 40)
            };
            assert!(changed(reach) && !changed(reach + 1), "{architecture:?} {reach}");
        }
    }
}
