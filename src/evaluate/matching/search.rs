//! Searches the assignment of variants to haplotypes that makes query and truth equal with the most variants of
//! both: the optimum that vcfeval defines (Cleary and others, bioRxiv 023754, 2015).

use super::open_paths::OpenPaths;
use super::path::{Path, SearchInputs, Side};
use super::variant::Rule;

/// Most paths at a time, and most steps since the last synchronisation. If an interval exceeds one of them, the
/// search gives up there, and the later intervals of its superlocus have a tenth of the steps. So the time for a
/// superlocus is bounded. The defaults are vcfeval's.
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

/// From here on, paths are compared by sequence.
const MANY: Limits = Limits {
    paths: 2_000,
    steps: 50_000,
};

impl Limits {
    /// The lesser limits of both.
    fn least(self, other: Self) -> Self {
        Self {
            paths: self.paths.min(other.paths),
            steps: self.steps.min(other.steps),
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

struct MatchSearch<'a> {
    inputs: SearchInputs<'a>,
    rule: Rule,
    many: Limits,
    paths: OpenPaths,
    /// Linked lists: the variants that paths included, each with the index of the entry before, and the
    /// synchronisation points.
    log: Vec<(u32, Option<u32>)>,
    syncs: Vec<(i64, Option<u32>)>,
    best: Option<Path>,
    /// Start of the farthest variant decided while paths were compared by variants.
    reached: i64,
    /// The part that all paths share.
    settled: Matching,
}

/// Finds the best path. Variants are sorted by start and end. `inputs.*.end` lies beyond all variants, or at the
/// contig's end if `at_contig_end`.
pub fn best_matching(inputs: SearchInputs, rule: Rule, limits: Limits, at_contig_end: bool) -> Matching {
    MatchSearch::new(inputs, rule, MANY).run(limits, at_contig_end)
}

impl<'a> MatchSearch<'a> {
    /// `many`: from here on, paths are compared by sequence.
    fn new(inputs: SearchInputs<'a>, rule: Rule, many: Limits) -> Self {
        Self {
            inputs,
            rule,
            many,
            paths: OpenPaths::by_variants(),
            log: Vec::new(),
            syncs: Vec::new(),
            best: None,
            reached: 0,
            settled: Matching::unmatched(inputs.query.variants.len(), inputs.truth.variants.len()),
        }
    }

    fn run(mut self, limits: Limits, at_contig_end: bool) -> Matching {
        let starts = [self.inputs.query.variants, self.inputs.truth.variants].map(|v| v.first().map(|v| v.start));
        if let Some(first) = starts.into_iter().flatten().min() {
            self.search(Path::new(first - 1), limits, at_contig_end);
        }
        if let Some(mut best) = self.best.take() {
            self.settle(&mut best);
        }
        self.settled
    }

    fn search(&mut self, start: Path, mut limits: Limits, at_contig_end: bool) {
        let mut steps = 0;
        let mut last_sync = start.clone();
        self.keep(start);
        while let Some(mut head) = self.paths.pop_first() {
            steps += 1;
            let exceeds = |limits: Limits| self.paths.len() > limits.paths || steps > limits.steps;
            if self.paths.is_empty() && self.best.is_none() && head.is_in_sync() {
                steps = 0;
                self.settle(&mut head);
                last_sync = head.clone();
                self.paths = OpenPaths::by_variants();
            } else if self.paths.are_by_variants() && exceeds(limits.least(self.many)) {
                steps = 0;
                head = last_sync.clone();
                self.restart(&head);
            } else if exceeds(limits) {
                if self.best.is_some() {
                    break;
                }
                steps = 0;
                head = last_sync.clone();
                self.give_up(&mut head);
                last_sync = head.clone();
                limits.steps = (limits.steps / 10).max(self.many.steps.saturating_mul(20));
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
        // A longer search by sequence does not leave out more.
        if self.paths.are_by_variants() {
            self.reached = self.reached.max(variant.start);
        }
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
        self.paths.keep(path, &self.inputs);
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

    /// Searches again from the last synchronisation, and compares the paths by sequence.
    fn restart(&mut self, head: &Path) {
        self.log.clear();
        self.syncs.clear();
        self.best = None;
        self.paths = OpenPaths::by_sequence(head);
    }

    /// Gives up all variants from the last synchronisation to the farthest variant decided.
    fn give_up(&mut self, head: &mut Path) {
        self.paths = OpenPaths::by_variants();
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

#[cfg(test)]
mod tests {
    use super::super::haplotype::SearchInput;
    use super::super::variant::Variant;
    use super::*;
    use crate::evaluate::calls::{CallQualities, SampleCall};
    use crate::genome::Sequence;

    /// Random numbers that are the same in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }

        fn bases(&mut self, length: u64) -> Vec<u8> {
            (0..length).map(|_| b"ACGT"[self.below(4) as usize]).collect()
        }
    }

    /// Insertions and deletions of units of the repeat, and substitutions.
    fn variants(random: &mut Random, reference: &[u8], unit: u64, count: u64) -> Vec<Variant> {
        let mut variants: Vec<Variant> = (0..count as usize)
            .filter_map(|index| {
                let start = 5 + random.below(reference.len() as u64 - 20 - 2 * unit) as usize;
                let units = (unit * (1 + random.below(2))) as usize;
                let (end, bases) = match random.below(5) {
                    0 | 1 => (start + 1, reference[start..=start + units].to_vec()),
                    2 | 3 => (start + 1 + units, reference[start..=start].to_vec()),
                    _ => (start + 1, random.bases(1)),
                };
                let call = SampleCall {
                    position: start as u64,
                    reference: reference[start..end].to_vec(),
                    alternates: vec![bases],
                    genotype: [[0, 1], [1, 1], [0, 1]][random.below(3) as usize].map(Some).to_vec(),
                    is_haploid: false,
                    phase: (random.below(2) == 0).then_some(7),
                    filters: Vec::new(),
                    score: CallQualities::default(),
                };
                Variant::new(&call, index)
            })
            .collect();
        variants.sort_by_key(|v| (v.start, v.end));
        variants
    }

    #[test]
    fn paths_compared_by_sequence_match_as_many_variants() {
        let (mut random, mut more) = (Random(5), 0);
        for case in 0..400 {
            let unit = 1 + random.below(4);
            let repeat = random.bases(unit).repeat(30 / unit as usize);
            let reference = [random.bases(12), repeat, random.bases(30)].concat();
            let [query, truth] = [0; 2].map(|_| {
                let count = 1 + random.below(5);
                variants(&mut random, &reference, unit, count)
            });
            let sequence = Sequence::new(0, reference);
            let input = |variants| SearchInput {
                sequence: &sequence,
                end: sequence.end() as i64,
                variants,
            };
            let inputs = SearchInputs {
                query: input(&query),
                truth: input(&truth),
            };
            for rule in [Rule::Genotype, Rule::Phased, Rule::Allele] {
                let matched = |many: usize| {
                    let many = Limits {
                        paths: many,
                        steps: many,
                    };
                    let found = MatchSearch::new(inputs, rule, many).run(Limits::default(), true);
                    let outcomes = found.query.iter().chain(&found.truth);
                    outcomes.filter(|outcome| **outcome == MatchOutcome::Matched).count()
                };
                let (by_sequence, by_variants) = (matched(0), matched(usize::MAX));
                assert!(by_sequence >= by_variants, "case {case} {rule:?}");
                more += usize::from(by_sequence > by_variants);
            }
        }
        // vcfeval's rule may drop a path for one that ends later, because its variants cancel each other.
        assert!(more < 12, "{more} of 1,200 searches");
    }
}
