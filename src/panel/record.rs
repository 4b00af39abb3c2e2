//! One record of a panel.

use crate::variants::Edit;

/// An allele in minimal, left-aligned form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PanelAllele {
    /// 0-based position of the first base of `reference`.
    pub position: u64,
    pub reference: Vec<u8>,
    pub bases: Vec<u8>,
}

impl PanelAllele {
    pub(crate) fn edit(&self) -> Option<Edit> {
        Edit::new(self.position, &self.reference, &self.bases)
    }
}

/// A record as the file spells it. A panel may hold millions of records, so the type is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelRecord {
    /// 0-based position of the first base of the reference allele.
    pub position: u64,
    /// The reference allele and the alternates, separated by commas.
    spelling: Box<str>,
    /// The normalized form of each alternate; None where all are spelled in this form.
    normalized: Option<Box<[PanelAllele]>>,
}

impl PanelRecord {
    /// `alleles[0]` is the reference allele. `normalized` holds one allele for each alternate.
    pub fn new(position: u64, alleles: &[&str], normalized: Vec<PanelAllele>) -> Self {
        let mut record = Self {
            position,
            spelling: alleles.join(",").into_boxed_str(),
            normalized: None,
        };
        if record.alleles() != normalized {
            record.normalized = Some(normalized.into_boxed_slice());
        }
        record
    }

    pub fn reference(&self) -> &[u8] {
        self.spelling.split(',').next().unwrap_or_default().as_bytes()
    }

    pub fn alternates(&self) -> impl Iterator<Item = &[u8]> {
        self.spelling.split(',').skip(1).map(str::as_bytes)
    }

    /// The normalized form of each alternate.
    pub fn alleles(&self) -> Vec<PanelAllele> {
        let as_spelled = |bases: &[u8]| PanelAllele {
            position: self.position,
            reference: self.reference().to_vec(),
            bases: bases.to_vec(),
        };
        let normalized = self.normalized.as_ref().map(|alleles| alleles.to_vec());
        normalized.unwrap_or_else(|| self.alternates().map(as_spelled).collect())
    }
}

/// The records with a position in `start..end` (0-based half-open) among sorted records of a contig.
pub fn within(records: &[PanelRecord], start: u64, end: u64) -> &[PanelRecord] {
    let first = records.partition_point(|record| record.position < start);
    let last = records.partition_point(|record| record.position < end);
    &records[first..last.max(first)]
}
