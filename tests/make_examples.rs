//! Tests of `dvcall make-examples`: labels, shards, manifest, and refused inputs.

mod common;

use std::fs;
use std::path::Path;

use dvcall::examples::{Example, Manifest, ShardReader};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

/// The command on the bundled sample, without output and truth.
fn on_sample() -> assert_cmd::Command {
    let sample = common::sample();
    let mut command = common::dvcall();
    command
        .arg("make-examples")
        .arg("--ref")
        .arg(sample.join("reference.fa"));
    command.arg("--reads").arg(sample.join("sample.bam"));
    command
}

fn with_truth(mut command: assert_cmd::Command) -> assert_cmd::Command {
    let sample = common::sample();
    command.arg("--truth").arg(sample.join("truth.vcf.gz"));
    command.arg("--confident").arg(sample.join("confident.bed"));
    command
}

/// Runs the command with a new output folder; returns the examples, manifest and table.
fn made(mut command: assert_cmd::Command) -> (Vec<Example>, Manifest, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("examples");
    let table = command
        .arg("--output")
        .arg(&output)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["examples"], "only the output is left");
    let reader = ShardReader::open(&output).unwrap();
    let examples = (0..reader.len())
        .flat_map(|shard| reader.read(shard).unwrap())
        .collect();
    (
        examples,
        Manifest::read(&output).unwrap().0,
        String::from_utf8(table).unwrap(),
    )
}

