//! The records of a sample at a site, combined on its haplotypes.

use std::ops::Range;

use super::allele::Allele;
use super::evidence::{Alternates, Evidence, Likelihoods, by_copies, weakness};
use super::shares::Shares;
use super::window::{Block, RecordAllele, SampleWindow, Variant};
use crate::variants::{Genotype, Ploidy, genotypes};

/// GQ of a genotype without PL and GQ.
const QUALITY_WITHOUT_LIKELIHOODS: u32 = 20;

/// A haplotype of a sample: an alternate of the site, or an allele that only the sample has.
struct Haplotype<'a> {
    /// The alleles that it has in the records.
    parts: &'a [Allele],
    /// The record of the first part, if the sample has all of them.
    owner: Option<usize>,
}

/// The evidence of at least one record with an alternate. All have the same ploidy.
pub fn combine(
    range: &Range<u64>,
    alternates: Alternates,
    window: &SampleWindow,
    variants: &[&Variant],
    ploidy: Ploidy,
    shares: Option<&Shares>,
) -> Evidence {
    let hidden = hidden_alleles(alternates, variants);
    let site_parts = (0..alternates.len()).map(|rank| alternates.parts_of(rank));
    let own_parts = hidden.iter().map(|&allele| std::slice::from_ref(allele));
    let haplotypes: Vec<Haplotype> = site_parts
        .chain(own_parts)
        .map(|parts| Haplotype::new(parts, variants))
        .collect();
    let (phred, ln) = likelihoods(range, window, variants, &haplotypes, ploidy, shares);
    let of_site = &haplotypes[..alternates.len()];
    let depth_of = |haplotype: &Haplotype| {
        let Some(owner) = haplotype.owner else { return Some(0) };
        let index = variants[owner].index_of(&haplotype.parts[0])?;
        variants[owner].allele_depths.get(index).copied()
    };
    let reference_depth = match variants {
        [one] => one.allele_depths.first().copied(),
        _ => None,
    };
    // An allele that lies with others on one haplotype is shown by that haplotype, too.
    let joined: Vec<&Haplotype> = of_site
        .iter()
        .filter(|own| own.parts.len() > 1 && own.owner.is_some())
        .collect();
    let is_joined = |own: &Haplotype| {
        own.parts
            .iter()
            .any(|part| joined.iter().any(|all| all.parts.contains(part)))
    };
    let is_candidate = |own: &Haplotype| own.owner.is_some() && shares.is_some() && !is_joined(own);
    Evidence {
        ploidy,
        reason: None,
        misfit: phred.iter().copied().fold(f64::INFINITY, f64::min),
        phred: Likelihoods::Genotypes(phred),
        ln: Likelihoods::Genotypes(ln),
        is_candidate: of_site.iter().map(is_candidate).collect(),
        depth: variants.iter().filter_map(|variant| variant.depth).min(),
        allele_depths: std::iter::once(reference_depth)
            .chain(of_site.iter().map(depth_of))
            .collect(),
        is_reference_block: false,
        may_share_haplotype: may_share_haplotype(variants),
        hidden: hidden.into_iter().cloned().collect(),
    }
}

impl<'a> Haplotype<'a> {
    fn new(parts: &'a [Allele], variants: &[&Variant]) -> Self {
        let owner = |part: &Allele| variants.iter().position(|variant| variant.index_of(part).is_some());
        let owners: Option<Vec<usize>> = parts.iter().map(owner).collect();
        Self {
            parts,
            owner: owners.and_then(|owners| owners.first().copied()),
        }
    }

    /// The allele that the haplotype has in a record. If it stands in another record of the sample, it leaves this one at
    /// the reference, because the other haplotype shows it.
    fn index_in(&self, variant: &Variant) -> usize {
        if let Some(index) = self
            .parts
            .iter()
            .find_map(|part| variant.index_of(part))
            .filter(|_| self.owner.is_some())
        {
            return index;
        }
        let of_kind = |kind: &RecordAllele| variant.index_of_kind(kind).unwrap_or(0);
        let is_over = |part: &Allele| part.start < variant.end && variant.start < part.end;
        match self.owner {
            Some(_)
                if self
                    .parts
                    .iter()
                    .any(|part| part.is_deletion() && part.start < variant.start && is_over(part)) =>
            {
                of_kind(&RecordAllele::Spanning)
            }
            Some(_) => 0,
            None if self.parts.iter().any(is_over) => of_kind(&RecordAllele::Unseen),
            None => 0,
        }
    }
}

