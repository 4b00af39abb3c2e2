//! Tiers: fitted by `calibrate --tiers`, written by `call --tiers`.

mod common;

use std::path::Path;

use common::{call, dvcall, error_of, records, sample};

fn run(flags: &[&str]) {
    let mut command = dvcall();
    command.args(flags).assert().success();
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_type_or_depth_with_too_few_examples_has_no_tier_1() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let [reference, reads, truth, confident] =
        ["reference.fa", "sample.bam", "truth.vcf.gz", "confident.bed"].map(|name| sample().join(name));
    let inputs = ["--quiet", "--ref", path(&reference), "--reads", path(&reads)];
    let labels = ["--truth", path(&truth), "--confident", path(&confident)];
    let shards = at("shards");
    run(&[&["make-examples"], &inputs[..], &labels, &["--output", path(&shards)]].concat());
    let model = at("tiered.safetensors");
    run(&[
        "calibrate",
        "--quiet",
        "--tiers",
        "--device",
        "cpu",
        "--examples",
        path(&shards),
        "--output",
        path(&model),
    ]);
    let card = std::fs::read_to_string(at("tiered.json")).unwrap();
    let card: serde_json::Value = serde_json::from_str(&card).unwrap();
    let tiers = &card["tiers"];
    assert_eq!(tiers["guard_rails"]["caught"], 0.995);
    assert_eq!(card["tiers_fitted_on"].as_array().unwrap().len(), 1);
    let bands = ["snp", "indel"].map(|name| tiers[name]["bands"].as_array().unwrap());
    assert!(
        bands
            .iter()
            .all(|bands| bands.len() == 4 && bands.iter().all(|band| band["confirm"].is_null()))
    );
    let calls: u64 = bands
        .iter()
        .flat_map(|bands| bands.iter())
        .map(|band| band["right"].as_u64().unwrap())
        .sum();
    assert!(calls > 30, "{calls}");
    let told = dvcall()
        .args(["model-info", "--model", path(&model)])
        .assert()
        .success();
    let told = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    assert!(told.contains("99.5 % of the wrong calls"), "{told}");
    assert!(told.contains("indel, 25 reads and more: no tier 1, because "), "{told}");

    let called = |name: &str, flags: &[&str]| {
        call(&reference, &reads, &at(name)).args(flags).assert().success();
        records(&at(name))
    };
    let plain = called("plain.vcf", &["--no-tiers"]);
    let tiered = called("tiered.vcf", &["--tiers", "--model", path(&model)]);
    assert_eq!(called("default.vcf", &["--model", path(&model)]), tiered);
    assert_eq!(called("without.vcf", &["--no-tiers", "--model", path(&model)]), plain);
    assert_eq!(plain.len(), tiered.len());
    let mut confirmed = 0;
    for (before, after) in plain.iter().zip(&tiered) {
        let tier = after.rsplit(':').next().unwrap();
        let is_passed = before.contains("\tPASS\t");
        assert!(
            if is_passed {
                ["2", "3"].contains(&tier)
            } else {
                tier == "."
            },
            "{after}"
        );
        confirmed += usize::from(tier == "2");
        let without = after.replace(":STAGE:TIER", ":STAGE");
        assert_eq!(without.strip_suffix(&format!(":{tier}")).unwrap(), before);
    }
    assert!(confirmed > 30);

    // `show` tells the same tiers.
    let shown = at("shown");
    let flags = [
        "--model",
        path(&model),
        "--regions",
        "chrA:1-10,000",
        "--output",
        path(&shown),
    ];
    run(&[&["show"], &inputs[..], &flags].concat());
    let table = std::fs::read_to_string(shown.join("alleles.tsv")).unwrap();
    let mut compared = 0;
    for record in tiered.iter().filter(|record| record.contains("\tPASS\t")) {
        let columns: Vec<_> = record.split('\t').collect();
        let place = format!("{}\t{}\t{}\t{}\t", columns[0], columns[1], columns[3], columns[4]);
        if let Some(row) = table.lines().find(|row| row.starts_with(&place)) {
            let tier = columns[9].rsplit(':').next().unwrap();
            assert!(row.contains(&format!("\tPASS tier {tier}\t")), "{row}");
            compared += 1;
        }
    }
    assert!(compared > 5);
}

