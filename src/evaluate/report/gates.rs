//! What gates take away, as rows.

use crate::evaluate::EvaluatedCallSet;
use crate::evaluate::counts::{Decisions, share};
use crate::gates::Gates;

pub const GATE_COLUMNS: [&str; 11] = [
    "Gate",
    "Type",
    "Demands",
    "Action",
    "TP",
    "FP",
    "UNK",
    "Taken TP",
    "Taken FP",
    "Taken UNK",
    "Precision without the taken",
];

/// One row for each gate and type; the last rows are of all gates together.
pub fn gate_rows(run: &EvaluatedCallSet, gates: &Gates) -> Vec<Vec<String>> {
    let rows = run.gates.rows(gates).map(|(gate, variant_type, counts)| {
        let mut row = vec![
            gate.map_or("all gates", |gate| &gate.name).to_owned(),
            variant_type.name().to_owned(),
            gate.map_or_else(String::new, |gate| gate.demand()),
            gate.map_or_else(String::new, |gate| gate.action.to_string()),
        ];
        let numbers = |d: Decisions| [d.true_positives, d.false_positives, d.unknown].map(|n| n.to_string());
        row.extend(numbers(counts.inside));
        row.extend(numbers(counts.taken));
        let right = counts.inside.true_positives - counts.taken.true_positives;
        let wrong = counts.inside.false_positives - counts.taken.false_positives;
        row.push(share(right, right + wrong).map_or_else(String::new, |p| format!("{p:.6}")));
        row
    });
    rows.collect()
}
