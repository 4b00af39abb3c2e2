//! The counts behind every table: by type, subtype, stratum and filter.

use super::kind::{SUBTYPES, TRANSITION, TRANSVERSION, TYPES, VariantKind};
use super::record::{Record, RecordSide, Status};
use super::strata::{CONTAINED_RANK, DIPLOID_RANK, HAPLOID_RANK};
use crate::evaluate::calls::Zygosity;
use crate::evaluate::matching::Match;
use crate::variants::VariantType;

/// A number of calls, in total and by substitution and genotype.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub all: u64,
    pub ti: u64,
    pub tv: u64,
    pub het: u64,
    pub homalt: u64,
}

impl Count {
    fn add(&mut self, call: &CountedCall) {
        self.all += 1;
        self.ti += u64::from(call.kind.subtypes & TRANSITION != 0);
        self.tv += u64::from(call.kind.subtypes & TRANSVERSION != 0);
        self.het += u64::from(call.zygosity == Zygosity::Het);
        self.homalt += u64::from(call.zygosity == Zygosity::HomAlt);
    }

    fn remove(&mut self, call: &CountedCall) {
        self.all -= 1;
        self.ti -= u64::from(call.kind.subtypes & TRANSITION != 0);
        self.tv -= u64::from(call.kind.subtypes & TRANSVERSION != 0);
        self.het -= u64::from(call.zygosity == Zygosity::Het);
        self.homalt -= u64::from(call.zygosity == Zygosity::HomAlt);
    }

    pub fn plus(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            ti: self.ti + other.ti,
            tv: self.tv + other.tv,
            het: self.het + other.het,
            homalt: self.homalt + other.homalt,
        }
    }

    pub fn ti_tv(&self) -> Option<f64> {
        ratio(self.ti, self.tv)
    }

    pub fn het_hom(&self) -> Option<f64> {
        ratio(self.het, self.homalt)
    }
}

fn ratio(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

/// The seven counts of a row and the derived metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub truth_tp: Count,
    pub truth_fn: Count,
    pub query_tp: Count,
    pub query_fp: Count,
    pub query_unk: Count,
    /// False positives with the right allele and a wrong genotype.
    pub fp_gt: u64,
    /// False positives at the right place with a wrong allele.
    pub fp_al: u64,
}

impl Counts {
    pub fn truth_total(&self) -> Count {
        self.truth_tp.plus(self.truth_fn)
    }

    pub fn query_total(&self) -> Count {
        self.query_tp.plus(self.query_fp).plus(self.query_unk)
    }

    pub fn recall(&self) -> Option<f64> {
        ratio(self.truth_tp.all, self.truth_total().all)
    }

    pub fn precision(&self) -> Option<f64> {
        ratio(self.query_tp.all, self.query_tp.all + self.query_fp.all)
    }

    pub fn fraction_unknown(&self) -> Option<f64> {
        ratio(self.query_unk.all, self.query_total().all)
    }

    /// Harmonic mean of recall and precision.
    pub fn f1(&self) -> Option<f64> {
        let (recall, precision) = (self.recall()?, self.precision()?);
        (recall + precision > 0.0).then(|| 2.0 * recall * precision / (recall + precision))
    }

    pub fn add(&mut self, call: &CountedCall) {
        match call.part {
            CountKind::TruthTp => self.truth_tp.add(call),
            CountKind::TruthFn => self.truth_fn.add(call),
            CountKind::QueryTp => self.query_tp.add(call),
            CountKind::QueryFp => {
                self.query_fp.add(call);
                self.fp_gt += u64::from(call.matched == Match::Allele);
                self.fp_al += u64::from(call.matched == Match::Nearby);
            }
            CountKind::QueryUnk => self.query_unk.add(call),
        }
    }
}

impl Counts {
    /// Removes a call that a threshold excludes. Truth that only this call matches then counts as missed.
    pub fn exclude(&mut self, call: &CountedCall) {
        match call.part {
            CountKind::TruthTp => {
                self.truth_tp.remove(call);
                self.truth_fn.add(call);
            }
            CountKind::TruthFn => {}
            CountKind::QueryTp => self.query_tp.remove(call),
            CountKind::QueryFp => {
                self.query_fp.remove(call);
                self.fp_gt -= u64::from(call.matched == Match::Allele);
                self.fp_al -= u64::from(call.matched == Match::Nearby);
            }
            CountKind::QueryUnk => self.query_unk.remove(call),
        }
    }
}

