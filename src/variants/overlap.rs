//! Neighbouring calls that cannot all be true of a diploid genome, resolved jointly.
//!
//! Each site is genotyped alone; a homozygous deletion and a heterozygous SNP under it would need three haplotypes.
//! Of the genotypes that fit on two, those of the greatest joint likelihood are called. The idea is that of
//! DeepVariant's haplotype resolution.

use super::call::Call;
use super::edit::Edit;
use super::genotype::{genotype_order, genotypes, likeliest};

/// Joint genotypes of a group that are looked at before the calls are settled one by one, the surest first.
const MAX_JOINT_GENOTYPES: usize = 100_000;

/// Likelihood of a genotype that the network holds impossible: so small that it is only called if nothing else fits.
const LEAST_LIKELIHOOD: f64 = 1e-12;

/// Holds calls of one contig back until no later one can overlap them, and gives them out resolved.
#[derive(Default)]
pub struct OverlapResolver {
    held: Vec<Call>,
}

impl OverlapResolver {
    /// Takes the next call (ascending by position) and gives those that it leaves behind.
    pub fn push(&mut self, call: Call) -> Vec<Call> {
        let released = self.release(call.position);
        self.held.push(call);
        released
    }

    /// Gives the calls that none from `position` on can overlap; none if one can, as they may be settled together.
    pub fn release(&mut self, position: u64) -> Vec<Call> {
        let apart = self.held.iter().all(|held| held.end() <= position);
        if apart { self.finish() } else { Vec::new() }
    }

    /// Whether calls are held back.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives the rest, at a contig's end.
    pub fn finish(&mut self) -> Vec<Call> {
        let mut released = std::mem::take(&mut self.held);
        released.sort_by_key(|call| call.position);
        resolve_overlaps(&mut released);
        released
    }
}

/// Makes the genotypes of calls of one contig (ascending by position) fit on two haplotypes: no base may be changed by
/// more than two alleles, nor an insertion lie inside a deletion beyond that. Calls that fit are left as they are; of
/// a group that does not, each call gets the genotype of the likeliest joint genotype that fits, and as probabilities
/// those of the likeliest joint genotypes that each of its own takes part in.
pub fn resolve_overlaps(calls: &mut [Call]) {
    let sites: Vec<OverlapSite> = calls.iter().map(OverlapSite::new).collect();
    let mut variants: Vec<usize> = (0..calls.len()).filter(|&i| calls[i].is_variant()).collect();
    variants.sort_by_key(|&i| sites[i].extent());
    let mut group: Vec<usize> = Vec::new();
    let mut end = 0;
    for i in variants {
        let (first, last) = sites[i].extent();
        if first >= end {
            resolve_group(calls, &sites, &group);
            group.clear();
        }
        group.push(i);
        end = end.max(last);
    }
    resolve_group(calls, &sites, &group);
}

/// Where each allele of a call changes the genome. In half bases, so that an insertion has a place between two bases.
struct OverlapSite {
    /// Empty for the reference.
    spans: Vec<(u64, u64)>,
    genotypes: Vec<[usize; 2]>,
}

impl OverlapSite {
    fn new(call: &Call) -> Self {
        let span = |bases: &Vec<u8>| match Edit::new(call.position, &call.reference, bases) {
            Some(edit) if edit.start == edit.end => (2 * edit.start, 2 * edit.start + 1),
            Some(edit) => (2 * edit.start + 1, 2 * edit.end),
            None => (0, 0),
        };
        Self {
            spans: std::iter::once((0, 0))
                .chain(call.alternates.iter().map(span))
                .collect(),
            genotypes: genotypes(call.alternates.len()),
        }
    }

    /// The stretch that any of its alleles changes.
    fn extent(&self) -> (u64, u64) {
        let spans = || self.spans.iter().filter(|span| span.0 < span.1);
        (
            spans().map(|s| s.0).min().unwrap_or(0),
            spans().map(|s| s.1).max().unwrap_or(0),
        )
    }

    /// The stretches that a genotype's alleles change, one for each haplotype.
    fn changed(&self, genotype: [usize; 2]) -> impl Iterator<Item = (u64, u64)> {
        let spans = genotype.map(|allele| self.spans.get(allele).copied().unwrap_or_default());
        spans.into_iter().filter(|span| span.0 < span.1)
    }
}

