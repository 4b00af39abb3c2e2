//! The tables of hap.py: summary, extended, and the counts at every quality threshold.

use crate::variants::VariantType;
use std::io::Write;

use anyhow::Result;

use super::roc::{Curve, CurvePoint, Wanted, spaced};
use crate::evaluate::calls::ScoreField;
use crate::evaluate::counts::{CONTAINED, Count, Counts, FilterRow, SUBTYPES, TYPES};
use crate::evaluate::{EvaluatedCallSet, Subset};

const SUMMARY_COLUMNS: [&str; 18] = [
    "Type",
    "Filter",
    "TRUTH.TOTAL",
    "TRUTH.TP",
    "TRUTH.FN",
    "QUERY.TOTAL",
    "QUERY.FP",
    "QUERY.UNK",
    "FP.gt",
    "FP.al",
    "METRIC.Recall",
    "METRIC.Precision",
    "METRIC.Frac_NA",
    "METRIC.F1_Score",
    "TRUTH.TOTAL.TiTv_ratio",
    "QUERY.TOTAL.TiTv_ratio",
    "TRUTH.TOTAL.het_hom_ratio",
    "QUERY.TOTAL.het_hom_ratio",
];

/// Writes `P.summary.csv`.
pub fn write_summary(to: impl Write, run: &EvaluatedCallSet) -> Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(SUMMARY_COLUMNS)?;
    for variant_type in TYPES {
        for filter in FilterRow::BOTH {
            let counts = run.counts(variant_type, filter);
            let (truth, query) = (counts.truth_total(), counts.query_total());
            let is_snp = variant_type == VariantType::Snp;
            let numbers = [
                truth.all,
                counts.truth_tp.all,
                counts.truth_fn.all,
                query.all,
                counts.query_fp.all,
                counts.query_unk.all,
                counts.fp_gt,
                counts.fp_al,
            ];
            let mut row = vec![variant_type.name().to_owned(), filter.name().to_owned()];
            row.extend(numbers.map(|n| n.to_string()));
            row.extend(metrics(counts));
            row.push(exact(truth.ti_tv().filter(|_| is_snp)));
            row.push(exact(query.ti_tv().filter(|_| is_snp)));
            row.push(exact(truth.het_hom()));
            row.push(exact(query.het_hom()));
            csv.write_record(row)?;
        }
    }
    csv.flush()?;
    Ok(())
}

/// Recall, precision, fraction not assessed and F1, to six places; empty if the denominator is 0.
fn metrics(counts: &Counts) -> [String; 4] {
    [
        counts.recall(),
        counts.precision(),
        counts.fraction_unknown(),
        counts.f1(),
    ]
    .map(|m| exact(m.map(|m| (m * 1e6).round() / 1e6)))
}

fn exact(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| format!("{v:?}"))
}

const COUNT_NAMES: [&str; 7] = [
    "TRUTH.TOTAL",
    "TRUTH.TP",
    "TRUTH.FN",
    "QUERY.TOTAL",
    "QUERY.TP",
    "QUERY.FP",
    "QUERY.UNK",
];
const COUNT_PARTS: [&str; 7] = ["", ".ti", ".tv", ".het", ".homalt", ".TiTv_ratio", ".het_hom_ratio"];

fn extended_columns() -> Vec<String> {
    let keys = [
        "Type",
        "Subtype",
        "Subset",
        "Filter",
        "Genotype",
        "QQ.Field",
        "QQ",
        "METRIC.Recall",
        "METRIC.Precision",
        "METRIC.Frac_NA",
        "METRIC.F1_Score",
        "FP.gt",
        "FP.al",
        "Subset.Size",
        "Subset.IS_CONF.Size",
        "Subset.Level",
    ];
    let counts = COUNT_NAMES
        .iter()
        .flat_map(|name| COUNT_PARTS.iter().map(move |part| format!("{name}{part}")));
    keys.iter().map(|&k| k.to_owned()).chain(counts).collect()
}

/// The keys of a row.
struct TableRow<'a> {
    variant_type: VariantType,
    subtype: Option<usize>,
    subset: &'a Subset,
    filter: FilterRow,
    field: &'a ScoreField,
    quality: Option<f32>,
}

