//! The annotated VCF: truth and query as two samples, each call with its decision.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rust_htslib::bgzf;

use crate::evaluate::counts::{Record, RecordSide};
use crate::evaluate::matching::Match;
use crate::formats::{BGZF_END, check_whole};
use crate::genome::Contigs;
use crate::output::controls_in_lines;
use crate::variants::{CalledAllele, can_name_contig, index_variants};

/// FORMAT descriptions contain no comma, because vcftools warns about commas.
const FIELDS: &str = r#"##INFO=<ID=BS,Number=1,Type=Integer,Description="Start of the superlocus of the match">
##INFO=<ID=Regions,Number=.,Type=String,Description="CONF: in the confident regions; names of the strata">
##INFO=<ID=TooComplex,Number=0,Type=Flag,Description="Too many ways to combine the calls here; they are not compared">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=BD,Number=1,Type=String,Description="Decision: TP; FN; FP; UNK (outside the confident regions); N (not compared)">
##FORMAT=<ID=BK,Number=1,Type=String,Description="Match: gm (genotype); am (allele); lm (a call within 30 bases)">
##FORMAT=<ID=BI,Number=1,Type=String,Description="Subtypes">
##FORMAT=<ID=BVT,Number=1,Type=String,Description="Type: SNP; INDEL; NOCALL">
##FORMAT=<ID=BLT,Number=1,Type=String,Description="Zygosity: het; homalt; hetalt; halfcall; nocall">
##FORMAT=<ID=QQ,Number=1,Type=Float,Description="Quality for ROC curves">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	TRUTH	QUERY
"#;

/// Writes `P.vcf.gz`. The header names the filters, which are only known at the end. Until then, the records are in
/// a separate file.
pub struct AnnotatedWriter {
    path: PathBuf,
    records: bgzf::Writer,
    text: String,
    /// Names of the strata, encoded for VCF.
    strata: Vec<String>,
}

impl AnnotatedWriter {
    pub fn create(path: &Path, strata: &[&str]) -> Result<Self> {
        let records = bgzf::Writer::from_path(path.with_extension("records"));
        Ok(Self {
            path: path.to_owned(),
            records: records.with_context(|| format!("cannot write {}", path.display()))?,
            text: String::new(),
            strata: strata.iter().map(|name| encoded(name)).collect(),
        })
    }

    /// Adds a record; `filters` are the names of its filters.
    pub fn add(&mut self, contig: &str, record: &Record, filters: &[String]) -> Result<()> {
        line(&mut self.text, contig, record, filters, &self.strata);
        if self.text.len() > 1 << 16 {
            self.write_out()?;
        }
        Ok(())
    }

    fn write_out(&mut self) -> Result<()> {
        let written = self.records.write_all(controls_in_lines(&self.text).as_bytes());
        self.text.clear();
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Writes the header before the records, and the index beside the file.
    pub fn finish(mut self, filters: &[String], contigs: &Contigs) -> Result<()> {
        self.write_out()?;
        let failed = || format!("cannot write {}", self.path.display());
        self.records.flush().with_context(failed)?;
        drop(self.records);
        let body = self.path.with_extension("records");
        let mut head = bgzf::Writer::from_path(&self.path).with_context(failed)?;
        head.write_all(header(filters, contigs).as_bytes())
            .with_context(failed)?;
        head.flush().with_context(failed)?;
        drop(head);
        append(&body, &self.path).with_context(failed)?;
        index_variants(&self.path, contigs, 1).with_context(failed)?;
        Ok(())
    }
}

/// Moves a BGZF file to the end of another BGZF file.
fn append(from: &Path, to: &Path) -> Result<()> {
    let length = to.metadata()?.len();
    ensure!(check_whole(to).is_ok(), "the disk is full");
    let mut whole = OpenOptions::new().write(true).open(to)?;
    whole.set_len(length - BGZF_END.len() as u64)?;
    whole.seek(SeekFrom::End(0))?;
    std::io::copy(&mut File::open(from)?, &mut whole)?;
    std::fs::remove_file(from)?;
    Ok(())
}

fn header(filters: &[String], contigs: &Contigs) -> String {
    let mut text = format!(
        "##fileformat=VCFv4.2\n##source=dvcall {}\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n",
        env!("CARGO_PKG_VERSION")
    );
    for name in filters {
        text += &format!("##FILTER=<ID={},Description=\"Filter of the query\">\n", encoded(name));
    }
    for contig in contigs.iter().filter(|contig| can_name_contig(&contig.name)) {
        text += &format!("##contig=<ID={},length={}>\n", contig.name, contig.length);
    }
    text + FIELDS
}

/// Encodes a name for header, FILTER and INFO: special characters become %XX, as in VCF 4.3.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_control() || letter.is_whitespace() || ",;=%<>\"\\".contains(letter) {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).bytes();
            text.extend(bytes.map(|byte| format!("%{byte:02X}")));
        } else {
            text.push(letter);
        }
    }
    text
}

