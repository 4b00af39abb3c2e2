//! Counts as a function of the quality threshold.

use crate::evaluate::EvaluatedCallSet;
use crate::evaluate::counts::{CountKind, CountedCall, Counts, FilterRow};
use crate::variants::VariantType;

/// The counts of all calls with at least this quality.
#[derive(Clone, Copy, Debug)]
pub struct CurvePoint {
    pub threshold: f32,
    pub counts: Counts,
}

/// The calls of a curve.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub filter: FilterRow,
    pub variant_type: VariantType,
    /// An index into `SUBTYPES`.
    pub subtype: Option<usize>,
    /// Only calls of the subset `TS_contained`.
    pub contained: bool,
}

impl Wanted {
    pub fn all(variant_type: VariantType, filter: FilterRow) -> Self {
        Self {
            filter,
            variant_type,
            subtype: None,
            contained: false,
        }
    }

    /// The call as it counts on this curve.
    fn call(&self, call: &CountedCall) -> Option<CountedCall> {
        let is_wanted = call.kind.variant_type == self.variant_type
            && self.subtype.is_none_or(|s| call.kind.subtypes & (1 << s) != 0)
            && (call.is_contained || !self.contained);
        call.under(self.filter).filter(|_| is_wanted)
    }
}

/// The points of a curve by ascending threshold, one for each quality value. Truth that only calls below the
/// threshold match counts as missed.
#[derive(Clone, Debug)]
pub struct Curve<'a> {
    /// Calls at or above the current threshold, ascending.
    rest: &'a [CountedCall],
    wanted: Wanted,
    counts: Counts,
}

impl<'a> Curve<'a> {
    pub fn new(run: &'a EvaluatedCallSet, wanted: Wanted) -> Self {
        let mut counts = Counts::default();
        run.observations
            .iter()
            .filter_map(|call| wanted.call(call))
            .for_each(|call| counts.add(&call));
        Self {
            rest: &run.observations,
            wanted,
            counts,
        }
    }

    /// The point with the highest F1; among equals, the point with the lowest threshold.
    pub fn best(self) -> Option<CurvePoint> {
        let scored = self.filter_map(|p| Some((p, p.counts.f1()?)));
        scored
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .map(|(p, _)| p)
    }
}

impl Iterator for Curve<'_> {
    type Item = CurvePoint;

    fn next(&mut self) -> Option<CurvePoint> {
        let wanted = self.wanted;
        let counted = |call: &CountedCall| wanted.call(call).filter(|call| call.part != CountKind::TruthFn);
        let first = self.rest.iter().position(|call| counted(call).is_some())?;
        let threshold = self.rest[first].score;
        let point = CurvePoint {
            threshold,
            counts: self.counts,
        };
        let level = self.rest[first..].partition_point(|call| call.score <= threshold);
        for call in self.rest[first..first + level].iter().filter_map(counted) {
            self.counts.exclude(&call);
        }
        self.rest = &self.rest[first + level..];
        Some(point)
    }
}

/// Points in ascending order, without points within `spacing` of the last kept point.
pub fn spaced(points: impl Iterator<Item = CurvePoint>, spacing: f32) -> impl Iterator<Item = CurvePoint> {
    let mut last: Option<f32> = None;
    points.filter(move |point| {
        let kept = last.is_none_or(|last| point.threshold - last > spacing);
        if kept {
            last = Some(point.threshold);
        }
        kept
    })
}
