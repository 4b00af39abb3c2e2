//! Gates: what `call --gates` writes, and what `evaluate --gates` counts.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{call, dvcall, error_of, records, sample};

/// Two overlapping gates with a FILTER, one with a tier, and one that holds everywhere. `first` and `last` are the
/// positions of the first and last SNP that the gate `edges` holds.
const TABLE: &str = "#bed\tname\tmin_gq\tmin_depth\tmin_allele_balance\taction\n\
    wide.bed\twide\t25\t.\t.\tWIDE\n\
    inner.bed\tinner\t60\t30\t.\tINNER\n\
    inner.bed\tbalanced\t.\t.\t0.4\ttier2\n\
    edges.bed\tedges\t.\t1000\t.\ttier3\n\
    *\tall\t8\t.\t.\tALL\n";

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new(edges: (u64, u64)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("gates.tsv", TABLE);
        write("wide.bed", "chrA\t0\t20000\nchrB\t0\t9000\n");
        write("inner.bed", "chrA\t5000\t15000\nchrA\t14000\t18000\n");
        write("edges.bed", &format!("chrA\t{}\t{}\n", edges.0 - 1, edges.1));
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn call(&self, name: &str, flags: &[&str]) -> Vec<String> {
        let (reference, reads) = (sample().join("reference.fa"), sample().join("sample.bam"));
        let mut command = call(&reference, &reads, &self.path(name));
        command.args(flags).assert().success();
        records(&self.path(name))
    }

    fn gated(&self, name: &str, flags: &[&str]) -> Vec<String> {
        let gates = self.path("gates.tsv");
        self.call(name, &[&["--gates", gates.to_str().unwrap()], flags].concat())
    }

    fn evaluate(&self, calls: &str, prefix: &str) -> String {
        let mut command = dvcall();
        command
            .args(["evaluate", "--quiet", "--ref"])
            .arg(sample().join("reference.fa"));
        command.arg("--truth").arg(sample().join("truth.vcf.gz"));
        command.arg("--confident").arg(sample().join("confident.bed"));
        command
            .arg("--query")
            .arg(self.path(calls))
            .arg("--output")
            .arg(self.path(prefix));
        command.arg("--gates").arg(self.path("gates.tsv")).assert().success();
        fs::read_to_string(self.path(&format!("{prefix}.gates.csv"))).unwrap()
    }
}

/// A record, as far as gates look at it.
struct Record<'a> {
    columns: Vec<&'a str>,
}

impl<'a> Record<'a> {
    fn new(line: &'a str) -> Self {
        Self {
            columns: line.split('\t').collect(),
        }
    }

    fn value(&self, key: &str) -> &'a str {
        let rank = self.columns[8].split(':').position(|k| k == key);
        rank.and_then(|rank| self.columns[9].split(':').nth(rank)).unwrap_or("")
    }

    fn number(&self, key: &str) -> f64 {
        self.value(key).parse().unwrap()
    }

    fn position(&self) -> u64 {
        self.columns[1].parse().unwrap()
    }

    fn alleles(&self) -> Vec<usize> {
        self.value("GT")
            .split('/')
            .map(|allele| allele.parse().unwrap())
            .collect()
    }

    /// Share of the rarest allele.
    fn balance(&self) -> f64 {
        let reads: Vec<f64> = self.value("AD").split(',').map(|n| n.parse().unwrap()).collect();
        let shares = self
            .alleles()
            .into_iter()
            .map(|allele| reads[allele] / self.number("DP"));
        shares.fold(f64::MAX, f64::min)
    }

    fn is_snp(&self) -> bool {
        self.columns[3].len() == 1 && self.columns[4].len() == 1
    }

    /// FILTER and TIER of a plain SNP under the gates of [`TABLE`], by hand.
    fn expected(&self, edges: (u64, u64)) -> (String, &'static str) {
        let filter = self.columns[6];
        if filter != "PASS" && filter != "LowQual" {
            return (filter.to_owned(), ".");
        }
        let (contig, at) = (self.columns[0], self.position());
        let inner = contig == "chrA" && (5001..=18000).contains(&at);
        let wide = contig == "chrA" && at <= 20000 || contig == "chrB" && at <= 9000;
        let (quality, depth) = (self.number("GQ"), self.number("DP"));
        let names = [
            (filter == "LowQual", "LowQual"),
            (wide && quality < 25.0, "WIDE"),
            (inner && (quality < 60.0 || depth < 30.0), "INNER"),
            (quality < 8.0, "ALL"),
        ];
        let names: Vec<_> = names
            .iter()
            .filter(|(fails, _)| *fails)
            .map(|(_, name)| *name)
            .collect();
        let tier = match (
            contig == "chrA" && (edges.0..=edges.1).contains(&at),
            inner && self.balance() < 0.4,
        ) {
            _ if !names.is_empty() => ".",
            (true, _) => "3",
            (_, true) => "2",
            _ => ".",
        };
        let filter = if names.is_empty() {
            "PASS".to_owned()
        } else {
            names.join(";")
        };
        (filter, tier)
    }
}

