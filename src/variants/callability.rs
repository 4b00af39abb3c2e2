//! What is known of each position of the targets: the reference, a variant, or nothing, and why.

use std::ops::Range;

use super::call::{Call, Filter};
use super::gvcf::Covered;
use super::label::Label;
use super::reference_block::{Certainty, certainty};
use crate::targets::{LEAST_QUALITY, PositionRun, PositionState, Reason};

/// The positions that a call decides, and what it makes of them.
#[derive(Clone, Debug)]
pub struct DecidedSpan {
    pub positions: Range<u64>,
    pub state: PositionState,
}

impl DecidedSpan {
    pub fn new(call: &Call, label: &Label) -> Self {
        let state = match label.filter {
            Filter::NoCall => PositionState::NotCalled(Reason::NoReads),
            Filter::RefCall if call.genotype_quality() < LEAST_QUALITY => PositionState::NotCalled(Reason::FewReads),
            Filter::RefCall => PositionState::Reference,
            _ if label.passes() => PositionState::Variant,
            _ => PositionState::NotCalled(Reason::FilteredVariant),
        };
        Self {
            positions: call.position..call.end(),
            state,
        }
    }
}

/// The positions of some pieces of a contig within `intervals`, with depth and state. Where calls overlap, the worst
/// state counts. `spans` are ascending by start.
pub fn position_runs(covered: &[Covered], spans: &[DecidedSpan], intervals: &[(u64, u64)]) -> Vec<PositionRun> {
    let mut runs = Vec::new();
    let mut calls = Calls {
        spans,
        next: 0,
        active: Vec::new(),
    };
    for piece in covered {
        for run in &piece.runs {
            let first = intervals.partition_point(|&(_, end)| end <= run.start);
            let end = run.start + u64::from(run.length);
            for &(from, to) in intervals[first..].iter().take_while(|&&(from, _)| from < end) {
                let mut at = from.max(run.start);
                while at < to.min(end) {
                    let (decided, until) = calls.at(at);
                    let mut stretch = at..until.min(to).min(end);
                    let state = decided.unwrap_or_else(|| {
                        let (state, length) = undecided(piece, &stretch, certainty(piece.ploidy, run.coverage));
                        stretch.end = stretch.start + length;
                        state
                    });
                    at = stretch.end;
                    push(&mut runs, stretch, u32::from(run.coverage.depth), state);
                }
            }
        }
    }
    runs
}

/// Appends positions, or extends the last run by them.
fn push(runs: &mut Vec<PositionRun>, positions: Range<u64>, depth: u32, state: PositionState) {
    match runs.last_mut() {
        Some(last) if last.positions.end == positions.start && (last.depth, last.state) == (depth, state) => {
            last.positions.end = positions.end;
        }
        _ => runs.push(PositionRun {
            positions,
            depth,
            state,
        }),
    }
}

/// The state of the first positions of a stretch without a call, and how many share it.
fn undecided(piece: &Covered, stretch: &Range<u64>, certainty: Certainty) -> (PositionState, u64) {
    let length = stretch.end - stretch.start;
    let state = match certainty {
        Certainty::NoCopy => PositionState::NotCalled(Reason::NoCopy),
        Certainty::NoReads => {
            let bases = piece.reference.slice(stretch.start, stretch.end);
            let is_unknown = bases.first() == Some(&b'N');
            let same = bases.iter().take_while(|base| (**base == b'N') == is_unknown).count();
            let reason = if is_unknown {
                Reason::UnknownReference
            } else {
                Reason::NoReads
            };
            return (PositionState::NotCalled(reason), (same as u64).clamp(1, length));
        }
        Certainty::Disagreement => PositionState::NotCalled(Reason::ReadsDisagree),
        Certainty::Quality(quality) if quality < LEAST_QUALITY => PositionState::NotCalled(Reason::FewReads),
        Certainty::Quality(_) => PositionState::Reference,
    };
    (state, length)
}

/// The calls over positions that are asked for in ascending order.
struct Calls<'a> {
    spans: &'a [DecidedSpan],
    /// The first span that begins after the last position.
    next: usize,
    active: Vec<&'a DecidedSpan>,
}

