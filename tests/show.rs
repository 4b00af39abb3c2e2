//! Tests of `dvcall show`.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{call, dvcall, error_of, records, sample};

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
    assert!(rows.iter().all(|row| row.len() == 20 && row[0] == "chrA"));
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
    assert!(
        error.contains("--regions <REGIONS|FILE>") && error.contains("--why"),
        "{error}"
    );
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

const REGION: &str = "chrA:1-25,000";

/// Thresholds that make errors of the reads candidates, so that there are RefCall records.
const LOW: [&str; 4] = ["--min-supporting-reads", "2", "--min-snp-lod", "-30"];

/// The records of `call` in [`REGION`].
fn called(folder: &Path, flags: &[&str]) -> Vec<Vec<String>> {
    let calls = folder.join("calls.vcf.gz");
    let mut command = call(&sample().join("reference.fa"), &sample().join("sample.bam"), &calls);
    command.args(["--regions", REGION]).args(flags).assert().success();
    let split = |line: String| line.split('\t').map(str::to_owned).collect();
    records(&calls).into_iter().map(split).collect()
}

fn table(folder: &Path) -> Vec<Vec<String>> {
    let table = fs::read_to_string(folder.join("alleles.tsv")).unwrap();
    let split = |line: &str| line.split('\t').map(str::to_owned).collect();
    table.lines().skip(1).map(split).collect()
}

fn why(flags: &[&str]) -> String {
    let mut command = dvcall();
    command
        .args(["show", "--quiet", "--ref"])
        .arg(sample().join("reference.fa"));
    command.arg("--reads").arg(sample().join("sample.bam")).args(flags);
    let output = command.assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn the_table_has_the_decisions_of_call() {
    let folder = tempfile::tempdir().unwrap();
    let gates = folder.path().join("gates.tsv");
    fs::write(&gates, "*\tall\t40\t.\t.\tDOUBT\n").unwrap();
    let flags = ["--gates", gates.to_str().unwrap()];
    let calls = called(folder.path(), &flags);
    let output = folder.path().join("shown");
    show(&output, &[&["--regions", REGION], &flags[..]].concat())
        .assert()
        .success();
    let rows = table(&output);
    let mut compared = 0;
    for record in &calls {
        let alleles: Vec<_> = record[4].split(',').collect();
        let is_it = |row: &&Vec<String>| row[1] == record[1] && row[9] == "candidate" && alleles.len() == 1;
        let Some(row) = rows
            .iter()
            .find(is_it)
            .filter(|row| row[2] == record[3] && row[3] == record[4])
        else {
            continue;
        };
        compared += 1;
        let sample: Vec<_> = record[9].split(':').collect();
        let filter = match sample[7] {
            "." => record[6].clone(),
            tier => format!("{} tier {tier}", record[6]),
        };
        assert_eq!(row[15..19], [sample[0], &record[5], sample[1], &filter], "{record:?}");
        assert_eq!(row[13], sample[6], "{record:?}");
        let is_called = !record[6].contains("RefCall");
        let expected = match record[6].as_str() {
            "PASS" => "called".to_owned(),
            filter if is_called => format!("called, but filtered: {filter}"),
            _ => String::new(),
        };
        assert!(
            row[19].starts_with(&expected)
                && (is_called || row[19].starts_with("not called") || row[19].starts_with("lost")),
            "{row:?}"
        );
        for probabilities in [&row[11], &row[12]] {
            let sum: f64 = probabilities.split(',').map(|p| p.parse::<f64>().unwrap()).sum();
            assert!((sum - 1.0).abs() < 2e-3, "{row:?}");
        }
        assert_eq!(row[13] == "cascade", row[10].ends_with("decides"), "{row:?}");
    }
    let filters = |name: &str| calls.iter().filter(|record| record[6] == name).count();
    assert!(
        compared > 20 && filters("PASS") > 5 && filters("DOUBT") > 0,
        "{compared}"
    );
    let not_candidates = rows.iter().filter(|row| row[9] != "candidate");
    assert!(not_candidates.clone().count() > 10);
    assert!(not_candidates.into_iter().all(|row| row[10..] == vec!["."; 10]));
}

#[test]
fn the_calls_of_a_vcf_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let calls = called(folder.path(), &LOW);
    let with = |name: &str| -> Vec<String> {
        let records = calls.iter().filter(|record| record[6] == name);
        records.map(|record| record[1].clone()).collect()
    };
    let vcf = folder.path().join("calls.vcf.gz");
    let flags = |name| ["--vcf", vcf.to_str().unwrap(), "--filter", name];
    let output = folder.path().join("shown");
    show(&output, &[&flags("RefCall")[..], &LOW].concat())
        .assert()
        .success();
    let files = contents(&output);
    let positions = with("RefCall");
    assert!(positions.len() > 3);
    for position in &positions {
        assert!(files.contains_key(&format!("chrA_{position}_0.png")), "{position}");
    }
    assert!(table(&output).iter().all(|row| positions.contains(&row[1])));
    let error = error_of(&mut show(&folder.path().join("none"), &flags("nothing")));
    assert!(error.contains("no record has this FILTER"), "{error}");
}

