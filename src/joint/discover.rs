//! The alleles that the samples of a cohort were called with, and how sure they are.

use std::collections::BTreeMap;

use super::allele::Allele;
use super::window::{MAX_PHRED, SampleWindow, Variant};
use crate::variants::genotypes;

/// What the cohort shows of an allele.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlleleSupport {
    /// Allele qualities of the best and the second-best sample: by how much, phred-scaled, the likeliest genotype with the
    /// allele is likelier than the likeliest one without it.
    pub qualities: [u32; 2],
    /// Copies in the called genotypes.
    pub copies: u32,
}

impl AlleleSupport {
    fn add(&mut self, quality: u32, copies: u32) {
        let [best, second] = self.qualities;
        self.qualities = [best.max(quality), second.max(best.min(quality))];
        self.copies += copies;
    }
}

/// The alleles that are called in at least one sample, in order.
pub fn discover<'a>(
    samples: impl Iterator<Item = &'a SampleWindow>,
    min_genotype_quality: u32,
) -> BTreeMap<Allele, AlleleSupport> {
    let mut alleles: BTreeMap<Allele, AlleleSupport> = BTreeMap::new();
    for variant in samples.flat_map(|sample| &sample.variants) {
        for (index, allele) in variant.known() {
            let copies = variant
                .genotype
                .iter()
                .filter(|called| **called == Some(index as u8))
                .count() as u32;
            if copies == 0 {
                continue;
            }
            let counted = if variant.quality.unwrap_or(0) >= min_genotype_quality {
                copies
            } else {
                0
            };
            let quality = quality_of(variant, index);
            match alleles.get_mut(allele) {
                Some(support) => support.add(quality, counted),
                None => alleles.entry(allele.clone()).or_default().add(quality, counted),
            }
        }
    }
    alleles
}

/// The allele quality in one sample; 0 without likelihoods.
fn quality_of(variant: &Variant, index: usize) -> u32 {
    let all = genotypes(variant.ploidy(), variant.alleles.len());
    let mut least = [u32::MAX; 2];
    for (genotype, phred) in all.iter().zip(&variant.likelihoods) {
        let has_it = usize::from(genotype.alleles().contains(&index));
        least[has_it] = least[has_it].min(*phred);
    }
    match variant.likelihoods.is_empty() {
        true => 0,
        false => least[0].saturating_sub(least[1]).min(MAX_PHRED),
    }
}
