//! Superloci: stretches of the genome that are matched apart from each other, and the decision on each of their calls.

use std::ops::Range;

use super::call::Call;
use super::haplotype::Stage;
use super::path::Stages;
use super::search::{Limits, Matching, Outcome, best_matching};
use super::variant::{Rule, Variant};
use crate::genome::Sequence;

/// Calls farther apart than this do not interfere: no repeat that two spellings of one change can differ by is longer.
const GAP: u64 = 1_000;

/// How a call was matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// With its genotype.
    Genotype,
    /// One allele, with another genotype.
    Allele,
    /// Not, but there is a call of the other side nearby.
    Nearby,
    None,
}

/// The decision on one call.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    pub matched: Match,
    /// 0-based position where the superlocus of the match begins.
    pub locus: Option<i64>,
    /// Compared by spelling, because the search had to be given up.
    pub by_spelling: bool,
    /// False if the call has no sequence to compare (a symbolic allele, a structural variant).
    pub compared: bool,
}

/// Truth and query calls of one superlocus, as ranges of the lists of a contig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superlocus {
    pub truth: Range<usize>,
    pub query: Range<usize>,
}

/// Cuts two sorted lists of calls where nothing lies for `GAP` bases.
pub fn superloci(truth: &[Call], query: &[Call]) -> Vec<Superlocus> {
    let mut loci = Vec::new();
    let (mut t, mut q) = (0, 0);
    while t < truth.len() || q < query.len() {
        let begin = (t, q);
        let mut end: Option<u64> = None;
        loop {
            let next_truth = truth.get(t).map(|c| (c.position, c.end()));
            let next_query = query.get(q).map(|c| (c.position, c.end()));
            let (is_truth, next) = match (next_truth, next_query) {
                (Some(x), Some(y)) if x <= y => (true, x),
                (Some(x), None) => (true, x),
                (_, Some(y)) => (false, y),
                (None, None) => break,
            };
            if end.is_some_and(|end| next.0 > end + GAP) {
                break;
            }
            end = end.max(Some(next.1));
            match is_truth {
                true => t += 1,
                false => q += 1,
            }
        }
        loci.push(Superlocus {
            truth: begin.0..t,
            query: begin.1..q,
        });
    }
    loci
}

/// Decides on the calls of one superlocus: (truth's, query's).
pub fn decide(
    truth: &[Call],
    query: &[Call],
    sequence: &Sequence,
    phased: bool,
    limits: Limits,
) -> (Vec<Decision>, Vec<Decision>) {
    let truth_variants = variants(truth);
    let query_variants = variants(query);
    let window = Window::new(truth, query, sequence);
    let rule = if phased { Rule::Phased } else { Rule::Genotype };
    let first = window.matching(&truth_variants, &query_variants, rule, limits);
    let left = |variants: &[Variant], outcomes: &[Outcome]| -> Vec<Variant> {
        let pairs = variants.iter().zip(outcomes);
        pairs
            .filter(|p| *p.1 == Outcome::Unmatched)
            .map(|p| p.0.clone())
            .collect()
    };
    let truth_left = left(&truth_variants, &first.truth);
    let query_left = left(&query_variants, &first.query);
    let second = match truth_left.is_empty() || query_left.is_empty() {
        true => Matching::default(),
        false => window.matching(&truth_left, &query_left, Rule::Allele, limits),
    };
    let mut truth_decisions = decisions(truth, &truth_variants, &first.truth, &first.syncs);
    let mut query_decisions = decisions(query, &query_variants, &first.query, &first.syncs);
    settle_alleles(&mut truth_decisions, &truth_left, &second.truth, &second.syncs);
    settle_alleles(&mut query_decisions, &query_left, &second.query, &second.syncs);
    match_by_spelling(truth, &mut truth_decisions, query, &mut query_decisions);
    (truth_decisions, query_decisions)
}

/// Variants in the order in which the search wants them.
fn variants(calls: &[Call]) -> Vec<Variant> {
    let mut variants: Vec<Variant> = (calls.iter().enumerate())
        .filter_map(|(i, call)| Variant::new(call, i))
        .collect();
    variants.sort_by_key(|v| (v.start, v.end));
    variants
}

