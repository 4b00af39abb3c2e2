//! `dvcall --version --verbose`: versions of dvcall, its libraries and its model.

use std::ffi::CStr;

use crate::model::{Model, cuda_devices, libtorch_version};

/// Lines with the versions of dvcall and of the libraries that affect its results, the GPUs and the built-in model.
pub fn verbose_version() -> String {
    let cuda = match cuda_devices() {
        0 => "no device found".to_owned(),
        n => format!("{n} device(s) found"),
    };
    let model = Model::builtin().map_or_else(|error| format!("damaged: {error:#}"), |model| model.identity());
    format!(
        "{}\nlibtorch {}\nhtslib {}\nCUDA: {cuda}\nbuilt-in model: {model}",
        env!("CARGO_PKG_VERSION"),
        libtorch_version(),
        htslib(),
    )
}

/// The version of the linked htslib.
pub(super) fn htslib() -> String {
    // SAFETY: hts_version returns a static, NUL-terminated string.
    let version = unsafe { CStr::from_ptr(rust_htslib::htslib::hts_version()) };
    version.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first version whose CRAM decoder has no earlier published faults (SECURITY.md).
    const FIXED: [u32; 3] = [1, 23, 1];

    fn parts(version: &str) -> Vec<u32> {
        let numbers = version.split(|c: char| !c.is_ascii_digit());
        numbers.map_while(|number| number.parse().ok()).collect()
    }

    #[test]
    fn htslib_has_no_published_faults() {
        let linked = htslib();
        assert!(
            parts(&linked) >= FIXED.to_vec(),
            "htslib {linked} is linked; run scripts/setup.sh, which builds a newer one"
        );
        assert!(parts("1.19.1") < FIXED.to_vec() && parts("1.24-3-g12ab") > FIXED.to_vec());
    }
}