/// Whether a stretch added to others leaves every half base with at most two.
fn fits(placed: &[(u64, u64)], added: (u64, u64)) -> bool {
    let over: Vec<_> = placed
        .iter()
        .filter(|span| span.0 < added.1 && added.0 < span.1)
        .collect();
    // The most crowded place of a set of stretches is the start of one of them.
    let crowd = |at: u64| over.iter().filter(|span| span.0 <= at && at < span.1).count();
    over.iter().all(|span| crowd(span.0.max(added.0)) < 2)
}

/// Adds the stretches of a genotype; false, with nothing added, if one does not fit.
fn place(placed: &mut Vec<(u64, u64)>, site: &OverlapSite, genotype: [usize; 2]) -> bool {
    let before = placed.len();
    for span in site.changed(genotype) {
        if !fits(placed, span) {
            placed.truncate(before);
            return false;
        }
        placed.push(span);
    }
    true
}

fn resolve_group(calls: &mut [Call], sites: &[OverlapSite], group: &[usize]) {
    let mut placed = Vec::new();
    if group.iter().all(|&i| place(&mut placed, &sites[i], calls[i].genotype)) {
        return;
    }
    let joint = group
        .iter()
        .map(|&i| sites[i].genotypes.len())
        .try_fold(1usize, |n, m| n.checked_mul(m));
    if joint.is_some_and(|joint| joint <= MAX_JOINT_GENOTYPES) {
        let mut search = JointSearch::new(calls, sites, group);
        search.visit(0, 1.0);
        let JointSearch { best, totals, .. } = search;
        for ((&i, genotype), totals) in group.iter().zip(best).zip(totals) {
            let sum: f64 = totals.iter().sum();
            calls[i].genotype = genotype;
            calls[i].probabilities = totals.iter().map(|total| total / sum).collect();
        }
    } else {
        settle_in_turn(calls, sites, group);
    }
}

/// All joint genotypes of a group that fit.
struct JointSearch<'a> {
    calls: &'a [Call],
    sites: &'a [OverlapSite],
    group: &'a [usize],
    chosen: Vec<[usize; 2]>,
    placed: Vec<(u64, u64)>,
    best: Vec<[usize; 2]>,
    best_likelihood: f64,
    /// For each call and genotype, the greatest joint likelihood in which it takes part. Not their sum, by which
    /// another genotype than that of the best joint one could be a call's likeliest.
    totals: Vec<Vec<f64>>,
}

impl<'a> JointSearch<'a> {
    fn new(calls: &'a [Call], sites: &'a [OverlapSite], group: &'a [usize]) -> Self {
        Self {
            calls,
            sites,
            group,
            chosen: Vec::new(),
            placed: Vec::new(),
            best: vec![[0, 0]; group.len()],
            best_likelihood: 0.0,
            totals: group.iter().map(|&i| vec![0.0; sites[i].genotypes.len()]).collect(),
        }
    }

    fn visit(&mut self, depth: usize, likelihood: f64) {
        let Some(&i) = self.group.get(depth) else {
            for (totals, &genotype) in self.totals.iter_mut().zip(&self.chosen) {
                let total = &mut totals[genotype_order(genotype)];
                *total = total.max(likelihood);
            }
            if likelihood > self.best_likelihood {
                self.best_likelihood = likelihood;
                self.best.clone_from(&self.chosen);
            }
            return;
        };
        let (calls, sites) = (self.calls, self.sites);
        for (&genotype, &probability) in sites[i].genotypes.iter().zip(&calls[i].probabilities) {
            let before = self.placed.len();
            let probability = probability.max(alone(&self.placed, &calls[i], &sites[i], genotype));
            if place(&mut self.placed, &sites[i], genotype) {
                self.chosen.push(genotype);
                self.visit(depth + 1, likelihood * probability.max(LEAST_LIKELIHOOD));
                self.chosen.pop();
                self.placed.truncate(before);
            }
        }
    }
}

