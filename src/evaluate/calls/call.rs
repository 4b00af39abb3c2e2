//! One VCF record of one sample.

use crate::gates::GateMarks;
pub(crate) use crate::variants::CalledAllele;

/// Longest allele in the comparison, in bases; longer alleles are structural variants.
pub const MAX_ALLELE_LENGTH: usize = 1_000;

/// A call that differs from the reference. Alleles are upper-case; only alleles of the genotype are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SampleCall {
    /// 0-based position of the first base of `reference`.
    pub position: u64,
    pub reference: Vec<u8>,
    pub alternates: Vec<Vec<u8>>,
    /// Two alleles. Both are the same for a haploid genotype.
    pub genotype: Vec<CalledAllele>,
    /// Whether the file has one allele because there is one copy.
    pub is_haploid: bool,
    /// The phase set, if the genotype is phased.
    pub phase: Option<i32>,
    /// Indices into the call set's filter names; empty = PASS.
    pub filters: Vec<u16>,
    pub score: CallQualities,
}

/// How gates judge a call of the query.
#[derive(Clone, Copy, Debug, Default)]
pub struct JudgedByGates {
    pub marks: GateMarks,
    /// Whether the call passes all filters but those of gates.
    pub is_judged: bool,
}

impl JudgedByGates {
    /// The strictest judgement of two.
    pub fn with(self, other: Self) -> Self {
        Self {
            marks: GateMarks {
                inside: self.marks.inside | other.marks.inside,
                failed: self.marks.failed | other.marks.failed,
            },
            is_judged: self.is_judged || other.is_judged,
        }
    }
}

/// The qualities of a call. Comparison ignores them, so that calls with different qualities can be equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallQualities {
    /// The quality for ROC curves.
    pub quality: Option<f32>,
    /// FORMAT/GQ.
    pub genotype: Option<f32>,
    /// FORMAT/TIER.
    pub tier: Option<u8>,
    pub gates: JudgedByGates,
}

impl PartialEq for CallQualities {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for CallQualities {}

impl PartialOrd for CallQualities {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CallQualities {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// Zygosity, with the names of the GA4GH tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zygosity {
    Het,
    HomAlt,
    HetAlt,
    HalfCall,
}

impl Zygosity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Het => "het",
            Self::HomAlt => "homalt",
            Self::HetAlt => "hetalt",
            Self::HalfCall => "halfcall",
        }
    }
}

impl SampleCall {
    /// End of the reference allele (0-based, exclusive).
    pub fn end(&self) -> u64 {
        self.position + self.reference.len() as u64
    }

    /// The bases of a called allele. None for the reference, a dot, or an allele without a sequence (`*`, `<DEL>`).
    pub fn alternate(&self, allele: CalledAllele) -> Option<&[u8]> {
        let index = usize::from(allele?).checked_sub(1)?;
        self.alternates
            .get(index)
            .map(Vec::as_slice)
            .filter(|bases| is_sequence(bases))
    }

    /// Whether any called allele changes the sequence and no allele is too long to compare.
    pub fn is_comparable(&self) -> bool {
        self.reference.len() <= MAX_ALLELE_LENGTH
            && self.alternates.iter().all(|a| a.len() <= MAX_ALLELE_LENGTH)
            && self
                .genotype
                .iter()
                .any(|&a| self.alternate(a).is_some_and(|bases| bases != self.reference))
    }

    pub fn zygosity(&self) -> Zygosity {
        match self.genotype[..] {
            [None, _] | [_, None] => Zygosity::HalfCall,
            [Some(0), _] | [_, Some(0)] => Zygosity::Het,
            [a, b] if a == b => Zygosity::HomAlt,
            _ => Zygosity::HetAlt,
        }
    }
}

/// Whether an allele is a sequence of bases.
pub fn is_sequence(allele: &[u8]) -> bool {
    !allele.is_empty() && allele.iter().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(alternates: &[&str], genotype: &[CalledAllele]) -> SampleCall {
        SampleCall {
            position: 9,
            reference: b"A".to_vec(),
            alternates: alternates.iter().map(|a| a.as_bytes().to_vec()).collect(),
            genotype: genotype.to_vec(),
            is_haploid: false,
            phase: None,
            filters: Vec::new(),
            score: CallQualities::default(),
        }
    }

    #[test]
    fn genotypes_have_the_standard_names() {
        let name = |genotype: &[CalledAllele]| call(&["C", "G"], genotype).zygosity().name();
        assert_eq!(name(&[Some(0), Some(1)]), "het");
        assert_eq!(name(&[Some(1), Some(1)]), "homalt");
        assert_eq!(name(&[Some(2), Some(1)]), "hetalt");
        assert_eq!(name(&[None, Some(1)]), "halfcall");
    }

    #[test]
    fn alleles_without_a_sequence_change_nothing() {
        assert!(!call(&["*"], &[Some(0), Some(1)]).is_comparable());
        assert!(!call(&["<DEL>"], &[Some(1), Some(1)]).is_comparable());
        assert!(!call(&["A"], &[Some(1), Some(1)]).is_comparable());
        assert!(call(&["*", "C"], &[Some(1), Some(2)]).is_comparable());
    }
}
