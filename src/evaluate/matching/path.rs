//! One assignment of truth and query variants to haplotypes, up to the current position.

use std::cmp::{Ordering, Reverse};

use super::fingerprint::{Fingerprint, SideFingerprints};
use super::haplotype::{Haplotype, SearchInput};
use super::variant::Oriented;

/// The two haplotypes of one call set.
#[derive(Clone, Debug)]
pub struct Diplotype {
    pub a: Haplotype,
    pub b: Haplotype,
    /// Number of included variants, and the last of them in the search's log.
    pub included: u32,
    pub log: Option<u32>,
    last_number: i16,
    /// Number of variants decided, either included or excluded.
    pub decided: usize,
    /// End of the last decided variant, and of the last included variant.
    end: i64,
    included_end: i64,
    finished: [bool; 2],
    /// The last phase set, and whether its genotypes lie on the haplotypes as written.
    pub settled: Option<(i32, bool)>,
}

impl Diplotype {
    fn new(position: i64) -> Self {
        Self {
            a: Haplotype::new(position),
            b: Haplotype::new(position),
            included: 0,
            log: None,
            last_number: 0,
            decided: 0,
            end: 0,
            included_end: 0,
            finished: [false; 2],
            settled: None,
        }
    }

    /// Whether a variant can be included without overlap with an included variant.
    pub fn admits(&self, oriented: Oriented, input: &SearchInput) -> bool {
        let start = input.variants[oriented.variant as usize].start;
        start >= self.included_end || (self.a.admits(oriented, input) && self.b.admits(oriented.other(), input))
    }

    fn include(&mut self, oriented: Oriented, input: &SearchInput) {
        let end = input.variants[oriented.variant as usize].end;
        self.included_end = self.included_end.max(end);
        self.included += 1;
        self.last_number = oriented.number;
        self.a.add(oriented, input);
        self.b.add(oriented.other(), input);
    }

    /// The larger position of the two haplotypes.
    pub fn position(&self) -> i64 {
        self.a.position.max(self.b.position)
    }

    /// The next variant, if it must be decided before the next step.
    pub fn due(&self, input: &SearchInput) -> Option<usize> {
        let start = input.variants.get(self.decided)?.start;
        let is_next = start <= self.position() + 1;
        let is_needed = || start <= self.end && (self.a.needs_change(input) || self.b.needs_change(input));
        (is_next || is_needed()).then_some(self.decided)
    }

    fn step(&mut self, haplotype: usize, input: &SearchInput) {
        let played = if haplotype == 0 { &mut self.a } else { &mut self.b };
        match played.has_next(input) {
            true => played.step(input),
            false => self.finished[haplotype] = true,
        }
    }

    fn is_level(&self) -> bool {
        self.a.position == self.b.position
            && self.position() >= self.included_end
            && self.a.is_on_reference()
            && self.b.is_on_reference()
    }

    /// The sequences before both haplotypes, up to the end of the decided variants.
    fn futures(&self, input: &SearchInput, fingerprints: &mut SideFingerprints) -> [Fingerprint; 2] {
        let end = self.end.max(self.position() + 1) as u64;
        fingerprints.grow(input, end, self.decided);
        [&self.a, &self.b].map(|haplotype| haplotype.future(end, input, fingerprints))
    }

    fn compare(&self, other: &Self) -> Ordering {
        (self.a.compare(&other.a)).then_with(|| self.b.compare(&other.b))
    }
}

/// What decides how a path can go on: the sequences before it, whatever changes they come from, and the variants that
/// it may still include. A later path never has a lesser state than a path that it continues.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    positions: [[i64; 2]; 2],
    decided: [usize; 2],
    left: [[Reverse<u64>; 2]; 2],
    finished: [[bool; 2]; 2],
    on_reference: [[bool; 2]; 2],
    futures: [[Fingerprint; 2]; 2],
    /// Where the next variants may begin.
    bounds: [[i64; 3]; 2],
    /// Whether variants were included since the last synchronisation point. If on one side alone, the path may end.
    included: [bool; 2],
    settled: [Option<(i32, bool)>; 2],
}

/// The query and the truth side of one path.
#[derive(Clone, Debug)]
pub struct Path {
    pub query: Diplotype,
    pub truth: Diplotype,
    /// The last synchronisation point, as index in the search's log and as position.
    pub sync: Option<u32>,
    sync_position: Option<i64>,
    /// Variants included since the last synchronisation point, by side.
    query_since: u32,
    truth_since: u32,
}

/// The search inputs of query and truth.
#[derive(Clone, Copy)]
pub struct SearchInputs<'a> {
    pub query: SearchInput<'a>,
    pub truth: SearchInput<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Query,
    Truth,
}

impl Path {
    pub fn new(position: i64) -> Self {
        Self {
            query: Diplotype::new(position),
            truth: Diplotype::new(position),
            sync: None,
            sync_position: None,
            query_since: 0,
            truth_since: 0,
        }
    }

