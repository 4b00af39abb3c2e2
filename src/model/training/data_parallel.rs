//! Computes the gradient of a batch; several threads share the examples.
//!
//! Torch's own threads wait for each other in every layer. Here each thread has its own examples and waits once in
//! each step.

use anyhow::{Context, Result};
use tch::{Device, Kind, Tensor};

use crate::examples::filled_rows;
use crate::model::calibration::gather;
use crate::model::feed::{TrainingItem, TrainingOptions};
use crate::model::network::{Network, Weights, bucket, copy_of};
use crate::variants::VariantType;

/// Most examples evaluated together: few enough to distribute evenly on the CPU, enough to be fast.
const CPU_GROUP: usize = 16;
const CUDA_GROUP: usize = 64;

/// A network for each thread. All share the memory of their weights, but each has its own gradients.
pub struct DataParallel {
    networks: Vec<Network>,
    device: Device,
    kind: Kind,
    smoothing: f64,
    /// Weights of SNPs and indels in the loss.
    type_weights: [f32; 2],
}

impl DataParallel {
    pub fn new(network: &Network, options: &TrainingOptions, type_weights: [f32; 2], device: Device) -> Result<Self> {
        let cuda = device.is_cuda();
        let threads = if cuda { 1 } else { options.threads.max(1) };
        Ok(Self {
            networks: (0..threads).map(|_| network.replica()).collect::<Result<_>>()?,
            device,
            kind: if cuda && options.mixed_precision {
                Kind::BFloat16
            } else {
                Kind::Float
            },
            smoothing: options.label_smoothing,
            type_weights,
        })
    }

    fn weight(&self, item: &TrainingItem) -> f32 {
        self.type_weights[usize::from(item.context.variant_type == VariantType::Indel)]
    }

