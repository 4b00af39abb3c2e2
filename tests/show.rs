//! Tests of `dvcall show`.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{dvcall, error_of, sample};

fn show(output: &Path, flags: &[&str]) -> assert_cmd::Command {
    let mut command = dvcall();
    command
        .arg("show")
        .arg("--quiet")
        .arg("--ref")
        .arg(sample().join("reference.fa"));
    command
        .arg("--reads")
        .arg(sample().join("sample.bam"))
        .arg("--output")
        .arg(output)
        .args(flags);
    command
}

/// All files of a folder with their contents, by name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let read = |entry: fs::DirEntry| {
        (
            entry.file_name().into_string().unwrap(),
            fs::read(entry.path()).unwrap(),
        )
    };
    entries.map(read).collect()
}

#[test]
fn every_candidate_has_pictures_and_every_allele_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("shown");
    show(&output, &["--regions", "chrA:10,001-14,000"]).assert().success();
    let files = contents(&output);
    let table = String::from_utf8(files["alleles.tsv"].clone()).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == 10 && row[0] == "chrA"));
    let candidates: Vec<_> = rows.iter().filter(|row| row[9] == "candidate").collect();
    assert!(!candidates.is_empty());
    assert!(rows.iter().any(|row| row[9].starts_with("no: fewer than 2 reads")));
    for row in candidates {
        let picture = &files[&format!("chrA_{}_0.png", row[1])];
        assert!(picture.starts_with(b"\x89PNG\r\n"));
    }
}

#[test]
fn pictures_depend_on_thresholds_and_not_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |name: &str, flags: &[&str]| {
        let output = folder.path().join(name);
        let region = ["--regions", "chrA:15,001-25,000"];
        show(&output, &[&region, flags].concat()).assert().success();
        contents(&output)
    };
    let one = shown("one", &["--threads", "1"]);
    assert!(one.len() > 2);
    assert_eq!(one, shown("two", &["--threads", "2"]));
    assert_eq!(shown("none", &["--min-supporting-reads", "1000"]).len(), 1);
}

#[test]
fn only_earlier_pictures_are_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("shown");
    let run = |region: &str| show(&output, &["--overwrite", "--regions", region]);
    run("chrA:10,001-14,000").assert().success();
    let first = contents(&output);
    run("chrA:15,001-25,000").assert().success();
    let second = contents(&output);
    assert!(
        first.len() > 2
            && second
                .keys()
                .all(|name| name == "alleles.tsv" || !first.contains_key(name))
    );
    fs::write(output.join("holiday.png"), "").unwrap();
    assert!(error_of(&mut run("chrA:10,001-14,000")).contains("holds holiday.png"));
    assert_eq!(contents(&output).len(), second.len() + 1);
    let here = show(".".as_ref(), &["--overwrite", "--regions", "chrA:10,001-14,000"])
        .current_dir(&output)
        .assert()
        .code(1)
        .get_output()
        .clone();
    assert!(String::from_utf8_lossy(&here.stderr).contains("it contains the current folder"));
    assert_eq!(contents(&output).len(), second.len() + 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn regions_must_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("shown");
    let run = show(&output, &[]).assert().code(2).get_output().clone();
    let error = String::from_utf8(run.stderr).unwrap();
    assert!(error.contains("--regions <REGIONS|FILE>"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_region_beyond_the_contig_is_refused_and_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("shown");
    let error = error_of(&mut show(&output, &["--regions", "chrA:900,000,000-900,000,100"]));
    assert!(error.contains("beyond the end"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
