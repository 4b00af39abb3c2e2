//! Runs models on batches of pileups on one device.

use anyhow::{Context as _, Result, ensure};
use tch::{Device, Kind};

use super::probabilities::genotype_probabilities;
use crate::examples::filled_rows;
use crate::model::artifact::Model;
use crate::model::network::{Batch, Network, bucket};
use crate::pileup::PileupContext;
use crate::variants::VariantType;

/// Number of images in each evaluation on the CPU. Smaller batches are padded to this number, because torch chooses
/// its kernels by the size, and the kernels affect the last bits of the result.
const CPU_MICRO_BATCH: usize = 8;
/// Numbers of images in evaluations on CUDA, where results agree up to rounding. They are few, because cuDNN makes a plan
/// for each new shape.
const CUDA_MICRO_BATCHES: [usize; 4] = [16, 64, 256, 512];

/// Most images to evaluate together.
pub fn most_images(device: Device) -> usize {
    match device.is_cuda() {
        true => CUDA_MICRO_BATCHES[CUDA_MICRO_BATCHES.len() - 1],
        false => CPU_MICRO_BATCH,
    }
}

/// The number of images to which `images` are padded for an evaluation.
pub fn padded_images(images: usize, device: Device) -> usize {
    let least = CUDA_MICRO_BATCHES.into_iter().find(|&number| number >= images);
    match device.is_cuda() {
        true => least.unwrap_or(images),
        false => CPU_MICRO_BATCH,
    }
}

/// An image (see [`super::classifier::PileupClassifier::classify`]), its filled rows and context.
type Input<'a> = (&'a [u8], usize, PileupContext);

/// One or several models for one thread.
pub struct Evaluator {
    members: Vec<(Network, Model)>,
    device: Device,
    micro_batch: usize,
}

impl Evaluator {
    /// Loads models onto a device. On the CPU, sets torch to one thread, because the workers already run in parallel.
    pub fn new(models: &[Model], device: Device) -> Result<Self> {
        ensure!(!models.is_empty(), "no model given");
        if device == Device::Cpu {
            tch::set_num_threads(1);
        }
        let member = |model: &Model| Ok((model.network(device)?.with_scale_folded()?, model.clone()));
        Ok(Self {
            members: models.iter().map(member).collect::<Result<_>>()?,
            device,
            micro_batch: most_images(device),
        })
    }

    /// See [`super::classifier::PileupClassifier::classify`].
    pub fn classify(&mut self, images: &[&[u8]], contexts: &[PileupContext]) -> Result<Vec<[f32; 3]>> {
        ensure!(
            images.len() == contexts.len(),
            "{} images but {} contexts",
            images.len(),
            contexts.len()
        );
        let inputs = images
            .iter()
            .zip(contexts)
            .map(|(&image, &context)| (image, filled_rows(image), context));
        let mut inputs: Vec<(usize, Input)> = inputs.enumerate().collect();
        inputs.sort_by_key(|(_, (_, rows, _))| bucket(*rows));
        let mut probabilities = vec![[0.0; 3]; images.len()];
        for group in inputs.chunk_by(|a, b| bucket(a.1.1) == bucket(b.1.1)) {
            let (indices, inputs): (Vec<_>, Vec<_>) = group.iter().copied().unzip();
            let results = self.evaluate_group(&inputs).context("the network failed")?;
            for (index, result) in indices.into_iter().zip(results) {
                probabilities[index] = result;
            }
        }
        Ok(probabilities)
    }

    /// Evaluates images of one bucket in micro-batches. Halves the size of micro-batches for good if the GPU runs
    /// out of memory.
    fn evaluate_group(&mut self, inputs: &[Input]) -> Result<Vec<[f32; 3]>> {
        let mut results = Vec::with_capacity(inputs.len());
        while results.len() < inputs.len() {
            let rest = &inputs[results.len()..];
            match self.evaluate(&rest[..rest.len().min(self.micro_batch)]) {
                Ok(evaluated) => results.extend(evaluated),
                Err(error) if self.micro_batch > 1 && is_out_of_memory(&error) => {
                    self.micro_batch /= 2;
                    log::warn!(
                        "out of memory on {:?}: continuing with batches of {}",
                        self.device,
                        self.micro_batch
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(results)
    }

    fn evaluate(&self, inputs: &[Input]) -> Result<Vec<[f32; 3]>> {
        let _no_grad = tch::no_grad_guard();
        let rows = inputs.first().map_or(1, |&(_, rows, _)| bucket(rows));
        let mut padded = inputs.to_vec();
        // After a shortage of memory, micro-batches are smaller.
        let number = padded_images(inputs.len(), self.device).min(self.micro_batch);
        padded.resize(number, (&[], 0, VariantType::Snp.into()));
        let mut means = vec![[0.0; 3]; inputs.len()];
        for (network, model) in &self.members {
            let batch = Batch::new(network.architecture(), rows, &padded)?.to_device(self.device)?;
            let logits = network.forward(&batch, Kind::Float)?.f_to_device(Device::Cpu)?;
            let logits: Vec<f32> = logits.f_view([-1i64].as_slice())?.try_into()?;
            ensure!(
                logits[..4 * inputs.len()].iter().all(|logit| logit.is_finite()),
                "model {} gives probabilities that are not numbers; use another model, or train it again",
                model.name()
            );
            for ((mean, logits), &(_, rows, context)) in means.iter_mut().zip(logits.chunks_exact(4)).zip(inputs) {
                let correction = model.card().calibration.for_type(context.variant_type);
                let member = genotype_probabilities(logits, correction, rows, context.noise);
                mean.iter_mut()
                    .zip(member)
                    .for_each(|(m, p)| *m += p as f32 / self.members.len() as f32);
            }
        }
        Ok(means)
    }
}

/// What torch, cuDNN and cuBLAS say where the GPU has too little memory. Not all of them name the memory.
const OUT_OF_MEMORY: [&str; 5] = [
    "out of memory",
    "status_alloc_failed",
    "unable to find an engine",
    "cudnn_status_internal_error",
    "status_not_initialized",
];

/// Whether torch's GPU allocator, cuDNN or cuBLAS may have run out of memory.
fn is_out_of_memory(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}").to_lowercase();
    OUT_OF_MEMORY.iter().any(|said| text.contains(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_padded_to_few_numbers() {
        let cuda = |images| padded_images(images, Device::Cuda(0));
        assert_eq!([1, 16, 17, 65, 257, 512].map(cuda), [16, 16, 64, 256, 512, 512]);
        assert_eq!([1, 8].map(|images| padded_images(images, Device::Cpu)), [8, 8]);
        assert_eq!([Device::Cpu, Device::Cuda(1)].map(most_images), [8, 512]);
    }

    #[test]
    fn a_shortage_of_memory_is_known_by_each_of_its_names() {
        for message in [
            "CUDA out of memory. Tried to allocate 20.00 MiB",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)",
            "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling cublasCreate(handle)",
            "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
            "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR",
            "GET was unable to find an engine to execute this computation",
        ] {
            assert!(
                is_out_of_memory(&anyhow::anyhow!(message).context("the network failed")),
                "{message}"
            );
        }
        assert!(!is_out_of_memory(&anyhow::anyhow!(
            "mat1 and mat2 shapes cannot be multiplied"
        )));
    }
}
