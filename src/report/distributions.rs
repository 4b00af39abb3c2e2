//! The charts of a sample's variants, with their captions: types, base changes, depth, qualities, sizes, shares of reads.

use std::io::Write;

use anyhow::Result;
use plotters::style::RGBColor;

use super::charts::{self, ALL, Bars, PASSED};
use super::figures::grouped;
use super::histogram::Histogram;
use super::kinds::{Kind, Zygosity};
use super::read::SampleReport;
use super::statistics::{BASE_CHANGES, FRACTION_BARS, LONGEST_INDEL, Statistics};
use crate::page::{COLOURS, figure};

/// Writes all charts.
pub fn write_distributions(out: &mut impl Write, sample: &SampleReport) -> Result<()> {
    writeln!(out, "<div class=\"charts\">")?;
    kinds(out, sample)?;
    base_changes(out, sample)?;
    histogram(out, sample, "Depth", "depth (DP)", |s| &s.depth)?;
    histogram(out, sample, "QUAL", "QUAL", |s| &s.quality)?;
    histogram(out, sample, "Genotype quality", "GQ", |s| &s.genotype_quality)?;
    indel_lengths(out, sample)?;
    if sample.passed.zygosities == sample.all.zygosities {
        fractions(out, "VAF by genotype", &sample.all)?;
    } else {
        fractions(out, "VAF by genotype, PASS", &sample.passed)?;
        fractions(out, "VAF by genotype, all", &sample.all)?;
    }
    writeln!(out, "</div>")?;
    Ok(())
}

/// A square of a colour, for a key.
pub fn square(RGBColor(red, green, blue): RGBColor) -> String {
    format!("<span class=\"key\" style=\"background:rgb({red},{green},{blue})\"></span>")
}

/// The layers of a chart: all records behind those that passed.
fn layers(sample: &SampleReport, counts: impl Fn(&Statistics) -> Vec<u64>) -> Vec<(RGBColor, Vec<u64>)> {
    vec![(ALL, counts(&sample.all)), (PASSED, counts(&sample.passed))]
}

fn kinds(out: &mut impl Write, sample: &SampleReport) -> Result<()> {
    let shown: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|k| *k != Kind::Symbolic || sample.all.kinds[*k as usize] > 0)
        .collect();
    let names: Vec<&str> = shown.iter().map(|kind| kind.name()).collect();
    let bars = Bars {
        axis: "",
        layers: layers(sample, |s| shown.iter().map(|kind| s.kinds[*kind as usize]).collect()),
        start: 0.0,
        width: 1.0,
        names: &names,
    };
    figure(out, "Variants by type", &bars.draw()?)
}

fn base_changes(out: &mut impl Write, sample: &SampleReport) -> Result<()> {
    let bars = Bars {
        axis: "",
        layers: layers(sample, |s| s.base_changes.to_vec()),
        start: 0.0,
        width: 1.0,
        names: &BASE_CHANGES,
    };
    let caption = "Base changes <span>(of either strand; transitions: C&gt;T, T&gt;C)</span>";
    figure(out, caption, &bars.draw()?)
}

/// A histogram up to the value that 99.5 % of the variants do not exceed.
fn histogram(
    out: &mut impl Write,
    sample: &SampleReport,
    title: &str,
    axis: &str,
    of: impl Fn(&Statistics) -> &Histogram,
) -> Result<()> {
    let all = of(&sample.all);
    let missing = sample.all.variants - all.total();
    let Some(last) = all.quantile(0.995) else {
        return absent(out, title, "No variant has this field.");
    };
    let (width, number) = bar_width(last);
    let bars = Bars {
        axis,
        layers: layers(sample, |s| of(s).bars(width, number)),
        start: 0.0,
        width: width as f64,
        names: &[],
    };
    let beyond = all.from(width * number);
    let mut notes = Vec::new();
    if beyond > 0 {
        notes.push(format!(
            "{} at {} or more",
            grouped(beyond),
            grouped((width * number) as u64)
        ));
    }
    if missing > 0 {
        notes.push(format!("{} without", grouped(missing)));
    }
    if axis.starts_with("depth") && sample.all.sources.contains_key("INFO/DP") {
        notes.push("from INFO/DP where FORMAT has no DP".into());
    }
    figure(out, &captioned(title, &notes), &bars.draw()?)
}

