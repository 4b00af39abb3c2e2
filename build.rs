//! Lets the binary, the tests and the benches find libtorch without LD_LIBRARY_PATH, and tells `--version` what was linked.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let torch = std::env::var("DEP_TCH_LIBTORCH_LIB").unwrap_or_default();
    if !torch.is_empty() {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{torch}");
    }
    println!("cargo:rustc-env=DVCALL_LIBTORCH_LIB={torch}");
}
