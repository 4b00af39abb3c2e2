//! Lets the binary, the tests and the benches find libtorch without LD_LIBRARY_PATH, and tells `--version --verbose` which it is.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let libraries = std::env::var("DEP_TCH_LIBTORCH_LIB").unwrap_or_default();
    // scripts/package.sh sets another place, as the tarball brings its own libraries.
    println!("cargo:rerun-if-env-changed=DVCALL_RUNPATH");
    let runpaths = match std::env::var("DVCALL_RUNPATH") {
        Ok(runpath) => vec![runpath],
        // The second holds the part of libnvrtc that src/model/inference/device.rs opens by name.
        Err(_) if !libraries.is_empty() => vec![libraries.clone(), format!("{libraries}/../../nvidia/cu13/lib")],
        Err(_) => Vec::new(),
    };
    for runpath in runpaths {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{runpath}");
    }
    println!(
        "cargo:rustc-env=DVCALL_LIBTORCH_VERSION={}",
        libtorch_version(Path::new(&libraries))
    );
}

/// The version that PyPI's package states beside its libraries.
fn libtorch_version(libraries: &Path) -> String {
    let stated = libraries
        .parent()
        .and_then(|torch| std::fs::read_to_string(torch.join("version.py")).ok());
    let version = stated.as_deref().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("__version__"))?;
        line.split('\'').nth(1).map(str::to_owned)
    });
    version.unwrap_or_else(|| "of unknown version".into())
}