/// Where the other haplotype has a deletion and so no base of the site, all reads over it carry the allele: a heterozygous
/// genotype there is as likely as the homozygous one seemed.
fn alone(placed: &[(u64, u64)], call: &Call, site: &OverlapSite, genotype: [usize; 2]) -> f64 {
    let [reference, allele] = genotype;
    let (start, end) = site.spans[allele];
    let deleted = || placed.iter().any(|&(from, to)| from <= start && end <= to);
    match reference == 0 && allele > 0 && deleted() {
        true => call.probabilities[genotype_order([allele; 2])],
        false => 0.0,
    }
}

/// Too many to look at together: the surest call first, each takes the likeliest genotype that still fits.
fn settle_in_turn(calls: &mut [Call], sites: &[OverlapSite], group: &[usize]) {
    let sureness = |&i: &usize| calls[i].probabilities.iter().copied().fold(0.0, f64::max);
    let mut order = group.to_vec();
    order.sort_by(|a, b| sureness(b).total_cmp(&sureness(a)).then(a.cmp(b)));
    let mut placed = Vec::new();
    for i in order {
        let (site, call) = (&sites[i], &mut calls[i]);
        // Homozygous reference always fits.
        let likelihood =
            |(&genotype, &probability): (&[usize; 2], &f64)| match place(&mut placed.clone(), site, genotype) {
                true => probability
                    .max(alone(&placed, call, site, genotype))
                    .max(LEAST_LIKELIHOOD),
                false => 0.0,
            };
        call.probabilities = site.genotypes.iter().zip(&call.probabilities).map(likelihood).collect();
        let sum: f64 = call.probabilities.iter().sum();
        call.probabilities.iter_mut().for_each(|p| *p /= sum);
        call.genotype = site.genotypes[likeliest(&call.probabilities)];
        place(&mut placed, site, call.genotype);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call(position: u64, reference: &str, alternates: &[&str], probabilities: &[f64]) -> Call {
        let alternates: Vec<Vec<u8>> = alternates.iter().map(|a| a.as_bytes().to_vec()).collect();
        let all = genotypes(alternates.len());
        let best = likeliest(probabilities);
        Call {
            position,
            reference: reference.as_bytes().to_vec(),
            allele_depths: vec![9; alternates.len() + 1],
            alternates,
            depth: 30,
            probabilities: probabilities.to_vec(),
            genotype: all[best],
        }
    }

    fn resolved(calls: &[Call]) -> Vec<[usize; 2]> {
        let mut calls = calls.to_vec();
        resolve_overlaps(&mut calls);
        calls.iter().map(|c| c.genotype).collect()
    }

    #[test]
    fn a_snp_under_a_homozygous_deletion_yields_to_the_likelier() {
        let sure = call(10, "CAT", &["C"], &[0.001, 0.01, 0.989]);
        let unsure = call(10, "CAT", &["C"], &[0.001, 0.459, 0.54]);
        let snp = |p| call(12, "T", &["G"], p);
        // A doubtful SNP goes; a sure one makes the doubtful deletion heterozygous.
        assert_eq!(resolved(&[sure, snp(&[0.3, 0.6, 0.1])]), [[1, 1], [0, 0]]);
        assert_eq!(resolved(&[unsure, snp(&[0.01, 0.98, 0.01])]), [[0, 1], [0, 1]]);
    }

    #[test]
    fn beside_a_heterozygous_deletion_all_reads_carry_the_allele() {
        let deletion = call(10, "CAT", &["C"], &[0.0, 0.999, 0.001]);
        let snp = call(12, "T", &["G"], &[1e-3, 1e-6, 0.999]);
        assert_eq!(resolved(&[deletion, snp.clone()]), [[0, 1], [0, 1]]);
        // The same among too many to look at together.
        let mut crowd = vec![call(0, &"A".repeat(40), &["A"], &[0.0, 1.0, 0.0]), snp];
        crowd.extend((20..40).map(|i| call(i, "A", &["G"], &[0.9, 0.1, 0.0])));
        assert_eq!(resolved(&crowd)[..2], [[0, 1], [0, 1]]);
    }

    #[test]
    fn calls_that_fit_on_two_haplotypes_are_left_alone() {
        let het = [0.1, 0.8, 0.1];
        let hom = [0.0, 0.1, 0.9];
        for calls in [
            [call(10, "CAT", &["C"], &het), call(12, "T", &["G"], &het)],
            // The anchor is not deleted, and the base after the deletion is not either.
            [call(10, "CAT", &["C"], &hom), call(13, "A", &["G"], &hom)],
            [call(10, "C", &["G"], &hom), call(10, "CAT", &["C"], &hom)],
            // An insertion before a SNP.
            [call(10, "C", &["CTT"], &hom), call(11, "A", &["G"], &hom)],
        ] {
            let mut after = calls.clone();
            resolve_overlaps(&mut after);
            assert_eq!(after, calls);
        }
        let inside = [call(10, "CAT", &["C"], &hom), call(11, "A", &["AG"], &het)];
        assert_eq!(resolved(&inside), [[1, 1], [0, 0]]);
    }

    #[test]
    fn probabilities_are_those_of_the_likeliest_joint_genotypes() {
        let mut calls = [
            call(10, "CAT", &["C"], &[0.0, 0.2, 0.8]),
            call(12, "T", &["G"], &[0.4, 0.6, 0.0]),
        ];
        resolve_overlaps(&mut calls);
        // Of 0/1 with 0/0 (0.08), 0/1 with 0/1 (0.12) and 1/1 with 0/0 (0.32) the last is the likeliest.
        assert_eq!(calls.clone().map(|c| c.genotype), [[1, 1], [0, 0]]);
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(&calls[0].probabilities, &[0.0, 0.12 / 0.44, 0.32 / 0.44]));
        assert!(close(&calls[1].probabilities, &[0.32 / 0.44, 0.12 / 0.44, 0.0]));
    }

    #[test]
    fn a_crowd_is_settled_the_surest_first() {
        let mut calls = vec![call(0, &"A".repeat(40), &["A"], &[0.0, 0.0, 1.0])];
        calls.extend((1..20).map(|i| call(i, "A", &["G"], &[0.1, 0.9, 0.0])));
        let genotypes = resolved(&calls);
        assert_eq!(genotypes[0], [1, 1]);
        assert!(genotypes[1..].iter().all(|&g| g == [0, 0]));
        resolve_overlaps(&mut calls);
        assert!(
            calls
                .iter()
                .all(|c| c.phred_likelihoods()[genotype_order(c.genotype)] == 0)
        );
    }

    #[test]
    fn calls_are_held_until_nothing_can_overlap_them() {
        let mut resolver = OverlapResolver::default();
        let het = [0.1, 0.8, 0.1];
        let positions = |calls: Vec<Call>| calls.iter().map(|c| c.position).collect::<Vec<_>>();
        assert!(resolver.push(call(10, "CATG", &["C"], &het)).is_empty());
        assert!(resolver.push(call(12, "T", &["G"], &het)).is_empty());
        assert_eq!(positions(resolver.push(call(14, "A", &["G"], &het))), [10, 12]);
        assert!(resolver.release(14).is_empty());
        assert_eq!(positions(resolver.release(15)), [14]);
        assert!(!resolver.is_holding());
    }

    proptest! {
        #[test]
        fn what_is_called_fits(drawn in prop::collection::vec((0..12u64, 1..6usize, 0.0..1.0f64, 0.0..1.0f64), 1..8)) {
            let mut calls: Vec<Call> = drawn.into_iter().map(|(position, length, a, b)| {
                let alternate = if length == 1 { "G" } else { "A" };
                call(position, &"A".repeat(length), &[alternate], &[a * b, 1.0 - a, a * (1.0 - b)])
            }).collect();
            calls.sort_by_key(|c| c.position);
            resolve_overlaps(&mut calls);
            let mut crowd = vec![0; 40];
            for call in &calls {
                let sites = OverlapSite::new(call);
                for (start, end) in sites.changed(call.genotype) {
                    (start..end).for_each(|at| crowd[at as usize] += 1);
                }
                prop_assert!((call.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
            prop_assert!(crowd.iter().all(|&n| n <= 2), "{crowd:?}");
            let once: Vec<_> = calls.iter().map(|c| c.genotype).collect();
            prop_assert_eq!(resolved(&calls), once);
        }
    }
}