    /// The gradient of the weighted mean loss of a batch, and the plain sum of its losses. Both repeat bit by bit
    /// for the same number of threads.
    pub fn gradient(&mut self, items: &[TrainingItem]) -> Result<(Weights, f64)> {
        let total: f32 = items.iter().map(|item| self.weight(item)).sum();
        let mut sorted: Vec<&TrainingItem> = items.iter().collect();
        sorted.sort_by_cached_key(|item| rows_of(item));
        // Images with the same number of rows, because padding would change the features, and the network does not see
        // padding in `call`. On the CPU every thread gets a group.
        let most = match self.device.is_cuda() {
            true => CUDA_GROUP,
            false => items.len().div_ceil(self.networks.len()).clamp(1, CPU_GROUP),
        };
        let parts = sorted
            .chunk_by(|a, b| rows_of(a) == rows_of(b))
            .flat_map(|alike| alike.chunks(most));
        let weighted = parts.map(|part| (part, part.iter().map(|item| self.weight(item) / total).collect()));
        let shares = distribute(weighted.collect(), self.networks.len());
        let (device, kind, smoothing) = (self.device, self.kind, self.smoothing);
        let work = |network: &Network, share: Share| -> Result<f64> {
            let losses = share
                .iter()
                .map(|(part, weights)| accumulate_gradient(network, part, weights, device, kind, smoothing));
            losses.sum()
        };
        let mut threads: Vec<_> = self.networks.iter_mut().zip(shares).collect();
        let (first, first_share) = threads.remove(0);
        let sum = std::thread::scope(|scope| {
            let spawn = |(network, share)| {
                let network: &mut Network = network;
                scope.spawn(move || {
                    tch::set_num_threads(1);
                    work(network, share)
                })
            };
            let others: Vec<_> = threads.into_iter().map(spawn).collect();
            let mut sum = work(first, first_share)?;
            for other in others {
                sum += other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            anyhow::Ok(sum)
        })?;
        Ok((self.take_gradients()?, sum))
    }

    /// The sum of the gradients of all replicas, in the order of the replicas; sets the gradients to 0 afterwards.
    fn take_gradients(&mut self) -> Result<Weights> {
        let _no_grad = tch::no_grad_guard();
        let mut sum = Weights::new();
        for network in &self.networks {
            for (name, weight) in network.weights() {
                let mut gradient = weight.f_grad()?;
                if !gradient.defined() {
                    continue;
                }
                match sum.get_mut(&name) {
                    Some(sum) => drop(sum.f_add_(&gradient)?),
                    None => drop(sum.insert(name, copy_of(&gradient)?)),
                }
                let _ = gradient.f_zero_()?;
            }
        }
        Ok(sum)
    }
}

/// Number of rows with which the network sees an example.
fn rows_of(item: &TrainingItem) -> usize {
    bucket(filled_rows(&item.image))
}

/// Examples with the same number of rows, and their weights in the loss.
type WeightedGroup<'a> = (&'a [&'a TrainingItem], Vec<f32>);
type Share<'a> = Vec<WeightedGroup<'a>>;

/// Gives each part, the most expensive first, to the thread with the least work.
fn distribute(mut parts: Vec<WeightedGroup>, threads: usize) -> Vec<Share> {
    let cost = |(part, _): &WeightedGroup| part.iter().map(|item| rows_of(item)).sum::<usize>();
    parts.sort_by_key(|part| std::cmp::Reverse(cost(part)));
    let mut shares: Vec<(usize, Share)> = (0..threads).map(|_| (0, Vec::new())).collect();
    for part in parts {
        if let Some(least) = shares.iter_mut().min_by_key(|share| share.0) {
            least.0 += cost(&part);
            least.1.push(part);
        }
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

/// Adds the gradient of a part to the network's gradient. Returns the sum of the part's losses.
fn accumulate_gradient(
    network: &Network,
    part: &[&TrainingItem],
    weights: &[f32],
    device: Device,
    kind: Kind,
    smoothing: f64,
) -> Result<f64> {
    let batch = gather(network, part, 0)?.to_device(device)?;
    let logits = network.forward(&batch, kind)?;
    let losses = losses(&logits, part, smoothing)?;
    let weights = Tensor::f_from_slice(weights)?.f_to_device(device)?;
    losses
        .f_mul(&weights)?
        .f_sum(Kind::Float)?
        .f_backward()
        .context("cannot compute gradients")?;
    Ok(losses.f_sum(Kind::Float)?.f_double_value(&[])?)
}

/// Loss of each example: binary cross-entropy of the variant head plus cross-entropy of the genotype head.
fn losses(logits: &Tensor, items: &[&TrainingItem], smoothing: f64) -> Result<Tensor> {
    let spread = (smoothing / 3.0) as f32;
    let target = |item: &&TrainingItem| {
        let mut classes = [spread; 3];
        if let Some(class) = classes.get_mut(usize::from(item.label)) {
            *class += 1.0 - smoothing as f32;
        }
        [1.0 - classes[0], classes[0], classes[0], classes[1], classes[2]]
    };
    let n = items.len() as i64;
    let targets: Vec<f32> = items.iter().flat_map(target).collect();
    let targets = Tensor::f_from_slice(&targets)?
        .f_view([n, 5])?
        .f_to_device(logits.device())?;
    let variant = logits.f_narrow(1, 0, 1)?;
    let logs = [
        variant.f_log_sigmoid()?,
        variant.f_neg()?.f_log_sigmoid()?,
        logits.f_narrow(1, 1, 3)?.f_log_softmax(1, Kind::Float)?,
    ];
    let product = Tensor::f_cat(&logs, 1)?.f_mul(&targets)?;
    Ok(product
        .f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)?
        .f_neg()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::ROW_BYTES;
    use crate::model::network::{Architecture, Random};

    fn items() -> Vec<TrainingItem> {
        let mut random = Random::new(&[4]);
        let item = |i: usize| TrainingItem {
            sample_depth: 0.0,
            image: (0..(10 + 5 * (i % 7)) * ROW_BYTES)
                .map(|_| random.below(255) as u8 | 1)
                .collect(),
            label: (i % 3) as u8,
            context: VariantType::ALL[i % 2].into(),
            alone: true,
        };
        (0..30).map(item).collect()
    }

    #[test]
    fn the_gradient_equals_the_gradient_of_one_thread_and_repeats() {
        let network = Network::random(&Architecture::default(), 1).unwrap();
        let gradient = |threads| {
            let options = TrainingOptions {
                threads,
                ..TrainingOptions::default()
            };
            let mut replicas = DataParallel::new(&network, &options, [1.0, 1.5], Device::Cpu).unwrap();
            replicas.gradient(&items()).unwrap();
            // The second call shows whether the first call left gradients behind.
            replicas.gradient(&items()).unwrap()
        };
        let (one, three, again) = (gradient(1), gradient(3), gradient(3));
        assert!((one.1 - three.1).abs() < 1e-3 * one.1);
        assert_eq!(one.0.len(), network.weights().len());
        // The last convolution of a block is zero at first, so the convolutions before it do not learn yet.
        let learning = one
            .0
            .values()
            .filter(|slope| slope.norm().double_value(&[]) > 0.0)
            .count();
        assert!(2 * learning > one.0.len(), "{learning} of {}", one.0.len());
        for (name, expected) in &one.0 {
            let norm = expected.norm().double_value(&[]);
            assert!(
                (expected - &three.0[name]).norm().double_value(&[]) <= 1e-4 * norm,
                "{name}"
            );
            assert_eq!(three.0[name], again.0[name], "{name}");
        }
    }
}
