//! The report of a validation: one page to read, to print and to sign.

use std::io::Write;

use anyhow::Result;

use super::breakdown::Breakdown;
use super::findings::Finding;
use super::history::{FIGURES, History, HistoryRun};
use super::plan::Plan;
use super::state::{RunState, State, TypeScore};
use super::trends::{Trend, trends};
use crate::evaluate::{f1_interval, jeffreys};
use crate::page::{begin, end, escape, figure, headings, table};

const STYLE: &str = ".pass{color:#1b7a4b}.fail{color:#b3261e}.sign{margin-top:3em}.sign td{padding:2.2em 3em 0 0;border-bottom:1px solid #222}\
.left td,.left th{text-align:left}.left code{overflow-wrap:anywhere}@media print{body{max-width:none;margin:0}h2{break-after:avoid}table,figure{break-inside:avoid}}";

/// Errors of a run that the page lists; the state has all.
const LISTED: usize = 40;

/// What the page tells.
pub struct Page<'a> {
    pub plan: &'a Plan,
    pub state: &'a State,
    /// Date of the accepted state, if there is one.
    pub accepted: Option<&'a str>,
    pub findings: &'a [Finding],
    pub history: &'a History,
    /// The rows of each run, in the order of the state.
    pub breakdowns: &'a [Vec<Breakdown>],
}

pub fn write_page(out: &mut impl Write, page: &Page) -> Result<()> {
    begin(out, &format!("{}: validation", page.plan.name), STYLE)?;
    verdict(out, page)?;
    writeln!(out, "<h2>Accuracy</h2>")?;
    accuracy(out, page.state)?;
    for (run, rows) in page.state.runs.iter().zip(page.breakdowns) {
        breakdown(out, run, rows)?;
    }
    by_tier(out, page.state)?;
    limits(out, page)?;
    reproducibility(out, page.state)?;
    batches(out, page)?;
    known_errors(out, page.state)?;
    provenance(out, page.state)?;
    writeln!(
        out,
        "<table class=\"sign\"><tr><td>Validated by</td><td>Date</td><td>Signature</td></tr></table>"
    )?;
    end(out)
}

fn verdict(out: &mut impl Write, page: &Page) -> Result<()> {
    let fails = page.findings.iter().any(|finding| finding.is_failure);
    let (class, verdict) = match (page.accepted, fails) {
        (_, true) => ("fail", "Failed".to_owned()),
        (Some(date), false) => ("pass", format!("Passed: no worse than the state accepted on {date}")),
        (None, false) => ("pass", "No accepted state to compare with".to_owned()),
    };
    writeln!(out, "<p class=\"{class}\"><b>{}</b></p>", escape(&verdict))?;
    writeln!(
        out,
        "<p>dvcall {}, {}.</p>",
        escape(&page.state.dvcall),
        escape(&page.state.date)
    )?;
    if page.findings.is_empty() {
        return Ok(());
    }
    let row = |finding: &Finding| {
        let kind = if finding.is_failure { "failure" } else { "note" };
        vec![finding.run.clone(), kind.to_owned(), finding.text.clone()]
    };
    writeln!(out, "<div class=\"left\">")?;
    table(
        out,
        &headings(&["Run", "", "Finding"]),
        &page.findings.iter().map(row).collect::<Vec<_>>(),
    )?;
    writeln!(
        out,
        "</div><p>Two states are compared by the errors that only one of them makes (exact test of McNemar). All tests together \
         find a false difference with a probability of at most {}.</p>",
        page.plan.significance
    )?;
    Ok(())
}

/// A fraction with its 95 % interval.
fn share(hits: u64, trials: u64) -> String {
    match trials {
        0 => "–".into(),
        _ => {
            let (low, high) = jeffreys(hits, trials);
            format!("{:.4} ({low:.4}–{high:.4})", hits as f64 / trials as f64)
        }
    }
}

fn f1(score: &TypeScore) -> String {
    let interval = f1_interval(score.found, score.missed, score.wrong);
    score.f1().map_or_else(
        || "–".into(),
        |f1| format!("{f1:.4} ({:.4}–{:.4})", interval.0, interval.1),
    )
}

