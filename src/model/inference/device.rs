//! The device on which the network runs.

use std::ffi::CStr;
use std::sync::OnceLock;

use anyhow::{Result, bail};
use tch::{Cuda, Device};

use crate::output::memory_limit;

/// Number of CUDA devices.
///
/// The executable is not linked with libtorch_cuda, which needs 3 GB of NVIDIA's libraries. Where the GPU driver is
/// installed, this function opens libtorch_cuda, which registers its kernels. Torch must not be asked for CUDA before.
pub fn cuda_devices() -> i64 {
    static DEVICES: OnceLock<i64> = OnceLock::new();
    *DEVICES.get_or_init(|| match [c"libcuda.so.1", c"libtorch_cuda.so"].into_iter().all(open) {
        true => Cuda::device_count(),
        false => 0,
    })
}

/// Opens a shared library for the rest of the run. False if this fails.
fn open(name: &CStr) -> bool {
    // SAFETY: the initialisers of the driver and of libtorch_cuda only set up and register their functions.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    !library.is_null()
}

/// Least address space, in bytes, that a process with libtorch needs. With less, a library ends the process with its own message.
/// Measured on one thread: a small call always fails with 600 MB, mostly succeeds with 700 MB, always with 760 MB.
const LEAST_ADDRESSES: u64 = 640_000_000;

/// Fails if libtorch cannot run within the limit of memory.
fn check_memory(limit: Option<u64>) -> Result<()> {
    let too_few = limit.filter(|&bytes| bytes < LEAST_ADDRESSES);
    match too_few {
        Some(bytes) => bail!(
            "out of memory: the process may take {} MB (ulimit -v), and libtorch needs {} MB or more; allow more",
            bytes / 1_000_000,
            LEAST_ADDRESSES / 1_000_000
        ),
        None => Ok(()),
    }
}

/// Parses `auto`, `cpu`, `cuda` or `cuda:N`. `auto` is CUDA if there is a device, otherwise the CPU; a log line
/// then says so. Fails if the limit of memory is too low for libtorch.
pub fn parse_device(text: &str) -> Result<Device> {
    check_memory(memory_limit())?;
    let index = match text {
        "cpu" => return Ok(Device::Cpu),
        "auto" if cuda_devices() == 0 => {
            log::info!("no CUDA device: the network runs on the CPU");
            return Ok(Device::Cpu);
        }
        "auto" | "cuda" => Some(0),
        _ => text.strip_prefix("cuda:").and_then(|n| n.parse::<usize>().ok()),
    };
    match index {
        None => bail!("--device {text}: expected auto, cpu, cuda or cuda:N"),
        Some(n) if n as i64 >= cuda_devices() => {
            bail!(
                "--device {text}: {} CUDA devices were found; use a lower number or --device cpu",
                cuda_devices()
            )
        }
        Some(n) => Ok(Device::Cuda(n)),
    }
}

/// Parses a device (see [`parse_device`]), or several CUDA devices, `cuda:0,cuda:1`. `auto` is all CUDA devices.
pub fn parse_devices(text: &str) -> Result<Vec<Device>> {
    check_memory(memory_limit())?;
    if text == "auto" && cuda_devices() > 1 {
        return Ok((0..cuda_devices() as usize).map(Device::Cuda).collect());
    }
    let devices: Vec<Device> = text.split(',').map(parse_device).collect::<Result<_>>()?;
    if devices.len() > 1 && !devices.iter().all(|device| device.is_cuda()) {
        bail!("--device {text}: several devices are given, so each must be cuda:N");
    }
    Ok(devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_memory_for_libtorch_is_told() {
        assert!(check_memory(None).is_ok() && check_memory(Some(LEAST_ADDRESSES)).is_ok());
        let refusal = check_memory(Some(500 << 20)).unwrap_err().to_string();
        assert!(refusal.contains("524 MB") && refusal.contains("640 MB"), "{refusal}");
    }

    #[test]
    fn devices_are_parsed_or_refused() {
        assert_eq!(parse_device("cpu").unwrap(), Device::Cpu);
        let best = if cuda_devices() == 0 {
            Device::Cpu
        } else {
            Device::Cuda(0)
        };
        assert_eq!(parse_device("auto").unwrap(), best);
        assert!(parse_device("gpu").unwrap_err().to_string().contains("expected auto"));
        assert!(
            parse_device("cuda:999")
                .unwrap_err()
                .to_string()
                .contains("CUDA devices were found")
        );
        assert_eq!(parse_devices("cpu").unwrap(), [Device::Cpu]);
        assert_eq!(parse_devices("auto").unwrap()[0], best);
        assert!(
            parse_devices("cpu,cpu")
                .unwrap_err()
                .to_string()
                .contains("each must be")
        );
        assert!(parse_devices("cuda:998,cuda:999").is_err());
    }
}
