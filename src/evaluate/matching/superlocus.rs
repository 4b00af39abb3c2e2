//! Superloci: intervals that are matched independently, and the decision on each of their calls.

use std::ops::Range;

use super::haplotype::SearchInput;
use super::path::SearchInputs;
use super::search::{Limits, MatchOutcome, Matching, best_matching};
use super::variant::{Rule, Variant};
use crate::evaluate::calls::{MAX_ALLELE_LENGTH, SampleCall};
use crate::genome::Sequence;

/// Calls farther apart than this are independent, unless the reference between them is a repeat.
const GAP: u64 = 1_000;

/// Number of bases to detect a repeat.
const PROBE: u64 = 32;

/// How a call matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// The genotype matches.
    Genotype,
    /// One allele matches, the genotype differs.
    Allele,
    /// No match, but a call of the other side is nearby.
    Nearby,
    None,
}

/// The decision on one call.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    pub matched: Match,
    /// 0-based start of the superlocus of the match.
    pub locus: Option<i64>,
    /// False if the call has no sequence to compare (a symbolic allele, a structural variant), or the search gave up.
    pub compared: bool,
    /// Not compared, because the search gave up here.
    pub given_up: bool,
}

/// Truth and query calls of one superlocus, as ranges of the contig's lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superlocus {
    pub truth: Range<usize>,
    pub query: Range<usize>,
}