fn captioned(title: &str, notes: &[String]) -> String {
    match notes {
        [] => title.to_owned(),
        notes => format!("{title} <span>({})</span>", notes.join("; ")),
    }
}

/// Says that a chart is missing, and why.
fn absent(out: &mut impl Write, title: &str, why: &str) -> Result<()> {
    writeln!(out, "<figure><figcaption>{title}</figcaption><p>{why}</p></figure>")?;
    Ok(())
}

/// Width and number of bars up to a value: at most 50 bars of 1, 2 or 5 times a power of ten.
fn bar_width(last: usize) -> (usize, usize) {
    let mut power = 1;
    loop {
        for width in [power, 2 * power, 5 * power] {
            if last / width < 50 {
                return (width, last / width + 1);
            }
        }
        power *= 10;
    }
}

/// Indel lengths up to the one that 99.5 % of the indels do not exceed, at least 10.
fn indel_lengths(out: &mut impl Write, sample: &SampleReport) -> Result<()> {
    let lengths = &sample.all.indel_lengths;
    let total: u64 = lengths.values().sum();
    if total == 0 {
        return absent(out, "Indel sizes", "There are no insertions and no deletions.");
    }
    let within = |limit: i64| lengths.range(-limit..=limit).map(|(_, count)| count).sum::<u64>();
    let is_enough = |limit: &i64| within(*limit) as f64 >= 0.995 * total as f64;
    let limit = (10..=LONGEST_INDEL).find(is_enough).unwrap_or(LONGEST_INDEL);
    let width = limit.div_euclid(50) + 1;
    let limit = (limit + width - 1) / width * width;
    let counts = |statistics: &Statistics| {
        let starts = (0..)
            .map(|bar| -limit + bar * width)
            .take_while(|start| *start <= limit);
        let count = |start: i64| {
            statistics
                .indel_lengths
                .range(start..start + width)
                .map(|(_, count)| count)
                .sum()
        };
        starts.map(count).collect()
    };
    let bars = Bars {
        axis: "bases inserted (right) or deleted (left)",
        layers: layers(sample, counts),
        start: -limit as f64 - 0.5,
        width: width as f64,
        names: &[],
    };
    let beyond = total - within(limit + width - 1);
    let notes: Vec<_> = (beyond > 0)
        .then(|| format!("{} longer", grouped(beyond)))
        .into_iter()
        .collect();
    figure(out, &captioned("Indel sizes", &notes), &bars.draw()?)
}

fn fractions(out: &mut impl Write, title: &str, statistics: &Statistics) -> Result<()> {
    let with_counts = Zygosity::CALLED.iter().zip(&statistics.fractions);
    let lines: Vec<_> = with_counts
        .zip(COLOURS)
        .filter(|((_, histogram), _)| histogram.total() > 0)
        .map(|((zygosity, histogram), colour)| (zygosity.name(), colour, histogram.bars(1, FRACTION_BARS)))
        .collect();
    if lines.is_empty() {
        return absent(out, title, "No genotype has VAF, AD, RO and AO, or AF.");
    }
    let fields = ["VAF", "AD", "RO and AO", "AF"];
    let fields = fields
        .into_iter()
        .filter(|field| statistics.sources.contains_key(field));
    let notes = [format!("from {}", fields.collect::<Vec<_>>().join(", "))];
    let key = lines
        .iter()
        .map(|(name, colour, _)| format!(" <span class=\"name\">{}{name}</span>", square(*colour)));
    let caption = captioned(title, &notes) + &key.collect::<String>();
    let lines: Vec<_> = lines.iter().map(|(_, colour, counts)| (*colour, &counts[..])).collect();
    figure(out, &caption, &charts::fractions(&lines)?)
}
