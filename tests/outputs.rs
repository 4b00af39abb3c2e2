//! Tests of the output paths of `dvcall call`, and of the files that an aborted run leaves.

mod common;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{call, copied_reads, error_of, records, sample};
use rust_htslib::bam::{self, Read};
use rust_htslib::bcf::{self, Read as _};

/// All files of a folder with their contents, sorted by path.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut contents: Vec<_> = entries
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    contents.sort();
    contents
}

#[test]
fn outputs_replace_no_input_and_no_other_output() {
    let (folder, reads) = copied_reads();
    let path = |name: &str| folder.path().join(name);
    for name in ["reference.fa", "reference.fa.fai"] {
        std::fs::copy(sample().join(name), path(name)).unwrap();
    }
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    std::fs::copy(models.join("wgs.safetensors"), path("m.safetensors")).unwrap();
    std::fs::copy(models.join("wgs.json"), path("m.json")).unwrap();
    std::fs::write(path("some.bed"), "chrA\t0\t500\n").unwrap();
    std::os::unix::fs::symlink(&reads, path("link.bam")).unwrap();
    let before = contents(folder.path());
    let refuses = |output: &str, flags: &[&str], what: &str| {
        let mut command = call(&path("reference.fa"), &reads, &path(output));
        command
            .current_dir(folder.path())
            .arg("--model")
            .arg(path("m.safetensors"));
        let message = error_of(command.args(["--regions", "some.bed"]).args(flags));
        assert!(message.contains(what), "{message}");
        assert!(contents(folder.path()) == before, "{output} {flags:?}");
    };
    let inputs = [
        "reference.fa.fai",
        "sample.bam.bai",
        "some.bed",
        "m.safetensors",
        "m.json",
    ];
    for name in [&inputs[..], &["sample.bam", "./sample.bam", "link.bam", "reference.fa"]].concat() {
        refuses(name, &[], "--output: ");
        refuses("calls.vcf", &["--timings", name], "would replace the input");
        refuses("calls.vcf", &["--realigned-reads", name], "would replace the input");
    }
    refuses(
        "calls.vcf",
        &["--timings", "./calls.vcf"],
        "also the output of --output",
    );
    refuses(
        "x.vcf.gz",
        &["--timings", "x.vcf.gz.tbi"],
        "also the output of --output",
    );
    refuses("new/x", &["--realigned-reads", "new/x"], "also the output of --output");
    refuses(
        "calls.vcf",
        &["--timings", "t", "--realigned-reads", "t"],
        "also the output of --timings",
    );
}

#[test]
fn only_files_are_written_and_links_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let made = std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap();
    assert!(made.success());
    std::fs::create_dir(path("folder")).unwrap();
    std::fs::create_dir(path("x.vcf.gz.tbi")).unwrap();
    std::fs::create_dir(path("x.bam.bai")).unwrap();
    std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
    let run = |output: &str, flags: &[&str]| {
        let mut command = call(
            &sample().join("reference.fa"),
            &sample().join("sample.bam"),
            Path::new(output),
        );
        command
            .current_dir(folder.path())
            .args(["--regions", "chrA:1-2000"])
            .args(flags);
        command
    };
    let all = || std::fs::read_dir(folder.path()).unwrap().count();
    let before = all();
    for name in [
        "fifo",
        "folder",
        "folder/",
        "new/",
        "dangling",
        "/dev/null",
        "/dev/stdout",
    ] {
        for [output, flag, value] in [
            [name, "--sample", "NA12878"],
            ["calls.vcf", "--timings", name],
            ["calls.vcf", "--realigned-reads", name],
        ] {
            let flags = if flag == "--sample" { &[][..] } else { &[flag, value] };
            let message = error_of(&mut run(output, flags));
            assert!(message.contains(&format!("cannot write {name}: it is ")), "{message}");
        }
    }
    assert!(error_of(&mut run("x.vcf.gz", &[])).contains("x.vcf.gz.tbi: it is not a regular file"));
    assert!(
        error_of(&mut run("x.vcf", &["--realigned-reads", "x.bam"])).contains("x.bam.bai: it is not a regular file")
    );
    let message = error_of(&mut run("y.vcf", &["--realigned-reads", "x.CRAM"]));
    assert!(message.contains("give a name that ends in"), "{message}");
    for flag in ["--gvcf", "--timings", "--summary", "--realigned-reads"] {
        let message = error_of(&mut run("y.vcf", &[flag, "-"]));
        assert!(
            message.contains("cannot write -: it is not a regular file"),
            "{message}"
        );
    }
    assert_eq!(all(), before);

    // The target of a link may have another extension; a stale index beside the link is removed.
    std::fs::write(path("folder/stored"), "old").unwrap();
    std::fs::write(path("folder/reads"), "old").unwrap();
    std::os::unix::fs::symlink("folder/stored", path("link.vcf.gz")).unwrap();
    std::os::unix::fs::symlink("folder/reads", path("link.bam")).unwrap();
    for stale in ["link.vcf.gz.csi", "link.vcf.gz.tbi", "link.bam.csi"] {
        std::fs::write(path(stale), "stale").unwrap();
    }
    run("link.vcf.gz", &["--realigned-reads", "link.bam"])
        .assert()
        .success();
    assert!(path("link.vcf.gz").is_symlink() && path("link.bam").is_symlink());
    assert!(!records(&path("folder/stored")).is_empty());
    assert!(!path("link.vcf.gz.csi").exists() && !path("link.bam.csi").exists());
    let mut calls = bcf::IndexedReader::from_path(path("link.vcf.gz")).unwrap();
    calls.fetch(0, 0, None).unwrap();
    assert!(calls.records().count() > 0);
    let mut reads = bam::IndexedReader::from_path(path("link.bam")).unwrap();
    reads.fetch(("chrA", 0, 2_000)).unwrap();
    assert!(reads.records().count() > 10);
}

