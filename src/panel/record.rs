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

/// A record as the file spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelRecord {
    /// 0-based position of the first base of `reference`.
    pub position: u64,
    pub reference: Vec<u8>,
    pub alternates: Vec<Vec<u8>>,
    /// The normalized form of each alternate.
    pub alleles: Vec<PanelAllele>,
}