fn accuracy(out: &mut impl Write, state: &State) -> Result<()> {
    let rows = state.runs.iter().flat_map(|run| {
        run.scores.iter().map(|s| {
            let counts = [s.truth, s.missed, s.wrong].map(|n| n.to_string());
            let mut row = vec![run.name.clone(), s.variant_type.clone()];
            row.extend(counts);
            row.extend([share(s.found, s.truth), share(s.found, s.found + s.wrong), f1(s)]);
            row
        })
    });
    let names = ["Run", "Type", "Truth", "Missed", "False", "Recall", "Precision", "F1"];
    table(out, &headings(&names), &rows.collect::<Vec<_>>())?;
    writeln!(out, "<p>Calls that pass. In brackets: 95 % intervals (Jeffreys).</p>")?;
    Ok(())
}

/// Accuracy by size, zygosity, ploidy and stratum.
fn breakdown(out: &mut impl Write, run: &RunState, rows: &[Breakdown]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let name = escape(&run.name);
    writeln!(out, "<h2>{name}: by class</h2>")?;
    let mut lines = Vec::new();
    for row in rows
        .iter()
        .filter(|row| row.truth + row.wrong > 0 && !row.is_repeated())
    {
        if row.is_whole() {
            for (class, truth, missed) in [
                ("heterozygous", row.truth_het, row.missed_het),
                ("homozygous", row.truth_hom, row.missed_hom),
            ] {
                let recall = share(truth - missed, truth);
                lines.push(vec![
                    row.variant_type.clone(),
                    class.into(),
                    truth.to_string(),
                    missed.to_string(),
                    String::new(),
                    recall,
                    String::new(),
                ]);
            }
            continue;
        }
        lines.push(vec![
            row.variant_type.clone(),
            row.class(),
            row.truth.to_string(),
            row.missed.to_string(),
            row.wrong.to_string(),
            share(row.found(), row.truth),
            share(row.found(), row.found() + row.wrong),
        ]);
    }
    table(
        out,
        &headings(&["Type", "Class", "Truth", "Missed", "False", "Recall", "Precision"]),
        &lines,
    )?;
    writeln!(
        out,
        "<p>Curves, gates and all errors: <a href=\"{name}.scores.html\">{name}.scores.html</a>.</p>"
    )?;
    Ok(())
}

