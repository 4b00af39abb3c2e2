//! The report of targets: `call --targets`, and its section in `report`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{call, dvcall, error_of, records, sample};

struct World {
    folder: tempfile::TempDir,
}

/// Sums of a target: its columns by name.
struct Row(Vec<String>);

impl Row {
    fn get(&self, columns: &str, name: &str) -> &str {
        let rank = columns.split('\t').position(|column| column == name);
        &self.0[rank.unwrap_or_else(|| panic!("no column {name}"))]
    }
}

/// The tables of a run.
struct Tables {
    columns: String,
    rows: Vec<Row>,
    not_called: Vec<String>,
}

impl Tables {
    fn value(&self, target: &str, column: &str) -> &str {
        let row = self.rows.iter().find(|row| row.get(&self.columns, "name") == target);
        row.unwrap_or_else(|| panic!("no target {target}"))
            .get(&self.columns, column)
    }

    fn number(&self, target: &str, column: &str) -> f64 {
        self.value(target, column).parse().unwrap()
    }
}

impl World {
    fn new(targets: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("targets.bed"), targets).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, flags: &[&str]) -> assert_cmd::Command {
        let reads = sample().join("sample.bam");
        let mut command = call(&sample().join("reference.fa"), &reads, &self.path("x.vcf"));
        command.arg("--targets").arg(self.path("targets.bed"));
        command.arg("--target-report").arg(self.path("x")).args(flags);
        command
    }

    fn tables(&self, flags: &[&str]) -> Tables {
        self.command(flags).assert().success();
        let read = |name: &str| fs::read_to_string(self.path(name)).unwrap();
        let table = read("x.targets.tsv");
        let mut lines = table.lines();
        Tables {
            columns: lines.next().unwrap().to_owned(),
            rows: lines
                .map(|line| Row(line.split('\t').map(str::to_owned).collect()))
                .collect(),
            not_called: read("x.not-called.bed").lines().map(str::to_owned).collect(),
        }
    }
}

const TARGETS: &str = "chrA\t1000\t9000\tgene\t0\t+\nchrA\t2000\t2500\texon1\nchrA\t8000\t9000\texon2\nchrB\t100\t400\nchrA\t40000\t40010\tfar\n";

#[test]
fn the_bases_of_each_target_add_up() {
    let world = World::new(TARGETS);
    let tables = world.tables(&["--regions", "chrA:1-8500,chrB"]);
    assert_eq!(tables.rows.len(), 5);
    for row in &tables.rows {
        let number = |name: &str| row.get(&tables.columns, name).parse::<f64>().unwrap();
        let reasons = [
            "filtered_variant",
            "few_reads",
            "reads_disagree",
            "no_reads",
            "unknown_reference",
            "no_copy",
            "outside_regions",
        ];
        let lost: f64 = reasons.iter().map(|reason| number(reason)).sum();
        let called = number("share_called") * number("bases");
        assert!((called + lost - number("bases")).abs() < 0.5, "{:?}", row.0);
        let name = row.get(&tables.columns, "name");
        let listed = tables
            .not_called
            .iter()
            .filter(|line| line.split('\t').nth(3).unwrap().starts_with(&format!("{name}:")));
        let listed: u64 = listed
            .map(|line| {
                let fields: Vec<_> = line.split('\t').collect();
                fields[2].parse::<u64>().unwrap() - fields[1].parse::<u64>().unwrap()
            })
            .sum();
        assert_eq!(listed as f64, lost, "{name}");
    }
    // What was not looked at is not the reference.
    assert_eq!(tables.value("gene", "outside_regions"), "500");
    assert!(
        tables
            .not_called
            .contains(&"chrA\t8500\t9000\tgene:outside_regions".to_owned())
    );
    assert_eq!(
        (tables.value("far", "mean_depth"), tables.value("far", "share_called")),
        (".", "0.0000")
    );
    assert_eq!(tables.value("chrB:101-400", "bases"), "300");
    assert!(tables.number("gene", "mean_depth") > 15.0 && tables.number("exon1", "share_called") > 0.9);
    // The variants of the VCF are the bases that are called but not reference.
    let passed = records(&world.path("x.vcf")).into_iter().filter(|record| {
        let columns: Vec<_> = record.split('\t').collect();
        let position: u64 = columns[1].parse().unwrap();
        columns[0] == "chrA" && (2001..=2500).contains(&position) && columns[6] == "PASS"
    });
    let bases: usize = passed.map(|record| record.split('\t').nth(3).unwrap().len()).sum();
    let share = tables.number("exon1", "share_called") - tables.number("exon1", "share_reference_gq20");
    assert!((share * 500.0 - bases as f64).abs() < 0.2, "{share} {bases}");
}

