//! Parses the records of a panel.

use anyhow::{Context, Result};

use super::record::{PanelAllele, PanelRecord};
use crate::genome::Reference;
use crate::variants::{CallExclusion, ExcludedCalls, Normalizer, VariantReader};

/// Longest allele, in bases. The evidence of longer alleles may reach beyond the flanks of a partition.
const LONGEST_ALLELE: usize = 1_000;

/// Parses records in the order of the file, and counts what is not used.
pub(super) struct Parser<'a> {
    normalizer: Normalizer<'a>,
    /// Contig and position of the last record, and the used records there.
    place: (String, u64),
    here: Vec<PanelRecord>,
    pub excluded: ExcludedCalls,
}

impl<'a> Parser<'a> {
    pub fn new(reference: &'a Reference) -> Result<Self> {
        Ok(Self {
            normalizer: Normalizer::new(reference)?,
            place: (String::new(), 0),
            here: Vec::new(),
            excluded: ExcludedCalls::default(),
        })
    }

    /// Starts at another place of the file.
    pub fn jump(&mut self) {
        self.here.clear();
    }

    /// The current record of a reader; none if it is not used. Fails if its REF differs from the reference.
    pub fn parse(&mut self, reader: &VariantReader) -> Result<Option<PanelRecord>> {
        let (contig, position) = (reader.contig(), reader.position());
        if self.place.0 != contig || self.place.1 != position {
            self.here.clear();
            self.place.1 = position;
            if self.place.0 != contig {
                contig.clone_into(&mut self.place.0);
            }
        }
        let record = self.parse_alleles(reader, contig, position);
        let Some(record) = record.with_context(|| format!("record {contig}:{}", position + 1))? else {
            return Ok(None);
        };
        if self.here.contains(&record) {
            self.excluded.add(CallExclusion::Repeated, contig, position);
            return Ok(None);
        }
        self.here.push(record.clone());
        Ok(Some(record))
    }

    fn parse_alleles(&mut self, reader: &VariantReader, contig: &str, position: u64) -> Result<Option<PanelRecord>> {
        let record = reader.record_of(None)?;
        let reference = record.reference.to_ascii_uppercase();
        let all = record.alternates.to_ascii_uppercase();
        let (mut alleles, mut normalized) = (vec![reference.as_str()], Vec::new());
        for alternate in all.split(',') {
            if let Some(reason) = exclusion(&alleles, alternate) {
                self.excluded.add(reason, contig, position);
                continue;
            }
            let mut pair = [reference.clone().into_bytes(), alternate.as_bytes().to_vec()];
            let position = self.normalizer.normalize(contig, position, &mut pair)?;
            let [reference, bases] = pair;
            normalized.push(PanelAllele {
                position,
                reference,
                bases,
            });
            alleles.push(alternate);
        }
        Ok((!normalized.is_empty()).then(|| PanelRecord::new(position, &alleles, normalized)))
    }
}

/// Why an alternate is not used. `alleles` are the reference and the alternates before it.
fn exclusion(alleles: &[&str], alternate: &str) -> Option<CallExclusion> {
    let is_long = |bases: &str| bases.len() > LONGEST_ALLELE;
    match alternate {
        "." => Some(CallExclusion::NoAlternate),
        _ if alternate == alleles[0] => Some(CallExclusion::NoAlternate),
        _ if alternate.bytes().any(|base| !b"ACGT".contains(&base)) => Some(CallExclusion::Symbolic),
        _ if alleles.contains(&alternate) => Some(CallExclusion::Repeated),
        _ if is_long(alternate) || is_long(alleles[0]) => Some(CallExclusion::Long),
        _ => None,
    }
}
