//! The metrics for programs: `P.metrics.json`.

use std::io::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::roc::{Curve, Wanted};
use super::screen::Named;
use crate::evaluate::counts::{
    Count, Counts, Decisions, FilterRow, SUBTYPES, TYPES, expected_calibration_error, share,
};
use crate::evaluate::{EvaluatedCallSet, Evaluation, Subset};
use crate::gates::{Gate, Gates};
use crate::variants::{ExcludedCalls, VariantType};

/// Writes all metrics of the query, and the overall metrics of the other call sets.
pub fn write_metrics(to: impl Write, evaluation: &Evaluation, sets: &[Named], subsets: &[Subset]) -> Result<()> {
    let options = evaluation.options();
    let mut value = json!({
        "dvcall": env!("CARGO_PKG_VERSION"),
        "reference": options.reference,
        "truth": options.truth,
        "confident": options.confident,
        "regions": options.regions.included,
        "exclude_regions": options.regions.excluded,
        "padding": options.regions.padding,
        "stratification": options.stratification,
        "phased": options.phased,
        "score": options.score.name(),
        "use_filtered_truth": options.use_filtered_truth,
        "truth_left_out": sets.first().map(|set| reasons(&set.run.truth_left_out)),
        "strata_without_bases": subsets.iter().filter(|s| s.is_empty_stratum()).map(|s| &s.name).collect::<Vec<_>>(),
        "call_sets": sets.iter().enumerate().map(|(i, set)| call_set(set, evaluation, subsets, i == 0)).collect::<Vec<_>>(),
    });
    if let Some(gates) = evaluation.gates() {
        value["gates"] = sets.first().map_or(Value::Null, |set| gate_figures(set.run, gates));
    }
    if let Some(set) = sets.first().filter(|set| set.run.tiers.has_tiers()) {
        value["tiers"] = tier_figures(set.run);
    }
    serde_json::to_writer_pretty(to, &value)?;
    Ok(())
}

fn call_set(set: &Named, evaluation: &Evaluation, subsets: &[Subset], detailed: bool) -> Value {
    let run = set.run;
    let mut value = json!({
        "name": set.name,
        "query": run.query,
        "sample": run.sample,
        "run_time_seconds": set.seconds,
        "calls_on_contigs_without_truth": run.without_truth,
        "left_out": reasons(&run.left_out),
        "too_complex": run.given_up.iter().map(|interval| json!({
            "region": interval.region.to_string(), "truth_calls": interval.truth, "query_calls": interval.query,
        })).collect::<Vec<_>>(),
        "best_f1": TYPES.map(|t| best_threshold(run, t, &evaluation.options().score.name())),
        "summary": rows(run, &subsets[..1], false),
    });
    let ploidies: Vec<Subset> = evaluation.subsets(run).into_iter().filter(Subset::is_ploidy).collect();
    if !ploidies.is_empty() {
        value["by_ploidy"] = rows(run, &ploidies, false).into();
    }
    if detailed {
        value["calibration"] = TYPES.map(|t| calibration(run, t)).to_vec().into();
        value["strata"] = rows(run, subsets, true).into();
    }
    value
}

/// What each gate takes away.
fn gate_figures(run: &EvaluatedCallSet, gates: &Gates) -> Value {
    let rows = run.gates.rows(gates).map(|(gate, variant_type, counts)| {
        json!({
            "gate": gate.map(|gate| &gate.name),
            "type": variant_type.name(),
            "demands": gate.map(Gate::demand),
            "action": gate.map(|gate| gate.action.to_string()),
            "calls": decisions(&counts.inside),
            "taken": decisions(&counts.taken),
        })
    });
    rows.collect()
}

/// Calls by tier.
fn tier_figures(run: &EvaluatedCallSet) -> Value {
    let rows = run.tiers.rows().map(|(tier, variant_type, counts, all)| {
        json!({
            "tier": tier,
            "type": variant_type.name(),
            "calls": decisions(&counts),
            "precision": counts.precision(),
            "share_of_tp": share(counts.true_positives, all.true_positives),
            "share_of_fp": share(counts.false_positives, all.false_positives),
        })
    });
    rows.collect()
}

fn decisions(d: &Decisions) -> Value {
    json!({"tp": d.true_positives, "fp": d.false_positives, "unk": d.unknown})
}

/// Calls that are not compared, by reason.
fn reasons(left_out: &ExcludedCalls) -> Vec<Value> {
    let reasons = left_out.reasons();
    reasons
        .map(|(reason, calls, first)| json!({"reason": reason.name(), "calls": calls, "first": first}))
        .collect()
}

/// Calls by GQ.
fn calibration(run: &EvaluatedCallSet, variant_type: VariantType) -> Value {
    let bins = run.calibration.bins(variant_type);
    json!({
        "type": variant_type.name(),
        "expected_calibration_error": expected_calibration_error(&bins),
        "bins": bins.iter().map(|bin| json!({
            "gq_from": bin.from, "calls": bin.calls, "wrong": bin.errors, "claimed_error": bin.claimed,
            "observed_error": bin.observed(),
        })).collect::<Vec<_>>(),
    })
}

fn best_threshold(run: &EvaluatedCallSet, variant_type: VariantType, score: &str) -> Value {
    let curve = Curve::new(run, Wanted::all(variant_type, FilterRow::All));
    curve.best().map_or(Value::Null, |point| {
        json!({
            "type": variant_type.name(),
            "score": score,
            "threshold": point.threshold,
            "f1": point.counts.f1(),
            "recall": point.counts.recall(),
            "precision": point.counts.precision(),
        })
    })
}

fn rows(run: &EvaluatedCallSet, subsets: &[Subset], with_subtypes: bool) -> Vec<Value> {
    let mut rows = Vec::new();
    for subset in subsets {
        for variant_type in TYPES {
            let subtypes = (0..SUBTYPES.len()).filter(|_| with_subtypes).map(Some);
            for subtype in std::iter::once(None).chain(subtypes) {
                for filter in FilterRow::BOTH {
                    let counts = run.tally.counts(subset.rank, filter, variant_type, subtype);
                    if subtype.is_none() || *counts != Counts::default() {
                        let mut row = figures(counts);
                        row["type"] = variant_type.name().into();
                        row["subtype"] = subtype.map_or("*", |s| SUBTYPES[s]).into();
                        row["subset"] = subset.name.clone().into();
                        row["filter"] = filter.name().into();
                        rows.push(row);
                    }
                }
            }
        }
    }
    rows
}

fn figures(counts: &Counts) -> Value {
    let part = |count: &Count| {
        json!({
            "all": count.all, "ti": count.ti, "tv": count.tv, "het": count.het, "homalt": count.homalt,
            "ti_tv": count.ti_tv(), "het_hom": count.het_hom(),
        })
    };
    json!({
        "truth_total": part(&counts.truth_total()),
        "truth_tp": part(&counts.truth_tp),
        "truth_fn": part(&counts.truth_fn),
        "query_total": part(&counts.query_total()),
        "query_tp": part(&counts.query_tp),
        "query_fp": part(&counts.query_fp),
        "query_unk": part(&counts.query_unk),
        "fp_gt": counts.fp_gt,
        "fp_al": counts.fp_al,
        "recall": counts.recall(),
        "precision": counts.precision(),
        "frac_na": counts.fraction_unknown(),
        "f1": counts.f1(),
    })
}
