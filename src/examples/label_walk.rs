//! Walks along the reference and builds the haplotypes of truth and of the candidates side by side.
//!
//! At each site, in order, the walk tries every allele that a side may place on each haplotype. It drops a state at
//! the first base where the two sides of one haplotype differ. It merges states with the same future, and keeps the
//! best score. Where both sides agree, all states merge into one. So the cost grows with the number of sites in a
//! repeat, not with the length of the interval.

use std::ops::Add;

use rustc_hash::FxHashMap;

use crate::genome::Sequence;
use crate::variants::Edit;

/// Each side is built this far beyond the current site, so that a wrong allele shows early even inside a deletion.
const LOOKAHEAD: u64 = 250;

/// Most states kept at a site. Beyond this, the lowest scores are dropped: labels still agree with truth, but may
/// explain less of it.
const MAX_STATES: usize = 4_096;

/// The side that a site belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Truth,
    Candidate,
}

/// Ranks explanations; the most important field is first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelScore {
    /// Number of truth alleles explained.
    pub truth: i64,
    /// Minus the number of candidate alternate alleles used.
    pub alternates: i64,
    /// Number of reads that support these alleles.
    pub reads: i64,
    /// Minus the sum of the positions of these alleles.
    pub position: i64,
}

impl Add for LabelScore {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            truth: self.truth + other.truth,
            alternates: self.alternates + other.alternates,
            reads: self.reads + other.reads,
            position: self.position + other.position,
        }
    }
}

/// Alleles that a site may place on the two haplotypes: 0 is the reference, `i + 1` is `edits[i]`.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    pub alleles: [usize; 2],
    pub score: LabelScore,
}

/// A candidate or truth variant.
#[derive(Clone, Debug)]
pub struct LabelSite {
    pub side: Origin,
    /// Index in the list of its side.
    pub index: usize,
    /// Whether the haplotype of each allele is known.
    pub phased: bool,
    pub start: u64,
    pub end: u64,
    edits: Vec<Option<Edit>>,
    choices: Vec<Choice>,
}

impl LabelSite {
    /// None if no allele changes anything.
    pub fn new(id: (Origin, usize), phased: bool, edits: Vec<Option<Edit>>, choices: Vec<Choice>) -> Option<Self> {
        Some(Self {
            side: id.0,
            index: id.1,
            phased,
            start: edits.iter().flatten().map(|e| e.start).min()?,
            end: edits.iter().flatten().map(|e| e.end).max()?,
            edits,
            choices,
        })
    }
}

/// One haplotype, built by both sides as long as they agree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct PartialHaplotype {
    /// Reference position up to which truth and candidates are built.
    cursors: [u64; 2],
    /// The side with the longer sequence, and the bases that only this side has.
    ahead: usize,
    excess: Vec<u8>,
    /// Whether an unphased truth allele, and whether a candidate allele, was placed since both sides last agreed.
    placed: [bool; 2],
}

impl PartialHaplotype {
    /// Adds `bases` to one side; false if the sides then disagree.
    fn append(&mut self, side: usize, bases: &[u8]) -> bool {
        let mut bases = bases;
        if self.ahead != side {
            let shared = self.excess.len().min(bases.len());
            if self.excess[..shared] != bases[..shared] {
                return false;
            }
            self.excess.drain(..shared);
            bases = &bases[shared..];
        }
        if !bases.is_empty() {
            self.ahead = side;
            self.excess.extend_from_slice(bases);
        } else if self.excess.is_empty() {
            self.ahead = 0;
        }
        true
    }

    /// Adds the reference to both sides up to `limits`; false if the sides then disagree.
    fn advance(&mut self, limits: [u64; 2], reference: &Sequence) -> bool {
        (0..2).all(|side| {
            let from = self.cursors[side];
            self.cursors[side] = from.max(limits[side]);
            self.append(side, reference.slice(from, limits[side]))
        })
    }

    /// Whether both sides have only reference bases since they last agreed.
    fn is_reference(&self, reference: &Sequence) -> bool {
        let [truth, candidate] = self.cursors;
        self.excess == reference.slice(truth.min(candidate), truth.max(candidate))
    }

    /// This haplotype with an allele of a site placed on it. None if an earlier allele is in the way or the sides
    /// disagree. Also None if truth cancels itself: a het deletion and a het insertion of one repeat on one
    /// haplotype cancel each other and leave nothing to label.
    fn with(&self, site: &LabelSite, edit: Option<&Edit>, limits: [u64; 2], reference: &Sequence) -> Option<Self> {
        let side = site.side as usize;
        let mut next = self.clone();
        if let Some(edit) = edit {
            if next.cursors[side] > edit.start {
                return None;
            }
            let agree =
                next.append(side, reference.slice(next.cursors[side], edit.start)) && next.append(side, &edit.bases);
            if !agree {
                return None;
            }
            next.cursors[side] = edit.end;
            next.placed[side] |= !site.phased;
        }
        if !next.advance(limits, reference) {
            return None;
        }
        if next.is_reference(reference) {
            let truth_cancels = next.placed == [true, false];
            next.placed = [false; 2];
            return (!truth_cancels).then_some(next);
        }
        Some(next)
    }
}

