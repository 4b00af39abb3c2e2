//! What the records of a sample say of the genotypes of a site.

use std::ops::Range;

use super::allele::Allele;
use super::combine::combine;
use super::shares::Shares;
use super::unify::Site;
use super::window::{Block, SampleWindow, Variant};
use crate::variants::{Genotype, Ploidy};

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
    /// Whether two variants of the sample may lie on one haplotype.
    pub may_share_haplotype: bool,
    /// Whether the reads only show the reference.
    pub is_reference_block: bool,
    /// By how much, phred-scaled, the records on their own are likelier than the likeliest genotype of the site.
    pub misfit: f64,
}

/// The alternates of a site.
#[derive(Clone, Copy)]
pub struct Alternates<'a> {
    alleles: &'a [Allele],
    /// The alleles that make up each alternate, if it is several on one haplotype.
    parts: &'a [Vec<Allele>],
}

impl<'a> Alternates<'a> {
    pub fn of(site: &'a Site) -> Self {
        Self {
            alleles: &site.alternates,
            parts: &site.parts,
        }
    }

    pub fn len(&self) -> usize {
        self.alleles.len()
    }

    pub fn contains(&self, allele: &Allele) -> bool {
        self.alleles.contains(allele)
    }

    pub fn single(allele: &'a Allele) -> Self {
        Self {
            alleles: std::slice::from_ref(allele),
            parts: &[],
        }
    }

    /// The alleles that a haplotype with this alternate has in the records of a sample.
    pub fn parts_of(&self, rank: usize) -> &'a [Allele] {
        match self.parts.get(rank) {
            Some(parts) if !parts.is_empty() => parts,
            _ => &self.alleles[rank..=rank],
        }
    }
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
            may_share_haplotype: false,
            is_reference_block: false,
            misfit: 0.0,
        }
    }

    /// The evidence of a sample at a site over `range` with these alternates.
    pub fn gather(range: &Range<u64>, alternates: Alternates, window: &SampleWindow, shares: Option<&Shares>) -> Self {
        let variants: Vec<&Variant> = window.variants_over(range).collect();
        let Some(ploidy) = variants.first().map(|variant| variant.ploidy()) else {
            return Self::of_blocks(range, alternates.alleles, window);
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
                ..Self::none(reason, ploidy, alternates.alleles.len())
            };
        }
        combine(range, alternates, window, &usable, ploidy, shares)
    }

    fn of_blocks(range: &Range<u64>, alternates: &[Allele], window: &SampleWindow) -> Self {
        // One read with another base is no candidate, but it counts for a SNP that other samples have.
        let are_snps = range.end - range.start == 1 && alternates.iter().all(Allele::is_snp);
        let alternates = alternates.len();
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
            let is_of_base = are_snps && block.end - block.start == 1 && block.min_depth > 0;
            if !block.is_reference && !is_of_base {
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
        evidence.is_reference_block = weakest.is_reference;
        evidence.allele_depths = vec![Some(0); alternates + 1];
        evidence.allele_depths[0] = depth;
        evidence.phred = Likelihoods::Copies(by_copies(weakest).map(f64::from));
        evidence.ln = Likelihoods::Copies(by_copies(weakest).map(ln));
        evidence
    }
}

/// Whether a record tells genotypes apart.
fn is_informative(variant: &Variant) -> bool {
    let differ = variant.likelihoods.windows(2).any(|pair| pair[0] != pair[1]);
    let is_called = variant.genotype.iter().all(Option::is_some);
    match variant.likelihoods.is_empty() {
        true => is_called && variant.quality != Some(0),
        false => differ && variant.depth != Some(0) || is_called,
    }
}

/// How much likelier the reference is than one copy of another allele.
pub fn weakness(block: &Block) -> u32 {
    let [same, others @ ..] = by_copies(block);
    others[0].saturating_sub(same)
}

/// Share of the reads that show another base than the sample has, about: 0.57 % of the bases of simulated HiSeq X reads.
/// The likelihoods of a block assume 0.1 %, which is too sure of a variant where one read differs.
const ERROR_RATE: f64 = 0.006;

/// PL by the number of copies of another allele.
pub fn by_copies(block: &Block) -> [u32; 3] {
    let [mut same, one, two] = block.likelihoods;
    if !block.is_reference {
        // Each read of another base costs the reference 30, and each read of the reference costs two other copies 30.
        let reads = (f64::from(block.min_depth) - (f64::from(two) - f64::from(same)) / 30.0) / 2.0;
        let excess = 10.0 * (ERROR_RATE / 0.001).log10() * reads.round().max(0.0);
        same = same.saturating_sub(excess as u32);
    }
    match block.ploidy {
        Ploidy::Diploid => [same, one, two],
        Ploidy::Haploid | Ploidy::Absent => [same, two, two],
    }
}

fn ln(phred: u32) -> f64 {
    -f64::from(phred) * std::f64::consts::LN_10 / 10.0
}
