//! Counts as a function of the quality that calls must have.

use super::evaluation::Run;
use super::kind::Type;
use super::record::Record;
use super::tally::{Counts, Filter, Observation, Part};

/// Least distance between the thresholds of a table, as hap.py's default.
pub const MIN_SPACING: f32 = 0.5;

/// The counts with all calls of at least this quality.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub threshold: f32,
    pub counts: Counts,
}

/// Points in ascending order of the threshold, one for each quality that occurs.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    pub points: Vec<Point>,
}

impl Curve {
    /// Of all calls of a type.
    pub fn of(run: &Run, variant_type: Type, filter: Filter) -> Self {
        Self::within(run, 0, variant_type, None, filter)
    }

    /// Of a subset, by its rank in the tally, and perhaps one subtype. Truth that only calls below the threshold match is
    /// missed there.
    pub fn within(run: &Run, subset: usize, variant_type: Type, subtype: Option<usize>, filter: Filter) -> Self {
        let is_inside = |record: &Record| subset == 0 || record.strata.contains(&(subset as u16 - 1));
        let wanted = |call: &Observation| {
            call.kind.variant_type == variant_type && subtype.is_none_or(|s| call.kind.subtypes & (1 << s) != 0)
        };
        let mut calls: Vec<Observation> = run
            .records()
            .filter(|(_, record)| is_inside(record))
            .flat_map(|(_, record)| Observation::of(record, filter))
            .filter(wanted)
            .collect();
        calls.sort_by(|a, b| b.score.total_cmp(&a.score));
        let missed: Vec<Observation> = extract(&mut calls, |c| c.part == Part::TruthFn);
        let mut counts = Counts::default();
        missed.iter().for_each(|call| counts.add(call));
        let found: Vec<Observation> = calls.iter().copied().filter(|c| c.part == Part::TruthTp).collect();
        let mut points = Vec::new();
        for level in calls.chunk_by(|a, b| a.score == b.score) {
            level.iter().for_each(|call| counts.add(call));
            points.push(Point {
                threshold: level[0].score,
                counts,
            });
        }
        // What lies below the threshold is missed: add it from the lowest level up.
        let mut below = Counts::default();
        let mut rest = found.iter().rev().peekable();
        for point in points.iter_mut().rev() {
            while let Some(call) = rest.next_if(|c| c.score < point.threshold) {
                below.add(&Observation {
                    part: Part::TruthFn,
                    ..*call
                });
            }
            point.counts.truth_fn = point.counts.truth_fn.plus(below.truth_fn);
        }
        points.reverse();
        Self { points }
    }

    /// The point of the highest F1; of several, that with the lowest threshold.
    pub fn best(&self) -> Option<&Point> {
        let scored = self.points.iter().filter_map(|p| Some((p, p.counts.f1()?)));
        scored
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|(p, _)| p)
    }
}

/// Points in ascending order without those that are closer than `spacing` to the one before.
pub fn spaced<'a>(points: impl Iterator<Item = &'a Point>, spacing: f32) -> impl Iterator<Item = &'a Point> {
    let mut last: Option<f32> = None;
    points.filter(move |point| {
        let kept = last.is_none_or(|last| point.threshold - last > spacing);
        if kept {
            last = Some(point.threshold);
        }
        kept
    })
}

/// Takes out of a list what fulfils a condition, keeping both in order.
fn extract<T: Copy>(list: &mut Vec<T>, condition: impl Fn(&T) -> bool) -> Vec<T> {
    let taken = list.iter().copied().filter(&condition).collect();
    list.retain(|item| !condition(item));
    taken
}
