//! What is known of a position.

use std::ops::Range;

/// GQ from which a position counts as the reference.
pub const LEAST_QUALITY: u32 = 20;

/// Why a position could not be called. The last reasons are the most severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A variant lies here, but it failed a filter.
    FilteredVariant,
    /// Too few reads for a GQ of [`LEAST_QUALITY`].
    FewReads,
    /// Some reads differ from the reference, but no allele is called.
    ReadsDisagree,
    NoReads,
    /// The base of the reference is not known.
    UnknownReference,
    /// The sample has no copy of the contig.
    NoCopy,
    /// The run was not asked for this position.
    OutsideRegions,
}

impl Reason {
    pub const ALL: [Self; 7] = [
        Self::FilteredVariant,
        Self::FewReads,
        Self::ReadsDisagree,
        Self::NoReads,
        Self::UnknownReference,
        Self::NoCopy,
        Self::OutsideRegions,
    ];

    /// Name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::FilteredVariant => "filtered_variant",
            Self::FewReads => "few_reads",
            Self::ReadsDisagree => "reads_disagree",
            Self::NoReads => "no_reads",
            Self::UnknownReference => "unknown_reference",
            Self::NoCopy => "no_copy",
            Self::OutsideRegions => "outside_regions",
        }
    }
}

/// What is known of a position. Of several records over it, the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PositionState {
    /// The sample has the reference, with a GQ of at least [`LEAST_QUALITY`].
    Reference,
    /// A variant that passed all filters.
    Variant,
    NotCalled(Reason),
}

/// Consecutive positions with equal depth and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionRun {
    pub positions: Range<u64>,
    pub depth: u32,
    pub state: PositionState,
}