fn line(text: &mut String, contig: &str, record: &Record, filters: &[String], strata: &[String]) {
    let allele = |bases: &Vec<u8>| String::from_utf8_lossy(bases).into_owned();
    let list = |items: Vec<String>, separator: &str| match items.is_empty() {
        true => ".".to_owned(),
        false => items.join(separator),
    };
    let filters = record.filters.iter().map(|&f| encoded(&filters[usize::from(f)]));
    let regions: Vec<String> = record
        .confident
        .then(|| "CONF".to_owned())
        .into_iter()
        .chain(record.strata.iter().map(|&s| strata[usize::from(s)].clone()))
        .collect();
    let mut info: Vec<String> = record.locus.map(|l| format!("BS={}", l + 1)).into_iter().collect();
    if !regions.is_empty() {
        info.push(format!("Regions={}", regions.join(",")));
    }
    if [&record.truth, &record.query].into_iter().flatten().any(|e| e.given_up) {
        info.push("TooComplex".into());
    }
    *text += &format!(
        "{contig}\t{}\t.\t{}\t{}\t.\t{}\t{}\tGT:BD:BK:BI:BVT:BLT:QQ\t{}\t{}\n",
        record.position + 1,
        allele(&record.reference),
        list(record.alternates.iter().map(allele).collect(), ","),
        list(filters.collect(), ";"),
        list(info, ";"),
        sample(record.truth.as_ref()),
        sample(record.query.as_ref()),
    );
}

fn sample(entry: Option<&RecordSide>) -> String {
    let Some(entry) = entry else {
        return ".:.:.:.:NOCALL:nocall:.".into();
    };
    let matched = match entry.matched {
        Match::Genotype => "gm",
        Match::Allele => "am",
        Match::Nearby => "lm",
        Match::None => ".",
    };
    format!(
        "{}:{}:{matched}:{}:{}:{}:{}",
        genotype(&entry.genotype, entry.phased),
        entry.verdict.name(),
        entry.kind.map_or_else(|| ".".into(), |k| k.label()),
        entry.kind.map_or("UNK", |k| k.variant_type.name()),
        entry.zygosity.name(),
        entry.score.map_or_else(|| ".".into(), |s| s.to_string()),
    )
}

/// A genotype in the form of VCF.
pub fn genotype(alleles: &[CalledAllele], phased: bool) -> String {
    let numbers: Vec<String> = alleles
        .iter()
        .map(|a| a.map_or_else(|| ".".into(), |a| a.to_string()))
        .collect();
    numbers.join(if phased { "|" } else { "/" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_for_vcf() {
        assert_eq!(encoded("lowcmp_SimpleRepeat"), "lowcmp_SimpleRepeat");
        assert_eq!(
            encoded("low; all,x=1%\t\u{a0}<é>"),
            "low%3B%20all%2Cx%3D1%25%09%C2%A0%3Cé%3E"
        );
    }
}
