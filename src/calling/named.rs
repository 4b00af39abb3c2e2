//! The alleles of a panel in one partition.

use rustc_hash::FxHashSet;

use crate::candidates::Candidate;
use crate::genome::{Partition, Sequence};
use crate::panel::{PanelAllele, PanelRecord};
use crate::variants::Edit;

/// The alleles of the panel's records in a partition.
#[derive(Default)]
pub struct NamedAlleles {
    edits: FxHashSet<Edit>,
    /// The alleles that no candidate has, ascending by position.
    pub forced: Vec<PanelAllele>,
}

impl NamedAlleles {
    /// `records` are those of the panel in and around the partition, and `found` are its candidates. Alleles over an
    /// unknown reference base are not forced.
    pub fn new(records: &[PanelRecord], partition: &Partition, found: &[Candidate], reference: &Sequence) -> Self {
        let records = records.iter().filter(|record| partition.contains(record.position));
        let mut forced: Vec<PanelAllele> = records.flat_map(PanelRecord::alleles).collect();
        forced.sort();
        forced.dedup();
        let edits = forced.iter().filter_map(PanelAllele::edit).collect();
        let alternates = found.iter().flat_map(|candidate| {
            let numbers = 0..candidate.alternates.len();
            numbers.filter_map(move |alternate| edit(candidate, alternate))
        });
        let found: FxHashSet<Edit> = alternates.collect();
        let is_found = |allele: &PanelAllele| allele.edit().is_some_and(|edit| found.contains(&edit));
        forced.retain(|allele| reference.base(allele.position) != b'N' && !is_found(allele));
        Self { edits, forced }
    }

    /// Whether the panel has this alternate of a candidate.
    pub fn has(&self, candidate: &Candidate, alternate: usize) -> bool {
        edit(candidate, alternate).is_some_and(|edit| self.edits.contains(&edit))
    }
}

fn edit(candidate: &Candidate, alternate: usize) -> Option<Edit> {
    Edit::new(
        candidate.position,
        &candidate.reference,
        &candidate.alternates[alternate].bases,
    )
}
