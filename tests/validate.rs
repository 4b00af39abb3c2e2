//! `dvcall validate`.

use std::fs;
use std::path::{Path, PathBuf};

use predicates::str::contains;
use serde_json::Value;
use tempfile::TempDir;

mod common;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sample");

/// A folder with a plan of the bundled sample.
struct Laboratory(TempDir);

impl Laboratory {
    fn new(more: &str) -> Self {
        let laboratory = Self(tempfile::tempdir().unwrap());
        laboratory.plan(more);
        laboratory
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes the plan; `more` belongs to its only set of reads.
    fn plan(&self, more: &str) {
        let text = format!(
            "name = 'bundled sample'\nref = '{SAMPLE}/reference.fa'\n\n[[set]]\nname = 'sample'\n\
             reads = ['{SAMPLE}/sample.bam']\ntruth = '{SAMPLE}/truth.vcf.gz'\nconfident = '{SAMPLE}/confident.bed'\n{more}\n"
        );
        fs::write(self.path("plan.toml"), text).unwrap();
    }

    fn validate(&self, output: &str, more: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = common::dvcall();
        command.arg("validate").arg(self.path("plan.toml")).arg("--output");
        command.arg(self.path(output)).args(more).assert()
    }

    fn state(&self, output: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(output).join("validation.json")).unwrap()).unwrap()
    }

    fn page(&self, output: &str) -> String {
        fs::read_to_string(self.path(output).join("validation.html")).unwrap()
    }
}