struct Window<'a> {
    sequence: &'a Sequence,
    end: i64,
}

impl<'a> Window<'a> {
    fn new(truth: &[Call], query: &[Call], sequence: &'a Sequence) -> Self {
        let last = truth.iter().chain(query).map(Call::end).max().unwrap_or(0);
        Self {
            sequence,
            end: (last + GAP).min(sequence.end()) as i64,
        }
    }

    fn matching(&self, truth: &[Variant], query: &[Variant], rule: Rule, limits: Limits) -> Matching {
        if truth.is_empty() || query.is_empty() {
            return Matching {
                query: vec![Outcome::Unmatched; query.len()],
                truth: vec![Outcome::Unmatched; truth.len()],
                syncs: Vec::new(),
            };
        }
        let stage = |variants| Stage {
            sequence: self.sequence,
            end: self.end,
            variants,
        };
        let stages = Stages {
            query: stage(query),
            truth: stage(truth),
        };
        best_matching(stages, rule, limits, self.end as u64 == self.sequence.end())
    }
}

/// Start of the superlocus that holds a variant: just after the last synchronisation before it.
fn locus_of(syncs: &[i64], start: i64) -> Option<i64> {
    let after = syncs.partition_point(|&s| s < start);
    syncs.get(after.saturating_sub(1)).map(|s| s + 1)
}

fn decisions(calls: &[Call], variants: &[Variant], outcomes: &[Outcome], syncs: &[i64]) -> Vec<Decision> {
    let undecided = Decision {
        matched: Match::None,
        locus: None,
        by_spelling: false,
        compared: false,
    };
    let mut decisions = vec![undecided; calls.len()];
    for (variant, outcome) in variants.iter().zip(outcomes) {
        decisions[variant.call] = Decision {
            matched: match outcome {
                Outcome::Matched => Match::Genotype,
                _ => Match::None,
            },
            locus: Some(locus_of(syncs, variant.start).unwrap_or(variant.start)),
            by_spelling: *outcome == Outcome::GivenUp,
            compared: true,
        };
    }
    decisions
}

fn settle_alleles(decisions: &mut [Decision], variants: &[Variant], outcomes: &[Outcome], syncs: &[i64]) {
    for (variant, outcome) in variants.iter().zip(outcomes) {
        let decision = &mut decisions[variant.call];
        if *outcome == Outcome::Matched {
            decision.matched = Match::Allele;
        }
        if let Some(locus) = locus_of(syncs, variant.start) {
            decision.locus = Some(locus);
        }
    }
}

/// The bounded way out for stretches that are too dense to search: equal trimmed alleles match, nothing else.
fn match_by_spelling(truth: &[Call], of_truth: &mut [Decision], query: &[Call], of_query: &mut [Decision]) {
    let spelling = |call: &Call| {
        let variant = Variant::new(call, 0)?;
        let mut sides = variant.sides;
        sides.sort();
        Some(sides)
    };
    let given_up =
        |decisions: &[Decision]| -> Vec<usize> { (0..decisions.len()).filter(|&i| decisions[i].by_spelling).collect() };
    let mut free = given_up(of_query);
    for t in given_up(of_truth) {
        let Some(wanted) = spelling(&truth[t]) else { continue };
        let same = |q: &usize| spelling(&query[*q]).as_ref() == Some(&wanted);
        let shared = |q: &usize| {
            spelling(&query[*q]).is_some_and(|s| s.iter().flatten().any(|c| wanted.iter().flatten().any(|w| w == c)))
        };
        let found = free.iter().position(same).map(|i| (i, Match::Genotype));
        if let Some((i, matched)) = found.or_else(|| free.iter().position(shared).map(|i| (i, Match::Allele))) {
            let q = free.swap_remove(i);
            of_truth[t].matched = matched;
            of_query[q].matched = matched;
            of_query[q].locus = of_truth[t].locus;
        }
    }
}