/// Numbers of a row of the table. `name` is the row's first word, `occurrence` its index among rows with that word.
fn row(table: &str, name: &str, occurrence: usize) -> Vec<u64> {
    let mut rows = table.lines().filter(|line| line.starts_with(name));
    let row = rows
        .nth(occurrence)
        .unwrap_or_else(|| panic!("no row {name} in {table}"));
    row.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn candidates_of_the_sample_are_labelled_and_explain_all_truth() {
    let folder = tempfile::tempdir().unwrap();
    let missed = folder.path().join("missed.tsv");
    let mut command = with_truth(on_sample());
    command.arg("--missed-truth").arg(&missed);
    let (examples, manifest, table) = made(command);
    assert_eq!(manifest.examples, examples.len() as u64);
    assert_eq!(manifest.snp.labelled() + manifest.indel.labelled(), manifest.examples);
    for name in ["SNP", "INDEL"] {
        let [total, explained, missed] = row(&table, name, 1)[..] else {
            panic!("{table}")
        };
        assert!(total > 20 && explained == total && missed == 0, "{table}");
    }
    assert_eq!(
        fs::read_to_string(missed).unwrap().lines().count(),
        1,
        "a header and no line"
    );
    // The first two truth records: a heterozygous SNP and a heterozygous deletion.
    let label = |position: u64| {
        examples
            .iter()
            .find(|e| e.contig == "chrA" && e.position + 1 == position)
            .unwrap()
            .label
    };
    assert_eq!([label(1_659), label(2_116)], [Some(1), Some(1)]);
    for input in ["reference", "reads", "reads_index", "truth", "confident"] {
        assert_eq!(manifest.info["inputs"][input]["sha256"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn examples_do_not_depend_on_threads_format_or_the_split_of_regions() {
    let run = |arguments: &[&str]| {
        let mut command = with_truth(on_sample());
        command.args(arguments);
        made(command).0
    };
    let whole = run(&["--regions", "chrA", "--threads", "1"]);
    assert!(whole.len() > 100, "{} examples", whole.len());
    assert!(whole == run(&["--regions", "chrA", "--threads", "3"]));
    let mut cut = run(&["--regions", "chrA:1-23,456"]);
    cut.extend(run(&["--regions", "chrA:23,457-60,000"]));
    assert!(whole == cut);
    let sample = common::sample();
    let mut cram = common::dvcall();
    cram.arg("make-examples").arg("--ref").arg(sample.join("reference.fa"));
    cram.arg("--reads")
        .arg(sample.join("sample.cram"))
        .args(["--regions", "chrA"]);
    assert!(whole == made(with_truth(cram)).0);
}

#[test]
fn candidates_outside_truth_or_confident_regions_have_no_label() {
    let (unlabelled, manifest, table) = made(on_sample());
    assert!(unlabelled.iter().all(|e| e.label.is_none()));
    assert_eq!(manifest.labelled(), 0);
    assert!(!table.contains("explained"), "{table}");

    let mut keep = with_truth(on_sample());
    keep.arg("--keep-unlabelled");
    let (kept, ..) = made(keep);
    let (labelled, _, table) = made(with_truth(on_sample()));
    assert_eq!(kept.len(), unlabelled.len());
    assert!(kept.iter().filter(|e| e.label.is_some()).eq(labelled.iter()));
    assert!(labelled.len() < kept.len());
    assert!(row(&table, "SNP", 0)[5] > 0, "{table}");
}

#[test]
fn downsampling_is_repeatable_and_thins_the_pileups() {
    let rows = |arguments: &[&str]| -> Vec<(u64, usize)> {
        let mut command = on_sample();
        command.args(["--regions", "chrA:1-20,000"]).args(arguments);
        made(command).0.iter().map(|e| (e.position, e.image.len())).collect()
    };
    let mean = |rows: &[(u64, usize)]| rows.iter().map(|r| r.1).sum::<usize>() as f64 / rows.len() as f64;
    let (whole, half) = (rows(&[]), rows(&["--downsample", "0.5", "--seed", "7"]));
    assert_eq!(half, rows(&["--downsample", "0.5", "--seed", "7"]));
    assert_ne!(half, rows(&["--downsample", "0.5", "--seed", "8"]));
    assert!(mean(&half) < 0.75 * mean(&whole), "{} of {}", mean(&half), mean(&whole));
}

#[test]
fn an_output_folder_is_only_replaced_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = on_sample();
        command
            .args(["--regions", "chrB:1-5000", "--output"])
            .arg(folder.path().join("out"))
            .args(arguments);
        command
    };
    run(&[]).assert().success();
    fs::write(folder.path().join("out/shard-00007.tsv"), "").unwrap();
    assert!(common::error_of(&mut run(&[])).contains("--overwrite"));
    assert!(folder.path().join("out/shard-00007.tsv").exists());
    run(&["--overwrite"]).assert().success();
    assert!(!folder.path().join("out/shard-00007.tsv").exists() && folder.path().join("out/manifest.json").exists());
    // Overwriting also works through a link, which is kept.
    std::os::unix::fs::symlink("out", folder.path().join("link")).unwrap();
    let mut linked = on_sample();
    linked
        .args(["--regions", "chrB:1-5000", "--overwrite", "--output"])
        .arg(folder.path().join("link"));
    linked.assert().success();
    assert!(folder.path().join("link").is_symlink() && folder.path().join("out/manifest.json").exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn only_an_earlier_set_is_overwritten() {
    // A separate folder, so that `..` contains nothing else.
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("sets");
    fs::create_dir(&folder).unwrap();
    let path = |name: &str| folder.join(name);
    let refuses = |output: &str, what: &str| {
        let mut command = on_sample();
        command.current_dir(&folder).args(["--overwrite", "--output", output]);
        let message = common::error_of(&mut command);
        assert!(message.contains(what), "{message}");
    };
    for (name, holds) in [
        ("mixed", &["manifest.json", "shard-00000.tsv", "reads.bam"][..]),
        ("unmarked", &["shard-00000.tsv"]),
        ("foreign", &["notes.txt"]),
        ("nested", &["manifest.json", "shard-folder/kept"]),
    ] {
        for file in holds {
            fs::create_dir_all(path(name).join(file).parent().unwrap()).unwrap();
            fs::write(path(name).join(file), "kept").unwrap();
        }
    }
    refuses("mixed", "mixed holds reads.bam;");
    refuses("unmarked", "unmarked holds shard-00000.tsv and no manifest.json");
    refuses("foreign", "notes.txt");
    refuses("nested", "shard-folder");
    for output in [".", "..", "mixed/..", folder.to_str().unwrap()] {
        refuses(output, &format!("cannot make output folder {output}: "));
    }
    refuses("-", "not the name of a folder");
    refuses("foreign/notes.txt", "not a folder");
    let kept = [
        "mixed/reads.bam",
        "mixed/manifest.json",
        "unmarked/shard-00000.tsv",
        "foreign/notes.txt",
    ];
    assert!(
        kept.iter()
            .chain(&["nested/shard-folder/kept"])
            .all(|file| path(file).exists())
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
}

#[test]
fn outputs_replace_no_input_and_no_other_output() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.vcf.gz");
    fs::copy(common::sample().join("truth.vcf.gz"), &truth).unwrap();
    let before = fs::read(&truth).unwrap();
    let refuses = |flags: &[&str], what: &str| {
        let mut command = on_sample();
        command
            .arg("--truth")
            .arg(&truth)
            .arg("--confident")
            .arg(common::sample().join("confident.bed"));
        let message = common::error_of(command.current_dir(folder.path()).args(flags));
        assert!(message.contains(what), "{message}");
        assert_eq!(fs::read(&truth).unwrap(), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    };
    for flag in ["--missed-truth", "--realigned-reads"] {
        refuses(&["--output", "out", flag, "truth.vcf.gz"], "would replace the input");
        refuses(&["--output", "out", flag, "out/table"], "also the output of --output");
        refuses(&["--output", "out", flag, "-"], "not a regular file");
    }
    refuses(
        &["--output", "out", "--missed-truth", "x", "--realigned-reads", "x"],
        "also the output of --missed-truth",
    );
    refuses(&["--output", "truth.vcf.gz", "--overwrite"], "would replace the input");
}

fn truth_text() -> String {
    let mut text = String::new();
    let mut reader = rust_htslib::bgzf::Reader::from_path(common::sample().join("truth.vcf.gz")).unwrap();
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    text
}

/// Writes the sample's truth after a change and returns the error of its use.
fn error_of_truth(change: impl Fn(String) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.vcf");
    fs::write(&truth, change(truth_text())).unwrap();
    error_with(&truth, &common::sample().join("confident.bed"))
}

fn error_with(truth: &Path, confident: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("examples");
    let mut command = on_sample();
    command
        .arg("--truth")
        .arg(truth)
        .arg("--confident")
        .arg(confident)
        .arg("--output")
        .arg(&output);
    let error = common::error_of(&mut command);
    assert!(!output.exists(), "nothing under the final name");
    error
}

#[test]
fn truth_without_variants_gives_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.vcf");
    let text = truth_text();
    let header: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    fs::write(&truth, header.join("\n") + "\n").unwrap();
    let warns = |truth: &Path| {
        let mut command = on_sample();
        command.arg("--confident").arg(common::sample().join("confident.bed"));
        command
            .arg("--truth")
            .arg(truth)
            .arg("--output")
            .arg(folder.path().join("examples"));
        let output = command
            .arg("--overwrite")
            .assert()
            .success()
            .get_output()
            .stderr
            .clone();
        String::from_utf8(output)
            .unwrap()
            .contains("has no variant in the confident part")
    };
    assert!(warns(&truth));
    assert!(!warns(&common::sample().join("truth.vcf.gz")));
}

#[test]
fn invalid_truth_is_refused_in_one_line() {
    let sample = common::sample();
    let missing = error_with(Path::new("nowhere.vcf.gz"), &sample.join("confident.bed"));
    assert!(missing.contains("nowhere.vcf.gz: no such file"), "{missing}");
    let no_truth = error_with(&sample.join("reference.fa"), &sample.join("confident.bed"));
    assert!(no_truth.contains("not a VCF"), "{no_truth}");
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.vcf.gz");
    let whole = fs::read(sample.join("truth.vcf.gz")).unwrap();
    for kept in [whole.len() - 28, whole.len() / 2] {
        fs::write(&cut, &whole[..kept]).unwrap();
        let truncated = error_with(&cut, &sample.join("confident.bed"));
        assert!(truncated.contains("truncated"), "{truncated}");
    }
    let two = |line: &str| match line {
        line if line.starts_with("##") => line.to_owned(),
        line if line.starts_with('#') => format!("{line}\tother"),
        line => format!("{line}\t0/1"),
    };
    let several = error_of_truth(|text| text.lines().map(two).collect::<Vec<_>>().join("\n") + "\n");
    assert!(several.contains("2 samples"), "{several}");
    let renamed = error_of_truth(|text| text.replace("chrA", "A").replace("chrB", "B"));
    assert!(renamed.contains("no contig 'chrA'"), "{renamed}");
    let reversed = |text: String| {
        let (header, mut records): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('#'));
        records.reverse();
        header.into_iter().chain(records).collect::<Vec<_>>().join("\n") + "\n"
    };
    assert!(error_of_truth(reversed).contains("sort"));
    let other_build = error_of_truth(|text| text.replace("chrA\t1659\t.\tG", "chrA\t1659\t.\tC"));
    assert!(
        other_build.contains("chrA:1659") && other_build.contains("REF"),
        "{other_build}"
    );
}

#[test]
fn invalid_confident_regions_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let bed = folder.path().join("confident.bed");
    let truth = common::sample().join("truth.vcf.gz");
    for (text, expected) in [
        ("A\t1\t500\n", "share no base"),
        ("chrA\t5\n", "line 1"),
        ("", "is empty"),
    ] {
        fs::write(&bed, text).unwrap();
        let error = error_with(&truth, &bed);
        assert!(error.contains(expected), "{error}");
    }
    assert!(error_with(&truth, Path::new("nowhere.bed")).contains("nowhere.bed"));
}

#[test]
fn flags_that_need_each_other_are_usage_errors() {
    let truth = common::sample().join("truth.vcf.gz");
    on_sample()
        .args(["--output", "x", "--truth"])
        .arg(&truth)
        .assert()
        .code(2)
        .stderr(contains("required").and(contains("--confident <BED>")));
    on_sample()
        .args(["--output", "x", "--missed-truth", "y"])
        .assert()
        .code(2)
        .stderr(contains("required").and(contains("--truth <")));
    on_sample()
        .assert()
        .code(2)
        .stderr(contains("required").and(contains("--output <")));
    let mut fraction = on_sample();
    fraction.args(["--output", "x", "--downsample", "1.5"]);
    fraction.assert().code(2).stderr(contains("expected a fraction"));
    let folder = tempfile::tempdir().unwrap();
    let mut unwritable = with_truth(on_sample());
    unwritable
        .arg("--output")
        .arg(folder.path().join("x"))
        .args(["--missed-truth", "/dev/null/missed.tsv"]);
    assert!(common::error_of(&mut unwritable).contains("/dev/null/missed.tsv"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The command with the sample's changed truth as plain text.
fn with_changed_truth(folder: &Path, change: impl Fn(&str) -> String) -> assert_cmd::Command {
    let mut text = String::new();
    let mut reader = rust_htslib::bgzf::Reader::from_path(common::sample().join("truth.vcf.gz")).unwrap();
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    let changed: Vec<String> = text
        .lines()
        .map(|line| match line.starts_with('#') {
            true => line.to_owned(),
            false => change(line),
        })
        .collect();
    let truth = folder.join("truth.vcf");
    fs::write(&truth, changed.join("\n") + "\n").unwrap();
    let mut command = on_sample();
    command.arg("--truth").arg(truth);
    command.arg("--confident").arg(common::sample().join("confident.bed"));
    command
}

/// Positions and labels of the examples.
fn labels(command: assert_cmd::Command) -> Vec<(String, u64, Option<u8>)> {
    let examples = made(command).0;
    examples.into_iter().map(|e| (e.contig, e.position, e.label)).collect()
}

#[test]
fn duplicated_or_vcf_4_4_truth_gives_the_same_labels() {
    let folder = tempfile::tempdir().unwrap();
    let expected = labels(with_truth(on_sample()));
    let doubled = || with_changed_truth(folder.path(), |line| format!("{line}\n{line}"));
    assert_eq!(labels(doubled()), expected);
    let mut command = doubled();
    let output = folder.path().join("examples");
    let told = command
        .arg("--output")
        .arg(&output)
        .assert()
        .success()
        .get_output()
        .stderr
        .clone();
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("that repeat another call"), "{told}");
    let signed = with_changed_truth(folder.path(), |line| {
        let (columns, genotype) = line.rsplit_once('\t').unwrap();
        let sign = if genotype.contains('|') { '|' } else { '/' };
        format!("{columns}\t{sign}{genotype}")
    });
    assert_eq!(labels(signed), expected);
}

/// A variant that failed a filter is neither true nor false: candidates at its position get no label.
#[test]
fn filtered_truth_gives_no_label() {
    let folder = tempfile::tempdir().unwrap();
    let position = |line: &str| line.split('\t').nth(1).unwrap().parse::<u64>().unwrap();
    let half = |line: &str| match position(line) % 2 {
        0 => line.replacen("\tPASS\t", "\tweak\t", 1),
        _ => line.to_owned(),
    };
    let filtered = || with_changed_truth(folder.path(), half);
    let kept = labels(with_truth(on_sample()));
    let left = labels(filtered());
    assert!(left.iter().all(|label| kept.contains(label)), "no label changed");
    let lost = kept
        .iter()
        .filter(|label| !left.contains(label) && label.2 > Some(0))
        .count();
    assert!(lost > 10 && left.len() > 10, "{lost} lost, {} left", left.len());
    let mut command = filtered();
    command.arg("--use-filtered-truth");
    assert_eq!(labels(command), kept);
    let output = folder.path().join("examples");
    let told = filtered()
        .arg("--output")
        .arg(&output)
        .assert()
        .success()
        .get_output()
        .stderr
        .clone();
    assert!(String::from_utf8(told).unwrap().contains("--use-filtered-truth"));
}

#[test]
fn bcf_truth_gives_the_same_labels() {
    use rust_htslib::bcf::{Format, Header, Read, Reader, Writer};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("truth.bcf");
    let mut reader = Reader::from_path(common::sample().join("truth.vcf.gz")).unwrap();
    let header = Header::from_template(reader.header());
    let mut writer = Writer::from_path(&path, &header, false, Format::Bcf).unwrap();
    for record in reader.records() {
        writer.write(&record.unwrap()).unwrap();
    }
    drop(writer);
    let mut command = on_sample();
    command.arg("--truth").arg(&path);
    command.arg("--confident").arg(common::sample().join("confident.bed"));
    assert_eq!(labels(command), labels(with_truth(on_sample())));
}
