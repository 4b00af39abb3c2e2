//! Every cell of every table that hap.py 0.3.15 (vcfeval engine) computed of four callers on six sets.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::dvcall;
use crate::data;

type Table = BTreeMap<String, BTreeMap<String, String>>;

/// Rows of a CSV, plain or compressed, by the named key columns.
fn table(path: &Path, keys: &[&str]) -> Table {
    let mut reader = csv::Reader::from_reader(rust_htslib::bgzf::Reader::from_path(path).unwrap());
    let columns = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            let cells: BTreeMap<_, _> = columns
                .iter()
                .zip(&row)
                .map(|(c, v)| (c.to_owned(), v.to_owned()))
                .collect();
            (
                keys.iter().map(|k| cells[*k].clone()).collect::<Vec<_>>().join(" "),
                cells,
            )
        })
        .collect()
}

/// Equal as numbers where both are; an empty cell, which we write where there is nothing to divide by, is hap.py's 0.
fn same(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| {
        if text.is_empty() {
            Some(0.0)
        } else {
            text.parse::<f64>().ok()
        }
    };
    match (number(ours), number(theirs)) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        _ => ours == theirs,
    }
}

/// How the rows of a curve differ from hap.py's but for what hap.py is known for: each of its rows but that of threshold 0
/// lacks the first call of its level, has no het and homalt, and one of ti and tv. All the rows are the same.
fn curve_differences(ours: &Table, theirs: &Table) -> Vec<String> {
    const CALLS: [&str; 4] = ["TRUTH.TP", "QUERY.TP", "QUERY.FP", "QUERY.UNK"];
    let mut wrong: Vec<String> = Vec::new();
    wrong.extend(
        ours.keys()
            .filter(|k| !theirs.contains_key(*k))
            .map(|k| format!("{k}: only ours")),
    );
    for (key, their) in theirs {
        let Some(our) = ours.get(key) else {
            wrong.push(format!("{key}: only hap.py's"));
            continue;
        };
        let number = |row: &BTreeMap<String, String>, column: &str| row[column].parse::<f64>().unwrap_or(0.0);
        let lacks = |column: &str| number(our, column) - number(their, column);
        let total: f64 = CALLS.iter().map(|c| lacks(c)).sum();
        let allowed = if number(our, "QQ") > 0.0 { 1.0 } else { 0.0 };
        let alike = |part: &str| (0.0..=lacks("QUERY.FP")).contains(&lacks(part));
        // Transitions and transversions lack the first call of their own levels; where hap.py writes a dot it does not say.
        let of_kind = |kind: &str| -> Vec<f64> {
            let columns = CALLS.iter().map(|c| format!("{c}.{kind}"));
            columns.filter(|c| their[c] != ".").map(|c| lacks(&c)).collect()
        };
        let kinds_fit = ["ti", "tv"]
            .map(of_kind)
            .iter()
            .all(|lacking| lacking.iter().all(|&l| l >= 0.0) && lacking.iter().sum::<f64>() <= allowed);
        let fits = total == allowed
            && CALLS.iter().all(|c| lacks(c) >= 0.0)
            && lacks("TRUTH.FN") == -lacks("TRUTH.TP")
            && lacks("TRUTH.TOTAL") == 0.0
            && ["FP.gt", "FP.al"].into_iter().all(alike)
            && kinds_fit;
        if !fits {
            wrong.push(format!("{key}: {our:?}, hap.py {their:?}"));
        }
    }
    wrong
}

pub fn every_table_of_hap_py_is_reproduced() {
    let data = data();
    let out = tempfile::tempdir().unwrap();
    let (mut cells, mut thresholds) = (0, 0);
    let mut wrong = Vec::new();
    let folders = std::fs::read_dir(data.join("evaluate")).unwrap();
    for set in folders.map(|f| f.unwrap().path()).filter(|p| p.is_dir()) {
        let name = set.file_name().unwrap().to_string_lossy().into_owned();
        let reference = match name.contains("hg19") {
            true => "reference/ucsc.hg19.chr20.unittest.fasta.gz",
            false => "reference/b37.chr20.fa.gz",
        };
        for caller in ["bcftools.q20", "freebayes.q20", "gatk.all", "strelka2.pass"] {
            let prefix = out.path().join(format!("{name}.{caller}"));
            dvcall()
                .arg("evaluate")
                .arg("--ref")
                .arg(data.join(reference))
                .arg("--truth")
                .arg(set.join("truth.vcf.gz"))
                .arg("--query")
                .arg(set.join(format!("{caller}.vcf.gz")))
                .arg("--confident")
                .arg(set.join("confident.bed"))
                .arg("--output")
                .arg(&prefix)
                .assert()
                .success();
            let curve = |path: &Path| table(path, &["Type", "Subtype", "Subset", "Filter", "QQ"]);
            let ours = curve(Path::new(&format!("{}.roc.all.csv.gz", prefix.display())));
            let theirs = curve(&set.join(format!("{caller}.hap.py.roc.all.csv.gz")));
            thresholds += theirs.len();
            let differences = curve_differences(&ours, &theirs);
            wrong.extend(differences.iter().map(|d| format!("{name} {caller} curve {d}")));
            for (kind, keys) in [
                ("summary", &["Type", "Filter"][..]),
                ("extended", &["Type", "Subtype", "Subset", "Filter"]),
            ] {
                let ours = table(Path::new(&format!("{}.{kind}.csv", prefix.display())), keys);
                let theirs = table(&set.join(format!("{caller}.hap.py.{kind}.csv")), keys);
                for (key, row) in &theirs {
                    for (column, value) in row {
                        // hap.py adds the lengths of truth variants to the confident bases even where they are inside.
                        if column == "Subset.IS_CONF.Size" || (column == "Subset.Size" && key.contains("TS_")) {
                            continue;
                        }
                        cells += 1;
                        let found = ours.get(key).and_then(|r| r.get(column));
                        if !found.is_some_and(|f| same(f, value)) {
                            wrong.push(format!(
                                "{name} {caller} {kind} {key} {column}: {found:?}, hap.py {value}"
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(thresholds > 13_000, "only {thresholds} points of curves compared");
    assert!(cells > 50_000, "only {cells} cells compared");
    assert!(
        wrong.is_empty(),
        "{} of {cells} cells differ: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
}
