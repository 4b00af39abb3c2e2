//! Pileups in, genotype probabilities out.

use anyhow::{Context, Result, ensure};
use tch::{Device, Kind};

use super::network::{Batch, Network, bucket};
use super::probabilities::genotype_probabilities;
use super::trained_model::Model;
use crate::candidates::VariantType;
use crate::examples::filled_rows;

/// Images evaluated at once on the CPU. It is fixed, and a smaller rest is padded, as the kernels that torch chooses, and
/// with them the last bits of the result, depend on it.
const MICRO_BATCH: usize = 4;
/// The same on CUDA.
const CUDA_MICRO_BATCH: usize = 256;

/// One or several models, ready to run on one thread. Each worker has its own.
pub struct Genotyper {
    members: Vec<(Network, Model)>,
    device: Device,
    micro_batch: usize,
}

impl Genotyper {
    /// Puts models on a device. On the CPU, torch is set to one thread for the whole process: workers are the parallelism.
    pub fn new(models: &[Model], device: Device) -> Result<Self> {
        ensure!(!models.is_empty(), "no model given");
        if device == Device::Cpu {
            tch::set_num_threads(1);
        }
        let member = |model: &Model| Ok((model.network(device)?, model.clone()));
        Ok(Self {
            members: models.iter().map(member).collect::<Result<_>>()?,
            device,
            micro_batch: if device == Device::Cpu {
                MICRO_BATCH
            } else {
                CUDA_MICRO_BATCH
            },
        })
    }

    /// Probabilities of hom-ref, het and hom-alt for each image (C-order u8 [rows ≤ 100, 221, 7]; empty rows at the end may
    /// be left out). Each depends on its image and type alone, whatever else is in the batch; several models are averaged.
    pub fn genotype(&mut self, images: &[&[u8]], types: &[VariantType]) -> Result<Vec<[f32; 3]>> {
        ensure!(
            images.len() == types.len(),
            "{} images but {} types",
            images.len(),
            types.len()
        );
        let mut examples: Vec<_> = images
            .iter()
            .zip(types)
            .enumerate()
            .map(|(index, (&image, &variant_type))| (index, image, filled_rows(image), variant_type))
            .collect();
        examples.sort_by_key(|&(_, _, rows, _)| bucket(rows));
        let mut probabilities = vec![[0.0; 3]; images.len()];
        for group in examples.chunk_by(|a, b| bucket(a.2) == bucket(b.2)) {
            for chunk in group.chunks(self.micro_batch) {
                let inputs: Vec<_> = chunk.iter().map(|&(_, image, rows, t)| (image, rows, t)).collect();
                let results = self.evaluate(&inputs).context("the network failed")?;
                for (&(index, ..), result) in chunk.iter().zip(results) {
                    probabilities[index] = result;
                }
            }
        }
        Ok(probabilities)
    }

    /// Evaluates images of one bucket, padded to a full micro-batch.
    fn evaluate(&self, inputs: &[(&[u8], usize, VariantType)]) -> Result<Vec<[f32; 3]>> {
        let _no_grad = tch::no_grad_guard();
        let rows = inputs.first().map_or(1, |&(_, rows, _)| rows);
        let mut padded = inputs.to_vec();
        padded.resize(self.micro_batch, (&[], 0, VariantType::Snp));
        let mut sums = vec![[0.0f32; 3]; inputs.len()];
        for (network, model) in &self.members {
            let batch = Batch::new(network.architecture(), bucket(rows), &padded)?.to_device(self.device)?;
            let logits = network.forward(&batch, Kind::Float)?.f_to_device(Device::Cpu)?;
            let logits: Vec<f32> = logits.f_view([-1i64].as_slice())?.try_into()?;
            for ((sum, logits), &(_, _, variant_type)) in sums.iter_mut().zip(logits.chunks_exact(4)).zip(inputs) {
                let temperature = model.card().calibration.temperature(variant_type);
                let member = genotype_probabilities(logits, temperature);
                sum.iter_mut()
                    .zip(member)
                    .for_each(|(s, p)| *s += p as f32 / self.members.len() as f32);
            }
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::ROW_BYTES;
    use crate::model::{Architecture, Card, Random};
    use crate::pileup::HEIGHT;

    fn images(n: usize) -> Vec<Vec<u8>> {
        let mut random = Random::new(&[7]);
        (0..n)
            .map(|_| {
                let rows = 5 + random.below(96);
                (0..rows * ROW_BYTES).map(|_| random.below(255) as u8 | 1).collect()
            })
            .collect()
    }

    fn model(seed: u64) -> Model {
        let architecture = Architecture::default();
        Model::new(
            &Network::random(&architecture, seed).unwrap(),
            Card::new("test", architecture),
        )
        .unwrap()
    }

    #[test]
    fn results_depend_on_the_image_alone() {
        let mut genotyper = Genotyper::new(&[model(1)], Device::Cpu).unwrap();
        let images = images(60);
        let types: Vec<_> = (0..60).map(|i| VariantType::ALL[i % 2]).collect();
        let refs: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let whole = genotyper.genotype(&refs, &types).unwrap();
        assert!(whole.iter().all(|p| (p.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        let mut order: Vec<usize> = (0..60).collect();
        Random::new(&[3]).shuffle(&mut order);
        for size in [1, 3, 16] {
            for part in order.chunks(size) {
                let part_images: Vec<_> = part.iter().map(|&i| refs[i]).collect();
                let part_types: Vec<_> = part.iter().map(|&i| types[i]).collect();
                let results = genotyper.genotype(&part_images, &part_types).unwrap();
                part.iter().zip(results).for_each(|(&i, p)| assert_eq!(p, whole[i]));
            }
        }
        let mut padded = images[0].clone();
        padded.resize(HEIGHT * ROW_BYTES, 0);
        assert_eq!(genotyper.genotype(&[&padded], &types[..1]).unwrap()[0], whole[0]);
    }

    #[test]
    fn several_models_are_averaged() {
        let images = images(3);
        let refs: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let types = [VariantType::Snp; 3];
        let of = |models: &[Model]| {
            Genotyper::new(models, Device::Cpu)
                .unwrap()
                .genotype(&refs, &types)
                .unwrap()
        };
        let (a, b, both) = (of(&[model(1)]), of(&[model(2)]), of(&[model(1), model(2)]));
        assert_ne!(a, b);
        for i in 0..9 {
            assert!((both[i / 3][i % 3] - (a[i / 3][i % 3] + b[i / 3][i % 3]) / 2.0).abs() < 1e-6);
        }
    }
}