#[derive(Clone, Debug)]
struct State {
    haplotypes: [PartialHaplotype; 2],
    score: LabelScore,
    /// Index in the trail of the last choice made.
    last: usize,
}

/// A step of the path to a state: the alleles at one site, and the index of the step before.
struct TrailStep {
    before: usize,
    alleles: [usize; 2],
}

/// The best choice of alleles at each site (sites ordered by start), such that both sides build the same two
/// haplotypes.
pub fn walk(sites: &[LabelSite], reference: &Sequence) -> Vec<[usize; 2]> {
    let Some(first) = sites.first() else {
        return Vec::new();
    };
    let start = PartialHaplotype {
        cursors: [first.start; 2],
        ahead: 0,
        excess: Vec::new(),
        placed: [false; 2],
    };
    let mut trail = vec![TrailStep {
        before: 0,
        alleles: [0; 2],
    }];
    let mut states = vec![State {
        haplotypes: [start.clone(), start],
        score: LabelScore::default(),
        last: 0,
    }];
    let limits = limits(sites, reference.end());
    for (site, &limits) in sites.iter().zip(&limits) {
        states = step(&states, site, limits, reference, &mut trail);
    }
    let complete = |state: &&State| state.haplotypes.iter().all(|h| h.excess.is_empty());
    let best = states
        .iter()
        .filter(complete)
        .reduce(|best, s| if s.score > best.score { s } else { best });
    let mut alleles = vec![[0; 2]; sites.len()];
    let mut last = best.map_or(0, |state| state.last);
    for chosen in alleles.iter_mut().rev() {
        *chosen = trail[last].alleles;
        last = trail[last].before;
    }
    alleles
}

/// For each site, how far each side may be built after it: to the side's next site, or [`LOOKAHEAD`] bases beyond
/// the next site of any side.
fn limits(sites: &[LabelSite], end: u64) -> Vec<[u64; 2]> {
    let mut next = [end; 2];
    let mut limits: Vec<_> = sites
        .iter()
        .rev()
        .map(|site| {
            let nearest = next[0].min(next[1]);
            let reach = if nearest == end { end } else { nearest + LOOKAHEAD };
            let limit = next.map(|n| n.min(reach));
            next[site.side as usize] = site.start;
            limit
        })
        .collect();
    limits.reverse();
    limits
}

/// All states that follow from the choices at one site.
fn step(
    states: &[State],
    site: &LabelSite,
    limits: [u64; 2],
    reference: &Sequence,
    trail: &mut Vec<TrailStep>,
) -> Vec<State> {
    let mut next: Vec<State> = Vec::new();
    let mut slots: FxHashMap<[PartialHaplotype; 2], usize> = FxHashMap::default();
    for state in states {
        let place = |haplotype: &PartialHaplotype| -> Vec<Option<PartialHaplotype>> {
            let reference_allele = std::iter::once(None);
            let alleles = reference_allele.chain(site.edits.iter().map(Option::as_ref));
            alleles
                .map(|edit| haplotype.with(site, edit, limits, reference))
                .collect()
        };
        let placed = state.haplotypes.each_ref().map(place);
        for choice in &site.choices {
            let [a, b] = choice.alleles;
            let (Some(Some(first)), Some(Some(second))) = (placed[0].get(a), placed[1].get(b)) else {
                continue;
            };
            let score = state.score + choice.score;
            let haplotypes = [first.clone(), second.clone()];
            let slot = slots.get(&haplotypes).copied();
            if slot.is_some_and(|slot| next[slot].score >= score) {
                continue;
            }
            trail.push(TrailStep {
                before: state.last,
                alleles: choice.alleles,
            });
            let last = trail.len() - 1;
            match slot {
                Some(slot) => {
                    next[slot].score = score;
                    next[slot].last = last;
                }
                None => {
                    slots.insert(haplotypes.clone(), next.len());
                    next.push(State {
                        haplotypes,
                        score,
                        last,
                    });
                }
            }
        }
    }
    keep_best(next, reference)
}

/// Limits the number of states. States that agree everywhere stay, because they can always be completed.
fn keep_best(mut states: Vec<State>, reference: &Sequence) -> Vec<State> {
    if states.len() > MAX_STATES {
        states.sort_by_cached_key(|s| {
            (
                !s.haplotypes.iter().all(|h| h.is_reference(reference)),
                std::cmp::Reverse(s.score),
            )
        });
        states.truncate(MAX_STATES);
    }
    states
}