#[test]
fn the_index_of_an_earlier_file_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for old in ["c.vcf.gz.csi", "r.bam.csi", "r.bai", "r.csi"] {
        std::fs::write(path(old), "old").unwrap();
    }
    let mut command = call(
        &sample().join("reference.fa"),
        &sample().join("sample.bam"),
        &path("c.vcf.gz"),
    );
    command
        .args(["--regions", "chrA:1-2000", "--realigned-reads"])
        .arg(path("r.bam"));
    command.assert().success();
    let names: Vec<_> = contents(folder.path()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["c.vcf.gz", "c.vcf.gz.tbi", "r.bam", "r.bam.bai"].map(path));
}

#[test]
fn a_signal_ends_the_run_and_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dvcall"));
    command
        .args(["call", "--threads", "1", "--ref"])
        .arg(sample().join("reference.fa"));
    command
        .arg("--reads")
        .arg(sample().join("sample.bam"))
        .arg("--output")
        .arg(folder.path().join("c.vcf.gz"));
    let mut run = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begun = || std::fs::read_dir(folder.path()).unwrap().count() > 0;
    while !begun() && run.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let sent = std::process::Command::new("kill")
        .arg(run.id().to_string())
        .status()
        .unwrap();
    assert!(sent.success());
    let output = run.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("ended by signal 15"), "{message}");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(15));
    assert!(!begun());
}

#[test]
fn standard_output_may_be_closed_but_not_full() {
    let folder = tempfile::tempdir().unwrap();
    let run = |output: std::process::Stdio| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dvcall"));
        command
            .args(["call", "--regions", "chrA:1-2000", "--ref"])
            .arg(sample().join("reference.fa"));
        command
            .arg("--reads")
            .arg(sample().join("sample.bam"))
            .arg("--output")
            .arg(folder.path().join("c.vcf"));
        command.stdout(output).output().unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = run(writer.into());
    assert!(closed.status.success(), "{closed:?}");
    let full = run(std::fs::File::create("/dev/full").unwrap().into());
    let message = String::from_utf8(full.stderr).unwrap();
    assert_eq!(full.status.code(), Some(1));
    let last = message.lines().last().unwrap();
    assert!(
        last.starts_with("dvcall: error: cannot write to standard output: "),
        "{message}"
    );
}

