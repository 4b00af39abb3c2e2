//! Records of the annotated VCF, which the tables count: truth and query calls side by side, each with its decision.

use super::kind::VariantKind;
use crate::evaluate::calls::{JudgedByGates, SampleCall, Zygosity};
use crate::evaluate::matching::{Decision, Match};
use crate::variants::CalledAllele;

/// The status of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    TruePositive,
    FalseNegative,
    FalsePositive,
    /// Outside the confident regions.
    Unknown,
    /// Not compared.
    Ignored,
}

impl Status {
    /// The value of BD.
    pub fn name(self) -> &'static str {
        match self {
            Self::TruePositive => "TP",
            Self::FalseNegative => "FN",
            Self::FalsePositive => "FP",
            Self::Unknown => "UNK",
            Self::Ignored => "N",
        }
    }
}

/// The truth call or the query call of a record.
#[derive(Clone, Debug)]
pub struct RecordSide {
    /// Genotype in the allele numbers of the record.
    pub genotype: Vec<CalledAllele>,
    pub phased: bool,
    pub verdict: Status,
    pub matched: Match,
    /// Not compared, because the search gave up here.
    pub given_up: bool,
    pub kind: Option<VariantKind>,
    pub zygosity: Zygosity,
    /// The query's quality; for truth, the quality of the matching query calls.
    pub score: Option<f32>,
    /// The query's GQ.
    pub genotype_quality: Option<f32>,
    /// The query's tier.
    pub tier: Option<u8>,
    pub gates: JudgedByGates,
}

/// Calls with the same position and REF.
#[derive(Clone, Debug)]
pub struct Record {
    /// 0-based.
    pub position: u64,
    pub reference: Vec<u8>,
    pub alternates: Vec<Vec<u8>>,
    pub truth: Option<RecordSide>,
    pub query: Option<RecordSide>,
    /// 0-based start of the superlocus of the match.
    pub locus: Option<i64>,
    /// The query's filters; for a truth call at another place, the filters of the calls that it matches.
    pub filters: Vec<u16>,
    /// Whether the record lies in the confident regions.
    pub confident: bool,
    /// Indices of the strata, ascending.
    pub strata: Vec<u16>,
}

impl Record {
    pub fn end(&self) -> u64 {
        self.position + self.reference.len() as u64
    }
}

/// The calls of one side with their decisions.
#[derive(Clone, Copy)]
pub struct Decided<'a> {
    pub calls: &'a [SampleCall],
    pub decisions: &'a [Decision],
}

/// Joins calls with equal position and REF into one record, one to one and in order.
pub fn pair(truth: Decided, query: Decided) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::with_capacity(truth.calls.len() + query.calls.len());
    let (mut t, mut q) = (0, 0);
    let place = |call: &SampleCall| (call.position, call.end());
    loop {
        let order = match (truth.calls.get(t), query.calls.get(q)) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(x), Some(y)) => place(x).cmp(&place(y)),
        };
        let truth_call = order.is_le().then(|| (&truth.calls[t], &truth.decisions[t]));
        let query_call = order.is_ge().then(|| (&query.calls[q], &query.decisions[q]));
        t += usize::from(order.is_le());
        q += usize::from(order.is_ge());
        records.extend(record(truth_call, query_call));
    }
    mark_nearby(&mut records);
    share_within_loci(&mut records);
    records
}

type DecidedCall<'a> = Option<(&'a SampleCall, &'a Decision)>;

fn record(truth: DecidedCall, query: DecidedCall) -> Option<Record> {
    let (first, decision) = truth.or(query)?;
    let mut record = Record {
        position: first.position,
        reference: first.reference.clone(),
        alternates: Vec::new(),
        truth: None,
        query: None,
        locus: decision.locus.or_else(|| query.and_then(|(_, d)| d.locus)),
        filters: query.map(|(c, _)| c.filters.clone()).unwrap_or_default(),
        confident: true,
        strata: Vec::new(),
    };
    record.truth = truth.map(|(call, decision)| record_side(&mut record.alternates, call, decision, true));
    record.query = query.map(|(call, decision)| record_side(&mut record.alternates, call, decision, false));
    Some(record)
}

