//! What the records of a sample say of the genotypes of a site.

use std::ops::Range;

use super::allele::Allele;
use super::shares::Shares;
use super::window::{Block, RecordAllele, SampleWindow, Variant};
use crate::variants::{Genotype, Ploidy, genotypes};

/// Why a sample has no genotype at a site; the letters are GLnexus's, and `Q` is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No record, or no read.
    Missing,
    /// Records over a part of the site only.
    Partial,
    /// The input has no genotype.
    NotCalled,
    /// A deletion that the site does not have.
    Deletion,
    /// Another allele that the site does not have.
    Lost,
    /// Several variants that may lie on one haplotype or on two.
    Unphased,
    /// Several variants that do not fit on the haplotypes.
    Overlapping,
    /// The genotype stands in the record of another site.
    Elsewhere,
    /// The genotype is too uncertain.
    Quality,
}

impl Reason {
    pub fn letter(self) -> char {
        match self {
            Self::Missing => 'M',
            Self::Partial => 'P',
            Self::NotCalled => 'I',
            Self::Deletion => '-',
            Self::Lost => 'L',
            Self::Unphased => 'U',
            Self::Overlapping => 'O',
            Self::Elsewhere => '1',
            Self::Quality => 'Q',
        }
    }
}

/// The likelihoods of the genotypes.
#[derive(Clone, Debug, PartialEq)]
pub enum Likelihoods {
    /// By the number of copies of any alternate allele.
    Copies([f64; 3]),
    /// By the rank of the genotype among those of the site's alleles and of the hidden ones.
    Genotypes(Vec<f64>),
}

/// The evidence of a sample at a site. Allele 0 is the reference; the site's alternates follow, then the hidden alleles:
/// those of the sample that the site does not have.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub ploidy: Ploidy,
    /// Why no genotype can be called, whatever the other samples say.
    pub reason: Option<Reason>,
    pub hidden: Vec<Allele>,
    /// PL of each genotype, as the records have it.
    pub phred: Likelihoods,
    /// Natural logarithm of the likelihoods, without the prior that the caller put into them.
    pub ln: Likelihoods,
    /// Whether the sample has a record of the alternate, and its likelihoods hold a prior.
    pub is_candidate: Vec<bool>,
    pub depth: Option<u32>,
    /// Depth of the reference and of each alternate of the site.
    pub allele_depths: Vec<Option<u32>>,
    /// The alternates of the sample, with the rank of their record.
    own: Vec<(usize, usize)>,
    /// By how much, phred-scaled, the records on their own are likelier than the likeliest genotype of the site.
    pub misfit: f64,
}

impl Likelihoods {
    pub fn of(&self, genotype: &Genotype) -> f64 {
        match self {
            Self::Copies(by_copies) => by_copies[genotype.alleles().iter().filter(|&&allele| allele > 0).count()],
            Self::Genotypes(all) => all[genotype.rank()],
        }
    }
}

impl Evidence {
    fn none(reason: Reason, ploidy: Ploidy, alternates: usize) -> Self {
        Self {
            ploidy,
            reason: Some(reason),
            hidden: Vec::new(),
            phred: Likelihoods::Copies([0.0; 3]),
            ln: Likelihoods::Copies([0.0; 3]),
            is_candidate: vec![false; alternates],
            depth: None,
            allele_depths: vec![None; alternates + 1],
            own: Vec::new(),
            misfit: 0.0,
        }
    }

