//! Labels: the true genotype of each candidate, found by comparing haplotypes instead of records.
//!
//! Candidates and truth are two representations of one diploid genome. The label is the choice of candidate alleles
//! that produces the same two haplotypes as truth. So shifted, split and merged representations of one haplotype
//! get the same label. The idea comes from DeepVariant's haplotype labeler. The search is the one of vcfeval
//! (Cleary et al., "Comparing variant call files for performance benchmarking of next-generation sequencing variant
//! calling pipelines", bioRxiv 023754, 2015): see [`super::label_walk`].

use super::label_walk::{Choice, LabelScore, LabelSite, Origin, walk};
use super::truth::TruthVariant;
use crate::candidates::Candidate;
use crate::genome::{IntervalSet, Sequence};
use crate::variants::Edit;

/// Candidates within this distance of an interval can change its labels, because they may represent the same
/// haplotypes. To label one interval, pass candidates, truth and reference with flanks of this size.
pub const LABEL_FLANK: u64 = 500;

/// The labels of an interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// For each candidate its two alleles, ascending: 0 is the reference, `i + 1` is `alternates[i]`. None if the
    /// candidate does not lie wholly inside a confident region.
    pub genotypes: Vec<Option<[usize; 2]>>,
    /// For each truth variant, how many of its alternate alleles the candidates explain (a homozygous allele counts
    /// twice).
    pub explained: Vec<usize>,
}

/// Labels `candidates` (ascending by position) of `contig` by `truth` (ascending by position).
///
/// The labels explain as much truth as possible. Among equal choices, those with the fewest alternate alleles win,
/// then those with the most reads, then the leftmost. Unphased truth is tried in both phases. `reference` must
/// cover all candidates and truth. Sites that reach beyond `reference` are ignored (genotype 0/0, not explained).
pub fn label(
    candidates: &[Candidate],
    truth: &[TruthVariant],
    confident: &IntervalSet,
    contig: &str,
    reference: &Sequence,
) -> Labels {
    let mut sites: Vec<LabelSite> = candidates
        .iter()
        .enumerate()
        .filter_map(|(i, c)| candidate_site(i, c))
        .chain(truth.iter().enumerate().filter_map(|(i, t)| truth_site(i, t)))
        .filter(|site| site.start >= reference.start && site.end <= reference.end())
        .collect();
    sites.sort_by_key(|site| (site.start, site.end, site.side, site.index));

    let mut genotypes = vec![[0, 0]; candidates.len()];
    let mut explained = vec![0; truth.len()];
    for (site, mut alleles) in sites.iter().zip(walk(&sites, reference)) {
        match site.side {
            Origin::Truth => explained[site.index] = alternates_in(alleles),
            Origin::Candidate => {
                alleles.sort_unstable();
                genotypes[site.index] = alleles;
            }
        }
    }
    let covered = |candidate: &Candidate| confident.covers(contig, candidate.position, candidate.end());
    let genotypes = candidates.iter().zip(genotypes).map(|(c, g)| covered(c).then_some(g));
    Labels {
        genotypes: genotypes.collect(),
        explained,
    }
}

/// The class of the image of an allele set: the number of haplotypes (of two) that carry any of its alleles.
/// `alleles` are indices into `alternates`; `genotype` is as in [`Labels::genotypes`].
pub fn image_label(genotype: [usize; 2], alleles: &[usize]) -> u8 {
    let carried = |&&allele: &&usize| allele > 0 && alleles.contains(&(allele - 1));
    genotype.iter().filter(carried).count() as u8
}

/// Number of haplotypes that do not carry the reference.
fn alternates_in(genotype: [usize; 2]) -> usize {
    genotype.iter().filter(|&&allele| allele > 0).count()
}

fn candidate_site(index: usize, candidate: &Candidate) -> Option<LabelSite> {
    let edit = |bases: &[u8]| Edit::new(candidate.position, &candidate.reference, bases);
    let edits: Vec<_> = candidate.alternates.iter().map(|a| edit(&a.bases)).collect();
    let score = |allele: usize| match allele.checked_sub(1).and_then(|i| candidate.alternates.get(i)) {
        Some(alternate) => LabelScore {
            alternates: -1,
            reads: alternate.supporting_reads.len() as i64,
            position: -(candidate.position as i64),
            ..LabelScore::default()
        },
        None => LabelScore::default(),
    };
    let alleles = 0..=edits.len();
    let pairs = alleles.clone().flat_map(|a| alleles.clone().map(move |b| [a, b]));
    let choices = pairs.map(|pair| Choice {
        alleles: pair,
        score: score(pair[0]) + score(pair[1]),
    });
    LabelSite::new((Origin::Candidate, index), false, edits, choices.collect())
}

/// A truth variant may be taken on both of its haplotypes, on one, or not at all.
fn truth_site(index: usize, truth: &TruthVariant) -> Option<LabelSite> {
    let edit = |bases: &Vec<u8>| Edit::new(truth.position, &truth.reference, bases);
    let edits: Vec<_> = truth.alternates.iter().map(edit).collect();
    let [a, b] = truth.genotype;
    let mut pairs = vec![[a, b], [a, 0], [0, b], [0, 0]];
    if !truth.phased {
        pairs.extend([[b, a], [b, 0], [0, a]]);
    }
    pairs.sort_unstable();
    pairs.dedup();
    let choices = pairs.into_iter().map(|pair| Choice {
        alleles: pair,
        score: LabelScore {
            truth: alternates_in(pair) as i64,
            ..LabelScore::default()
        },
    });
    LabelSite::new((Origin::Truth, index), truth.phased, edits, choices.collect())
}
