//! The annotated VCF: truth and query as two samples, each call with the decision on it.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use rust_htslib::bgzf;

use super::call::CalledAllele;
use super::evaluation::Run;
use super::record::{Entry, Record};
use super::superlocus::Match;
use crate::escape::controls_in_lines;
use crate::genome::{Contigs, index_variants};
use crate::variants::can_name_contig;

/// No description of a FORMAT holds a comma: vcftools warns of it.
const FIELDS: &str = r#"##INFO=<ID=BS,Number=1,Type=Integer,Description="Start of the superlocus that the call was matched in">
##INFO=<ID=Regions,Number=.,Type=String,Description="CONF: in the confident regions; names of the strata">
##INFO=<ID=BySpelling,Number=0,Type=Flag,Description="Too dense to search; compared by trimmed alleles">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=BD,Number=1,Type=String,Description="Decision: TP; FN; FP; UNK (outside the confident regions); N (not compared)">
##FORMAT=<ID=BK,Number=1,Type=String,Description="Match: gm (genotype); am (allele); lm (a call within 30 bases)">
##FORMAT=<ID=BI,Number=1,Type=String,Description="Subtypes">
##FORMAT=<ID=BVT,Number=1,Type=String,Description="Type: SNP; INDEL; NOCALL">
##FORMAT=<ID=BLT,Number=1,Type=String,Description="Zygosity: het; homalt; hetalt; hemi; halfcall; nocall">
##FORMAT=<ID=QQ,Number=1,Type=Float,Description="Quality that curves are drawn by">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	TRUTH	QUERY
"#;

/// Writes `P.vcf.gz` and its index beside it.
pub fn write_annotated(path: &Path, run: &Run, contigs: &Contigs, strata: &[&str]) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let mut out = bgzf::Writer::from_path(path).with_context(failed)?;
    let mut text = header(run, contigs);
    for (contig, record) in run.records() {
        line(&mut text, &contig.name, record, run, strata);
        if text.len() > 1 << 16 {
            out.write_all(controls_in_lines(&text).as_bytes())
                .with_context(failed)?;
            text.clear();
        }
    }
    out.write_all(controls_in_lines(&text).as_bytes())
        .with_context(failed)?;
    out.flush().with_context(failed)?;
    drop(out);
    index_variants(path, contigs).with_context(failed)?;
    Ok(())
}

fn header(run: &Run, contigs: &Contigs) -> String {
    let mut text = format!(
        "##fileformat=VCFv4.2\n##source=dvcall {}\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n",
        env!("CARGO_PKG_VERSION")
    );
    for name in &run.filters {
        text += &format!("##FILTER=<ID={name},Description=\"Filter of the query\">\n");
    }
    for contig in contigs.iter().filter(|contig| can_name_contig(&contig.name)) {
        text += &format!("##contig=<ID={},length={}>\n", contig.name, contig.length);
    }
    text + FIELDS
}

fn line(text: &mut String, contig: &str, record: &Record, run: &Run, strata: &[&str]) {
    let allele = |bases: &Vec<u8>| String::from_utf8_lossy(bases).into_owned();
    let list = |items: Vec<String>, separator: &str| match items.is_empty() {
        true => ".".to_owned(),
        false => items.join(separator),
    };
    let filters = record.filters.iter().map(|&f| run.filters[usize::from(f)].clone());
    let regions: Vec<String> = record
        .confident
        .then(|| "CONF".to_owned())
        .into_iter()
        .chain(record.strata.iter().map(|&s| strata[usize::from(s)].to_owned()))
        .collect();
    let mut info: Vec<String> = record.locus.map(|l| format!("BS={}", l + 1)).into_iter().collect();
    if !regions.is_empty() {
        info.push(format!("Regions={}", regions.join(",")));
    }
    if [&record.truth, &record.query]
        .into_iter()
        .flatten()
        .any(|e| e.by_spelling)
    {
        info.push("BySpelling".into());
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

fn sample(entry: Option<&Entry>) -> String {
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

/// A genotype as VCF spells it.
pub fn genotype(alleles: &[CalledAllele], phased: bool) -> String {
    let spelt: Vec<String> = alleles
        .iter()
        .map(|a| a.map_or_else(|| ".".into(), |a| a.to_string()))
        .collect();
    spelt.join(if phased { "|" } else { "/" })
}