    /// The evidence of a sample at a site over `range` with these alternates.
    pub fn gather(range: &Range<u64>, alternates: &[Allele], window: &SampleWindow, shares: Option<&Shares>) -> Self {
        let variants: Vec<&Variant> = window.variants_over(range).collect();
        let Some(ploidy) = variants.first().map(|variant| variant.ploidy()) else {
            return Self::of_blocks(range, alternates.len(), window);
        };
        let usable: Vec<&Variant> = variants
            .iter()
            .copied()
            .filter(|v| v.ploidy() == ploidy && is_informative(v))
            .collect();
        if usable.is_empty() {
            let reason = match variants.iter().all(|variant| variant.depth == Some(0)) {
                true => Reason::Missing,
                false => Reason::NotCalled,
            };
            let depth = variants.iter().filter_map(|variant| variant.depth).min();
            return Self {
                depth,
                ..Self::none(reason, ploidy, alternates.len())
            };
        }
        Self::of_variants(range, alternates, window, &usable, ploidy, shares)
    }

    fn of_blocks(range: &Range<u64>, alternates: usize, window: &SampleWindow) -> Self {
        let Some(first) = window.blocks_over(range).next() else {
            return Self::none(Reason::Missing, Ploidy::Diploid, alternates);
        };
        let (mut covered, mut weakest) = (range.start, first);
        let mut reason = None;
        for block in window.blocks_over(range) {
            if block.start > covered {
                reason = Some(Reason::Partial);
            }
            covered = covered.max(block.end);
            if !block.is_called {
                reason = reason.max(Some(if block.min_depth == 0 {
                    Reason::Missing
                } else {
                    Reason::NotCalled
                }));
            }
            if weakness(block) < weakness(weakest) {
                weakest = block;
            }
        }
        if covered < range.end {
            reason = Some(Reason::Partial);
        }
        let depth = window.blocks_over(range).map(|block| block.min_depth).min();
        let mut evidence = Self::none(Reason::Missing, first.ploidy, alternates);
        evidence.reason = reason;
        evidence.depth = depth;
        evidence.allele_depths = vec![Some(0); alternates + 1];
        evidence.allele_depths[0] = depth;
        evidence.phred = Likelihoods::Copies(by_copies(weakest).map(f64::from));
        evidence.ln = Likelihoods::Copies(by_copies(weakest).map(ln));
        evidence
    }

    fn of_variants(
        range: &Range<u64>,
        alternates: &[Allele],
        window: &SampleWindow,
        variants: &[&Variant],
        ploidy: Ploidy,
        shares: Option<&Shares>,
    ) -> Self {
        let mut alleles: Vec<&Allele> = alternates.iter().collect();
        for (_, allele) in variants.iter().flat_map(|variant| variant.known()) {
            if !alleles.contains(&allele) {
                alleles.push(allele);
            }
        }
        let owner = |allele: &&Allele| variants.iter().position(|variant| variant.index_of(allele).is_some());
        let owners: Vec<Option<usize>> = alleles.iter().map(owner).collect();
        let maps: Vec<Vec<usize>> = variants
            .iter()
            .map(|variant| map_of(variant, &alleles, &owners))
            .collect();
        let weakest = window.blocks_over(range).filter(|block| block.is_called);
        let weakest = weakest.min_by_key(|block| weakness(block));
        let is_over_block = |allele: &Allele| window.blocks_over(&allele.range()).any(|block| block.is_called);
        let against: Vec<bool> = alleles
            .iter()
            .zip(&owners)
            .map(|(a, owner)| owner.is_none() && is_over_block(a))
            .collect();

        let all = genotypes(ploidy, alleles.len());
        let (mut phred, mut ln_all) = (vec![0.0; all.len()], vec![0.0; all.len()]);
        for (rank, genotype) in all.iter().enumerate() {
            for (variant, map) in variants.iter().zip(&maps) {
                let mapped = mapped(genotype, map);
                let likelihood = likelihood(variant, &mapped);
                phred[rank] += likelihood;
                ln_all[rank] += -likelihood * std::f64::consts::LN_10 / 10.0;
                if let Some(shares) = shares {
                    ln_all[rank] -= shares.ln_share(variant, &mapped);
                }
            }
            let copies = genotype
                .alleles()
                .iter()
                .filter(|&&allele| allele > 0 && against[allele - 1])
                .count();
            if let Some(block) = weakest.filter(|_| copies > 0) {
                let [same, others @ ..] = by_copies(block);
                let cost = f64::from(others[copies - 1].saturating_sub(same));
                phred[rank] += cost;
                ln_all[rank] += -cost * std::f64::consts::LN_10 / 10.0;
            }
        }
        let misfit = phred.iter().copied().fold(f64::INFINITY, f64::min);
        let depth_of = |allele: usize| {
            let Some(owner) = owners[allele] else { return Some(0) };
            let index = variants[owner].index_of(alleles[allele])?;
            variants[owner].allele_depths.get(index).copied()
        };
        let reference_depth = match variants {
            [one] => one.allele_depths.first().copied(),
            _ => None,
        };
        let depths = std::iter::once(reference_depth).chain((0..alternates.len()).map(depth_of));
        Self {
            ploidy,
            reason: None,
            hidden: alleles[alternates.len()..]
                .iter()
                .map(|&allele| allele.clone())
                .collect(),
            phred: Likelihoods::Genotypes(phred),
            ln: Likelihoods::Genotypes(ln_all),
            is_candidate: owners[..alternates.len()]
                .iter()
                .map(|owner| owner.is_some() && shares.is_some())
                .collect(),
            depth: variants.iter().filter_map(|variant| variant.depth).min(),
            allele_depths: depths.collect(),
            own: owners
                .iter()
                .enumerate()
                .filter_map(|(rank, owner)| Some((rank + 1, (*owner)?)))
                .collect(),
            misfit,
        }
    }