fn record_side(alternates: &mut Vec<Vec<u8>>, call: &SampleCall, decision: &Decision, is_truth: bool) -> RecordSide {
    let numbers: Vec<u8> = (call.alternates.iter())
        .map(|alternate| {
            let existing = alternates.iter().position(|a| a == alternate);
            let index = existing.unwrap_or_else(|| {
                alternates.push(alternate.clone());
                alternates.len() - 1
            });
            index as u8 + 1
        })
        .collect();
    let renumber = |a: u8| if a == 0 { 0 } else { numbers[usize::from(a) - 1] };
    let verdict = match (decision.compared, decision.matched, is_truth) {
        (false, ..) => Status::Ignored,
        (_, Match::Genotype, _) => Status::TruePositive,
        (_, _, true) => Status::FalseNegative,
        (_, _, false) => Status::FalsePositive,
    };
    RecordSide {
        genotype: call.genotype.iter().map(|a| a.map(renumber)).collect(),
        phased: call.phase.is_some(),
        verdict,
        matched: decision.matched,
        given_up: decision.given_up,
        kind: VariantKind::classify(call),
        zygosity: call.zygosity(),
        score: call.score.quality.filter(|_| !is_truth),
        genotype_quality: call.score.genotype.filter(|_| !is_truth),
        tier: call.score.tier.filter(|_| !is_truth),
        gates: call.score.gates,
    }
}

/// Within this distance, a call of the other side makes an error count as a wrong allele at the right place.
const NEARBY: u64 = 30;

/// Marks unmatched calls that have a compared call of the other side nearby.
fn mark_nearby(records: &mut [Record]) {
    let spans = |side: fn(&Record) -> Option<&RecordSide>| -> Vec<(u64, u64)> {
        (records.iter())
            .filter(|r| side(r).is_some_and(|e| e.verdict != Status::Ignored))
            .map(|r| (r.position, r.end()))
            .collect()
    };
    let truth = spans(|r| r.truth.as_ref());
    let query = spans(|r| r.query.as_ref());
    for record in records {
        let (start, end) = (record.position, record.end());
        let near = |others: &[(u64, u64)]| {
            let from =
                others.partition_point(|o| o.0 + crate::evaluate::calls::MAX_ALLELE_LENGTH as u64 + NEARBY < start);
            others[from..]
                .iter()
                .take_while(|o| o.0 < end + NEARBY)
                .any(|o| start < o.1 + NEARBY)
        };
        for (entry, others) in [(&mut record.truth, &query), (&mut record.query, &truth)] {
            if let Some(entry) = entry
                && entry.matched == Match::None
                && entry.verdict != Status::Ignored
                && near(others)
            {
                entry.matched = Match::Nearby;
            }
        }
    }
}

/// Copies score and filters of the matching query calls in a superlocus to truth calls at other places.
fn share_within_loci(records: &mut [Record]) {
    let mut begin = 0;
    while begin < records.len() {
        let locus = records[begin].locus;
        let mut end = begin + 1;
        while end < records.len() && locus.is_some() && records[end].locus == locus {
            end += 1;
        }
        let group = &mut records[begin..end];
        let is_match = |entry: &Option<RecordSide>| entry.as_ref().is_some_and(|e| e.verdict == Status::TruePositive);
        let lowest = (group.iter())
            .filter(|r| is_match(&r.query))
            .filter_map(|r| r.query.as_ref()?.score)
            .reduce(f32::min);
        let mut filters: Vec<u16> = group.iter().flat_map(|r| r.filters.iter().copied()).collect();
        filters.sort_unstable();
        filters.dedup();
        for record in group {
            let own = record
                .query
                .as_ref()
                .filter(|_| is_match(&record.query))
                .and_then(|e| e.score);
            if let Some(truth) = record.truth.as_mut().filter(|e| e.verdict == Status::TruePositive) {
                truth.score = own.or(lowest);
                if record.query.is_none() {
                    record.filters.clone_from(&filters);
                }
            }
        }
        begin = end;
    }
}
