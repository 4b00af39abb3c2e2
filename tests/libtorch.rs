//! Tests which of libtorch's libraries are loaded.

mod common;

use common::dvcall;

/// The loader's log of the libraries that `dvcall --version --verbose` opens. This command searches for GPUs.
fn loader_log() -> String {
    let mut command = dvcall();
    let output = command.args(["--version", "--verbose"]).env("LD_DEBUG", "files");
    let output = output.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn is_loaded(log: &str, library: &str) -> bool {
    let mut lines = log.lines().filter(|line| line.contains(&format!("file={library} ")));
    lines.any(|line| line.contains("generating link map"))
}

#[test]
fn gpu_kernels_are_loaded_only_with_a_driver() {
    let log = loader_log();
    assert!(is_loaded(&log, "libtorch_cpu.so"), "{log}");
    let driver = is_loaded(&log, "libcuda.so.1");
    assert_eq!(log.contains("file=libtorch_cuda.so "), driver, "{log}");
}
