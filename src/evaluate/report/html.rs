//! The HTML report: one file without external parts.

use crate::variants::VariantType;
use std::io::Write;

use anyhow::Result;

use super::charts::{Bar, Trace, calibration_chart, intervals, precision_recall};
use super::gates::{GATE_COLUMNS, gate_rows};
use super::roc::{Curve, Wanted};
use super::screen::{Named, by_ploidy, comparison};
use super::tiers::{TIER_COLUMNS, tier_rows};
use crate::evaluate::counts::{Count, Counts, FilterRow, SUBTYPES, f1_interval};
use crate::evaluate::listing::ERROR_COLUMNS;
use crate::evaluate::{EvaluatedCallSet, Evaluation, Subset};
use crate::page::{begin, end, escape, figure, headings, table};

const STYLE: &str = "td:last-child{white-space:nowrap}.errors{overflow-x:auto}\
.errors td,.errors th{text-align:left;padding:.25em .5em;font-size:12px}\
.errors td:nth-child(9){font-family:monospace;white-space:nowrap}\
.errors td:last-child{white-space:normal;min-width:13em;font-size:11px;\
overflow-wrap:anywhere}";

const COLUMNS: &str = "TP: truth that was found. FN: truth that was missed. FP: calls that are not in truth; FP.gt: \
FP with the right allele and a wrong genotype. UNK: calls outside the confident regions, which are not assessed. \
Recall = TP / (TP + FN), precision is the fraction of assessed calls that are right, F1 is their harmonic mean.";

/// Writes `P.html`.
pub fn write_report(out: &mut impl Write, evaluation: &Evaluation, sets: &[Named], subsets: &[Subset]) -> Result<()> {
    let Some(query) = sets.first() else {
        return Ok(());
    };
    let run = query.run;
    let options = evaluation.options();
    begin(out, &format!("{}: calls against truth", query.name), STYLE)?;
    writeln!(
        out,
        "<p>Query <code>{}</code>, truth <code>{}</code>, dvcall {}.</p>",
        escape(&run.query.display().to_string()),
        escape(&options.truth.display().to_string()),
        env!("CARGO_PKG_VERSION"),
    )?;
    let (headings, rows) = comparison(sets);
    table(out, &headings, &rows)?;
    writeln!(out, "<p>{COLUMNS}</p>")?;
    if let Some((headings, rows)) = by_ploidy(sets) {
        writeln!(out, "<h2>By ploidy</h2>")?;
        table(out, &headings, &rows)?;
    }
    not_compared(out, sets, subsets)?;
    curves(out, sets, &options.score.name())?;
    strata(out, run, subsets)?;
    gates(out, evaluation, run)?;
    tiers(out, run)?;
    breakdown(out, run)?;
    qualities(out, run)?;
    errors(out, run)?;
    end(out)
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |v| format!("{v:.4}"))
}

fn curves(out: &mut impl Write, sets: &[Named], score: &str) -> Result<()> {
    writeln!(
        out,
        "<h2>Precision and recall by {}</h2>\n<div class=\"charts\">",
        escape(score)
    )?;
    let mut rows = Vec::new();
    for variant_type in [VariantType::Snp, VariantType::Indel] {
        let mut traces = Vec::new();
        for set in sets {
            let curve = Curve::new(set.run, Wanted::all(variant_type, FilterRow::All));
            let place = |counts: &Counts| Some((counts.recall()?, counts.precision()?));
            let best = curve.clone().best();
            if let Some(point) = &best {
                rows.push(vec![
                    set.name.clone(),
                    variant_type.name().to_owned(),
                    format!("{}", point.threshold),
                    share(point.counts.recall()),
                    share(point.counts.precision()),
                    share(point.counts.f1()),
                ]);
            }
            traces.push(Trace {
                name: set.name.clone(),
                points: visible(curve.filter_map(|p| place(&p.counts))),
                best: best.and_then(|p| place(&p.counts)),
            });
        }
        figure(out, variant_type.name(), &precision_recall(&traces)?)?;
    }
    writeln!(out, "</div>\n<p>The dots mark the highest F1:</p>")?;
    let names = ["Call set", "Type", "Threshold", "Recall", "Precision", "F1"];
    table(out, &headings(&names), &rows)
}

