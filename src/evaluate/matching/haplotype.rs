//! Walks along one haplotype base by base: the reference with the chosen changes.

use crate::variants::Edit;
use std::cmp::Ordering;
use std::collections::VecDeque;

use super::fingerprint::{Fingerprint, SideFingerprints};
use super::variant::{Oriented, Variant};
use crate::genome::Sequence;

/// A position on one haplotype, and the queue of the changes ahead, in order.
#[derive(Clone, Debug)]
pub struct Haplotype {
    /// 0-based reference position; −1 before the contig. Within a change, the start of the change.
    pub position: i64,
    /// Index of the current base in the current change.
    within: Option<usize>,
    /// End of the last queued change.
    pub last_end: i64,
    next: Option<Oriented>,
    queue: VecDeque<Oriented>,
}

/// The data that all haplotypes of one side share.
#[derive(Clone, Copy)]
pub struct SearchInput<'a> {
    pub sequence: &'a Sequence,
    /// End of the walk (exclusive).
    pub end: i64,
    /// The variants with the changes.
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

    /// Queues a change. Does nothing if the allele changes nothing.
    pub fn add(&mut self, oriented: Oriented, input: &SearchInput) {
        let Some(change) = input.change(oriented) else {
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

    /// Whether a change does not overlap the changes queued before.
    pub fn admits(&self, oriented: Oriented, input: &SearchInput) -> bool {
        input.change(oriented).is_none_or(|c| c.start as i64 >= self.last_end)
    }

    /// The base at this position.
    pub fn base(&self, input: &SearchInput) -> u8 {
        let changed_base = self
            .within
            .zip(self.next)
            .and_then(|(i, next)| input.change(next)?.bases.get(i).copied());
        changed_base.unwrap_or_else(|| input.sequence.base(self.position.max(0) as u64))
    }

    pub fn has_next(&self, input: &SearchInput) -> bool {
        self.position < input.end - 1
    }

    pub fn is_on_reference(&self) -> bool {
        self.within.is_none()
    }

    /// Whether the next step may need a change that is not queued yet.
    pub fn needs_change(&self, input: &SearchInput) -> bool {
        let Some(next) = self.next else {
            return true;
        };
        if self.within.is_some_and(|i| i + 1 < input.length(next)) {
            return false;
        }
        self.queue.iter().all(|&o| input.length(o) == 0)
    }

    /// Goes to the next base.
    pub fn step(&mut self, input: &SearchInput) {
        match &mut self.within {
            Some(i) => *i += 1,
            None => {
                self.position += 1;
                if self.next.is_some_and(|next| input.start(next) == self.position) {
                    self.within = Some(0);
                }
            }
        }
        // Changes may follow each other without a base between them, and deletions have no base.
        while let Some(next) = self.next {
            if self.within != Some(input.length(next)) {
                break;
            }
            self.position = input.change(next).map_or(self.position, |c| c.end as i64);
            self.within = None;
            self.next = self.queue.pop_front();
            if self.next.is_some_and(|next| input.start(next) <= self.position) {
                self.within = Some(0);
            }
        }
    }

    /// Jumps to a reference position before all queued changes.
    pub fn move_to(&mut self, position: i64, input: &SearchInput) {
        self.position = position - 1;
        self.step(input);
    }

    /// The fingerprint of the bases from the next one to `end`, with all queued changes.
    pub fn future(&self, end: u64, input: &SearchInput, fingerprints: &SideFingerprints) -> Fingerprint {
        let mut future = Fingerprint::default();
        let mut position = (self.position + 1) as u64;
        let mut played = self.within.map(|i| i + 1);
        for &oriented in self.next.iter().chain(&self.queue) {
            let Some(change) = input.change(oriented) else { continue };
            let from = played.take().unwrap_or_else(|| {
                fingerprints.add_reference(&mut future, position, change.start);
                0
            });
            fingerprints.add_change(&mut future, oriented, from, change.bases.len());
            position = change.end;
        }
        fingerprints.add_reference(&mut future, position, end);
        future
    }

    /// Order of states: equal if all following bases are the same.
    pub fn compare(&self, other: &Self) -> Ordering {
        (self.position, self.next, self.within)
            .cmp(&(other.position, other.next, other.within))
            .then_with(|| self.queue.iter().cmp(other.queue.iter()))
    }
}