/// The command `dvcall call` on the sample, not started.
fn call_into(folder: &Path, flags: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dvcall"));
    command.current_dir(folder).args(["call", "--threads", "1", "--ref"]);
    command
        .arg(sample().join("reference.fa"))
        .arg("--reads")
        .arg(sample().join("sample.bam"));
    command.args(flags).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a run has got as far as to handle signals: libtorch is loaded first.
fn handles_signals(run: &std::process::Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(caught.unwrap().trim(), 16).unwrap() & 1 << (libc::SIGTERM - 1) != 0
}

fn make_fifo(path: &Path) {
    assert!(
        std::process::Command::new("mkfifo")
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
}

fn end_by(signal: &str, run: std::process::Child) -> std::process::Output {
    let sent = std::process::Command::new("kill")
        .args(["-s", signal, &run.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let sent = Instant::now();
    let output = run.wait_with_output().unwrap();
    assert!(sent.elapsed() < Duration::from_secs(10), "{:?}", sent.elapsed());
    output
}

#[test]
fn a_signal_ends_a_run_that_waits_for_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    make_fifo(&fifo);
    make_fifo(&folder.path().join("manifest.json"));
    let before = names(folder.path());
    let fifo = fifo.to_str().unwrap();
    let [reference, reads, truth] = ["reference.fa", "sample.bam", "truth.vcf.gz"].map(|name| sample().join(name));
    let [reference, reads, truth] = [&reference, &reads, &truth].map(|path| path.to_str().unwrap());
    let input = ["--ref", reference, "--reads", reads];
    let outputs = ["--output", "out.safetensors"];
    let evaluate = [
        "evaluate",
        "--ref",
        reference,
        "--truth",
        truth,
        "--query",
        truth,
        "--confident",
        fifo,
    ];
    let commands = [
        [&["call"], &input[..], &["--model", fifo]].concat(),
        [&["make-examples"], &input[..], &["--truth", truth, "--confident", fifo]].concat(),
        vec!["calibrate", "--examples", folder.path().to_str().unwrap()],
        evaluate.to_vec(),
    ];
    for (arguments, signal) in commands.iter().zip(["TERM", "INT", "HUP", "USR2"]) {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dvcall"));
        command
            .current_dir(folder.path())
            .args(arguments)
            .args(outputs)
            .stderr(Stdio::piped());
        // nohup and background jobs of shells ignore some signals, and children inherit this.
        // SAFETY: `signal` is safe after fork.
        unsafe {
            command.pre_exec(|| {
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                libc::signal(libc::SIGHUP, libc::SIG_DFL);
                Ok(())
            })
        };
        let run = command.spawn().unwrap();
        wait_for(|| handles_signals(&run));
        std::thread::sleep(Duration::from_millis(300));
        let output = end_by(signal, run);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(&format!("(SIG{signal})")), "{arguments:?}: {message}");
        assert_eq!(names(folder.path()), before, "{arguments:?}");
    }
}

#[test]
fn a_second_run_with_the_same_output_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--output", "c.vcf", "--timings", "t.tsv"];
    let run = call_into(folder.path(), &flags).spawn().unwrap();
    wait_for(|| names(folder.path()).len() >= 2);
    // The first run is stopped, so that it does not end before the second run checks.
    let stop = |signal: &str| {
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &run.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    };
    wait_for(|| names(folder.path()).len() >= 4);
    stop("STOP");
    let second = call_into(folder.path(), &["--output", "./c.vcf"]).output().unwrap();
    stop("CONT");
    let message = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        message.ends_with(
            "cannot write ./c.vcf: another run of dvcall writes this output; wait for its end, or give another name\n"
        ),
        "{message}"
    );
    assert!(run.wait_with_output().unwrap().status.success());
    assert_eq!(names(folder.path()), ["c.vcf", "t.tsv"]);
}

#[test]
fn the_next_run_removes_the_files_of_a_killed_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = call_into(folder.path(), &["--output", "c.vcf.gz"]).spawn().unwrap();
    wait_for(|| names(folder.path()).len() >= 2);
    run.kill().unwrap();
    run.wait().unwrap();
    let left = names(folder.path());
    assert!(
        !left.is_empty() && left.iter().all(|name| name.starts_with(".dvcall-")),
        "{left:?}"
    );
    let flags = ["--output", "c.vcf.gz", "--regions", "chrA:1-2000"];
    assert!(call_into(folder.path(), &flags).output().unwrap().status.success());
    assert_eq!(names(folder.path()), ["c.vcf.gz", "c.vcf.gz.tbi"]);
}

#[test]
fn file_and_memory_limits_give_one_line_errors() {
    let folder = tempfile::tempdir().unwrap();
    let limited = |limit: &str, arguments: &str| {
        let sample = sample();
        let script = format!(
            "ulimit {limit}; exec {} {arguments} --quiet --ref {1}/reference.fa --reads {1}/sample.bam",
            env!("CARGO_BIN_EXE_dvcall"),
            sample.display()
        );
        let mut command = std::process::Command::new("bash");
        let output = command
            .current_dir(folder.path())
            .args(["-c", &script])
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{limit} {arguments}: {message}");
        assert!(
            message.starts_with("dvcall: error: ") && message.lines().count() == 1,
            "{limit} {arguments}: {message}"
        );
        assert_eq!(names(folder.path()), [""; 0], "{limit} {arguments}");
        message
    };
    let call = "call --threads 1 --output c.vcf.gz --gvcf g.vcf.gz --realigned-reads r.bam";
    assert!(limited("-f 1", call).contains("cannot write "));
    assert!(limited("-f 8", "make-examples --threads 1 --output e").contains("File too large"));
    // libtorch's libraries alone take 460 MB of address space.
    assert!(limited("-v 500000", "make-examples --threads 1 --output e").contains("out of memory: "));
    // Without dvcall's check, libraries would abort the run with their own message.
    for limit in ["-v 500000", "-v 550000"] {
        assert!(limited(limit, call).contains("libtorch needs "), "{limit}");
    }
}
