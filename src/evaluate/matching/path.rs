//! One way of putting truth and query variants onto haplotypes, as far as it has been played.

use std::cmp::Ordering;

use super::haplotype::{Haplotype, SearchInput};
use super::variant::Oriented;

/// The two haplotypes of one call set.
#[derive(Clone, Debug)]
pub struct Diplotype {
    pub a: Haplotype,
    pub b: Haplotype,
    /// How many variants were put in, and the last of them in the search's log.
    pub included: u32,
    pub log: Option<u32>,
    last_number: i16,
    /// Number of variants decided upon.
    pub decided: usize,
    /// End of the last variant decided upon, and of the last one put in.
    end: i64,
    included_end: i64,
    finished: [bool; 2],
    /// The phase set that was met last, and whether it is played as written.
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

    /// Whether a variant can be put in without overlapping one that was.
    pub fn admits(&self, oriented: Oriented, stage: &SearchInput) -> bool {
        let start = stage.variants[oriented.variant as usize].start;
        start >= self.included_end || (self.a.admits(oriented, stage) && self.b.admits(oriented.other(), stage))
    }

    fn include(&mut self, oriented: Oriented, stage: &SearchInput) {
        let end = stage.variants[oriented.variant as usize].end;
        self.included_end = self.included_end.max(end);
        self.included += 1;
        self.last_number = oriented.number;
        self.a.add(oriented, stage);
        self.b.add(oriented.other(), stage);
    }

    /// The leading position of the two haplotypes.
    pub fn position(&self) -> i64 {
        self.a.position.max(self.b.position)
    }

    /// The next variant, if it has to be decided upon before the next step.
    pub fn due(&self, stage: &SearchInput) -> Option<usize> {
        let start = stage.variants.get(self.decided)?.start;
        let is_next = start <= self.position() + 1;
        let wanted = || start <= self.end && (self.a.wants_more(stage) || self.b.wants_more(stage));
        (is_next || wanted()).then_some(self.decided)
    }

    fn step(&mut self, haplotype: usize, stage: &SearchInput) {
        let played = if haplotype == 0 { &mut self.a } else { &mut self.b };
        match played.has_next(stage) {
            true => played.step(stage),
            false => self.finished[haplotype] = true,
        }
    }

    fn is_level(&self) -> bool {
        self.a.position == self.b.position
            && self.position() >= self.included_end
            && self.a.is_on_reference()
            && self.b.is_on_reference()
    }

    fn compare(&self, other: &Self) -> Ordering {
        (self.a.compare(&other.a)).then_with(|| self.b.compare(&other.b))
    }
}

/// Query and truth side by side.
#[derive(Clone, Debug)]
pub struct Path {
    pub query: Diplotype,
    pub truth: Diplotype,
    /// The last synchronisation point, in the search's log and as a position.
    pub sync: Option<u32>,
    sync_position: Option<i64>,
    /// Variants put in since, by side.
    query_since: u32,
    truth_since: u32,
}

/// The two haplotype stages of a search: query's and truth's.
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

    /// Whether all four haplotypes are on the reference at one position: from here on nothing of the past matters.
    pub fn is_in_sync(&self) -> bool {
        self.query.position() == self.truth.position() && self.query.is_level() && self.truth.is_level()
    }

    /// Whether variants of one side alone were put in since the last synchronisation: they undo each other.
    pub fn is_no_op(&self) -> bool {
        (self.query_since == 0) != (self.truth_since == 0)
    }

    /// Notes a synchronisation point. `log` adds a position to the search's log.
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

    pub fn exclude(&mut self, side: Side, stage: &SearchInput) {
        let diplotype = self.side_mut(side);
        diplotype.end = diplotype.end.max(stage.variants[diplotype.decided].end);
        diplotype.decided += 1;
    }

    pub fn include(&mut self, side: Side, oriented: Oriented, stage: &SearchInput) {
        self.side_mut(side).include(oriented, stage);
        self.exclude(side, stage);
        match side {
            Side::Query => self.query_since += 1,
            Side::Truth => self.truth_since += 1,
        }
    }

    /// Plays the next base on the haplotypes that are behind.
    pub fn step(&mut self, stages: &SearchInputs) {
        let order = self.query.a.position.cmp(&self.query.b.position);
        if order != Ordering::Greater {
            self.query.step(0, &stages.query);
            self.truth.step(0, &stages.truth);
        }
        if order != Ordering::Less {
            self.query.step(1, &stages.query);
            self.truth.step(1, &stages.truth);
        }
    }

    /// Whether query and truth have the same base on both haplotypes.
    pub fn matches(&self, stages: &SearchInputs) -> bool {
        let done = |h: usize| self.query.finished[h] || self.truth.finished[h];
        (done(0) || self.query.a.base(&stages.query) == self.truth.a.base(&stages.truth))
            && (done(1) || self.query.b.base(&stages.query) == self.truth.b.base(&stages.truth))
    }

    /// Moves a synchronised path to a position on the reference.
    pub fn move_to(&mut self, position: i64, stages: &SearchInputs) {
        for (diplotype, stage) in [(&mut self.query, &stages.query), (&mut self.truth, &stages.truth)] {
            diplotype.a.move_to(position, stage);
            diplotype.b.move_to(position, stage);
        }
    }

    /// Order of states. Equal paths differ in their past alone.
    pub fn compare(&self, other: &Self) -> Ordering {
        (self.query.compare(&other.query))
            .then_with(|| self.truth.compare(&other.truth))
            .then_with(|| (self.query.settled, self.truth.settled).cmp(&(other.query.settled, other.truth.settled)))
    }

    /// Whether this path is to be kept rather than `other`, which stands in the same state: no variants that undo each
    /// other; then the most variants of both sides; then numbers alike on both sides; then the latest synchronisation.
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
