//! Regions as people write them: `--regions`, `--exclude-regions` and `--padding` of every command.

mod common;

use std::path::{Path, PathBuf};

use common::{dvcall, error_of, records, sample};

/// `dvcall COMMAND` on the sample.
fn run(command: &str, output: &Path, flags: &[&str]) -> assert_cmd::Command {
    let mut run = dvcall();
    run.args([command, "--threads", "1", "--ref"])
        .arg(sample().join("reference.fa"))
        .arg("--reads")
        .arg(sample().join("sample.bam"))
        .arg("--output")
        .arg(output)
        .args(flags);
    run
}

struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The records of a call, and what it logs.
    fn called(&self, flags: &[&str]) -> (Vec<String>, String) {
        let output = run("call", &self.path("c.vcf"), flags).assert().success();
        let log = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        (records(&self.path("c.vcf")), log)
    }
}

/// The position of a record.
fn position(record: &str) -> u64 {
    record.split('\t').nth(1).unwrap().parse().unwrap()
}

#[test]
fn all_spellings_of_a_region_give_the_same_calls() {
    let world = World::new();
    let (expected, log) = world.called(&["--regions", "chrA:10,001-14,000"]);
    assert!(expected.len() > 2 && !log.contains("taken as"), "{log}");
    let bed = world.file("x.bed", "chrA\t10000\t14000\r\n");
    world.file("z.bed", "chrA\t10000\t14000\n");
    let zipped = std::process::Command::new("gzip").arg(world.path("z.bed")).status();
    assert!(zipped.unwrap().success());
    let zipped = world.path("z.bed.gz").to_str().unwrap().to_owned();
    let list = world.file("x.list", "# two parts\r\nchrA:12,001-14,000\r\n{chrA}:10001..12000\r\n");
    let picard = world.file(
        "x.interval_list",
        "@HD\tVN:1.6\n@SQ\tSN:chrA\tLN:60000\nchrA\t10001\t14000\t+\ttarget\n",
    );
    let text = world.file("x.txt", "chrA\t10000\t14000\n");
    for (value, told) in [
        ("chrA:10001..14000", ""),
        ("{chrA}:10,001-14,000", ""),
        ("chrA:12,000-14,000,chrA:10,001-11,999", ""),
        (&bed, "x.bed: 4000 bases, taken as BED (positions count from 0"),
        (&zipped, "z.bed.gz: 4000 bases, taken as BED"),
        (
            &list,
            "x.list: 4000 bases, taken as a list of regions, one a line (positions count from 1",
        ),
        (&picard, "taken as a Picard interval list (positions count from 1"),
        (
            &text,
            "taken as BED (positions count from 0, the end is not included); if positions count from 1, let",
        ),
    ] {
        let (found, log) = world.called(&["--regions", value]);
        assert_eq!(found, expected, "{value}");
        assert!(log.contains(told), "{value}: {log}");
    }
}

#[test]
fn one_base_padding_and_exclusion() {
    let world = World::new();
    let (all, _) = world.called(&["--regions", "chrA:10001-14000"]);
    let (first, last) = (position(&all[0]), position(&all[all.len() - 1]));
    let inside = |start: u64, end: u64| -> Vec<String> {
        let all = all.iter().filter(|record| (start..=end).contains(&position(record)));
        all.cloned().collect()
    };
    let (one, _) = world.called(&["--regions", &format!("chrA:{first}")]);
    assert_eq!(one, inside(first, first));
    let middle = format!("chrA:{}-{}", first + 50, last - 50);
    assert_eq!(world.called(&["--regions", &middle]).0, inside(first + 50, last - 50));
    assert_eq!(world.called(&["--regions", &middle, "--padding", "50"]).0, all);
    let excluded = world.file("no.list", &format!("chrA:{first}\nchrB\n"));
    let (rest, log) = world.called(&["--regions", "chrA:10001-14000", "--exclude-regions", &excluded]);
    assert_eq!(rest, inside(first + 1, last));
    assert!(log.contains("--exclude-regions "), "{log}");
    let flags = ["--regions", &middle, "--padding", "50", "--exclude-regions", &excluded];
    assert_eq!(world.called(&flags).0, inside(first + 1, last));
    let (none, log) = world.called(&["--regions", &middle, "--exclude-regions", "chrA"]);
    assert!(none.is_empty() && log.contains("leaves no base"), "{log}");
}

