//! The pileup network: a small residual network with two heads.
//!
//! Residual blocks: He et al., "Deep residual learning", CVPR 2016. There is no batch norm, so that an example's
//! result never depends on other examples. Instead, the last convolution of a block starts at zero (Zhang et al.,
//! "Fixup initialization", ICLR 2019). The network uses only filled rows: see [`bucket`]. The code does not use
//! operators (`+`, `*`) on tensors: they panic where a GPU has no memory, but the evaluator needs an error.

use anyhow::{Context as _, Result, bail};
use tch::{Device, Kind, Tensor};

use super::architecture::Architecture;
use super::random::Random;
use super::range::Range;
use super::weights::{Weights, copy_of};
use crate::examples::ROW_BYTES;
use crate::model::network::features::{FEATURES, summarize};
use crate::pileup::{AlleleLengths, CHANNELS, Clipping, HEIGHT, PileupContext};
use crate::variants::VariantType;

/// The number of rows is rounded up to a multiple of this.
const BUCKET_ROWS: usize = 8;
/// Pixels are divided by this.
const PIXEL_SCALE: f64 = 128.0;
/// Number of columns around the candidate with their own pooling.
const CENTRE: i64 = 3;
/// Prefix of the names of the weights with the range of the numbers.
const RANGE: &str = "numbers.";

/// Number of rows to evaluate an example with: `filled_rows` rounded up to a multiple of 8. Depends only on the
/// example.
pub fn bucket(filled_rows: usize) -> usize {
    filled_rows.clamp(1, HEIGHT).next_multiple_of(BUCKET_ROWS)
}

/// Images of one bucket.
pub struct Batch {
    /// u8 [n, rows, columns, 7], cropped to the columns that the network uses.
    images: Tensor,
    /// f32 [n, numbers]: see [`numbers`].
    numbers: Tensor,
    /// f32 [n, rows]: 1 for a filled row.
    filled: Tensor,
}

impl Batch {
    /// Gathers examples: image (C-order [rows, 221, 7]; only the first `rows` rows are used), filled rows and context.
    pub fn new(architecture: &Architecture, rows: usize, examples: &[(&[u8], usize, PileupContext)]) -> Result<Self> {
        let (n, width) = (examples.len(), architecture.columns * CHANNELS);
        let first = architecture.first_column() * CHANNELS;
        let mut pixels = vec![0; n * rows * width];
        let mut described = Vec::with_capacity(n * NUMBERS);
        let mut filled = Vec::with_capacity(n * rows);
        for (&(image, filled_rows, context), out) in examples.iter().zip(pixels.chunks_exact_mut(rows * width)) {
            for (from, to) in image.chunks_exact(ROW_BYTES).zip(out.chunks_exact_mut(width)) {
                to.copy_from_slice(&from[first..first + width]);
            }
            described.extend(numbers(image, filled_rows, context));
            filled.extend((0..rows).map(|row| f32::from(u8::from(row < filled_rows.max(1)))));
        }
        let shape = [n as i64, rows as i64, architecture.columns as i64, CHANNELS as i64];
        Ok(Self {
            images: Tensor::f_from_data_size(&pixels, &shape, Kind::Uint8)?,
            numbers: Tensor::f_from_slice(&described)?.f_view([n as i64, NUMBERS as i64])?,
            filled: Tensor::f_from_slice(&filled)?.f_view([n as i64, rows as i64])?,
        })
    }

    pub fn to_device(&self, device: Device) -> Result<Self> {
        Ok(Self {
            images: self.images.f_to_device(device)?,
            numbers: self.numbers.f_to_device(device)?,
            filled: self.filled.f_to_device(device)?,
        })
    }
}

struct Layer {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
}

impl Layer {
    fn convolve(&self, x: &Tensor) -> Result<Tensor> {
        let kernel = self.weight.size()[2];
        let kind = x.kind();
        let (weight, bias) = (self.weight.f_to_kind(kind)?, self.bias.f_to_kind(kind)?);
        let (stride, padding) = ([self.stride; 2], [kernel / 2; 2]);
        Ok(x.f_conv2d(&weight, Some(bias), stride, padding, [1, 1], 1)?)
    }

    fn linear(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }
}

/// Returns a weight by name, shape and initial gain (variance × inputs).
type WeightSource<'a> = &'a mut dyn FnMut(&str, &[i64], f64) -> Result<Tensor>;

struct Block {
    first: Layer,
    second: Layer,
    /// 1×1 convolution where the shape changes.
    shortcut: Option<Layer>,
}

impl Block {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let inner = self.second.convolve(&self.first.convolve(x)?.f_relu_()?)?;
        let mut sum = match &self.shortcut {
            Some(shortcut) => inner.f_add(&shortcut.convolve(x)?)?,
            None => inner.f_add(x)?,
        };
        Ok(sum.f_relu_()?)
    }
}