    /// Whether two alleles of the sample stand in different records.
    pub fn are_of_two_records(&self, a: usize, b: usize) -> bool {
        let owner = |allele: usize| {
            self.own
                .iter()
                .find(|(own, _)| *own == allele)
                .map(|(_, record)| *record)
        };
        matches!((owner(a), owner(b)), (Some(a), Some(b)) if a != b)
    }
}

/// For each allele, what it is in a record: an allele that stands in another record of the sample leaves this one at the
/// reference, because the other haplotype shows it.
fn map_of(variant: &Variant, alleles: &[&Allele], owners: &[Option<usize>]) -> Vec<usize> {
    let unseen = variant.index_of_kind(&RecordAllele::Unseen);
    let spanning = variant.index_of_kind(&RecordAllele::Spanning);
    let index = |(allele, owner): (&&Allele, &Option<usize>)| {
        variant.index_of(allele).unwrap_or_else(|| match owner {
            Some(_) => spanning
                .filter(|_| allele.is_deletion() && allele.start < variant.start)
                .unwrap_or(0),
            None if allele.start < variant.end && variant.start < allele.end => unseen.unwrap_or(0),
            None => 0,
        })
    };
    std::iter::once(0)
        .chain(alleles.iter().zip(owners).map(index))
        .collect()
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
        None => variant.quality.into(),
    }
}

/// Whether a record tells genotypes apart.
fn is_informative(variant: &Variant) -> bool {
    let differ = variant.likelihoods.windows(2).any(|pair| pair[0] != pair[1]);
    let is_called = variant.genotype.iter().all(Option::is_some);
    match variant.likelihoods.is_empty() {
        true => is_called && variant.quality > 0,
        false => differ && variant.depth != Some(0) || is_called,
    }
}

/// How much likelier the reference is than one copy of another allele.
fn weakness(block: &Block) -> u32 {
    let [same, others @ ..] = by_copies(block);
    others[0].saturating_sub(same)
}

/// PL by the number of copies of another allele.
fn by_copies(block: &Block) -> [u32; 3] {
    let [same, one, two] = block.likelihoods;
    match block.ploidy {
        Ploidy::Diploid => [same, one, two],
        Ploidy::Haploid | Ploidy::Absent => [same, two, two],
    }
}

fn ln(phred: u32) -> f64 {
    -f64::from(phred) * std::f64::consts::LN_10 / 10.0
}
