//! Searches the assignment of variants to haplotypes that makes query and truth equal with the most variants of
//! both: the optimum that vcfeval defines (Cleary and others, bioRxiv 023754, 2015).

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::path::{Path, SearchInputs, Side};
use super::variant::Rule;

/// Most paths at a time, and most steps since the last synchronisation. If an interval exceeds one of them, the
/// search gives up there. The defaults are vcfeval's.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub paths: usize,
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            paths: 50_000,
            steps: 10_000_000,
        }
    }
}

/// Outcome of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchOutcome {
    Matched,
    Unmatched,
    /// In an interval where the search gave up.
    GivenUp,
}

/// The best path: the outcome of each variant, and the synchronisation points.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    pub query: Vec<MatchOutcome>,
    pub truth: Vec<MatchOutcome>,
    /// 0-based positions, ascending.
    pub syncs: Vec<i64>,
}

impl Matching {
    pub fn unmatched(query: usize, truth: usize) -> Self {
        Self {
            query: vec![MatchOutcome::Unmatched; query],
            truth: vec![MatchOutcome::Unmatched; truth],
            syncs: Vec::new(),
        }
    }

    fn outcomes(&mut self, side: Side) -> &mut [MatchOutcome] {
        match side {
            Side::Query => &mut self.query,
            Side::Truth => &mut self.truth,
        }
    }
}

/// A path, ordered by its state.
struct Ordered(Path);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.compare(&other.0)
    }
}

struct MatchSearch<'a> {
    inputs: SearchInputs<'a>,
    rule: Rule,
    paths: BTreeSet<Ordered>,
    /// Linked lists: the variants that paths included, each with the index of the entry before, and the
    /// synchronisation points.
    log: Vec<(u32, Option<u32>)>,
    syncs: Vec<(i64, Option<u32>)>,
    best: Option<Path>,
    /// Start of the farthest variant decided.
    reached: i64,
    /// The part that all paths share.
    settled: Matching,
}

/// Finds the best path. Variants are sorted by start and end. `inputs.*.end` lies beyond all variants, or at the
/// contig's end if `at_contig_end`.
pub fn best_matching(inputs: SearchInputs, rule: Rule, limits: Limits, at_contig_end: bool) -> Matching {
    let starts = [inputs.query.variants, inputs.truth.variants].map(|v| v.first().map(|v| v.start));
    let Some(first) = starts.into_iter().flatten().min() else {
        return Matching::default();
    };
    let mut search = MatchSearch {
        inputs,
        rule,
        paths: BTreeSet::new(),
        log: Vec::new(),
        syncs: Vec::new(),
        best: None,
        reached: 0,
        settled: Matching::unmatched(inputs.query.variants.len(), inputs.truth.variants.len()),
    };
    search.run(Path::new(first - 1), limits, at_contig_end);
    if let Some(mut best) = search.best.take() {
        search.settle(&mut best);
    }
    search.settled
}

