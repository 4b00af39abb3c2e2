//! Kind of a variant: type, subtype, transition or transversion.

use crate::evaluate::calls::SampleCall;
use crate::evaluate::matching::primitives;
use crate::variants::{Edit, VariantType};

/// The types, in the order of the tables.
pub const TYPES: [VariantType; 2] = [VariantType::Indel, VariantType::Snp];

/// Names of the subtypes in the tables, in the order of the flags below. Insertions, deletions and complex alleles
/// (a gap with substitutions) are divided by length.
pub const SUBTYPES: [&str; 11] = [
    "ti", "tv", "I1_5", "I6_15", "I16_PLUS", "D1_5", "D6_15", "D16_PLUS", "C1_5", "C6_15", "C16_PLUS",
];
pub const TRANSITION: u16 = 1;
pub const TRANSVERSION: u16 = 2;
const INSERTION: usize = 2;
const DELETION: usize = 5;
const COMPLEX: usize = 8;

/// Type and subtypes (a set of flags, one bit for each of [`SUBTYPES`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariantKind {
    pub variant_type: VariantType,
    pub subtypes: u16,
}

impl VariantKind {
    /// None if no called allele is a sequence of bases.
    pub fn classify(call: &SampleCall) -> Option<Self> {
        let mut subtypes = 0;
        let (mut any, mut any_gap) = (false, false);
        let mut seen = None;
        for &allele in &call.genotype {
            let Some(bases) = call.alternate(allele).filter(|_| allele != seen) else {
                continue;
            };
            seen = allele;
            let change = Edit::between(call.position, &call.reference, bases, false);
            let offset = (change.start - call.position) as usize;
            let reference = &call.reference[offset..offset + change.reference_length()];
            let (flags, has_gap) = allele_subtypes(&primitives(&change, reference), change.start, reference);
            subtypes |= flags;
            any_gap |= has_gap;
            any = true;
        }
        let variant_type = if any_gap { VariantType::Indel } else { VariantType::Snp };
        any.then_some(Self { variant_type, subtypes })
    }

    /// The subtypes in lower case for the annotated VCF, in alphabetical order.
    pub fn label(self) -> String {
        let mut names: Vec<String> = (SUBTYPES.iter().enumerate())
            .filter(|(i, _)| self.subtypes & (1 << i) != 0)
            .map(|(_, name)| name.to_ascii_lowercase())
            .collect();
        names.sort();
        if names.is_empty() { ".".into() } else { names.join(",") }
    }
}

/// The flags of one allele, and whether it has a gap.
fn allele_subtypes(changes: &[Edit], start: u64, reference: &[u8]) -> (u16, bool) {
    let (mut flags, mut inserted, mut deleted, mut substituted) = (0, 0, 0, 0);
    for change in changes {
        if change.is_substitution() {
            substituted += 1;
            flags |= substitution(reference[(change.start - start) as usize], change.bases[0]);
        } else {
            inserted += change.bases.len();
            deleted += change.reference_length();
        }
    }
    let mut by_length = |first: usize, length: usize| {
        flags |= match length {
            0 => 0,
            1..=5 => 1 << first,
            6..=15 => 1 << (first + 1),
            _ => 1 << (first + 2),
        };
    };
    if substituted == 0 {
        by_length(INSERTION, inserted);
        by_length(DELETION, deleted);
    } else {
        by_length(COMPLEX, inserted + deleted);
    }
    (flags, inserted + deleted > 0)
}

fn substitution(from: u8, to: u8) -> u16 {
    match (from, to) {
        (b'A', b'G') | (b'G', b'A') | (b'C', b'T') | (b'T', b'C') => TRANSITION,
        (b'A' | b'C' | b'G' | b'T', b'A' | b'C' | b'G' | b'T') => TRANSVERSION,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::calls::CallQualities;

    fn kind(reference: &str, alternates: &[&str], genotype: [u8; 2]) -> (VariantType, String) {
        let call = SampleCall {
            position: 0,
            reference: reference.into(),
            alternates: alternates.iter().map(|a| a.as_bytes().to_vec()).collect(),
            genotype: genotype.map(Some).to_vec(),
            is_haploid: false,
            phase: None,
            filters: Vec::new(),
            score: CallQualities::default(),
        };
        let kind = VariantKind::classify(&call).unwrap();
        (kind.variant_type, kind.label())
    }

    #[test]
    fn types_and_subtypes_follow_the_standard() {
        assert_eq!(kind("A", &["G"], [0, 1]), (VariantType::Snp, "ti".into()));
        assert_eq!(kind("A", &["G", "T"], [1, 2]), (VariantType::Snp, "ti,tv".into()));
        assert_eq!(kind("AC", &["GA"], [1, 1]), (VariantType::Snp, "ti,tv".into()));
        assert_eq!(kind("A", &["ACC"], [0, 1]), (VariantType::Indel, "i1_5".into()));
        assert_eq!(
            kind("ACCCCCC", &["A", "ACC"], [1, 2]),
            (VariantType::Indel, "d1_5,d6_15".into())
        );
        assert_eq!(kind("A", &["GTTTTTT"], [0, 1]), (VariantType::Indel, "c6_15,ti".into()));
        assert_eq!(kind("A", &["ATTTTTTTTTTTTTTTT"], [0, 1]).1, "i16_plus");
    }
}
