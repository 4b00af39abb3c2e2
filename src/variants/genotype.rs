//! Diploid genotypes and their order in a VCF record.

/// Rank of a genotype (allele indices, ascending) in VCF order: b(b+1)/2 + a (VCF 4.2, section 1.4.2).
pub fn genotype_order([a, b]: [usize; 2]) -> usize {
    b * (b + 1) / 2 + a
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

/// All diploid genotypes of the reference and `alternates` alternate alleles, in VCF order.
pub fn genotypes(alternates: usize) -> Vec<[usize; 2]> {
    (0..=alternates).flat_map(|b| (0..=b).map(move |a| [a, b])).collect()
}
