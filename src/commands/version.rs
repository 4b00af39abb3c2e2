//! `dvcall --version`: what this binary is made of.

use std::ffi::CStr;

use crate::model::{Model, cuda_devices};

/// Several lines: dvcall, the libraries that decide its results, whether a GPU is seen, and the built-in model.
pub fn version() -> String {
    // SAFETY: hts_version gives a static, NUL-terminated string.
    let htslib = unsafe { CStr::from_ptr(rust_htslib::htslib::hts_version()) };
    let cuda = match cuda_devices() {
        0 => "no device seen".to_owned(),
        n => format!("{n} device(s) seen"),
    };
    let model = Model::builtin().map_or_else(|error| format!("damaged: {error:#}"), |model| model.identity());
    format!(
        "{}\nlibtorch {}\nhtslib {}\nCUDA: {cuda}\nbuilt-in model: {model}",
        env!("CARGO_PKG_VERSION"),
        env!("DVCALL_LIBTORCH_VERSION"),
        htslib.to_string_lossy(),
    )
}
