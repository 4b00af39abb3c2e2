//! The walk along the reference that spells truth's and the candidates' haplotypes side by side.
//!
//! At each site, in order, every allele that a side may place on each haplotype is tried; a state whose two spellings
//! of one haplotype disagree is dropped at the first base that differs. States that will go on alike are one state: the
//! best-scored survives. Where all agree, all become one, so the cost grows with the sites of a repeat and not with
//! the length of the stretch.

use std::ops::Add;

use rustc_hash::FxHashMap;

use crate::genome::Sequence;
use crate::variants::Edit;

/// A side is spelled this far beyond the site at hand, so that a wrong allele shows early even inside a deletion.
const LOOKAHEAD: u64 = 250;

/// States kept at a site. Beyond, the lowest-scored are dropped: labels still spell truth, perhaps not the most of it.
const MAX_STATES: usize = 4_096;

/// Which spelling a site belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Truth,
    Candidate,
}

/// What makes one explanation better than another, most important first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelScore {
    /// Truth alleles explained.
    pub truth: i64,
    /// Minus the alternate alleles of candidates used.
    pub alternates: i64,
    /// Reads that support these.
    pub reads: i64,
    /// Minus the sum of their positions.
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
    /// Its place in the list of its side.
    pub index: usize,
    /// Whether it is known which allele lies on which haplotype.
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

/// One haplotype, spelled by both sides as far as they agree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SpelledHaplotype {
    /// Reference position up to which truth and candidates are spelled.
    cursors: [u64; 2],
    /// Side whose spelling is longer, and what it has more.
    ahead: usize,
    excess: Vec<u8>,
    /// Whether truth of unknown phase, and whether a candidate, was placed since both sides last agreed.
    placed: [bool; 2],
}

impl SpelledHaplotype {
    /// Adds `bases` to one side; false if the sides then disagree.
    fn spell(&mut self, side: usize, bases: &[u8]) -> bool {
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

    /// Spells the reference on both sides up to `limits`; false if the sides then disagree.
    fn advance(&mut self, limits: [u64; 2], reference: &Sequence) -> bool {
        (0..2).all(|side| {
            let from = self.cursors[side];
            self.cursors[side] = from.max(limits[side]);
            self.spell(side, reference.slice(from, limits[side]))
        })
    }

    /// Whether both sides have spelled nothing but the reference since they last did.
    fn is_reference(&self, reference: &Sequence) -> bool {
        let [truth, candidate] = self.cursors;
        self.excess == reference.slice(truth.min(candidate), truth.max(candidate))
    }

    /// This haplotype with an allele of a site placed on it. None if an earlier one is in the way, if the sides
    /// disagree, or if truth explains itself: a het deletion and a het insertion of one repeat, put on one haplotype,
    /// undo each other there and would leave nothing to label.
    fn with(&self, site: &LabelSite, edit: Option<&Edit>, limits: [u64; 2], reference: &Sequence) -> Option<Self> {
        let side = site.side as usize;
        let mut next = self.clone();
        if let Some(edit) = edit {
            if next.cursors[side] > edit.start {
                return None;
            }
            let agree =
                next.spell(side, reference.slice(next.cursors[side], edit.start)) && next.spell(side, &edit.bases);
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
            let unexplained = next.placed == [true, false];
            next.placed = [false; 2];
            return (!unexplained).then_some(next);
        }
        Some(next)
    }
}

#[derive(Clone, Debug)]
struct State {
    haplotypes: [SpelledHaplotype; 2],
    score: LabelScore,
    /// The last choice made, in the trail.
    last: usize,
}

/// The choices that led to a state: the alleles at one site, and the choice before.
struct TrailStep {
    before: usize,
    alleles: [usize; 2],
}

/// The best choice of alleles at each site (in order of start), such that both sides spell the same two haplotypes.
pub fn walk(sites: &[LabelSite], reference: &Sequence) -> Vec<[usize; 2]> {
    let Some(first) = sites.first() else {
        return Vec::new();
    };
    let start = SpelledHaplotype {
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

/// How far each side may be spelled once a site is decided: to its next site, or some way beyond the next of any side.
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
    let mut known: FxHashMap<[SpelledHaplotype; 2], usize> = FxHashMap::default();
    for state in states {
        let place = |haplotype: &SpelledHaplotype| -> Vec<Option<SpelledHaplotype>> {
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
            let slot = known.get(&haplotypes).copied();
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
                    known.insert(haplotypes.clone(), next.len());
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

/// Bounds the states. Those that agree everywhere stay, for they can always be completed.
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
