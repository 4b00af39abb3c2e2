//! Kinds of variants, genotypes and changes.

use crate::variants::{CalledAllele, Edit};

/// The type of a record, by the alternate alleles that the sample carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Snp,
    Insertion,
    Deletion,
    /// Several bases are replaced.
    Complex,
    /// Two different alternate alleles.
    MultiAllelic,
    /// A symbolic allele or a breakend.
    Symbolic,
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::Snp,
        Self::Insertion,
        Self::Deletion,
        Self::Complex,
        Self::MultiAllelic,
        Self::Symbolic,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Snp => "SNP",
            Self::Insertion => "insertion",
            Self::Deletion => "deletion",
            Self::Complex => "MNP/complex",
            Self::MultiAllelic => "multi-allelic",
            Self::Symbolic => "symbolic",
        }
    }
}

/// The genotype of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zygosity {
    Reference,
    /// The reference and an alternate allele.
    Heterozygous,
    Homozygous,
    /// Two different alternate alleles.
    TwoAlternates,
    /// One alternate allele, the only one.
    Haploid,
    /// An alternate allele, and one that is not known.
    Partial,
    NoCall,
    /// The record has no GT.
    Unknown,
}

impl Zygosity {
    /// Genotypes with an own line in the chart of VAF.
    pub const CALLED: [Self; 5] = [
        Self::Reference,
        Self::Heterozygous,
        Self::Homozygous,
        Self::TwoAlternates,
        Self::Haploid,
    ];
    pub const COUNT: usize = Self::Unknown as usize + 1;

    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "0/0",
            Self::Heterozygous => "0/1",
            Self::Homozygous => "1/1",
            Self::TwoAlternates => "1/2",
            Self::Haploid => "1",
            Self::Partial => "./1",
            Self::NoCall => "./.",
            Self::Unknown => "no GT",
        }
    }

    pub fn of(alleles: &[CalledAllele]) -> Self {
        let mut known: Vec<u8> = alleles.iter().flatten().copied().collect();
        let (is_partial, is_haploid) = (known.len() < alleles.len(), alleles.len() == 1);
        known.sort_unstable();
        known.dedup();
        match known[..] {
            [] => Self::NoCall,
            [0] if is_partial => Self::NoCall,
            [0] => Self::Reference,
            _ if is_partial => Self::Partial,
            [_] if is_haploid => Self::Haploid,
            [_] => Self::Homozygous,
            [0, _] => Self::Heterozygous,
            _ => Self::TwoAlternates,
        }
    }
}

/// A change of the sequence by one alternate allele.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Substitution(u8, u8),
    /// Inserted bases are positive, deleted ones are negative.
    Indel(i64),
    Complex,
    Symbolic,
}

impl Change {
    pub fn of(reference: &str, alternate: &str) -> Option<Self> {
        if alternate.contains(['<', '[', ']', '.']) {
            return Some(Self::Symbolic);
        }
        let [reference, alternate] = [reference, alternate].map(str::to_ascii_uppercase);
        let edit = Edit::new(0, reference.as_bytes(), alternate.as_bytes())?;
        Some(match (edit.reference_length(), edit.bases.len()) {
            (1, 1) => Self::Substitution(reference.as_bytes()[edit.start as usize], edit.bases[0]),
            (0, inserted) => Self::Indel(inserted as i64),
            (deleted, 0) => Self::Indel(-(deleted as i64)),
            _ => Self::Complex,
        })
    }

    pub fn kind(self) -> Kind {
        match self {
            Self::Substitution(..) => Kind::Snp,
            Self::Indel(1..) => Kind::Insertion,
            Self::Indel(_) => Kind::Deletion,
            Self::Complex => Kind::Complex,
            Self::Symbolic => Kind::Symbolic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genotypes_of_any_ploidy_have_a_zygosity() {
        let of = |alleles: &[CalledAllele]| Zygosity::of(alleles);
        let (reference, first, second, dot) = (Some(0), Some(1), Some(2), None);
        assert_eq!(of(&[reference, reference]), Zygosity::Reference);
        assert_eq!(of(&[reference]), Zygosity::Reference);
        assert_eq!(of(&[second, reference]), Zygosity::Heterozygous);
        assert_eq!(of(&[second, second]), Zygosity::Homozygous);
        assert_eq!(of(&[first, second]), Zygosity::TwoAlternates);
        assert_eq!(of(&[first]), Zygosity::Haploid);
        assert_eq!(of(&[dot, first]), Zygosity::Partial);
        assert_eq!(of(&[dot, reference]), Zygosity::NoCall);
        assert_eq!(of(&[dot]), Zygosity::NoCall);
        assert_eq!(of(&[reference, first, first]), Zygosity::Heterozygous);
        assert_eq!(of(&[reference, first, second]), Zygosity::TwoAlternates);
        assert_eq!(of(&[first, first, first]), Zygosity::Homozygous);
    }

    #[test]
    fn changes_do_not_depend_on_padding() {
        let of = Change::of;
        assert_eq!(of("A", "g"), Some(Change::Substitution(b'A', b'G')));
        assert_eq!(of("CAT", "CGT"), Some(Change::Substitution(b'A', b'G')));
        assert_eq!(of("AT", "ATTT"), Some(Change::Indel(2)));
        assert_eq!(of("ATG", "A"), Some(Change::Indel(-2)));
        assert_eq!(of("CATG", "CAG"), Some(Change::Indel(-1)));
        assert_eq!(of("AT", "GC"), Some(Change::Complex));
        assert_eq!(of("ATT", "GC"), Some(Change::Complex));
        assert_eq!(of("A", "A"), None);
        for symbolic in ["<DEL>", "A[c:5[", "]c:5]A", ".A"] {
            assert_eq!(of("A", symbolic), Some(Change::Symbolic));
        }
        let kinds = [Change::Indel(1), Change::Indel(-1)].map(Change::kind);
        assert_eq!(kinds, [Kind::Insertion, Kind::Deletion]);
    }

    #[test]
    fn kinds_and_genotypes_are_in_the_order_of_their_lists() {
        assert!(Kind::ALL.into_iter().enumerate().all(|(i, kind)| kind as usize == i));
        assert!(
            Zygosity::CALLED
                .into_iter()
                .enumerate()
                .all(|(i, zygosity)| zygosity as usize == i)
        );
    }
}