/// The network: 5×5/2 stem, 3×3/2 max-pool, residual stages. Pooled features and the columns around the candidate
/// go through one hidden layer to the heads.
pub struct Network {
    architecture: Architecture,
    stem: Layer,
    stages: Vec<Vec<Block>>,
    hidden: Layer,
    /// One logit of the variant head, then three of the genotype head.
    heads: Layer,
    /// Divisor of pixels before the stem; 1 after it was folded into the stem's weights.
    pixel_scale: f64,
    range: Option<Range>,
    /// Limits of the range, smallest and largest: f32 [numbers] each.
    limits: Option<[Tensor; 2]>,
}

impl Network {
    /// A network with random weights (He et al., "Delving deep into rectifiers", ICCV 2015).
    pub fn random(architecture: &Architecture, seed: u64) -> Result<Self> {
        let mut random = Random::new(&[seed]);
        Self::build(architecture, &mut |_, shape, gain| {
            let fan_in: i64 = shape.iter().skip(1).product();
            let deviation = (gain / fan_in.max(1) as f64).sqrt();
            let values: Vec<f32> = (0..shape.iter().product())
                .map(|_| (deviation * random.normal()) as f32)
                .collect();
            Ok(Tensor::f_from_slice(&values)?.f_view(shape)?)
        })
    }

    /// A network with given weights. Fails if a weight is missing or has another shape.
    pub fn with_weights(architecture: &Architecture, weights: &Weights, device: Device) -> Result<Self> {
        Self::build(architecture, &mut |name, shape, _| {
            let tensor = weights.get(name).with_context(|| format!("weight {name} is missing"))?;
            if tensor.size() != shape {
                bail!(
                    "weight {name} has shape {:?}, but shape {shape:?} is expected",
                    tensor.size()
                );
            }
            copy_of(&tensor.f_detach()?.f_to_device(device)?)
        })?
        .within(Range::from_weights(weights, RANGE, NUMBERS)?, device)
    }

    /// The same network; clamps its numbers to a range.
    pub fn within(mut self, range: Option<Range>, device: Device) -> Result<Self> {
        let tensor = |values: Vec<f32>| Tensor::f_from_slice(&values)?.f_to_device(device);
        self.limits = match range.as_ref().map(Range::limits) {
            Some([least, greatest]) => Some([tensor(least)?, tensor(greatest)?]),
            None => None,
        };
        self.range = range;
        Ok(self)
    }

    /// The range of the numbers, if it is known, under its names in a model.
    pub fn range_weights(&self) -> Weights {
        self.range.iter().flat_map(|range| range.weights(RANGE)).collect()
    }

    fn build(architecture: &Architecture, source: WeightSource) -> Result<Self> {
        architecture.check()?;
        let mut layer = |name: &str, shape: &[usize], stride, gain| -> Result<Layer> {
            let shape: Vec<i64> = shape.iter().map(|&d| d as i64).collect();
            Ok(Layer {
                weight: source(&format!("{name}.weight"), &shape, gain)?,
                bias: source(&format!("{name}.bias"), &shape[..1], 0.0)?,
                stride,
            })
        };
        let mut inputs = architecture.stem;
        let stem = layer("stem", &[inputs, CHANNELS, 5, 5], 2, 2.0)?;
        let mut stages = Vec::new();
        for (s, &width) in architecture.stages.iter().enumerate() {
            let mut blocks = Vec::new();
            for b in 0..architecture.blocks {
                let name = format!("stage{}.block{}", s + 1, b + 1);
                let stride = if s > 0 && b == 0 { 2 } else { 1 };
                blocks.push(Block {
                    first: layer(&format!("{name}.conv1"), &[width, inputs, 3, 3], stride, 2.0)?,
                    second: layer(&format!("{name}.conv2"), &[width, width, 3, 3], 1, 0.0)?,
                    shortcut: (stride != 1 || inputs != width)
                        .then(|| layer(&format!("{name}.shortcut"), &[width, inputs, 1, 1], stride, 1.0))
                        .transpose()?,
                });
                inputs = width;
            }
            stages.push(blocks);
        }
        let centre = CENTRE as usize * (architecture.stem + architecture.stages[0]);
        let features = 3 * inputs + centre + NUMBERS;
        Ok(Self {
            stem,
            stages,
            hidden: layer("hidden", &[architecture.hidden, features], 1, 2.0)?,
            heads: layer("heads", &[4, architecture.hidden], 1, 0.1)?,
            architecture: architecture.clone(),
            pixel_scale: PIXEL_SCALE,
            range: None,
            limits: None,
        })
    }

    /// The same network with the pixel scale folded into the stem's weights, which is faster.
    pub fn with_scale_folded(mut self) -> Result<Self> {
        let _ = self.stem.weight.f_div_scalar_(self.pixel_scale)?;
        self.pixel_scale = 1.0;
        Ok(self)
    }

    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// A network that shares the weights, but has its own gradients.
    pub fn replica(&self) -> Result<Self> {
        let weights = self.weights();
        let mut replica = Self::build(&self.architecture, &mut |name, _, _| {
            let weight = weights.get(name).with_context(|| format!("weight {name} is missing"))?;
            Ok(weight.f_detach()?.f_set_requires_grad(true)?)
        })?;
        replica.pixel_scale = self.pixel_scale;
        replica.within(self.range.clone(), self.hidden.weight.device())
    }