impl Calls<'_> {
    /// What calls decide at a position, and the next position where this may change.
    fn at(&mut self, position: u64) -> (Option<PositionState>, u64) {
        while let Some(span) = self
            .spans
            .get(self.next)
            .filter(|span| span.positions.start <= position)
        {
            self.active.push(span);
            self.next += 1;
        }
        self.active.retain(|span| span.positions.end > position);
        let next = self.spans.get(self.next).map_or(u64::MAX, |span| span.positions.start);
        let until = self.active.iter().map(|span| span.positions.end).fold(next, u64::min);
        (self.active.iter().map(|span| span.state).max(), until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Sequence;
    use crate::variants::{Coverage, CoveredRun, Ploidy};

    fn covered(ploidy: Ploidy, start: u64, bases: &str, runs: &[(u32, u16, u16)]) -> Covered {
        let mut at = start;
        let runs = runs.iter().map(|&(length, depth, reference_depth)| {
            let run = CoveredRun {
                start: at,
                length,
                coverage: Coverage { depth, reference_depth },
            };
            at += u64::from(length);
            run
        });
        Covered {
            ploidy,
            runs: runs.collect(),
            reference: Sequence::new(start, bases.into()),
        }
    }

    fn span(positions: Range<u64>, state: PositionState) -> DecidedSpan {
        DecidedSpan { positions, state }
    }

    fn text(covered: &[Covered], spans: &[DecidedSpan], intervals: &[(u64, u64)]) -> Vec<String> {
        let runs = position_runs(covered, spans, intervals);
        let name = |state: &PositionState| match state {
            PositionState::NotCalled(reason) => reason.name().to_owned(),
            state => format!("{state:?}"),
        };
        runs.iter()
            .map(|r| {
                format!(
                    "{}-{} {} {}",
                    r.positions.start,
                    r.positions.end,
                    r.depth,
                    name(&r.state)
                )
            })
            .collect()
    }

    #[test]
    fn each_position_has_a_state_and_no_call_is_not_reference() {
        let piece = covered(
            Ploidy::Diploid,
            0,
            "ACGTNNACGTACGTACGTAC",
            &[(2, 30, 30), (2, 3, 3), (4, 0, 0), (2, 20, 10), (10, 30, 30)],
        );
        assert_eq!(
            text(&[piece], &[], &[(1, 20)]),
            [
                "1-2 30 Reference",
                "2-4 3 few_reads",
                "4-6 0 unknown_reference",
                "6-8 0 no_reads",
                "8-10 20 reads_disagree",
                "10-20 30 Reference"
            ]
        );
    }

    #[test]
    fn the_worst_of_overlapping_calls_counts() {
        let piece = covered(Ploidy::Diploid, 0, "ACGTACGTAC", &[(10, 30, 30)]);
        let spans = [
            span(2..6, PositionState::Reference),
            span(3..4, PositionState::Variant),
            span(4..5, PositionState::NotCalled(Reason::FilteredVariant)),
        ];
        assert_eq!(
            text(&[piece], &spans, &[(0, 4), (5, 12)]),
            ["0-3 30 Reference", "3-4 30 Variant", "5-10 30 Reference"]
        );
        let piece = covered(Ploidy::Diploid, 0, "ACGTACGTAC", &[(10, 30, 30)]);
        assert_eq!(text(&[piece], &spans, &[(4, 5)]), ["4-5 30 filtered_variant"]);
    }

    #[test]
    fn one_copy_needs_fewer_reads_and_no_copy_is_not_called() {
        let haploid = covered(Ploidy::Haploid, 0, "ACGT", &[(4, 3, 3)]);
        let absent = covered(Ploidy::Absent, 4, "ACGT", &[(4, 30, 30)]);
        assert_eq!(
            text(&[haploid, absent], &[], &[(0, 8)]),
            ["0-4 3 Reference", "4-8 30 no_copy"]
        );
    }

    #[test]
    fn calls_decide_by_their_filter() {
        let call = |probabilities: &[f64], genotype: [usize; 2], depth| Call {
            position: 9,
            reference: b"AT".to_vec(),
            alternates: vec![b"A".to_vec()],
            depth,
            allele_depths: vec![10, 10],
            probabilities: probabilities.to_vec(),
            genotype: genotype.into(),
            stage: crate::variants::DecidingStage::Network,
            tier: None,
        };
        let state = |call: &Call, min_quality| {
            let span = DecidedSpan::new(call, &Label::new("c", call, min_quality, None));
            assert_eq!(span.positions, 9..11);
            span.state
        };
        let variant = call(&[0.001, 0.998, 0.001], [0, 1], 20);
        assert_eq!(state(&variant, 3.0), PositionState::Variant);
        assert_eq!(state(&variant, 99.0), PositionState::NotCalled(Reason::FilteredVariant));
        assert_eq!(
            state(&call(&[0.999, 0.001, 0.0], [0, 0], 20), 3.0),
            PositionState::Reference
        );
        let unsure = call(&[0.9, 0.1, 0.0], [0, 0], 20);
        assert_eq!(state(&unsure, 3.0), PositionState::NotCalled(Reason::FewReads));
        assert_eq!(
            state(&call(&[0.9, 0.1, 0.0], [0, 0], 0), 3.0),
            PositionState::NotCalled(Reason::NoReads)
        );
    }
}
