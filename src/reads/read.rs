//! One aligned read, as the rest of the flow sees it.

/// What a stretch of an alignment means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CigarKind {
    /// Base against base, equal or not (`M`, `=`, `X`).
    Match,
    Insertion,
    Deletion,
    /// `N`: reference passed over, as by introns.
    RefSkip,
    SoftClip,
    HardClip,
}

impl CigarKind {
    pub fn consumes_read(self) -> bool {
        matches!(self, Self::Match | Self::Insertion | Self::SoftClip)
    }

    pub fn consumes_reference(self) -> bool {
        matches!(self, Self::Match | Self::Deletion | Self::RefSkip)
    }
}

/// One stretch of an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CigarOp {
    pub kind: CigarKind,
    pub length: u32,
}

/// An aligned read that passed the read filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Name of the fragment; both mates bear it.
    pub name: Vec<u8>,
    /// First aligned reference position, 0-based.
    pub start: u64,
    pub cigar: Vec<CigarOp>,
    /// Bases in upper case (A, C, G, T, N), as long as `quals`, soft clips included.
    pub bases: Vec<u8>,
    /// Phred base qualities.
    pub quals: Vec<u8>,
    pub mapping_quality: u8,
    pub reverse: bool,
    /// Second of its pair; with the name it tells one read from all others.
    pub second_of_pair: bool,
    /// SAM's TLEN, signed.
    pub insert_size: i64,
}

impl Read {
    /// One past the last aligned reference position.
    pub fn end(&self) -> u64 {
        let aligned: u32 = self
            .cigar
            .iter()
            .filter(|op| op.kind.consumes_reference())
            .map(|op| op.length)
            .sum();
        self.start + u64::from(aligned)
    }

    /// The stretches of base against base: first reference position, first index into `bases`, length.
    pub fn matches(&self) -> impl Iterator<Item = (u64, usize, usize)> + '_ {
        let (mut position, mut index) = (self.start, 0);
        self.cigar.iter().filter_map(move |op| {
            let stretch = (position, index, op.length as usize);
            position += if op.kind.consumes_reference() {
                u64::from(op.length)
            } else {
                0
            };
            index += if op.kind.consumes_read() { op.length as usize } else { 0 };
            (op.kind == CigarKind::Match).then_some(stretch)
        })
    }
}