/// The alleles of the sample that the site does not have.
fn hidden_alleles<'a>(alternates: Alternates, variants: &[&'a Variant]) -> Vec<&'a Allele> {
    let mut hidden: Vec<&Allele> = Vec::new();
    for (_, allele) in variants.iter().flat_map(|variant| variant.known()) {
        if !alternates.contains(allele) && !hidden.contains(&allele) {
            hidden.push(allele);
        }
    }
    hidden
}

/// PL of all genotypes, and the logarithm of the likelihoods without the prior of the records.
fn likelihoods(
    range: &Range<u64>,
    window: &SampleWindow,
    variants: &[&Variant],
    haplotypes: &[Haplotype],
    ploidy: Ploidy,
    shares: Option<&Shares>,
) -> (Vec<f64>, Vec<f64>) {
    let map = |variant: &&Variant| -> Vec<usize> {
        std::iter::once(0)
            .chain(haplotypes.iter().map(|haplotype| haplotype.index_in(variant)))
            .collect()
    };
    let maps: Vec<Vec<usize>> = variants.iter().map(map).collect();
    let weakest: Option<&Block> = sure_blocks(window, range).min_by_key(|block| weakness(block));
    // Blocks speak against alleles that no record of the sample has.
    let is_denied = |haplotype: &Haplotype| {
        haplotype.owner.is_none()
            && haplotype
                .parts
                .iter()
                .any(|part| sure_blocks(window, &part.range()).next().is_some())
    };
    let denied: Vec<bool> = haplotypes.iter().map(is_denied).collect();
    let all = genotypes(ploidy, haplotypes.len());
    let of_genotype = |genotype: &Genotype| {
        let (mut phred, mut ln_prior) = (0.0, 0.0);
        for (variant, map) in variants.iter().zip(&maps) {
            let mapped = mapped(genotype, map);
            phred += likelihood(variant, &mapped);
            ln_prior += shares.map_or(0.0, |shares| shares.ln_share(variant, &mapped));
        }
        let copies = genotype
            .alleles()
            .iter()
            .filter(|&&allele| allele > 0 && denied[allele - 1])
            .count();
        if let Some(block) = weakest.filter(|_| copies > 0) {
            let [same, others @ ..] = by_copies(block);
            phred += f64::from(others[copies - 1].saturating_sub(same));
        }
        (phred, -phred * std::f64::consts::LN_10 / 10.0 - ln_prior)
    };
    all.iter().map(of_genotype).unzip()
}

fn sure_blocks<'a>(window: &'a SampleWindow, range: &Range<u64>) -> impl Iterator<Item = &'a Block> + use<'a> {
    let blocks: Vec<&Block> = window.blocks_over(range).filter(|block| block.is_reference).collect();
    blocks.into_iter()
}

/// Whether two called variants of different records may lie on one haplotype.
fn may_share_haplotype(variants: &[&Variant]) -> bool {
    let called = |variant: &&Variant| -> Vec<Allele> {
        let is_called = |index: usize| variant.genotype.contains(&Some(index as u8));
        variant
            .known()
            .filter(|(index, _)| is_called(*index))
            .map(|(_, allele)| allele.clone())
            .collect()
    };
    let called: Vec<Vec<Allele>> = variants.iter().map(called).collect();
    let pairs = (0..called.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    pairs.into_iter().any(|(a, b)| {
        called[a]
            .iter()
            .any(|one| called[b].iter().any(|other| one.fits_with(other)))
    })
}

fn mapped(genotype: &Genotype, map: &[usize]) -> Genotype {
    match *genotype {
        Genotype::Haploid(allele) => Genotype::Haploid(map[allele]),
        Genotype::Diploid([a, b]) => Genotype::Diploid([map[a].min(map[b]), map[a].max(map[b])]),
    }
}

/// PL of a record. Without PL, the called genotype is likelier than each other by GQ.
fn likelihood(variant: &Variant, genotype: &Genotype) -> f64 {
    let called = || {
        let mut called: Vec<usize> = variant.genotype.iter().flatten().map(|&allele| allele.into()).collect();
        called.sort_unstable();
        called == genotype.alleles()
    };
    match variant.likelihoods.get(genotype.rank()) {
        Some(&likelihood) => likelihood.into(),
        None if called() => 0.0,
        None => variant.quality.unwrap_or(QUALITY_WITHOUT_LIKELIHOODS).into(),
    }
}
