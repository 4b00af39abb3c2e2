//! The table of errors of the report.

use anyhow::Result;

use super::annotated::genotype;
use crate::evaluate::calls::is_sequence;
use crate::evaluate::counts::{CONTAINED, Record, RecordSide, Status};
use crate::evaluate::matching::Match;
use crate::genome::{Contig, ReferenceReader};
use crate::output::escape::shortened;

/// Most errors listed; the annotated VCF has all.
const MAX_ERRORS: usize = 1_000;

pub const ERROR_COLUMNS: [&str; 10] = [
    "Place", "Type", "Error", "REF", "ALT", "Truth", "Query", "Quality", "Context", "Strata",
];

/// The number of places with an error, and the first rows, with [`ERROR_COLUMNS`].
#[derive(Clone, Debug, Default)]
pub struct ErrorList {
    pub count: usize,
    pub rows: Vec<Vec<String>>,
}

impl ErrorList {
    /// Adds a record if one of its calls is wrong.
    pub fn add(&mut self, contig: &Contig, record: &Record, reader: &ReferenceReader, strata: &[&str]) -> Result<()> {
        let is_wrong = |entry: &Option<RecordSide>| {
            let verdict = entry.as_ref().map(|e| e.verdict);
            matches!(verdict, Some(Status::FalseNegative | Status::FalsePositive))
        };
        if is_wrong(&record.truth) || is_wrong(&record.query) {
            self.count += 1;
            if self.count <= MAX_ERRORS {
                self.rows.push(error_row(contig, record, reader, strata)?);
            }
        }
        Ok(())
    }
}

fn error_row(contig: &Contig, record: &Record, reader: &ReferenceReader, strata: &[&str]) -> Result<Vec<String>> {
    let entries = [&record.truth, &record.query];
    let error = match entries.into_iter().flatten().map(|e| e.matched).min() {
        Some(Match::Allele) => "wrong genotype",
        Some(Match::Nearby) => "wrong allele",
        _ if record.truth.is_some() => "missed",
        _ => "not in truth",
    };
    let called = |entry: &Option<RecordSide>| {
        entry
            .as_ref()
            .map_or_else(|| "–".into(), |e| genotype(&e.genotype, e.phased))
    };
    let kind = entries.into_iter().flatten().find_map(|e| e.kind);
    let before = reader.fetch(&contig.name, record.position.saturating_sub(15), record.position)?;
    let after = reader.fetch(&contig.name, record.end(), (record.end() + 15).min(contig.length))?;
    let alternates: Vec<String> = record.alternates.iter().map(|a| short(a)).collect();
    Ok(vec![
        format!("{}:{}", contig.name, record.position + 1),
        kind.map_or_else(String::new, |k| format!("{} {}", k.variant_type.name(), k.label())),
        error.to_owned(),
        short(&record.reference),
        alternates.join(","),
        called(&record.truth),
        called(&record.query),
        record
            .query
            .as_ref()
            .and_then(|e| e.score)
            .map_or_else(String::new, |s| s.to_string()),
        format!("{} [{}] {}", short(&before), short(&record.reference), short(&after)),
        first_strata(record, strata),
    ])
}

/// An allele; of a long allele, the first bases. A symbolic allele may be any text.
fn short(allele: &[u8]) -> String {
    let text = String::from_utf8_lossy(allele);
    match text.chars().count() {
        length if length > 24 => {
            let unit = if is_sequence(allele) { "bases" } else { "letters" };
            format!("{}… ({length} {unit})", text.chars().take(20).collect::<String>())
        }
        _ => text.into_owned(),
    }
}

/// The first strata of a record. The confident regions are omitted, because every error lies in them.
fn first_strata(record: &Record, names: &[&str]) -> String {
    const LISTED: usize = 4;
    let mut inside: Vec<String> = (record.strata.iter())
        .map(|&s| names[usize::from(s)])
        .filter(|name| *name != CONTAINED)
        .map(shortened)
        .collect();
    let more = inside.len().saturating_sub(LISTED);
    inside.truncate(LISTED);
    match more {
        0 => inside.join(", "),
        _ => format!("{} and {more} more", inside.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_alleles_of_any_letters_are_shortened() {
        assert_eq!(short(&b"ACGT".repeat(6)), "ACGT".repeat(6));
        assert_eq!(short(&b"ACGT".repeat(7)), format!("{}… (28 bases)", "ACGT".repeat(5)));
        let symbolic = format!("<{}>", "É".repeat(30));
        assert_eq!(short(symbolic.as_bytes()), format!("<{}… (32 letters)", "É".repeat(19)));
    }
}
