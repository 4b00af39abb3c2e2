//! Helpers for the tests of the subcommands.
#![allow(dead_code)] // each test binary uses its own part

pub mod gvcf;
pub mod killed;
pub mod server;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use dvcall::genome::Reference;
use dvcall::library::Library;
use dvcall::reads::ReadSource;
use rust_htslib::bam::{self, Read as _};

/// The bundled simulated sample.
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample")
}

/// The binary under test.
pub fn dvcall() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dvcall"))
}

/// A temporary folder with a copy of the sample's reads, which tests may damage.
pub fn copied_reads() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sample.bam", "sample.bam.bai"] {
        std::fs::copy(sample().join(name), folder.path().join(name)).unwrap();
    }
    let reads = folder.path().join("sample.bam");
    (folder, reads)
}

/// `dvcall call`, quiet.
pub fn call(reference: &Path, reads: &Path, output: &Path) -> Command {
    let mut command = dvcall();
    command
        .arg("call")
        .arg("--quiet")
        .arg("--ref")
        .arg(reference)
        .arg("--reads")
        .arg(reads)
        .arg("--output")
        .arg(output);
    command
}

/// The error message of a failed run. Checks exit status 1 and that the message is one line.
pub fn error_of(command: &mut Command) -> String {
    let output = command.assert().code(1).get_output().clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    text
}

/// Measures the library of the reads.
pub fn measure(reads: &Path, reference: &Path, threads: usize) -> Library {
    let reference = Reference::open(reference).unwrap();
    let source = ReadSource::open(reads, &reference, None).unwrap();
    Library::measure(&source, &reference, None, threads).unwrap().0
}

/// The text of a VCF, bgzipped or not.
pub fn text_of(vcf: &Path) -> String {
    let mut text = String::new();
    let mut reader = rust_htslib::bgzf::Reader::from_path(vcf).unwrap();
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    text
}

/// Header of a VCF.
pub fn header(vcf: &Path) -> String {
    let text = text_of(vcf);
    let lines = text.lines().take_while(|line| line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Records of a VCF, without the header.
pub fn records(vcf: &Path) -> Vec<String> {
    text_of(vcf)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Writes the sample's reads with a changed header, and the index.
pub fn with_header(change: impl Fn(&str) -> String, path: &Path) {
    let mut reader = bam::Reader::from_path(sample().join("sample.bam")).unwrap();
    let text = String::from_utf8(reader.header().as_bytes().to_vec()).unwrap();
    let header = bam::Header::from_template(&bam::HeaderView::from_bytes(change(&text).as_bytes()));
    let mut writer = bam::Writer::from_path(path, &header, bam::Format::Bam).unwrap();
    for record in reader.records() {
        writer.write(&record.unwrap()).unwrap();
    }
    drop(writer);
    bam::index::build(path, None, bam::index::Type::Bai, 1).unwrap();
}