fn extended_row(row: &TableRow, counts: &Counts) -> Vec<String> {
    let mut fields = vec![
        row.variant_type.name().to_owned(),
        row.subtype.map_or("*", |s| SUBTYPES[s]).to_owned(),
        row.subset.name.clone(),
        row.filter.name().to_owned(),
        "*".into(),
        row.field.name(),
        row.quality.map_or_else(|| "*".into(), |q| format!("{q:.6}")),
    ];
    fields.extend(metrics(counts));
    fields.extend(
        [
            counts.fp_gt,
            counts.fp_al,
            row.subset.size,
            row.subset.confident_size,
            0,
        ]
        .map(|n| n.to_string()),
    );
    let parts = [
        counts.truth_total(),
        counts.truth_tp,
        counts.truth_fn,
        counts.query_total(),
        counts.query_tp,
        counts.query_fp,
        counts.query_unk,
    ];
    fields.extend(
        parts
            .iter()
            .flat_map(|count| count_fields(count, row.variant_type == VariantType::Snp)),
    );
    fields
}

fn count_fields(count: &Count, is_snp: bool) -> [String; 7] {
    let substitutions = |n: u64| if is_snp { n.to_string() } else { ".".into() };
    [
        count.all.to_string(),
        substitutions(count.ti),
        substitutions(count.tv),
        count.het.to_string(),
        count.homalt.to_string(),
        exact(count.ti_tv().filter(|_| is_snp)),
        exact(count.het_hom()),
    ]
}

/// Subtypes with separate rows: all together, and the subtypes of indels.
fn subtype_rows(variant_type: VariantType) -> Vec<Option<usize>> {
    let indels = (2..SUBTYPES.len()).filter(|_| variant_type == VariantType::Indel);
    std::iter::once(None).chain(indels.map(Some)).collect()
}

/// Writes `P.extended.csv`.
pub fn write_extended(to: impl Write, run: &EvaluatedCallSet, subsets: &[Subset], field: &ScoreField) -> Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(extended_columns())?;
    for variant_type in TYPES {
        for subtype in subtype_rows(variant_type) {
            for subset in subsets {
                for filter in FilterRow::BOTH {
                    let row = TableRow {
                        variant_type,
                        subtype,
                        subset,
                        filter,
                        field,
                        quality: None,
                    };
                    csv.write_record(extended_row(
                        &row,
                        run.tally.counts(subset.rank, filter, variant_type, subtype),
                    ))?;
                }
            }
        }
    }
    csv.flush()?;
    Ok(())
}

/// Writes `P.roc.all.csv`: the rows of [`write_extended`], and one row for each quality threshold, for everything
/// and for the subset [`CONTAINED`]. Missed truth has the lowest quality ([`EvaluatedCallSet::floor`]), so a row of
/// this threshold exists if any truth is missed. hap.py has the same rows. There, each row except threshold 0 lacks
/// the first call of its level (a truth call counts as missed), and het and homalt are empty.
pub fn write_roc(to: impl Write, run: &EvaluatedCallSet, subsets: &[Subset], field: &ScoreField) -> Result<()> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(extended_columns())?;
    for variant_type in TYPES {
        for subtype in subtype_rows(variant_type) {
            for subset in subsets {
                for filter in FilterRow::BOTH {
                    let row = |quality| TableRow {
                        variant_type,
                        subtype,
                        subset,
                        filter,
                        field,
                        quality,
                    };
                    let all = run.tally.counts(subset.rank, filter, variant_type, subtype);
                    csv.write_record(extended_row(&row(None), all))?;
                    if subset.rank > 0 && subset.name != CONTAINED {
                        continue;
                    }
                    let wanted = Wanted {
                        filter,
                        variant_type,
                        subtype,
                        contained: subset.rank > 0,
                    };
                    let missed = (all.truth_fn.all > 0).then_some(CurvePoint {
                        threshold: run.floor,
                        counts: *all,
                    });
                    for point in spaced(missed.into_iter().chain(Curve::new(run, wanted)), run.score_step) {
                        csv.write_record(extended_row(&row(Some(point.threshold)), &point.counts))?;
                    }
                }
            }
        }
    }
    csv.flush()?;
    Ok(())
}
