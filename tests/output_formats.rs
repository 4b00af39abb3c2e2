//! Formats of the calls of `dvcall call`: BCF, a stream, and without RefCall records.

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{dvcall, records, sample};
use rust_htslib::bcf::{IndexedReader, Read as _, Reader};

const REGION: &str = "chrA:10,001-20,000";

/// `dvcall call` in a folder on the sample.
fn call(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dvcall"));
    command.current_dir(folder).args(["call", "--ref"]);
    command
        .arg(sample().join("reference.fa"))
        .arg("--reads")
        .arg(sample().join("sample.bam"));
    command.args(["--regions", REGION]).args(flags);
    command
}

fn called(folder: &Path, flags: &[&str]) -> Output {
    let output = call(folder, flags).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Records of a VCF text.
fn body(text: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(text).unwrap();
    assert!(text.starts_with("##fileformat=VCFv4.2\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn bcf_holds_the_records_of_the_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("c.bcf.csi"), "of an earlier file").unwrap();
    called(folder.path(), &["--output", "c.vcf", "--gvcf", "g.vcf"]);
    called(folder.path(), &["--output", "c.bcf", "--gvcf", "g.BCF"]);
    assert_eq!(
        names(folder.path()),
        ["c.bcf", "c.bcf.csi", "c.vcf", "g.BCF", "g.BCF.csi", "g.vcf"]
    );
    for (bcf, vcf) in [("c.bcf", "c.vcf"), ("g.BCF", "g.vcf")] {
        assert_eq!(&std::fs::read(path(bcf)).unwrap()[..4], b"\x1f\x8b\x08\x04");
        let mut reader = Reader::from_path(path(bcf)).unwrap();
        assert_eq!(reader.header().samples(), [b"sample"]);
        let found: Vec<_> = reader
            .records()
            .map(|record| record.unwrap().to_vcf_string().unwrap().trim_end().to_owned())
            .collect();
        assert_eq!(found, records(&path(vcf)));
        assert!(found.len() > 5);
        let mut indexed = IndexedReader::from_path(path(bcf)).unwrap();
        indexed.fetch(0, 15_000, None).unwrap();
        let after = indexed.records().count();
        assert!(after > 0 && after < found.len());
    }
    let evaluated = |query: &str| -> String {
        let mut command = dvcall();
        command
            .args(["--quiet", "evaluate", "--ref"])
            .arg(sample().join("reference.fa"));
        command
            .arg("--truth")
            .arg(sample().join("truth.vcf.gz"))
            .args(["--regions", REGION]);
        command
            .arg("--query")
            .arg(path(query))
            .arg("--output")
            .arg(path("scores"));
        command.assert().success();
        std::fs::read_to_string(path("scores.summary.csv")).unwrap()
    };
    assert_eq!(evaluated("c.bcf"), evaluated("c.vcf"));
}

#[test]
fn a_stream_holds_the_vcf_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = called(folder.path(), &["--output", "c.vcf"]);
    let stream = called(folder.path(), &["--output", "-", "--gvcf", "g.vcf.gz"]);
    assert_eq!(body(&stream.stdout), records(&path("c.vcf")));
    assert_eq!(names(folder.path()), ["c.vcf", "g.vcf.gz", "g.vcf.gz.tbi"]);
    let (told, summary) = (
        String::from_utf8(stream.stderr).unwrap(),
        String::from_utf8(file.stdout).unwrap(),
    );
    for heading in ["sites ", "SNPs ", "library ", "wall time "] {
        assert!(summary.contains(heading) && told.contains(heading), "{told}");
    }
    let quiet = called(folder.path(), &["--output", "-", "--quiet"]);
    assert!(quiet.stderr.is_empty());
    assert_eq!(body(&quiet.stdout), records(&path("c.vcf")));
}

#[test]
fn a_stream_that_breaks_ends_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = |output: Stdio| {
        let run = call(folder.path(), &["--quiet", "--output", "-", "--gvcf", "g.vcf"])
            .stdout(output)
            .output();
        let run = run.unwrap();
        assert_eq!(run.status.code(), Some(1));
        assert_eq!(names(folder.path()), [""; 0]);
        String::from_utf8(run.stderr).unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for output in [writer.into(), std::fs::File::create("/dev/full").unwrap().into()] {
        let message = error(output);
        let start = "dvcall: error: cannot write to standard output: ";
        assert!(message.starts_with(start) && message.lines().count() == 1, "{message}");
    }
    // Another output fails after the stream began.
    let script = format!(
        "ulimit -f 16; exec {} call --quiet --output - --gvcf g.vcf --ref {1}/reference.fa --reads {1}/sample.bam",
        env!("CARGO_BIN_EXE_dvcall"),
        sample().display()
    );
    let run = Command::new("bash")
        .current_dir(folder.path())
        .args(["-c", &script])
        .output()
        .unwrap();
    let message = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(
        message.contains("cannot write g.vcf") && message.lines().count() == 1,
        "{message}"
    );
    assert!(run.stdout.starts_with(b"##fileformat=VCFv4.2\n"));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn ref_calls_may_be_left_out_of_the_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // So low that sequencing errors become candidates.
    let low = [
        "--min-snp-lod",
        "-30",
        "--min-indel-lod",
        "-30",
        "--regions",
        "chrA:-30000",
    ];
    let call = |flags: &[&str]| called(folder.path(), &[&low, flags].concat());
    call(&["--output", "all.vcf", "--gvcf", "all.g.vcf"]);
    call(&["--output", "some.vcf", "--gvcf", "some.g.vcf", "--no-ref-calls"]);
    let [all, some, all_gvcf, some_gvcf] =
        ["all.vcf", "some.vcf", "all.g.vcf", "some.g.vcf"].map(|name| records(&path(name)));
    let is_ref_call = |record: &&String| record.split('\t').nth(6) == Some("RefCall");
    assert!(all.iter().any(|record| is_ref_call(&record)));
    let others: Vec<_> = all.iter().filter(|record| !is_ref_call(record)).cloned().collect();
    assert_eq!(some, others);
    assert_eq!(some_gvcf, all_gvcf);
    assert!(some_gvcf.iter().any(|record| is_ref_call(&record)));
}