/// The count that a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountKind {
    TruthTp,
    TruthFn,
    QueryTp,
    QueryFp,
    QueryUnk,
}

/// A counted call. It is small, because there may be ten million calls.
#[derive(Clone, Copy, Debug)]
pub struct CountedCall {
    /// NaN if the call has no score.
    pub score: f32,
    pub kind: VariantKind,
    pub part: CountKind,
    pub zygosity: Zygosity,
    pub matched: Match,
    /// Whether the call, or the query call that matches this truth call, failed a filter.
    pub is_filtered: bool,
    /// Whether the call belongs to the subset `super::strata::CONTAINED`.
    pub is_contained: bool,
}

impl CountedCall {
    fn new(entry: &RecordSide, part: CountKind, record: &Record) -> Option<Self> {
        Some(Self {
            score: entry.score.unwrap_or(f32::NAN),
            kind: entry.kind?,
            part,
            zygosity: entry.zygosity,
            matched: entry.matched,
            is_filtered: !record.filters.is_empty(),
            is_contained: record.strata.contains(&CONTAINED_RANK),
        })
    }

    /// The counted calls of a record.
    pub fn from_record(record: &Record) -> impl Iterator<Item = Self> {
        let truth = record.truth.as_ref().and_then(|entry| {
            let part = match entry.verdict {
                Status::TruePositive => CountKind::TruthTp,
                Status::FalseNegative => CountKind::TruthFn,
                _ => return None,
            };
            Self::new(entry, part, record)
        });
        let query = record.query.as_ref().and_then(|entry| {
            let part = match entry.verdict {
                Status::TruePositive => CountKind::QueryTp,
                Status::FalsePositive => CountKind::QueryFp,
                Status::Unknown => CountKind::QueryUnk,
                _ => return None,
            };
            Self::new(entry, part, record)
        });
        truth.into_iter().chain(query)
    }

    /// The call under a filter. With PASS, filtered query calls disappear, and truth that only a filtered call
    /// matches is missed.
    pub fn under(self, filter: FilterRow) -> Option<Self> {
        if filter == FilterRow::All || !self.is_filtered {
            return Some(self);
        }
        let part = CountKind::TruthFn;
        matches!(self.part, CountKind::TruthTp | CountKind::TruthFn).then_some(Self { part, ..self })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterRow {
    All,
    Pass,
}

impl FilterRow {
    pub const BOTH: [Self; 2] = [Self::All, Self::Pass];

    pub fn name(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Pass => "PASS",
        }
    }
}

/// Number of rows for each type: row 0 for all, then [`SUBTYPES`].
const ROWS: usize = SUBTYPES.len() + 1;

/// All counts of an evaluation: by subset (0 = everything, then the strata), filter, type and subtype.
#[derive(Clone, Debug)]
pub struct Tally {
    cells: Vec<Counts>,
}

impl Tally {
    pub fn new(strata: usize) -> Self {
        Self {
            cells: vec![Counts::default(); (strata + 1) * 2 * 2 * ROWS],
        }
    }

    fn cell(&self, subset: usize, filter: FilterRow, variant_type: VariantType, row: usize) -> usize {
        ((subset * 2 + filter as usize) * 2 + variant_type as usize) * ROWS + row
    }

    pub fn add(&mut self, record: &Record) {
        let diploid = (!record.strata.contains(&HAPLOID_RANK)).then_some(&DIPLOID_RANK);
        for filter in FilterRow::BOTH {
            for call in CountedCall::from_record(record).filter_map(|call| call.under(filter)) {
                let strata = record.strata.iter().chain(diploid).map(|&s| usize::from(s) + 1);
                for subset in std::iter::once(0).chain(strata) {
                    let all = self.cell(subset, filter, call.kind.variant_type, 0);
                    self.cells[all].add(&call);
                    for bit in (0..SUBTYPES.len()).filter(|bit| call.kind.subtypes & (1 << bit) != 0) {
                        self.cells[all + 1 + bit].add(&call);
                    }
                }
            }
        }
    }

    pub fn has_calls(&self, subset: usize) -> bool {
        TYPES
            .iter()
            .any(|&t| *self.counts(subset, FilterRow::All, t, None) != Counts::default())
    }

    /// The counts of one row; `subtype` is an index into [`SUBTYPES`].
    pub fn counts(
        &self,
        subset: usize,
        filter: FilterRow,
        variant_type: VariantType,
        subtype: Option<usize>,
    ) -> &Counts {
        &self.cells[self.cell(subset, filter, variant_type, subtype.map_or(0, |s| s + 1))]
    }
}
