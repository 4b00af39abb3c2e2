//! Playing one haplotype base by base: reference, with the changes that were chosen put in.

use crate::variants::Edit;
use std::cmp::Ordering;
use std::collections::VecDeque;

use super::variant::{Oriented, Variant};
use crate::genome::Sequence;

/// A position on one haplotype. Changes are queued ahead of it in order.
#[derive(Clone, Debug)]
pub struct Haplotype {
    /// 0-based reference position; −1 before the contig. Within a change: the change's start.
    pub position: i64,
    /// Index of the current base of the change being played.
    within: Option<usize>,
    /// End of the last change that was queued.
    last_end: i64,
    next: Option<Oriented>,
    queue: VecDeque<Oriented>,
}

/// What all haplotypes of a search share.
#[derive(Clone, Copy)]
pub struct SearchInput<'a> {
    pub sequence: &'a Sequence,
    /// One past the last position that is played.
    pub end: i64,
    /// The variants that changes are taken from.
    pub variants: &'a [Variant],
}

impl SearchInput<'_> {
    fn change(&self, oriented: Oriented) -> Option<&Edit> {
        self.variants.get(oriented.variant as usize)?.change(oriented.side)
    }

    fn length(&self, oriented: Oriented) -> usize {
        self.change(oriented).map_or(0, |c| c.bases.len())
    }

    fn start(&self, oriented: Oriented) -> i64 {
        self.change(oriented).map_or(i64::MAX, |c| c.start as i64)
    }
}

impl Haplotype {
    pub fn new(position: i64) -> Self {
        Self {
            position,
            within: None,
            last_end: -1,
            next: None,
            queue: VecDeque::new(),
        }
    }

    /// Queues a change; nothing for an allele that changes nothing.
    pub fn add(&mut self, oriented: Oriented, stage: &SearchInput) {
        let Some(change) = stage.change(oriented) else {
            return;
        };
        if change.is_insertion() && change.bases.is_empty() {
            return;
        }
        self.last_end = change.end as i64;
        match self.next {
            None => self.next = Some(oriented),
            Some(_) => self.queue.push_back(oriented),
        }
    }

    /// Whether a change lies clear of those queued before.
    pub fn admits(&self, oriented: Oriented, stage: &SearchInput) -> bool {
        stage.change(oriented).is_none_or(|c| c.start as i64 >= self.last_end)
    }

    /// The base at this position.
    pub fn base(&self, stage: &SearchInput) -> u8 {
        let of_change = self
            .within
            .zip(self.next)
            .and_then(|(i, next)| stage.change(next)?.bases.get(i).copied());
        of_change.unwrap_or_else(|| stage.sequence.base(self.position.max(0) as u64))
    }

    pub fn has_next(&self, stage: &SearchInput) -> bool {
        self.position < stage.end - 1
    }

    pub fn is_on_reference(&self) -> bool {
        self.within.is_none()
    }

    /// Whether the next step may need a change that is not queued yet.
    pub fn wants_more(&self, stage: &SearchInput) -> bool {
        let Some(next) = self.next else {
            return true;
        };
        if self.within.is_some_and(|i| i + 1 < stage.length(next)) {
            return false;
        }
        self.queue.iter().all(|&o| stage.length(o) == 0)
    }

    /// Goes to the next base.
    pub fn step(&mut self, stage: &SearchInput) {
        match &mut self.within {
            Some(i) => *i += 1,
            None => {
                self.position += 1;
                if self.next.is_some_and(|next| stage.start(next) == self.position) {
                    self.within = Some(0);
                }
            }
        }
        // Changes may follow each other without a base between, and deletions have no base at all.
        while let Some(next) = self.next {
            if self.within != Some(stage.length(next)) {
                break;
            }
            self.position = stage.change(next).map_or(self.position, |c| c.end as i64);
            self.within = None;
            self.next = self.queue.pop_front();
            if self.next.is_some_and(|next| stage.start(next) <= self.position) {
                self.within = Some(0);
            }
        }
    }

    /// Jumps to a position on the reference before any queued change.
    pub fn move_to(&mut self, position: i64, stage: &SearchInput) {
        self.position = position - 1;
        self.step(stage);
    }

    /// Order of states: equal if what will be played from here on is the same.
    pub fn compare(&self, other: &Self) -> Ordering {
        (self.position, self.next, self.within)
            .cmp(&(other.position, other.next, other.within))
            .then_with(|| self.queue.iter().cmp(other.queue.iter()))
    }
}