/// Splits two sorted lists of calls where no call lies for `GAP` bases, unless two representations of one change
/// can lie on both sides.
pub fn superloci(truth: &[SampleCall], query: &[SampleCall], sequence: &Sequence) -> Vec<Superlocus> {
    let mut loci = Vec::new();
    let (mut t, mut q) = (0, 0);
    while t < truth.len() || q < query.len() {
        let begin = (t, q);
        let mut end: Option<u64> = None;
        // Most bases by which the haplotypes so far may be shifted against each other.
        let mut shift = 0;
        loop {
            let next_truth = truth.get(t).map(|c| (c.position, c.end()));
            let next_query = query.get(q).map(|c| (c.position, c.end()));
            let (is_truth, next) = match (next_truth, next_query) {
                (Some(x), Some(y)) if x <= y => (true, x),
                (Some(x), None) => (true, x),
                (_, Some(y)) => (false, y),
                (None, None) => break,
            };
            let is_apart = |end| next.0 > end + GAP.max(shift + PROBE) && !repeats(sequence.slice(end, next.0), shift);
            if end.is_some_and(is_apart) {
                break;
            }
            end = end.max(Some(next.1));
            let gap = longest_gap(if is_truth { &truth[t] } else { &query[q] });
            shift = (shift + gap).min(MAX_ALLELE_LENGTH as u64);
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

/// Largest difference in length between an allele of a call and the reference allele.
fn longest_gap(call: &SampleCall) -> u64 {
    let gaps = call.alternates.iter().map(|a| a.len().abs_diff(call.reference.len()));
    gaps.max().filter(|_| call.is_comparable()).unwrap_or(0) as u64
}

/// Whether a sequence equals itself after a shift of 1 to `shift` bases.
fn repeats(sequence: &[u8], shift: u64) -> bool {
    let Some(probe) = sequence
        .first_chunk::<{ PROBE as usize }>()
        .filter(|p| !p.contains(&b'N'))
    else {
        return false;
    };
    (1..=shift as usize)
        .any(|by| sequence[by..].starts_with(probe) && sequence.ends_with(&sequence[..sequence.len() - by]))
}

/// Decides the calls of one superlocus: (truth's, query's).
pub fn decide(
    truth: &[SampleCall],
    query: &[SampleCall],
    sequence: &Sequence,
    phased: bool,
    limits: Limits,
) -> (Vec<Decision>, Vec<Decision>) {
    let truth_variants = variants(truth);
    let query_variants = variants(query);
    let window = LocusWindow::new(truth, query, sequence);
    let rule = if phased { Rule::Phased } else { Rule::Genotype };
    let first = window.matching(&truth_variants, &query_variants, rule, limits);
    let left = |variants: &[Variant], outcomes: &[MatchOutcome]| -> Vec<Variant> {
        let pairs = variants.iter().zip(outcomes);
        pairs
            .filter(|p| *p.1 == MatchOutcome::Unmatched)
            .map(|p| p.0.clone())
            .collect()
    };
    let truth_left = left(&truth_variants, &first.truth);
    let query_left = left(&query_variants, &first.query);
    let second = window.matching(&truth_left, &query_left, Rule::Allele, limits);
    let mut truth_decisions = decisions(truth, &truth_variants, &first.truth, &first.syncs);
    let mut query_decisions = decisions(query, &query_variants, &first.query, &first.syncs);
    settle_alleles(&mut truth_decisions, &truth_left, &second.truth, &second.syncs);
    settle_alleles(&mut query_decisions, &query_left, &second.query, &second.syncs);
    (truth_decisions, query_decisions)
}

/// Variants in the order that the search requires.
fn variants(calls: &[SampleCall]) -> Vec<Variant> {
    let mut variants: Vec<Variant> = (calls.iter().enumerate())
        .filter_map(|(i, call)| Variant::new(call, i))
        .collect();
    variants.sort_by_key(|v| (v.start, v.end));
    variants
}

struct LocusWindow<'a> {
    sequence: &'a Sequence,
    end: i64,
}

impl<'a> LocusWindow<'a> {
    fn new(truth: &[SampleCall], query: &[SampleCall], sequence: &'a Sequence) -> Self {
        let last = truth.iter().chain(query).map(SampleCall::end).max().unwrap_or(0);
        Self {
            sequence,
            end: (last + GAP).min(sequence.end()) as i64,
        }
    }

    fn matching(&self, truth: &[Variant], query: &[Variant], rule: Rule, limits: Limits) -> Matching {
        if truth.is_empty() || query.is_empty() {
            return Matching {
                syncs: syncs_of_unmatched(truth, query),
                ..Matching::unmatched(query.len(), truth.len())
            };
        }
        let input = |variants| SearchInput {
            sequence: self.sequence,
            end: self.end,
            variants,
        };
        let inputs = SearchInputs {
            query: input(query),
            truth: input(truth),
        };
        best_matching(inputs, rule, limits, self.end as u64 == self.sequence.end())
    }
}

/// Synchronisation points without any included variant: before each variant that does not touch the variants before.
fn syncs_of_unmatched(truth: &[Variant], query: &[Variant]) -> Vec<i64> {
    let mut spans: Vec<(i64, i64)> = truth.iter().chain(query).map(|v| (v.start, v.end)).collect();
    spans.sort_unstable();
    let mut last_end = i64::MIN;
    let mut syncs = Vec::new();
    for (start, end) in spans {
        if start > last_end {
            syncs.push(start - 1);
        }
        last_end = last_end.max(end);
    }
    syncs
}

/// Start of the superlocus of a variant: just after the last synchronisation before the variant.
fn locus_start(syncs: &[i64], start: i64) -> Option<i64> {
    let after = syncs.partition_point(|&s| s < start);
    syncs.get(after.saturating_sub(1)).map(|s| s + 1)
}

fn decisions(calls: &[SampleCall], variants: &[Variant], outcomes: &[MatchOutcome], syncs: &[i64]) -> Vec<Decision> {
    let undecided = Decision {
        matched: Match::None,
        locus: None,
        compared: false,
        given_up: false,
    };
    let mut decisions = vec![undecided; calls.len()];
    for (variant, outcome) in variants.iter().zip(outcomes) {
        let locus = locus_start(syncs, variant.start).unwrap_or(variant.start);
        let compared = Decision {
            compared: true,
            locus: Some(locus),
            ..undecided
        };
        decisions[variant.call] = match outcome {
            MatchOutcome::Unmatched => compared,
            MatchOutcome::Matched => Decision {
                matched: Match::Genotype,
                ..compared
            },
            MatchOutcome::GivenUp => Decision {
                given_up: true,
                ..undecided
            },
        };
    }
    decisions
}

fn settle_alleles(decisions: &mut [Decision], variants: &[Variant], outcomes: &[MatchOutcome], syncs: &[i64]) {
    for (variant, outcome) in variants.iter().zip(outcomes) {
        let decision = &mut decisions[variant.call];
        if *outcome == MatchOutcome::Matched {
            decision.matched = Match::Allele;
        }
        if let Some(locus) = locus_start(syncs, variant.start) {
            decision.locus = Some(locus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_must_extend_to_the_end() {
        let unit = b"ACGTTGCAACGGATCCATGCATTAGCCGATCGGATACC";
        assert!(repeats(&unit.repeat(5), 38) && repeats(&unit.repeat(5), 100));
        assert!(!repeats(&unit.repeat(5), 37));
        assert!(!repeats(&[&unit.repeat(5)[..], b"C"].concat(), 38));
        assert!(!repeats(&[b'N'; 300], 38), "unknown bases are no repeat");
    }

    #[test]
    fn unmatched_calls_that_touch_share_a_locus() {
        let span = |start, end| Variant {
            call: 0,
            start,
            end,
            sides: [None, None],
            numbers: [0, 1],
            phase: None,
        };
        let (truth, query) = ([span(10, 12), span(30, 31)], [span(12, 13), span(14, 14)]);
        assert_eq!(syncs_of_unmatched(&truth, &query), [9, 13, 29]);
    }
}