    pub fn side(&self, side: Side) -> &Diplotype {
        match side {
            Side::Query => &self.query,
            Side::Truth => &self.truth,
        }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut Diplotype {
        match side {
            Side::Query => &mut self.query,
            Side::Truth => &mut self.truth,
        }
    }

    pub fn is_finished(&self) -> bool {
        self.query.finished == [true; 2] && self.truth.finished == [true; 2]
    }

    /// Whether all four haplotypes are on the reference at one position, so that the past no longer matters.
    pub fn is_in_sync(&self) -> bool {
        self.query.position() == self.truth.position() && self.query.is_level() && self.truth.is_level()
    }

    /// Whether only one side has included variants since the last synchronisation point, so that these cancel each
    /// other.
    pub fn is_no_op(&self) -> bool {
        (self.query_since == 0) != (self.truth_since == 0)
    }

    /// Records a synchronisation point. `log` adds a position to the search's log.
    pub fn synchronise(&mut self, mut log: impl FnMut(i64, Option<u32>) -> u32) {
        let position = self.query.position();
        if self.sync_position != Some(position) {
            self.sync = Some(log(position, self.sync));
            self.sync_position = Some(position);
        }
        self.query_since = 0;
        self.truth_since = 0;
        self.query.settled = None;
        self.truth.settled = None;
    }

    pub fn exclude(&mut self, side: Side, input: &SearchInput) {
        let diplotype = self.side_mut(side);
        diplotype.end = diplotype.end.max(input.variants[diplotype.decided].end);
        diplotype.decided += 1;
    }

    pub fn include(&mut self, side: Side, oriented: Oriented, input: &SearchInput) {
        self.side_mut(side).include(oriented, input);
        self.exclude(side, input);
        match side {
            Side::Query => self.query_since += 1,
            Side::Truth => self.truth_since += 1,
        }
    }

    /// Moves the haplotypes that are behind to their next base.
    pub fn step(&mut self, inputs: &SearchInputs) {
        let order = self.query.a.position.cmp(&self.query.b.position);
        if order != Ordering::Greater {
            self.query.step(0, &inputs.query);
            self.truth.step(0, &inputs.truth);
        }
        if order != Ordering::Less {
            self.query.step(1, &inputs.query);
            self.truth.step(1, &inputs.truth);
        }
    }

    /// Whether query and truth have the same base on both haplotypes.
    pub fn matches(&self, inputs: &SearchInputs) -> bool {
        let done = |h: usize| self.query.finished[h] || self.truth.finished[h];
        (done(0) || self.query.a.base(&inputs.query) == self.truth.a.base(&inputs.truth))
            && (done(1) || self.query.b.base(&inputs.query) == self.truth.b.base(&inputs.truth))
    }

    /// Moves a synchronised path to a reference position.
    pub fn move_to(&mut self, position: i64, inputs: &SearchInputs) {
        for (diplotype, input) in [(&mut self.query, &inputs.query), (&mut self.truth, &inputs.truth)] {
            diplotype.a.move_to(position, input);
            diplotype.b.move_to(position, input);
        }
    }

    /// The state of the path.
    pub fn state(&self, inputs: &SearchInputs, [query, truth]: &mut [SideFingerprints; 2]) -> State {
        let futures = [
            self.query.futures(&inputs.query, query),
            self.truth.futures(&inputs.truth, truth),
        ];
        let sides = [(&self.query, &inputs.query), (&self.truth, &inputs.truth)];
        let bounds = sides.map(|(side, input)| {
            // All ends before the next variant allow the same.
            let next = input.variants.get(side.decided).map_or(i64::MAX, |v| v.start);
            [side.a.last_end, side.b.last_end, side.included_end].map(|end| end.max(next))
        });
        State {
            positions: sides.map(|(side, _)| [side.a.position, side.b.position]),
            decided: sides.map(|(side, _)| side.decided),
            left: futures.map(|side| side.map(|future| Reverse(future.length))),
            finished: sides.map(|(side, _)| side.finished),
            on_reference: sides.map(|(side, _)| [side.a.is_on_reference(), side.b.is_on_reference()]),
            futures,
            bounds,
            included: [self.query_since, self.truth_since].map(|variants| variants > 0),
            settled: sides.map(|(side, _)| side.settled),
        }
    }

    /// Order of states. Equal paths differ only in their past.
    pub fn compare(&self, other: &Self) -> Ordering {
        (self.query.compare(&other.query))
            .then_with(|| self.truth.compare(&other.truth))
            .then_with(|| (self.query.settled, self.truth.settled).cmp(&(other.query.settled, other.truth.settled)))
    }

    /// Whether to keep this path instead of `other`, which is in the same state. Paths without variants that cancel
    /// each other win, then paths with most variants of both sides, then with similar numbers on both sides, then
    /// with the latest synchronisation.
    pub fn is_better(&self, other: &Self) -> bool {
        let settled = |path: &Self| path.is_in_sync() || path.is_finished();
        if settled(self) && settled(other) {
            if self.is_no_op() {
                return false;
            }
            if other.is_no_op() {
                return true;
            }
        }
        let included = |path: &Self| path.query.included + path.truth.included;
        if included(self) == included(other) && self.truth.included > 0 && other.truth.included > 0 {
            let difference = |path: &Self| path.truth_since.abs_diff(path.query_since);
            return (difference(self).cmp(&difference(other)))
                .then(other.sync_position.cmp(&self.sync_position))
                .then(self.truth.last_number.cmp(&other.truth.last_number))
                .is_lt();
        }
        included(self) > included(other)
    }
}
