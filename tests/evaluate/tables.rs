//! Every cell of every table that hap.py 0.3.15 (vcfeval engine) computed of four callers on six sets.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::{data, dvcall};

type Table = BTreeMap<String, BTreeMap<String, String>>;

/// Rows of a CSV by the named key columns.
fn table(path: &Path, keys: &[&str]) -> Table {
    let mut reader = csv::Reader::from_path(path).unwrap();
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

#[test]
fn every_table_of_hap_py_is_reproduced() {
    let Some(data) = data() else { return };
    let out = tempfile::tempdir().unwrap();
    let mut cells = 0;
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
    assert!(cells > 50_000, "only {cells} cells compared");
    assert!(
        wrong.is_empty(),
        "{} of {cells} cells differ: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
}