/// Calls by tier, of runs that have tiers.
fn by_tier(out: &mut impl Write, state: &State) -> Result<()> {
    let mut rows = Vec::new();
    for run in &state.runs {
        for tier in &run.tiers {
            let of_type = run.tiers.iter().filter(|t| t.variant_type == tier.variant_type);
            let (right, wrong) = of_type.fold((0, 0), |(right, wrong), t| (right + t.right, wrong + t.wrong));
            rows.push(vec![
                run.name.clone(),
                tier.tier.clone(),
                tier.variant_type.clone(),
                tier.right.to_string(),
                tier.wrong.to_string(),
                share(tier.right, tier.right + tier.wrong),
                share(tier.right, right),
                share(tier.wrong, wrong),
            ]);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>By tier</h2>")?;
    let names = [
        "Run",
        "Tier",
        "Type",
        "True",
        "False",
        "Precision",
        "Share of the true calls",
        "Share of the false calls",
    ];
    table(out, &headings(&names), &rows)?;
    writeln!(
        out,
        "<p>Calls that pass: 1 report, 2 confirm, 3 review by a person. In brackets: 95 % intervals (Jeffreys).</p>"
    )?;
    Ok(())
}

/// Recall by depth, for sets with thinned runs.
fn limits(out: &mut impl Write, page: &Page) -> Result<()> {
    let runs = page.plan.runs();
    let thinned: Vec<_> = page.plan.sets.iter().filter(|set| !set.thinned.is_empty()).collect();
    if thinned.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Limits of detection by depth</h2>\n<div class=\"charts\">")?;
    for set in thinned {
        let states = runs
            .iter()
            .zip(&page.state.runs)
            .filter(|(run, _)| run.set.name == set.name);
        let states: Vec<&RunState> = states.map(|(_, state)| state).collect();
        let lines = ["SNP", "INDEL"].map(|variant_type| {
            let point = |state: &&RunState| {
                let score = state
                    .scores
                    .iter()
                    .find(|s| s.variant_type == variant_type && s.truth > 0)?;
                Some((state.quality.depth?, score.found as f64 / score.truth as f64))
            };
            Trend {
                name: format!("{variant_type} recall"),
                points: states.iter().filter_map(point).collect(),
            }
        });
        figure(out, &escape(&set.name), &trends(&lines, "mean depth")?)?;
    }
    writeln!(out, "</div>")?;
    Ok(())
}

fn reproducibility(out: &mut impl Write, state: &State) -> Result<()> {
    let rows = state.runs.iter().flat_map(|run| {
        run.repeats.iter().map(|repeat| {
            let same = if repeat.same { "same records" } else { "other records" };
            vec![run.name.clone(), repeat.threads.to_string(), same.to_owned()]
        })
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Reproducibility</h2>")?;
    table(out, &headings(&["Run", "Threads", "Called again"]), &rows)
}

/// Trends of accuracy, and of the figures that show differences between batches.
fn batches(out: &mut impl Write, page: &Page) -> Result<()> {
    if page.history.lines.len() < 2 {
        return Ok(());
    }
    writeln!(out, "<h2>Trends</h2>")?;
    let drifts = page.history.drifts();
    for drift in &drifts {
        writeln!(
            out,
            "<p class=\"fail\">{}: {} is {:.4}, and was {:.4} on average.</p>",
            escape(&drift.run),
            drift.figure,
            drift.value,
            drift.mean
        )?;
    }
    if drifts.is_empty() {
        writeln!(out, "<p>No figure is far from its past values.</p>")?;
    }
    writeln!(out, "<div class=\"charts\">")?;
    let chart = |out: &mut _, title: &str, figure_of: &dyn Fn(&HistoryRun) -> Option<f64>| -> Result<()> {
        let lines = page.state.runs.iter().map(|run| Trend {
            name: run.name.clone(),
            points: page
                .history
                .series(&run.name, figure_of)
                .into_iter()
                .map(|(n, v)| (n as f64, v))
                .collect(),
        });
        let lines: Vec<Trend> = lines.filter(|line| !line.points.is_empty()).collect();
        match lines.is_empty() {
            true => Ok(()),
            false => figure(out, title, &trends(&lines, "validation")?),
        }
    };
    for variant_type in ["SNP", "INDEL"] {
        let f1 = |run: &HistoryRun| run.scores.iter().find(|s| s.variant_type == variant_type)?.f1();
        chart(out, &format!("F1 of {variant_type}"), &f1)?;
    }
    for (name, of_quality) in FIGURES {
        chart(out, name, &|run| of_quality(&run.quality))?;
    }
    writeln!(out, "</div>")?;
    Ok(())
}

fn known_errors(out: &mut impl Write, state: &State) -> Result<()> {
    writeln!(out, "<h2>Known errors</h2>")?;
    for run in &state.runs {
        let listed: Vec<&str> = run.errors.iter().take(LISTED).map(String::as_str).collect();
        let more = run.errors.len() - listed.len();
        let tail = if more > 0 {
            format!("; and {more} more in validation.json")
        } else {
            String::new()
        };
        let text = if listed.is_empty() {
            "none".to_owned()
        } else {
            listed.join("; ") + &tail
        };
        writeln!(out, "<p><b>{}</b>: {}</p>", escape(&run.name), escape(&text))?;
    }
    Ok(())
}

/// Commands and checksums of all inputs.
fn provenance(out: &mut impl Write, state: &State) -> Result<()> {
    writeln!(out, "<h2>What ran</h2>\n<div class=\"left\">")?;
    for run in &state.runs {
        writeln!(out, "<p><b>{}</b></p>", escape(&run.name))?;
        for command in &run.commands {
            writeln!(out, "<p><code>{}</code></p>", escape(command))?;
        }
        let inputs = run
            .inputs
            .iter()
            .map(|(kind, digest)| vec![kind.clone(), digest.clone()]);
        let rows: Vec<_> = inputs.chain([vec!["records".into(), run.records.clone()]]).collect();
        table(out, &headings(&["What", "SHA-256"]), &rows)?;
    }
    writeln!(out, "</div>")?;
    Ok(())
}