/// The points of a curve by descending threshold, without points that are indistinguishable from the point before.
fn visible(places: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    const LEAST: f64 = 1e-5;
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (recall, precision) in places {
        let is_near = |last: &(f64, f64)| (last.0 - recall).abs() < LEAST && (last.1 - precision).abs() < LEAST;
        if !kept.last().is_some_and(is_near) {
            kept.push((recall, precision));
        }
    }
    kept.reverse();
    kept
}

/// Calls that the tables do not count, by file and reason.
fn not_compared(out: &mut impl Write, sets: &[Named], subsets: &[Subset]) -> Result<()> {
    let truth = sets.first().map(|set| ("truth", &set.run.truth_left_out));
    let queries = sets.iter().map(|set| (set.name.as_str(), &set.run.left_out));
    let mut rows = Vec::new();
    for (name, left_out) in truth.into_iter().chain(queries) {
        for (reason, calls, first) in left_out.reasons() {
            rows.push(vec![
                name.to_owned(),
                format!("calls {}", reason.described()),
                calls.to_string(),
                first.to_owned(),
            ]);
        }
    }
    for set in sets.iter().filter(|set| set.run.without_truth > 0) {
        rows.push(vec![
            set.name.clone(),
            "calls on contigs without truth".into(),
            set.run.without_truth.to_string(),
            String::new(),
        ]);
    }
    for subset in subsets.iter().filter(|s| s.is_empty_stratum()) {
        let what = "stratum without a base in the confident regions".to_owned();
        rows.push(vec![subset.name.clone(), what, String::new(), String::new()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Not compared</h2>")?;
    table(out, &headings(&["Source", "Reason", "Number", "First"]), &rows)
}

fn strata(out: &mut impl Write, run: &EvaluatedCallSet, subsets: &[Subset]) -> Result<()> {
    writeln!(out, "<h2>F1 by stratum, with 95 % Jeffreys intervals</h2>")?;
    let mut rows = Vec::new();
    for variant_type in [VariantType::Snp, VariantType::Indel] {
        let mut bars = Vec::new();
        for subset in subsets {
            let counts = run.tally.counts(subset.rank, FilterRow::All, variant_type, None);
            let name = if subset.name == "*" { "everything" } else { &subset.name };
            let Some(value) = counts.f1() else { continue };
            let interval = f1_interval(counts.truth_tp.all, counts.truth_fn.all, counts.query_fp.all);
            rows.push(vec![
                name.to_owned(),
                variant_type.name().to_owned(),
                counts.truth_total().all.to_string(),
                share(counts.recall()),
                share(counts.precision()),
                share(Some(value)),
                format!("{:.4} – {:.4}", interval.0, interval.1),
            ]);
            bars.push(Bar {
                name: name.to_owned(),
                value,
                interval,
            });
        }
        if !bars.is_empty() {
            figure(out, variant_type.name(), &intervals(&bars, "F1")?)?;
        }
    }
    let names = ["Stratum", "Type", "Truth", "Recall", "Precision", "F1", "Interval"];
    table(out, &headings(&names), &rows)
}

/// What the gates take away.
fn gates(out: &mut impl Write, evaluation: &Evaluation, run: &EvaluatedCallSet) -> Result<()> {
    let Some(gates) = evaluation.gates() else {
        return Ok(());
    };
    writeln!(
        out,
        "<h2>Gates</h2>\n<p>Calls that pass all filters but those of gates, in the regions of each gate; taken: of these, the \
         calls that do not reach what the gate demands.</p>"
    )?;
    table(out, &headings(&GATE_COLUMNS), &gate_rows(run, gates))
}

/// Calls by tier.
fn tiers(out: &mut impl Write, run: &EvaluatedCallSet) -> Result<()> {
    if !run.tiers.has_tiers() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Tiers</h2>\n<p>Calls that pass, by FORMAT/TIER: 1 report, 2 confirm, 3 review by a person.</p>"
    )?;
    table(out, &headings(&TIER_COLUMNS), &tier_rows(run))
}

fn breakdown(out: &mut impl Write, run: &EvaluatedCallSet) -> Result<()> {
    writeln!(
        out,
        "<h2>Indels by length</h2>\n<p>I: insertions, D: deletions, C: insertions and deletions with substitutions.</p>"
    )?;
    let row = |name: String, counts: &Counts| {
        let numbers = [counts.truth_tp.all, counts.truth_fn.all, counts.query_fp.all];
        let mut row = vec![name];
        row.extend(numbers.map(|n| n.to_string()));
        row.extend([counts.recall(), counts.precision(), counts.f1()].map(share));
        row
    };
    let lengths = (2..SUBTYPES.len()).map(|s| {
        (
            SUBTYPES[s],
            run.tally.counts(0, FilterRow::All, VariantType::Indel, Some(s)),
        )
    });
    let rows: Vec<_> = lengths
        .filter(|(_, counts)| **counts != Counts::default())
        .map(|(name, counts)| row(name.to_owned(), counts))
        .collect();
    table(
        out,
        &headings(&["Length", "TP", "FN", "FP", "Recall", "Precision", "F1"]),
        &rows,
    )?;
    writeln!(out, "<h2>By genotype</h2>")?;
    let mut rows = Vec::new();
    for variant_type in [VariantType::Snp, VariantType::Indel] {
        let counts = run.counts(variant_type, FilterRow::All);
        for name in ["het", "homalt", "other"] {
            let only = |count: &Count| Count {
                all: match name {
                    "het" => count.het,
                    "homalt" => count.homalt,
                    _ => count.all - count.het - count.homalt,
                },
                ..Count::default()
            };
            let part = Counts {
                truth_tp: only(&counts.truth_tp),
                truth_fn: only(&counts.truth_fn),
                query_tp: only(&counts.query_tp),
                query_fp: only(&counts.query_fp),
                ..Counts::default()
            };
            if part != Counts::default() {
                rows.push(row(format!("{} {name}", variant_type.name()), &part));
            }
        }
    }
    table(
        out,
        &headings(&["Genotype", "TP", "FN", "FP", "Recall", "Precision", "F1"]),
        &rows,
    )
}

fn qualities(out: &mut impl Write, run: &EvaluatedCallSet) -> Result<()> {
    writeln!(out, "<h2>Calibration of GQ</h2>")?;
    let series: Vec<_> = [VariantType::Snp, VariantType::Indel]
        .map(|t| (t.name().to_owned(), run.calibration.bins(t)))
        .into_iter()
        .filter(|(_, bins)| !bins.is_empty())
        .collect();
    if series.is_empty() {
        writeln!(out, "<p>The query has no GQ.</p>")?;
        return Ok(());
    }
    figure(
        out,
        "Claimed and observed error, with 95 % intervals",
        &calibration_chart(&series)?,
    )?;
    let rows: Vec<_> = series
        .iter()
        .flat_map(|(name, bins)| bins.iter().map(move |b| (name, b)))
        .map(|(name, bin)| {
            vec![
                format!("{name}, GQ ≥ {}", bin.from),
                bin.calls.to_string(),
                bin.errors.to_string(),
                format!("{:.2e}", bin.claimed),
                format!("{:.4}", bin.observed()),
            ]
        })
        .collect();
    table(
        out,
        &headings(&["Calls", "Number", "Wrong", "Claimed error", "Observed error"]),
        &rows,
    )
}

fn errors(out: &mut impl Write, run: &EvaluatedCallSet) -> Result<()> {
    let (count, rows) = (run.errors.count, &run.errors.rows);
    writeln!(
        out,
        "<h2>Errors</h2>\n<p>Places with an error: {count}. The first {} are here; the VCF has all.</p>\n<div class=\"errors\">",
        rows.len()
    )?;
    table(out, &headings(&ERROR_COLUMNS), rows)?;
    writeln!(out, "</div>")?;
    Ok(())
}