impl MatchSearch<'_> {
    fn run(&mut self, start: Path, limits: Limits, at_contig_end: bool) {
        let mut steps = 0;
        let mut last_sync = start.clone();
        self.paths.insert(Ordered(start));
        while let Some(Ordered(mut head)) = self.paths.pop_first() {
            steps += 1;
            if self.paths.is_empty() && self.best.is_none() && head.is_in_sync() {
                steps = 0;
                self.settle(&mut head);
                last_sync = head.clone();
            } else if self.paths.len() > limits.paths || steps > limits.steps {
                if self.best.is_some() {
                    break;
                }
                steps = 0;
                self.paths.clear();
                head = last_sync.clone();
                self.give_up(&mut head);
                last_sync = head.clone();
            }
            if head.is_finished() {
                let whole = at_contig_end || head.is_in_sync();
                if whole && self.best.as_ref().is_none_or(|best| !best.is_better(&head)) {
                    self.best = Some(head);
                }
                continue;
            }
            if self.branch(&head, Side::Query) || self.branch(&head, Side::Truth) {
                continue;
            }
            head.step(&self.inputs);
            if head.is_in_sync() {
                if head.is_no_op() {
                    continue;
                }
                self.skip_ahead(&mut head);
            }
            if head.matches(&self.inputs) {
                self.keep(head);
            }
        }
    }

    /// If a variant is due, replaces the path by its continuations: without the variant, and with the variant in
    /// each orientation.
    fn branch(&mut self, head: &Path, side: Side) -> bool {
        let input = match side {
            Side::Query => self.inputs.query,
            Side::Truth => self.inputs.truth,
        };
        let Some(index) = head.side(side).due(&input) else {
            return false;
        };
        let variant = &input.variants[index];
        self.reached = self.reached.max(variant.start);
        let mut base = head.clone();
        if base.is_in_sync() {
            let syncs = &mut self.syncs;
            base.synchronise(|position, before| {
                syncs.push((position, before));
                syncs.len() as u32 - 1
            });
        }
        let mut without = base.clone();
        without.exclude(side, &input);
        self.keep(without);
        for oriented in variant.orientations(index as u32, self.rule, base.side(side).settled) {
            if base.side(side).admits(oriented, &input) {
                let mut with = base.clone();
                self.log.push((index as u32, with.side(side).log));
                with.side_mut(side).log = Some(self.log.len() as u32 - 1);
                if let (Rule::Phased, Some(set), true) = (self.rule, variant.phase, oriented.other() != oriented) {
                    with.side_mut(side).settled = Some((set, oriented.as_written));
                }
                with.include(side, oriented, &input);
                self.keep(with);
            }
        }
        true
    }

    fn keep(&mut self, path: Path) {
        let path = Ordered(path);
        match self.paths.get(&path) {
            Some(other) if !path.0.is_better(&other.0) => {}
            _ => {
                self.paths.replace(path);
            }
        }
    }

    /// Moves a synchronised path to just before the next variant.
    fn skip_ahead(&self, head: &mut Path) {
        let next = |side: Side| {
            let variants = match side {
                Side::Query => self.inputs.query.variants,
                Side::Truth => self.inputs.truth.variants,
            };
            variants.get(head.side(side).decided).map_or(i64::MAX, |v| v.start)
        };
        let position = next(Side::Query).min(next(Side::Truth)).min(self.inputs.query.end - 1) - 1;
        if position > head.query.position() {
            head.move_to(position, &self.inputs);
        }
    }

    /// Gives up all variants from the last synchronisation to the farthest variant decided.
    fn give_up(&mut self, head: &mut Path) {
        self.log.clear();
        self.syncs.clear();
        for (side, input) in [(Side::Query, self.inputs.query), (Side::Truth, self.inputs.truth)] {
            let diplotype = head.side_mut(side);
            let rest = &input.variants[diplotype.decided..];
            let count = rest.iter().take_while(|v| v.start <= self.reached).count();
            let outcomes = self.settled.outcomes(side);
            outcomes[diplotype.decided..][..count].fill(MatchOutcome::GivenUp);
            diplotype.decided += count;
        }
        // The next variant must begin after the position.
        head.move_to(self.reached.min(self.inputs.query.end - 1), &self.inputs);
    }

    /// Stores the included variants and synchronisation points of a path, and clears the logs of all paths.
    fn settle(&mut self, path: &mut Path) {
        for side in [Side::Query, Side::Truth] {
            let mut entry = path.side_mut(side).log.take();
            let outcomes = self.settled.outcomes(side);
            while let Some(index) = entry {
                let (variant, before) = self.log[index as usize];
                outcomes[variant as usize] = MatchOutcome::Matched;
                entry = before;
            }
        }
        let first_new = self.settled.syncs.len();
        let mut entry = path.sync.take();
        while let Some(index) = entry {
            let (position, before) = self.syncs[index as usize];
            self.settled.syncs.push(position);
            entry = before;
        }
        self.settled.syncs[first_new..].reverse();
        self.log.clear();
        self.syncs.clear();
    }
}