#[test]
fn a_model_without_tiers_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (reference, reads) = (sample().join("reference.fa"), sample().join("sample.bam"));
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let model = folder.path().join("plain.safetensors");
    std::fs::copy(models.join("wgs.safetensors"), &model).unwrap();
    let card = std::fs::read(models.join("wgs.json")).unwrap();
    let mut card: serde_json::Value = serde_json::from_slice(&card).unwrap();
    let removed = ["tiers", "tiers_fitted_on"].map(|field| card.as_object_mut().unwrap().remove(field));
    assert!(removed.iter().all(Option::is_some));
    std::fs::write(folder.path().join("plain.json"), card.to_string()).unwrap();
    let called = |name: &str, flags: &[&str]| {
        let output = folder.path().join(name);
        let mut command = call(&reference, &reads, &output);
        command.args(flags);
        (command, output)
    };
    let (mut command, output) = called("x.vcf", &["--model", path(&model)]);
    command.assert().success();
    assert!(records(&output).iter().all(|record| !record.contains(":TIER")));
    let error = error_of(&mut called("y.vcf", &["--tiers", "--model", path(&model)]).0);
    assert!(
        error.contains("has no tiers") && error.contains("dvcall calibrate --tiers"),
        "{error}"
    );
}

#[test]
fn the_built_in_model_gives_tiers() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("x.vcf");
    let (reference, reads) = (sample().join("reference.fa"), sample().join("sample.bam"));
    call(&reference, &reads, &output).assert().success();
    let records = records(&output);
    let with = |tier: &str| {
        records
            .iter()
            .filter(|record| record.rsplit(':').next() == Some(tier))
            .count()
    };
    assert!(with("1") > with("2") && with("2") > 0, "{} {}", with("1"), with("2"));
    assert_eq!(with("1") + with("2") + with("3") + with("."), records.len());
}

/// TP and FP of the indels and SNPs that pass, from the summary of an evaluation.
fn summary(prefix: &Path) -> Vec<(u64, u64)> {
    let mut table = csv::Reader::from_path(prefix.with_added_extension("summary.csv")).unwrap();
    let headings = table.headers().unwrap().clone();
    let column = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    let number = |row: &csv::StringRecord, name| row[column(name)].parse::<u64>().unwrap();
    let row = |variant_type: &str| {
        let is_asked =
            |row: &&csv::StringRecord| &row[column("Type")] == variant_type && &row[column("Filter")] == "PASS";
        let row = rows.iter().find(is_asked).unwrap();
        let wrong = number(row, "QUERY.FP");
        (number(row, "QUERY.TOTAL") - number(row, "QUERY.UNK") - wrong, wrong)
    };
    ["INDEL", "SNP"].map(row).to_vec()
}

#[test]
fn evaluate_counts_by_tier_as_if_each_tier_were_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let [reference, reads, truth, confident] =
        ["reference.fa", "sample.bam", "truth.vcf.gz", "confident.bed"].map(|name| sample().join(name));
    let gates = "#bed\tname\tmin_gq\tmin_depth\tmin_allele_balance\taction\n\
        *\tdeep\t.\t28\t.\ttier2\n*\tsure\t40\t.\t.\ttier3\n";
    std::fs::write(at("gates.tsv"), gates).unwrap();
    let gates = at("gates.tsv");
    call(&reference, &reads, &at("calls.vcf"))
        .args(["--gates", path(&gates)])
        .assert()
        .success();
    let text = std::fs::read_to_string(at("calls.vcf")).unwrap();
    let evaluate = |calls: &str, prefix: &str| {
        let (calls, prefix) = (at(calls), at(prefix));
        let inputs = [
            "--ref",
            path(&reference),
            "--truth",
            path(&truth),
            "--confident",
            path(&confident),
        ];
        let files = ["--query", path(&calls), "--output", path(&prefix)];
        run(&[&["evaluate", "--quiet"], &inputs[..], &files].concat());
    };
    evaluate("calls.vcf", "all");
    let mut table = csv::Reader::from_path(at("all.tiers.csv")).unwrap();
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    let mut filled = 0;
    for tier in ["1", "2", "3", "none"] {
        let asked = if tier == "none" { "." } else { tier };
        let is_kept = |line: &&str| line.starts_with('#') || line.rsplit(':').next() == Some(asked);
        let kept: Vec<&str> = text.lines().filter(is_kept).collect();
        std::fs::write(at("kept.vcf"), kept.join("\n") + "\n").unwrap();
        evaluate("kept.vcf", "kept");
        let counts = rows.iter().filter(|row| &row[0] == tier);
        let counts: Vec<(u64, u64)> = counts
            .map(|row| (row[2].parse().unwrap(), row[3].parse().unwrap()))
            .collect();
        assert_eq!(counts, summary(&at("kept")), "{tier}");
        filled += usize::from(counts.iter().any(|(right, _)| *right > 0));
    }
    assert!(filled == 3, "tiers 2 and 3, and calls without a tier: {filled}");
    let page = std::fs::read_to_string(at("all.html")).unwrap();
    assert!(page.contains("<h2>Tiers</h2>"));
}
