//! Counts by size, zygosity, ploidy and stratum, from the extended table of `dvcall evaluate`.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One row: the calls that pass in one class.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Breakdown {
    #[serde(rename = "Type")]
    pub variant_type: String,
    #[serde(rename = "Subtype")]
    pub subtype: String,
    #[serde(rename = "Subset")]
    pub subset: String,
    #[serde(rename = "Genotype")]
    pub genotype: String,
    #[serde(rename = "Filter")]
    filter: String,
    #[serde(rename = "TRUTH.TOTAL")]
    pub truth: u64,
    #[serde(rename = "TRUTH.FN")]
    pub missed: u64,
    #[serde(rename = "TRUTH.TOTAL.het")]
    pub truth_het: u64,
    #[serde(rename = "TRUTH.FN.het")]
    pub missed_het: u64,
    #[serde(rename = "TRUTH.TOTAL.homalt")]
    pub truth_hom: u64,
    #[serde(rename = "TRUTH.FN.homalt")]
    pub missed_hom: u64,
    #[serde(rename = "QUERY.FP")]
    pub wrong: u64,
}

impl Breakdown {
    /// The rows of calls that pass.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        let failed = || format!("cannot read {}", path.display());
        let mut table = csv::Reader::from_path(path).with_context(failed)?;
        let rows = table
            .deserialize()
            .collect::<Result<Vec<Self>, _>>()
            .with_context(failed)?;
        Ok(rows.into_iter().filter(|row| row.filter == "PASS").collect())
    }

    /// Whether the row counts all variants of its type.
    pub fn is_whole(&self) -> bool {
        [&self.subtype, &self.subset, &self.genotype].map(String::as_str) == ["*"; 3]
    }

    pub fn found(&self) -> u64 {
        self.truth - self.missed
    }

    /// Whether the row repeats the counts of the whole: all counted calls lie in the confident regions.
    pub fn is_repeated(&self) -> bool {
        self.subset == "TS_contained"
    }

    /// The name of the class in words.
    pub fn class(&self) -> String {
        let parts = [self.subset.clone(), size_in_words(&self.subtype), self.genotype.clone()];
        let parts: Vec<String> = parts.into_iter().filter(|part| part != "*").collect();
        match parts.is_empty() {
            true => "all".into(),
            false => parts.join(", "),
        }
    }
}

/// A size class such as D1_5 or I16_PLUS in words.
fn size_in_words(subtype: &str) -> String {
    let kind = match subtype.chars().next() {
        Some('D') => "deletions",
        Some('I') => "insertions",
        Some('C') => "complex changes",
        _ => return subtype.to_owned(),
    };
    match subtype[1..].split_once('_') {
        Some((least, "PLUS")) => format!("{kind} of {least} bases and more"),
        Some((least, most)) => format!("{kind} of {least} to {most} bases"),
        None => subtype.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_calls_that_pass_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let head = "Type,Subtype,Subset,Filter,Genotype,TRUTH.TOTAL,TRUTH.FN,TRUTH.TOTAL.het,TRUTH.FN.het,\
                    TRUTH.TOTAL.homalt,TRUTH.FN.homalt,QUERY.FP,more";
        let text = format!(
            "{head}\nSNP,*,*,ALL,*,9,1,5,1,4,0,2,x\nSNP,*,*,PASS,*,9,2,5,1,4,1,0,x\nINDEL,D1_5,hard,PASS,*,3,0,1,0,2,0,0,x\n"
        );
        std::fs::write(&path, text).unwrap();
        let rows = Breakdown::read(&path).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].is_whole(), rows[0].found(), rows[0].class()),
            (true, 7, "all".into())
        );
        assert_eq!(
            (rows[1].is_whole(), rows[1].class()),
            (false, "hard, deletions of 1 to 5 bases".into())
        );
    }

    #[test]
    fn sizes_are_words() {
        assert_eq!(size_in_words("I16_PLUS"), "insertions of 16 bases and more");
        assert_eq!(size_in_words("C6_15"), "complex changes of 6 to 15 bases");
        assert_eq!(["*", "ti"].map(size_in_words), ["*", "ti"]);
    }
}
