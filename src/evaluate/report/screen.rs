//! The table on the screen: one call set, or several one below the other.

use crate::evaluate::counts::{Counts, DIPLOID_RANK, FilterRow, HAPLOID_RANK};
use crate::evaluate::{EvaluatedCallSet, Subset};
use crate::variants::VariantType;

/// A call set with its display name and run time.
pub struct Named<'a> {
    pub name: String,
    pub run: &'a EvaluatedCallSet,
    /// Run time in seconds, if known.
    pub seconds: Option<f64>,
}

const COLUMNS: [&str; 11] = [
    "Type",
    "Filter",
    "Truth",
    "TP",
    "FN",
    "FP",
    "FP.gt",
    "UNK",
    "Recall",
    "Precision",
    "F1",
];

/// Headings and rows of the comparison: SNPs, then indels, with the call sets one below the other. Omits PASS rows
/// if no call has a filter, names if there is one call set, and run times if none is known.
pub fn comparison(sets: &[Named]) -> (Vec<String>, Vec<Vec<String>>) {
    let timed = sets.iter().any(|s| s.seconds.is_some());
    let (mut headings, counted) = counted_rows(sets, 0);
    if timed {
        headings.push("Run time".into());
    }
    let rows = counted.into_iter().map(|(set, mut row)| {
        if timed {
            row.push(set.seconds.map_or_else(String::new, |s| format!("{s} s")));
        }
        row
    });
    (headings, rows.collect())
}

/// Headings and rows of the comparison for the subsets by ploidy. None if all calls are diploid.
pub fn by_ploidy(sets: &[Named]) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let haploid = Subset::of_ploidy(HAPLOID_RANK);
    let has_calls = |subset: &Subset| sets.iter().any(|set| set.run.tally.has_calls(subset.rank));
    if !has_calls(&haploid) {
        return None;
    }
    let (mut headings, mut rows) = (Vec::new(), Vec::new());
    let subsets = [haploid, Subset::of_ploidy(DIPLOID_RANK)].into_iter();
    for subset in subsets.filter(has_calls) {
        let (columns, counted) = counted_rows(sets, subset.rank);
        headings = columns;
        rows.extend(counted.into_iter().map(|(_, mut row)| {
            row.insert(0, subset.name.clone());
            row
        }));
    }
    headings.insert(0, "Ploidy".into());
    Some((headings, rows))
}

/// Headings, and rows with their call sets, for one subset of the tally.
fn counted_rows<'a, 'b>(sets: &'a [Named<'b>], subset: usize) -> (Vec<String>, Vec<(&'a Named<'b>, Vec<String>)>) {
    let several = sets.len() > 1;
    let filtered = sets.iter().any(|s| !s.run.filters.is_empty());
    let mut headings: Vec<String> = COLUMNS.iter().map(|&c| c.to_owned()).collect();
    if several {
        headings.insert(0, "Call set".into());
    }
    let mut rows = Vec::new();
    for variant_type in [VariantType::Snp, VariantType::Indel] {
        for filter in FilterRow::BOTH.into_iter().filter(|&f| f == FilterRow::All || filtered) {
            for set in sets {
                let counts = set.run.tally.counts(subset, filter, variant_type, None);
                let mut row = vec![variant_type.name().to_owned(), filter.name().to_owned()];
                row.extend(numbers(counts));
                if several {
                    row.insert(0, set.name.clone());
                }
                rows.push((set, row));
            }
        }
    }
    (headings, rows)
}

fn numbers(counts: &Counts) -> impl Iterator<Item = String> {
    let whole = [
        counts.truth_total().all,
        counts.truth_tp.all,
        counts.truth_fn.all,
        counts.query_fp.all,
        counts.fp_gt,
        counts.query_unk.all,
    ];
    let shares = [counts.recall(), counts.precision(), counts.f1()];
    let share = |value: Option<f64>| value.map_or_else(|| "-".into(), |v| format!("{v:.6}"));
    whole.map(|n| n.to_string()).into_iter().chain(shares.map(share))
}

/// Formats headings and rows in columns: words to the left, numbers to the right.
pub fn aligned(headings: &[String], rows: &[Vec<String>]) -> String {
    let lines: Vec<&[String]> = std::iter::once(headings)
        .chain(rows.iter().map(Vec::as_slice))
        .collect();
    let width = |column: usize| lines.iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
    let is_number = |column: usize| rows.iter().all(|r| !r[column].contains(char::is_alphabetic));
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = (line.iter().enumerate())
            .map(|(column, cell)| match is_number(column) {
                true => format!("{cell:>w$}", w = width(column)),
                false => format!("{cell:<w$}", w = width(column)),
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}