#[test]
fn every_command_takes_the_same_regions() {
    let world = World::new();
    let picard = world.file("x.interval_list", "chrA\t10001\t14000\t+\ttarget\n");
    let flags = [
        "--regions",
        &picard,
        "--exclude-regions",
        "chrA:11,001-",
        "--padding",
        "10",
    ];
    for command in ["make-examples", "show"] {
        let output = run(command, &world.path(command), &flags).assert().success();
        let log = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(log.contains("taken as a Picard interval list"), "{command}: {log}");
    }
    let table = std::fs::read_to_string(world.path("show").join("alleles.tsv")).unwrap();
    let positions: Vec<u64> = table.lines().skip(1).map(position).collect();
    assert!(
        !positions.is_empty() && positions.iter().all(|p| (9_991..=11_000).contains(p)),
        "{positions:?}"
    );
    let manifest = std::fs::read_to_string(world.path("make-examples").join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let chosen = ["regions", "exclude_regions", "padding"].map(|key| manifest["info"][key].clone());
    let expected = [
        serde_json::json!([picard]),
        serde_json::json!(["chrA:11,001-"]),
        10.into(),
    ];
    assert_eq!(chosen, expected);

    let truth = sample().join("truth.vcf.gz");
    let evaluate = |flags: &[&str]| -> u64 {
        let mut command = dvcall();
        command.args(["evaluate", "--ref"]).arg(sample().join("reference.fa"));
        command.arg("--truth").arg(&truth).arg("--query").arg(&truth);
        command
            .arg("--output")
            .arg(world.path("e"))
            .args(flags)
            .assert()
            .success();
        let table = std::fs::read_to_string(world.path("e.summary.csv")).unwrap();
        let of_pass = table.lines().filter(|line| line.contains(",PASS,"));
        of_pass
            .map(|line| line.split(',').nth(2).unwrap().parse::<u64>().unwrap())
            .sum()
    };
    let all = evaluate(&[]);
    let inside = evaluate(&["--regions", "chrA:-30000,chrB"]);
    let outside = evaluate(&["--exclude-regions", "chrA:-30000,chrB"]);
    assert!(
        inside > 0 && outside > 0 && inside + outside == all,
        "{inside} {outside} {all}"
    );
    assert!(evaluate(&["--regions", "chrB", "--padding", "9"]) < all);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let world = World::new();
    let output = world.path("c.vcf");
    let other = world.file("x.interval_list", "@SQ\tSN:chrA\tLN:59999\nchrA\t1\t5\t+\tx\n");
    for (flags, cause) in [
        (["--regions", "chrA:1-5,,chrB"], "missing before or after a comma"),
        (
            ["--regions", "chrA,none.interval_list"],
            "none.interval_list: no such file",
        ),
        (["--exclude-regions", "A:5-6"], "it has 'chrA'"),
        (["--exclude-regions", &other], "made for another reference"),
    ] {
        let message = error_of(run("call", &output, &flags).arg("--quiet"));
        assert!(message.contains(cause), "{message}");
    }
    // What is read is not replaced.
    let list = world.file("x.list", "chrA:1-5\n");
    for flag in ["--regions", "--exclude-regions"] {
        let value = format!("chrB,{list}");
        let message = error_of(run("call", Path::new(&list), &[flag, &value]).arg("--quiet"));
        assert!(message.contains("would replace the input"), "{message}");
    }
    run("call", &output, &["--padding", "5"]).assert().code(2);
}