    /// Every weight by name; the tensors share memory with the network.
    pub fn weights(&self) -> Weights {
        let mut weights = Weights::new();
        let mut add = |name: String, layer: &Layer| {
            weights.insert(format!("{name}.weight"), layer.weight.shallow_clone());
            weights.insert(format!("{name}.bias"), layer.bias.shallow_clone());
        };
        add("stem".into(), &self.stem);
        add("hidden".into(), &self.hidden);
        add("heads".into(), &self.heads);
        for (s, blocks) in self.stages.iter().enumerate() {
            for (b, block) in blocks.iter().enumerate() {
                let name = format!("stage{}.block{}", s + 1, b + 1);
                add(format!("{name}.conv1"), &block.first);
                add(format!("{name}.conv2"), &block.second);
                if let Some(shortcut) = &block.shortcut {
                    add(format!("{name}.shortcut"), shortcut);
                }
            }
        }
        weights
    }

    /// Logits f32 [n, 4]: variant, then hom-ref, het, hom-alt. Convolutions run in `kind`.
    pub fn forward(&self, batch: &Batch, kind: Kind) -> Result<Tensor> {
        let mut pixels = batch.images.f_to_kind(Kind::Float)?;
        if self.pixel_scale != 1.0 {
            pixels = pixels.f_div_scalar(self.pixel_scale)?;
        }
        // A view with channels-last strides, which is the fastest layout for the convolutions.
        let pixels = pixels.f_permute([0, 3, 1, 2])?.f_to_kind(kind)?;
        let stem = self.stem.convolve(&pixels)?.f_relu_()?;
        let mut features = vec![centre_columns(&stem, &batch.filled)?];
        let mut x = stem.f_max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false)?;
        for (s, blocks) in self.stages.iter().enumerate() {
            for block in blocks {
                x = block.forward(&x)?;
            }
            if s == 0 {
                features.push(centre_columns(&x, &batch.filled)?);
            }
        }
        let weights = row_weights(&batch.filled, x.size()[2])?;
        let x = x.f_to_kind(Kind::Float)?;
        let rows = x.f_mean_dim([3i64].as_slice(), false, Kind::Float)?;
        features.push(weighted_rows(&rows, &weights)?);
        let seen = weights
            .f_gt(0.0)?
            .f_to_kind(Kind::Float)?
            .f_unsqueeze(1)?
            .f_unsqueeze(3)?;
        features.push(x.f_mul(&seen)?.f_amax([2i64, 3].as_slice(), false)?);
        let centre = x.f_select(3, x.size()[3] / 2)?;
        features.push(weighted_rows(&centre, &weights)?);
        features.push(match &self.limits {
            Some([least, greatest]) => batch.numbers.f_maximum(least)?.f_minimum(greatest)?,
            None => batch.numbers.shallow_clone(),
        });
        let features = Tensor::f_cat(&features, 1)?;
        self.heads.linear(&self.hidden.linear(&features)?.f_relu_()?)
    }
}

/// Number of values that the hidden layer receives besides the features of the image; see [`numbers`].
pub const NUMBERS: usize = 2 + FEATURES + Clipping::LENGTH + AlleleLengths::LENGTH + 1;

/// Filled rows / 100, whether the allele set is an indel, the summary of the image, fractions of clipped reads,
/// allele lengths, and the noise of the library.
pub fn numbers(image: &[u8], filled_rows: usize, context: PileupContext) -> Vec<f32> {
    let indel = f32::from(u8::from(context.variant_type == VariantType::Indel));
    let mut numbers = Vec::with_capacity(NUMBERS);
    numbers.extend([filled_rows as f32 / HEIGHT as f32, indel]);
    numbers.extend(summarize(image, context.variant_type));
    numbers.extend(context.clipping.to_array());
    numbers.extend(context.lengths.to_array());
    numbers.push(context.noise);
    numbers
}

/// Mean of the columns around the candidate over filled rows: f32 [n, channels × 3].
fn centre_columns(x: &Tensor, filled: &Tensor) -> Result<Tensor> {
    let columns = x
        .f_narrow(3, x.size()[3] / 2 - CENTRE / 2, CENTRE)?
        .f_to_kind(Kind::Float)?;
    let weights = row_weights(filled, x.size()[2])?;
    // [n, c, rows, 3] to [n, c × 3, rows]
    let columns = columns.f_permute([0, 1, 3, 2])?.f_flatten(1, 2)?;
    weighted_rows(&columns, &weights)
}

/// Filled fraction of each of `rows` coarse rows, from fine rows: [n, rows].
fn row_weights(filled: &Tensor, rows: i64) -> Result<Tensor> {
    Ok(filled.f_unsqueeze(1)?.f_adaptive_avg_pool1d(rows)?.f_squeeze_dim(1)?)
}

/// Weighted mean of [n, c, rows] over rows.
fn weighted_rows(x: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let total = weights.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)?;
    Ok(x.f_bmm(&weights.f_unsqueeze(2)?)?.f_squeeze_dim(2)?.f_div(&total)?)
}
