//! libtorch is loaded when it is first used, and not before: see `scripts/lazy-torch.sh`.

mod common;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use common::{dvcall, error_of, sample};

/// Whether `scripts/setup.sh` has told cargo to link so. If not, a test skips, loudly.
fn loaded_when_used() -> bool {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cargo/config.toml");
    let told = fs::read_to_string(config).is_ok_and(|text| text.contains(".tch]"));
    if !told {
        eprintln!("SKIPPED: libtorch is linked in the ordinary way, as .cargo/config.toml is not of scripts/setup.sh");
    }
    told
}

fn call(output: &Path) -> Command {
    let mut command = dvcall();
    command.args(["call", "--quiet", "--regions", "chrA:10,001-12,000", "--ref"]);
    command
        .arg(sample().join("reference.fa"))
        .arg("--reads")
        .arg(sample().join("sample.bam"));
    command.arg("--output").arg(output);
    command
}

#[test]
fn only_what_uses_the_network_loads_libtorch() {
    if !loaded_when_used() {
        return;
    }
    let loads = |command: &mut Command| {
        // The loader names every library that it opens.
        let output = command.env("LD_DEBUG", "files").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("file=libc.so"), "{said}");
        said.contains("file=libtorch_cpu.so")
    };
    let folder = tempfile::tempdir().unwrap();
    let missing = Path::new("missing");
    assert!(!loads(dvcall().arg("--help")));
    assert!(!loads(dvcall().args(["call", "--reads"]).arg(missing)));
    assert!(!loads(
        call(&folder.path().join("calls.vcf")).arg("--model").arg(missing)
    ));
    assert!(loads(&mut call(&folder.path().join("calls.vcf"))));
}

#[test]
fn without_libtorch_there_is_one_line_and_no_output() {
    if !loaded_when_used() {
        return;
    }
    // The loader looks here before it looks where the executable tells it to.
    let libraries = tempfile::tempdir().unwrap();
    fs::write(libraries.path().join("libtorch_cpu.so"), "no library").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for flags in [&[][..], &["--no-cascade"]] {
        let mut command = call(&folder.path().join("calls.vcf"));
        let error = error_of(command.args(flags).env("LD_LIBRARY_PATH", libraries.path()));
        assert!(
            error.starts_with("dvcall: error: libtorch cannot be loaded: "),
            "{error}"
        );
        assert!(error.contains("run scripts/setup.sh"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    dvcall()
        .arg("--help")
        .env("LD_LIBRARY_PATH", libraries.path())
        .assert()
        .success();
}
