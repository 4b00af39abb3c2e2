//! Calls of the query by tier.

use super::gates::Decisions;
use super::kind::TYPES;
use super::record::Record;
use crate::variants::VariantType;

/// The tiers in the order of the tables. None: a call without a tier.
const TIERS: [Option<u8>; 4] = [Some(1), Some(2), Some(3), None];

/// Calls that pass all filters, by tier and type.
#[derive(Clone, Debug, Default)]
pub struct TierTally([[Decisions; TYPES.len()]; TIERS.len()]);

impl TierTally {
    /// Adds the query call of a record.
    pub fn add(&mut self, record: &Record) {
        let Some(query) = record.query.as_ref().filter(|_| record.filters.is_empty()) else {
            return;
        };
        let row = TIERS.iter().position(|tier| *tier == query.tier);
        if let (Some(row), Some(kind)) = (row, query.kind) {
            self.0[row][kind.variant_type as usize].add(query.verdict);
        }
    }

    /// Whether any call has a tier.
    pub fn has_tiers(&self) -> bool {
        self.0[..TIERS.len() - 1]
            .iter()
            .flatten()
            .any(|counts| *counts != Decisions::default())
    }

    /// The counts of each tier and type, with those of all tiers together.
    pub fn rows(&self) -> impl Iterator<Item = (Option<u8>, VariantType, Decisions, Decisions)> {
        let all = TYPES.map(|t| {
            self.0
                .iter()
                .map(|row| row[t as usize])
                .fold(Decisions::default(), Decisions::plus)
        });
        let rows = TIERS.into_iter().zip(&self.0);
        rows.flat_map(move |(tier, counts)| {
            TYPES
                .into_iter()
                .map(move |t| (tier, t, counts[t as usize], all[t as usize]))
        })
    }
}
