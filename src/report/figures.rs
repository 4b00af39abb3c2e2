//! The numbers of a sample as rows of tables, with a column for PASS and one for all records.

use indicatif::HumanCount;

use super::contigs::{ContigLines, SexRegion};
use super::histogram::Histogram;
use super::kinds::{Kind, Zygosity};
use super::read::SampleReport;
use super::sex::{relative_depth, relative_het_hom};
use super::statistics::{Statistics, Zygosities, ratio};

/// A count with separators.
pub fn grouped(count: u64) -> String {
    HumanCount(count).to_string()
}

fn decimals(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.2}"))
}

/// A row with the value of PASS and of all.
fn row(name: &str, sample: &SampleReport, value: impl Fn(&Statistics) -> String) -> Vec<String> {
    vec![name.to_owned(), value(&sample.passed), value(&sample.all)]
}

/// The numbers of a sample.
pub fn main_rows(sample: &SampleReport) -> Vec<Vec<String>> {
    let mut rows = vec![row("variants", sample, |s| grouped(s.variants))];
    for kind in Kind::ALL {
        rows.push(row(kind.name(), sample, |s| grouped(s.kinds[kind as usize])));
    }
    rows.push(row("Ti/Tv", sample, |s| decimals(s.ti_tv())));
    rows.push(row("heterozygous", sample, |s| grouped(s.total().heterozygous)));
    rows.push(row("homozygous", sample, |s| grouped(s.total().homozygous)));
    rows.push(row("het/hom", sample, |s| decimals(s.total().het_hom())));
    let others = [
        ("haploid", Zygosity::Haploid),
        ("partly called (./1)", Zygosity::Partial),
        ("not called (./.)", Zygosity::NoCall),
        ("homozygous reference (0/0)", Zygosity::Reference),
        ("without GT", Zygosity::Unknown),
    ];
    for (name, zygosity) in others {
        if sample.all.zygosities[zygosity as usize] > 0 {
            rows.push(row(name, sample, |s| grouped(s.zygosities[zygosity as usize])));
        }
    }
    rows.push(row("median depth", sample, |s| median(&s.depth)));
    rows.push(row("median QUAL", sample, |s| median(&s.quality)));
    rows.push(row("median GQ", sample, |s| median(&s.genotype_quality)));
    rows
}

fn median(histogram: &Histogram) -> String {
    match histogram.median() {
        Some(Histogram::LAST) => format!("≥ {}", grouped(Histogram::LAST as u64)),
        median => median.map_or_else(|| "–".into(), |median| grouped(median as u64)),
    }
}

/// The contigs with variants, each with its name and its counts of PASS and of all. The last one is that of all
/// contigs without an own line.
pub fn contig_rows(contigs: &ContigLines, sample: &SampleReport) -> Vec<(String, [Zygosities; 2])> {
    let names = contigs.own.iter().map(|(name, _)| name.as_str());
    let others = std::iter::repeat("other contigs");
    let of = |statistics: &Statistics, rank: usize| statistics.contigs.get(rank).copied().unwrap_or_default();
    let ranks = 0..sample.all.contigs.len();
    let rows = ranks.zip(names.chain(others)).map(|(rank, name)| {
        let counts = [of(&sample.passed, rank), of(&sample.all, rank)];
        (name.to_owned(), counts)
    });
    rows.filter(|(_, [_, all])| all.variants > 0).collect()
}

/// The table of contigs, with the counts of PASS.
pub fn contig_table(rows: &[(String, [Zygosities; 2])]) -> Vec<Vec<String>> {
    let table = rows.iter().map(|(name, [passed, all])| {
        let counts = [
            all.variants,
            passed.variants,
            passed.heterozygous,
            passed.homozygous,
            passed.haploid,
        ];
        let mut cells = vec![name.clone()];
        cells.extend(counts.map(grouped));
        cells.push(decimals(passed.het_hom()));
        cells
    });
    table.collect()
}

/// The table of the sex check, of PASS records.
pub fn sex_table(statistics: &Statistics) -> Vec<Vec<String>> {
    let parts = ["autosomes", "X outside PAR", "Y outside PAR"];
    let rows = SexRegion::ALL.into_iter().zip(parts).map(|(region, name)| {
        let counts = &statistics.sex_regions[region as usize];
        let zygosities = counts.zygosities;
        let share = ratio(zygosities.variants, statistics.variants);
        vec![
            name.to_owned(),
            grouped(zygosities.variants),
            share.map_or_else(|| "–".into(), |share| format!("{:.3} %", 100.0 * share)),
            grouped(zygosities.heterozygous),
            grouped(zygosities.homozygous),
            grouped(zygosities.haploid),
            decimals(zygosities.het_hom()),
            decimals(relative_het_hom(statistics, region)),
            median(&counts.depth),
            decimals(relative_depth(statistics, region)),
        ]
    });
    rows.collect()
}