#[test]
fn the_same_inputs_pass_again_and_again() {
    let laboratory = Laboratory::new("thinned = [0.4]\nrepeats = [1, 3]");
    laboratory
        .validate("first", &["--threads", "2"])
        .success()
        .stdout(contains("no accepted state"));
    laboratory
        .validate("first", &["--accept"])
        .success()
        .stdout(contains("accepted: "));
    for output in ["second", "third"] {
        laboratory
            .validate(output, &[])
            .success()
            .stdout(contains("passed: no worse"));
    }
    let (first, third) = (laboratory.state("first"), laboratory.state("third"));
    let names: Vec<&str> = first["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["sample", "sample.thinned-0.4"]);
    for (one, other) in first["runs"]
        .as_array()
        .unwrap()
        .iter()
        .zip(third["runs"].as_array().unwrap())
    {
        for key in ["records", "errors", "scores", "inputs", "quality", "repeats"] {
            assert_eq!(one[key], other[key], "{key}");
        }
    }
    let run = &first["runs"][0];
    assert_eq!(
        run["repeats"],
        serde_json::json!([{"threads": 1, "same": true}, {"threads": 3, "same": true}])
    );
    let scores = run["scores"].as_array().unwrap();
    assert!(
        scores
            .iter()
            .any(|s| s["type"] == "SNP" && s["truth"].as_u64() > Some(90)),
        "{scores:?}"
    );
    let depth = |run: usize| first["runs"][run]["quality"]["depth"].as_f64().unwrap();
    assert!((depth(1) / depth(0) - 0.4).abs() < 0.05);

    let page = laboratory.page("third");
    for part in [
        "Passed",
        "Limits of detection",
        "same records",
        "Trends",
        "heterozygous",
        "Signature",
        "SHA-256",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let history = fs::read_to_string(laboratory.path("history.jsonl")).unwrap();
    assert_eq!(history.lines().count(), 4);
    assert!(!laboratory.path("first/sample.repeat.vcf.gz").exists());
}

#[test]
fn a_worse_caller_ends_with_status_3() {
    let laboratory = Laboratory::new("");
    laboratory.validate("first", &["--accept"]).success();
    // Heterozygous SNPs are below this fraction.
    laboratory.plan("call = ['--min-snp-lod', '25']");
    laboratory
        .validate("second", &[])
        .code(3)
        .stderr(contains("SNP got worse"));
    assert!(laboratory.page("second").contains("Failed"));
    // What is accepted becomes the state to compare with.
    laboratory.validate("third", &["--accept"]).success();
    laboratory.validate("fourth", &[]).success();
}

/// Trains a small model for one epoch on the few examples of the sample.
fn train_briefly(laboratory: &Laboratory, name: &str) {
    let path = |name: &str| laboratory.path(name).display().to_string();
    let of_sample = |name: &str| format!("{SAMPLE}/{name}");
    let run = |words: &[&str], files: &[(&str, String)]| {
        let files = files.iter().flat_map(|(flag, file)| [*flag, file.as_str()]);
        common::dvcall().args(words).args(files).assert().success();
    };
    for (shards, contig) in [("training", "chrA"), ("validation", "chrB")] {
        let files = [
            ("--ref", of_sample("reference.fa")),
            ("--reads", of_sample("sample.bam")),
            ("--truth", of_sample("truth.vcf.gz")),
            ("--confident", of_sample("confident.bed")),
            ("--output", path(shards)),
        ];
        run(&["make-examples", "--quiet", "--regions", contig], &files);
    }
    let size = "train --quiet --device cpu --threads 1 --epochs 1 --stem 8 --stages 8,16 --columns 65 --hidden 32";
    let files = [
        ("--examples", path("training")),
        ("--validation", path("validation")),
        ("--output", path(name)),
    ];
    run(&size.split(' ').collect::<Vec<_>>(), &files);
}

#[test]
fn a_model_made_worse_is_found() {
    let laboratory = Laboratory::new("");
    laboratory.validate("first", &["--accept"]).success();
    train_briefly(&laboratory, "brief.safetensors");
    // The path is relative to the plan.
    laboratory.plan("call = ['--model', 'brief.safetensors']");
    laboratory.validate("second", &[]).code(3).stderr(contains("got worse"));
    assert!(
        laboratory
            .page("second")
            .contains("another model than in the accepted state")
    );
}

#[test]
fn calls_of_any_caller_are_validated_and_a_filter_that_fails_them_is_found() {
    let laboratory = Laboratory::new("");
    laboratory.validate("calls", &[]).success();
    let calls = laboratory.path("calls.vcf");
    let calls_of_sample = laboratory.path("calls/sample.calls.vcf.gz");
    let text = common::text_of(&calls_of_sample);
    fs::write(&calls, &text).unwrap();
    let plan = format!(
        "name = 'calls'\nref = '{SAMPLE}/reference.fa'\naccepted = 'calls.json'\n[[set]]\nname = 'x'\ncalls = 'calls.vcf'\n\
         truth = '{SAMPLE}/truth.vcf.gz'\n"
    );
    fs::write(laboratory.path("plan.toml"), plan).unwrap();
    laboratory.validate("first", &["--accept"]).success();
    laboratory.validate("second", &[]).success();
    fs::write(&calls, text.replace("\tPASS\t", "\tLowQual\t")).unwrap();
    laboratory
        .validate("third", &[])
        .code(3)
        .stderr(contains("SNP got worse"));
}

#[test]
fn another_reference_or_truth_is_not_comparable() {
    let laboratory = Laboratory::new("");
    for name in ["reference.fa", "reference.fa.fai", "truth.vcf.gz", "truth.vcf.gz.tbi"] {
        fs::copy(Path::new(SAMPLE).join(name), laboratory.path(name)).unwrap();
    }
    let plan = fs::read_to_string(laboratory.path("plan.toml")).unwrap();
    let own = plan.replace(&format!("{SAMPLE}/reference.fa"), "reference.fa");
    fs::write(laboratory.path("plan.toml"), own).unwrap();
    laboratory.validate("first", &["--accept"]).success();
    let fasta = fs::read_to_string(laboratory.path("reference.fa")).unwrap();
    fs::write(
        laboratory.path("reference.fa"),
        fasta.to_lowercase().replace(">chra", ">chrA").replace(">chrb", ">chrB"),
    )
    .unwrap();
    laboratory
        .validate("second", &[])
        .code(3)
        .stderr(contains("the reference is not that of the accepted state"));
}

#[test]
fn a_wrong_plan_is_an_error_and_leaves_no_outcome() {
    let laboratory = Laboratory::new("call = ['--no-such-flag']");
    laboratory.validate("x", &[]).code(1).stderr(contains("--no-such-flag"));
    laboratory.plan("nonsense = 1");
    laboratory.validate("x", &[]).code(1).stderr(contains("nonsense"));
    laboratory.plan("stratification = 'missing.tsv'");
    laboratory.validate("x", &[]).code(1).stderr(contains("missing.tsv"));
    assert!(!laboratory.path("x/validation.json").exists() && !laboratory.path("history.jsonl").exists());
}