/// The first and the last of the PASS SNPs on chrA beyond position 20,000 whose neighbours are far.
fn edges(plain: &[String]) -> (u64, u64) {
    let snps = plain.iter().map(|line| Record::new(line));
    let snps = snps.filter(|r| r.columns[0] == "chrA" && r.columns[6] == "PASS" && r.is_snp() && r.position() > 20_000);
    let positions: Vec<u64> = snps.map(|record| record.position()).collect();
    (positions[1], positions[positions.len() - 2])
}

#[test]
fn each_snp_has_the_filter_and_tier_of_the_strictest_gate() {
    // Tiers of the model would hide those of the gates.
    for flags in [&["--no-tiers"][..], &["--no-tiers", "--haploid-contigs", "chrA"]] {
        let plain = World::new((1, 1)).call("plain.vcf", flags);
        let edges = edges(&plain);
        let world = World::new(edges);
        let gated = world.gated("gated.vcf", flags);
        assert_eq!(plain.len(), gated.len());
        let mut seen = BTreeSet::new();
        for (before, after) in plain.iter().zip(&gated) {
            let (before, after) = (Record::new(before), Record::new(after));
            let unchanged = [0, 1, 2, 3, 4, 5, 7].map(|column| before.columns[column] == after.columns[column]);
            assert_eq!(unchanged, [true; 7], "{:?}", after.columns);
            assert_eq!(after.columns[8], format!("{}:TIER", before.columns[8]));
            if before.is_snp() {
                let (filter, tier) = before.expected(edges);
                assert_eq!(
                    (after.columns[6], after.value("TIER")),
                    (&filter[..], tier),
                    "{:?}",
                    before.columns
                );
                seen.insert((filter, tier));
            }
        }
        let filters: BTreeSet<_> = seen.iter().map(|(filter, _)| filter.as_str()).collect();
        assert!(filters.contains("INNER") && filters.contains("PASS"), "{seen:?}");
        assert!(seen.iter().any(|(_, tier)| *tier == "3"), "{seen:?}");
    }
}

#[test]
fn evaluate_counts_what_gates_take_away_before_and_after_calling() {
    let world = World::new((20_001, 30_000));
    world.call("plain.vcf", &[]);
    let gated = world.gated("gated.vcf.gz", &["--gvcf", world.path("g.vcf").to_str().unwrap()]);
    let before = world.evaluate("plain.vcf", "before");
    assert_eq!(before, world.evaluate("gated.vcf.gz", "after"));
    // The annotated VCF of the gated calls has the FILTERs.
    let annotated = records(&world.path("after.vcf.gz"));
    let decided = |filter: &str, decision: &str| {
        let is_it = |line: &&String| {
            let columns: Vec<_> = line.split('\t').collect();
            let is_snp = columns[10].contains(":SNP:");
            is_snp && columns[6].split(';').any(|name| name == filter) && columns[10].contains(decision)
        };
        annotated.iter().filter(is_it).count().to_string()
    };
    let row = |name: &str| -> Vec<String> {
        let row = before.lines().find(|line| line.starts_with(&format!("{name},SNP,")));
        row.unwrap().split(',').map(str::to_owned).collect()
    };
    let inner = row("inner");
    assert_eq!(inner[2..4], ["GQ 60 and depth 30", "INNER"]);
    assert_eq!(inner[7..9], [decided("INNER", ":TP:"), decided("INNER", ":FP:")]);
    assert!(inner[7] != "0" && inner[4] != inner[7], "{before}");
    // Each gate is a stratum.
    let extended = fs::read_to_string(world.path("after.extended.csv")).unwrap();
    assert!(
        extended.contains("SNP,*,inner,PASS,") && extended.contains("SNP,*,edges,ALL,"),
        "{extended}"
    );
    let page = fs::read_to_string(world.path("after.html")).unwrap();
    assert!(page.contains("<h2>Gates</h2>"));
    let metrics = fs::read_to_string(world.path("after.metrics.json")).unwrap();
    assert!(metrics.contains("\"gate\": \"inner\""));
    // The gVCF has the same FILTERs.
    let gvcf = records(&world.path("g.vcf"));
    let inner = |lines: &[String]| lines.iter().filter(|line| line.contains("INNER")).count();
    assert_eq!(inner(&gvcf), inner(&gated));
}

#[test]
fn bad_gates_are_refused_before_anything_is_called() {
    let world = World::new((1, 1));
    let refused = |table: &str| {
        fs::write(world.path("gates.tsv"), table).unwrap();
        let mut command = call(
            &sample().join("reference.fa"),
            &sample().join("sample.bam"),
            &world.path("x.vcf"),
        );
        error_of(command.arg("--gates").arg(world.path("gates.tsv")))
    };
    assert!(refused("wide.bed\tg\t20\t.\t.\n").contains("gates.tsv, line 1: expected 6 columns"));
    assert!(refused("none.bed\tg\t20\t.\t.\tX\n").contains("none.bed"));
    fs::write(world.path("other.bed"), "A\t1\t5\n").unwrap();
    assert!(refused("other.bed\tg\t20\t.\t.\tX\n").contains("did you mean 'chrA'"));
    assert!(!world.path("x.vcf").exists());
    let gates = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample/truth.vcf.gz");
    let mut command = call(
        &sample().join("reference.fa"),
        &sample().join("sample.bam"),
        &world.path("x.vcf"),
    );
    assert!(error_of(command.arg("--gates").arg(gates)).contains("truth.vcf.gz"));
}
