//! Calls by tier, as rows.

use crate::evaluate::EvaluatedCallSet;
use crate::evaluate::counts::share;

pub const TIER_COLUMNS: [&str; 8] = [
    "Tier",
    "Type",
    "TP",
    "FP",
    "UNK",
    "Precision",
    "Share of TP",
    "Share of FP",
];

/// One row for each tier and type, of calls that pass; the last rows are of calls without a tier.
pub fn tier_rows(run: &EvaluatedCallSet) -> Vec<Vec<String>> {
    let text = |share: Option<f64>| share.map_or_else(String::new, |share| format!("{share:.6}"));
    let rows = run.tiers.rows().map(|(tier, variant_type, counts, all)| {
        let numbers = [counts.true_positives, counts.false_positives, counts.unknown];
        let shares = [
            counts.precision(),
            share(counts.true_positives, all.true_positives),
            share(counts.false_positives, all.false_positives),
        ];
        let name = tier.map_or_else(|| "none".to_owned(), |tier| tier.to_string());
        let mut row = vec![name, variant_type.name().to_owned()];
        row.extend(numbers.map(|n| n.to_string()));
        row.extend(shares.map(text));
        row
    });
    rows.collect()
}
