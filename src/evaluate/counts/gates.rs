//! What the gates take away.

use super::kind::TYPES;
use super::record::{Record, Status};
use crate::gates::{Gate, Gates};
use crate::variants::VariantType;

/// Calls of the query by decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    pub true_positives: u64,
    pub false_positives: u64,
    /// Outside the confident regions.
    pub unknown: u64,
}

impl Decisions {
    pub(super) fn add(&mut self, status: Status) {
        match status {
            Status::TruePositive => self.true_positives += 1,
            Status::FalsePositive => self.false_positives += 1,
            Status::Unknown => self.unknown += 1,
            Status::FalseNegative | Status::Ignored => {}
        }
    }
}

impl Decisions {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            true_positives: self.true_positives + other.true_positives,
            false_positives: self.false_positives + other.false_positives,
            unknown: self.unknown + other.unknown,
        }
    }

    /// Share of the assessed calls that are right.
    pub fn precision(self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }
}

/// None of nothing.
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Calls that pass all filters but those of gates: all in a gate, and of these the ones that the gate takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateCounts {
    pub inside: Decisions,
    pub taken: Decisions,
}

/// The counts of each gate and type, and of all gates together.
#[derive(Clone, Debug, Default)]
pub struct GateTally {
    /// The last row is of all gates.
    rows: Vec<[GateCounts; TYPES.len()]>,
}

impl GateTally {
    pub fn new(gates: usize) -> Self {
        Self {
            rows: vec![Default::default(); gates + 1],
        }
    }

    /// Adds the query call of a record.
    pub fn add(&mut self, record: &Record) {
        let Some(query) = record.query.as_ref().filter(|query| query.gates.is_judged) else {
            return;
        };
        let (Some(kind), marks) = (query.kind, query.gates.marks) else {
            return;
        };
        let all = self.rows.len().saturating_sub(1);
        for (row, counts) in self.rows.iter_mut().enumerate() {
            let has = |bits: u64| if row == all { bits > 0 } else { bits >> row & 1 == 1 };
            let counts = &mut counts[kind.variant_type as usize];
            if has(marks.inside) {
                counts.inside.add(query.verdict);
            }
            if has(marks.failed) {
                counts.taken.add(query.verdict);
            }
        }
    }

    /// The counts by gate and type; those of all gates together, without a gate, come last.
    pub fn rows<'a>(
        &'a self,
        gates: &'a Gates,
    ) -> impl Iterator<Item = (Option<&'a Gate>, VariantType, &'a GateCounts)> {
        let names = gates.gates.iter().map(Some).chain([None]);
        let rows = names.zip(&self.rows);
        rows.flat_map(|(gate, counts)| TYPES.into_iter().map(move |t| (gate, t, &counts[t as usize])))
    }
}
