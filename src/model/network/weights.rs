//! Named tensors in a safetensors file.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, bail};
use safetensors::{Dtype, SafeTensors, View};
use tch::{Kind, Tensor};

/// Weights by name: f32, contiguous, on the CPU.
pub type Weights = BTreeMap<String, Tensor>;

/// A copy with memory of its own, on the same device. An error where the device has no memory left; `Tensor::copy` panics.
pub fn copy_of(tensor: &Tensor) -> Result<Tensor> {
    let mut copy = tensor.f_zeros_like()?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}

struct TensorBytes {
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for &TensorBytes {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}

/// The bytes of a safetensors file. They depend only on the weights and the metadata.
pub fn to_bytes(weights: &Weights, metadata: Option<(&str, String)>) -> Result<Vec<u8>> {
    let mut tensors = BTreeMap::new();
    for (name, tensor) in weights {
        let shape = tensor.size().iter().map(|&d| d as usize).collect();
        let mut data = vec![0; 4 * tensor.numel()];
        let contiguous = tensor
            .f_detach()?
            .f_to_device(tch::Device::Cpu)?
            .f_to_kind(Kind::Float)?
            .f_contiguous()?;
        contiguous.f_copy_data_u8(&mut data, tensor.numel())?;
        tensors.insert(name.clone(), TensorBytes { shape, data });
    }
    let metadata = metadata.map(|(key, value)| HashMap::from([(key.to_owned(), value)]));
    Ok(safetensors::serialize(tensors.iter(), metadata)?)
}

/// Fails if a value in a safetensors file of f32 tensors is infinite or NaN. Does not need torch.
pub fn check_finite(bytes: &[u8]) -> Result<()> {
    for (name, view) in SafeTensors::deserialize(bytes)?.tensors() {
        let (numbers, _) = view.data().as_chunks();
        if let Some(index) = numbers.iter().position(|&n| !f32::from_le_bytes(n).is_finite()) {
            let number = f32::from_le_bytes(numbers[index]);
            bail!("number {index} of tensor {name} is {number}; copy the model again, or train it again");
        }
    }
    Ok(())
}

/// Reads weights, and the metadata under `key`. Fails if the bytes are not a safetensors file of f32 tensors.
pub fn from_bytes(bytes: &[u8], key: &str) -> Result<(Weights, Option<String>)> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let metadata = header.metadata().as_ref().and_then(|m| m.get(key).cloned());
    let mut weights = Weights::new();
    for (name, view) in SafeTensors::deserialize(bytes)?.tensors() {
        if view.dtype() != Dtype::F32 {
            bail!("tensor {name} is {:?}, but F32 is expected", view.dtype());
        }
        let shape: Vec<i64> = view.shape().iter().map(|&d| d as i64).collect();
        weights.insert(name, Tensor::f_from_data_size(view.data(), &shape, Kind::Float)?);
    }
    Ok((weights, metadata))
}