#[test]
fn attributions_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let calls = called(folder.path(), &[]);
    let variant = calls
        .iter()
        .find(|record| record[6] == "PASS" && record[4].len() == 1 && record[3].len() == 1)
        .unwrap();
    let region = format!("chrA:{}", variant[1]);
    let output = folder.path().join("shown");
    let flags = ["--regions", region.as_str(), "--attributions"];
    show(&output, &flags).assert().success();
    let files = contents(&output);
    let svg = String::from_utf8(files[&format!("chrA_{}_0.svg", variant[1])].clone()).unwrap();
    assert!(svg.contains("The longest bar is a change of the odds") && svg.contains("supports allele"));
    assert!(svg.contains("P(0, 1, 2 copies): cascade") && svg.contains("●"));
    // A second run with --overwrite knows the charts as its own.
    show(&output, &[&flags[..], &["--overwrite", "--threads", "1"]].concat())
        .assert()
        .success();
    assert_eq!(contents(&output), files);
}

#[test]
fn why_tells_what_happened_to_an_allele() {
    let folder = tempfile::tempdir().unwrap();
    let calls = called(folder.path(), &LOW);
    let expected = |record: &[String]| format!("chrA:{}:{}:{}", record[1], record[3], record[4]);
    let single = |filter: &'static str| {
        let is_it = move |record: &&Vec<String>| record[6] == filter && !record[4].contains(',');
        calls.iter().find(is_it).unwrap()
    };
    let passed = expected(single("PASS"));
    let told = why(&["--why", &passed]);
    assert!(
        told.starts_with(&format!("{passed}\n")) && told.contains("candidate    yes\n"),
        "{told}"
    );
    assert!(told.ends_with("result       called\n"), "{told}");
    let filtered = why(&["--why", &passed, "--min-quality", "1000"]);
    assert!(filtered.contains("called, but filtered: LowQual"), "{filtered}");
    let too_few = why(&["--why", &passed, "--min-supporting-reads", "1000"]);
    assert!(too_few.contains("candidate    no: fewer than 1000 reads"), "{too_few}");
    assert!(
        too_few.contains("result       not called: it never became a candidate"),
        "{too_few}"
    );
    let refused = why(&[&["--why", &expected(single("RefCall"))], &LOW[..]].concat());
    assert!(
        refused.contains("result       not called: the reference is likelier"),
        "{refused}"
    );
    // An allele that no read shows, in an other spelling, and one of two bases.
    let reference = fs::read_to_string(sample().join("reference.fa")).unwrap();
    let bases: String = reference.lines().skip(1).take(200).collect();
    let (before, base) = (&bases[4998..4999], &bases[4999..5000]);
    let other = if base == "A" { "C" } else { "A" };
    let unseen = why(&["--why", &format!("chrA:4999:{before}{base}:{before}{other}")]);
    assert!(
        unseen.contains(&format!("spelled      chrA:5000:{base}:{other}\n")),
        "{unseen}"
    );
    assert!(unseen.contains("reads over it shows it"), "{unseen}");
    let error = |flags: &[&str]| {
        let mut command = dvcall();
        command
            .args(["show", "--quiet", "--ref"])
            .arg(sample().join("reference.fa"));
        error_of(command.arg("--reads").arg(sample().join("sample.bam")).args(flags))
    };
    assert!(error(&["--why", "chrA:5000"]).contains("expected contig:position:REF:ALT"));
    assert!(error(&["--why", &format!("chrA:5000:{other}:{base}")]).contains("but the reference has"));
}
