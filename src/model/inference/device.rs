//! The device on which the network runs.

use std::ffi::CStr;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};
use tch::{Cuda, Device, Kind, Tensor};

use crate::output::memory_limit;

/// Number of CUDA devices.
pub fn cuda_devices() -> i64 {
    find_cuda().as_ref().copied().unwrap_or(0)
}

/// Number of CUDA devices, or why there is none.
///
/// The executable is not linked with libtorch_cuda, which needs 3 GB of NVIDIA's libraries. Where the GPU driver is
/// installed, this function opens libtorch_cuda, which registers its kernels. Torch must not be asked for CUDA before.
fn find_cuda() -> &'static Result<i64, String> {
    static DEVICES: OnceLock<Result<i64, String>> = OnceLock::new();
    DEVICES.get_or_init(|| {
        open(c"libcuda.so.1").map_err(|reason| format!("no GPU driver: {reason}"))?;
        // cuDNN's engines ask libnvrtc to compile, and libnvrtc asks for this library by its name alone. libtorch_cuda
        // works without those engines, so it is no fault if the library is missing.
        let _ = open(NVRTC_BUILTINS);
        open(c"libtorch_cuda.so")
            .map_err(|reason| format!("no GPU kernels: {reason}; scripts/setup.sh cuda installs them"))?;
        match Cuda::device_count() {
            0 => Err("the driver shows no device, or is older than CUDA 13.0".to_owned()),
            count => Ok(count),
        }
    })
}

/// The part of libnvrtc for the CUDA version of libtorch's package. build.rs tells the loader its folder.
const NVRTC_BUILTINS: &CStr = c"libnvrtc-builtins.so.13.0";

/// Opens a shared library for the rest of the run. The error is the loader's.
fn open(name: &CStr) -> Result<(), String> {
    // SAFETY: the initialisers of the driver and of libtorch_cuda only set up and register their functions.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if !library.is_null() {
        return Ok(());
    }
    // SAFETY: dlerror returns null or a NUL-terminated string, which stays until the thread's next call of the loader.
    let reason = unsafe {
        let reason = libc::dlerror();
        (!reason.is_null()).then(|| CStr::from_ptr(reason).to_string_lossy().into_owned())
    };
    Err(reason.unwrap_or_else(|| format!("cannot open {}", name.to_string_lossy())))
}

/// Fails if the device cannot add two numbers. libtorch's package holds no kernels for old cards (below sm_75).
fn check_computes(device: Device) -> Result<()> {
    let sum = Tensor::f_zeros([1], (Kind::Float, device)).and_then(|zero| zero.f_add_scalar(1.0)?.f_double_value(&[0]));
    match sum {
        Ok(1.0) => Ok(()),
        Ok(sum) => bail!("{device:?} adds 0 and 1 to {sum}"),
        Err(error) => bail!("{device:?} cannot compute: {}", without_backtrace(&error.to_string())),
    }
}

/// A message of torch without the backtrace that c10 adds.
fn without_backtrace(message: &str) -> &str {
    message.split("\nException raised from ").next().unwrap_or_default()
}

/// The CUDA devices that compute. A line of the log tells if there is none, and why.
fn working_devices() -> Vec<Device> {
    let count = match find_cuda() {
        Ok(count) => *count as usize,
        Err(reason) => {
            log::info!("no CUDA device: the network runs on the CPU ({reason})");
            0
        }
    };
    let computes = |device: &Device| match check_computes(*device) {
        Ok(()) => true,
        Err(error) => {
            log::warn!("{error:#}; the network does not run there");
            false
        }
    };
    (0..count).map(Device::Cuda).filter(computes).collect()
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

/// Parses `auto`, `cpu`, `cuda` or `cuda:N`. `auto` is CUDA if there is a device that computes, otherwise the CPU; a
/// log line then says so. Fails if the limit of memory is too low for libtorch.
pub fn parse_device(text: &str) -> Result<Device> {
    check_memory(memory_limit())?;
    let index = match text {
        "cpu" => return Ok(Device::Cpu),
        "auto" => return Ok(working_devices().first().copied().unwrap_or(Device::Cpu)),
        "cuda" => Some(0),
        _ => text.strip_prefix("cuda:").and_then(|n| n.parse::<usize>().ok()),
    };
    match (index, find_cuda()) {
        (None, _) => bail!("--device {text}: expected auto, cpu, cuda or cuda:N"),
        (_, Err(reason)) => bail!("--device {text}: no CUDA devices were found ({reason}); or use --device cpu"),
        (Some(n), Ok(count)) if n as i64 >= *count => {
            bail!("--device {text}: {count} CUDA devices were found; use a lower number or --device cpu")
        }
        (Some(n), Ok(_)) => {
            let device = Device::Cuda(n);
            check_computes(device).with_context(|| format!("--device {text}: use another device or --device cpu"))?;
            Ok(device)
        }
    }
}

/// Parses a device (`auto`, `cpu`, `cuda`, `cuda:N`), or several CUDA devices, `cuda:0,cuda:1`. `auto` is all CUDA devices.
pub fn parse_devices(text: &str) -> Result<Vec<Device>> {
    check_memory(memory_limit())?;
    if text == "auto" {
        let devices = working_devices();
        return Ok(if devices.is_empty() { vec![Device::Cpu] } else { devices });
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
    fn a_library_that_cannot_be_opened_is_named_by_the_loader() {
        let reason = open(c"libno-such-library.so.1").unwrap_err();
        assert!(reason.contains("libno-such-library.so.1: cannot open"), "{reason}");
        assert!(open(c"libc.so.6").is_ok());
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error_in_one_line() {
        assert!(check_computes(Device::Cpu).is_ok() && cuda_devices() < 99);
        let error = check_computes(Device::Cuda(99)).unwrap_err().to_string();
        assert!(
            error.starts_with("Cuda(99) cannot compute: ") && !error.contains("Exception raised"),
            "{error}"
        );
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
