//! Ploidy, genotypes and their order in a VCF record.

use std::fmt;

/// Number of copies that a sample has of a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ploidy {
    /// No copy, as of a woman's Y.
    Absent,
    Haploid,
    #[default]
    Diploid,
}

/// The called alleles of a site, by their index: 0 is the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genotype {
    Haploid(usize),
    /// Ascending.
    Diploid([usize; 2]),
}

impl Genotype {
    /// Each copy's allele.
    pub fn alleles(&self) -> &[usize] {
        match self {
            Self::Haploid(allele) => std::slice::from_ref(allele),
            Self::Diploid(alleles) => alleles,
        }
    }

    pub fn ploidy(&self) -> Ploidy {
        match self {
            Self::Haploid(_) => Ploidy::Haploid,
            Self::Diploid(_) => Ploidy::Diploid,
        }
    }

    /// Whether every copy has the reference.
    pub fn is_reference(&self) -> bool {
        self.alleles().iter().all(|&allele| allele == 0)
    }

    /// Rank in VCF order. Diploid genotypes: b(b+1)/2 + a (VCF 4.2, section 1.4.2).
    pub fn rank(&self) -> usize {
        match *self {
            Self::Haploid(allele) => allele,
            Self::Diploid([a, b]) => b * (b + 1) / 2 + a,
        }
    }

    /// The same genotype with other allele indices, which keep their order.
    pub fn renumbered(&self, number: impl Fn(usize) -> usize) -> Self {
        match *self {
            Self::Haploid(allele) => Self::Haploid(number(allele)),
            Self::Diploid(alleles) => Self::Diploid(alleles.map(number)),
        }
    }
}

impl From<[usize; 2]> for Genotype {
    fn from(alleles: [usize; 2]) -> Self {
        Self::Diploid(alleles)
    }
}

#[cfg(test)]
impl PartialEq<[usize; 2]> for Genotype {
    fn eq(&self, alleles: &[usize; 2]) -> bool {
        *self == Self::Diploid(*alleles)
    }
}

/// As in the GT field.
impl fmt::Display for Genotype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Haploid(allele) => write!(f, "{allele}"),
            Self::Diploid([a, b]) => write!(f, "{a}/{b}"),
        }
    }
}

/// Index of the greatest probability; the first index if several are equal.
pub fn likeliest(probabilities: &[f64]) -> usize {
    (0..probabilities.len()).fold(0, |best, i| {
        if probabilities[i] > probabilities[best] {
            i
        } else {
            best
        }
    })
}

/// All genotypes of the reference and `alternates` alternate alleles, in VCF order.
pub fn genotypes(ploidy: Ploidy, alternates: usize) -> Vec<Genotype> {
    let diploid = |b| (0..=b).map(move |a| Genotype::Diploid([a, b]));
    match ploidy {
        Ploidy::Absent => Vec::new(),
        Ploidy::Haploid => (0..=alternates).map(Genotype::Haploid).collect(),
        Ploidy::Diploid => (0..=alternates).flat_map(diploid).collect(),
    }
}

/// Number of genotypes of the reference and `alternates` alternate alleles.
pub fn genotype_count(ploidy: Ploidy, alternates: usize) -> usize {
    match ploidy {
        Ploidy::Absent => 0,
        Ploidy::Haploid => alternates + 1,
        Ploidy::Diploid => (alternates + 1) * (alternates + 2) / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genotypes_are_in_the_order_of_their_ranks() {
        for ploidy in [Ploidy::Haploid, Ploidy::Diploid] {
            let all = genotypes(ploidy, 3);
            assert!(all.iter().enumerate().all(|(rank, genotype)| genotype.rank() == rank));
            assert!(all.iter().all(|genotype| genotype.ploidy() == ploidy));
            assert_eq!(all.len(), genotype_count(ploidy, 3));
        }
        let text = |ploidy| genotypes(ploidy, 1).iter().map(Genotype::to_string).collect::<Vec<_>>();
        assert_eq!(text(Ploidy::Haploid), ["0", "1"]);
        assert_eq!(text(Ploidy::Diploid), ["0/0", "0/1", "1/1"]);
        assert!(genotypes(Ploidy::Absent, 2).is_empty());
    }
}