#[test]
fn tables_do_not_depend_on_threads_regions_or_a_gvcf() {
    let world = World::new(TARGETS);
    let run = |flags: &[&str]| {
        let tables = world.tables(flags);
        (
            tables.rows.into_iter().map(|row| row.0).collect::<Vec<_>>(),
            tables.not_called,
        )
    };
    let one = run(&["--threads", "1"]);
    let gvcf = world.path("x.g.vcf");
    assert_eq!(one, run(&["--threads", "3", "--gvcf", gvcf.to_str().unwrap()]));
    let records_with = records(&world.path("x.vcf"));
    call(
        &sample().join("reference.fa"),
        &sample().join("sample.bam"),
        &world.path("x.vcf"),
    )
    .assert()
    .success();
    assert_eq!(records_with, records(&world.path("x.vcf")));
}

#[test]
fn a_gate_makes_a_variant_uncalled_and_a_haploid_contig_needs_fewer_reads() {
    let world = World::new("chrA\t0\t20000\ta\n");
    let gates = world.path("gates.tsv");
    fs::write(&gates, "*\tall\t.\t10000\t.\tSHALLOW\n").unwrap();
    let plain = world.tables(&[]);
    let gated = world.tables(&["--gates", gates.to_str().unwrap()]);
    let variants = |tables: &Tables| tables.number("a", "share_called") - tables.number("a", "share_reference_gq20");
    assert!(variants(&plain) > 0.0 && variants(&gated) == 0.0);
    assert!(gated.number("a", "filtered_variant") > plain.number("a", "filtered_variant"));
    let haploid = world.tables(&["--haploid-contigs", "chrA"]);
    assert!(haploid.number("a", "few_reads") <= plain.number("a", "few_reads"));
    assert_eq!(haploid.value("a", "mean_depth"), plain.value("a", "mean_depth"));
}

#[test]
fn the_page_has_a_section_about_targets() {
    let world = World::new(TARGETS);
    world.command(&["--regions", "chrA:1-8500,chrB"]).assert().success();
    let report = |targets: &Path| {
        let mut command = dvcall();
        command.args(["report", "--quiet"]).arg(world.path("x.vcf"));
        command
            .arg("--targets")
            .arg(targets)
            .arg("--output")
            .arg(world.path("x.html"));
        command
    };
    report(&world.path("x.targets.tsv")).assert().success();
    let page = fs::read_to_string(world.path("x.html")).unwrap();
    assert!(page.contains("<h2 id=\"targets\">Targets</h2>") && page.contains("<td>gene</td><td>chrA:1001-9000</td>"));
    assert!(page.contains("500 outside of the regions of the run"), "{page}");
    let error = error_of(&mut report(&world.path("targets.bed")));
    assert!(error.contains("targets.bed: not a table of targets"), "{error}");
}

#[test]
fn bad_targets_are_refused() {
    let world = World::new("chrC\t1\t5\n");
    assert!(error_of(&mut world.command(&[])).contains("contig 'chrC' is not in the reference"));
    fs::write(world.path("targets.bed"), TARGETS).unwrap();
    let resume = error_of(&mut world.command(&["--resume"]));
    assert!(resume.contains("a run with --targets cannot go on"), "{resume}");
    world
        .command(&["--alleles", "p.vcf", "--only-alleles"])
        .assert()
        .code(2);
    assert!(!world.path("x.vcf").exists() && !world.path("x.targets.tsv").exists());
}
