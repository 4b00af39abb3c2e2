//! What happened to an expected allele, from the reads to the last decision.

use rustc_hash::FxHashMap;

use super::reasons::Reasons;
use crate::calling::ExplainedPartition;
use crate::candidates::{AlleleCount, CandidateOptions, SiteCounts, Verdict, count_alleles};
use crate::reads::ReadCounts;
use crate::variants::Edit;

/// Other alleles within this many bases are told.
const NEAR: u64 = 30;

/// An expected allele in the spelling of the caller.
#[derive(Clone, Debug)]
pub struct Why {
    /// As the user gave it.
    given: String,
    contig: String,
    /// 0-based.
    position: u64,
    reference: Vec<u8>,
    bases: Vec<u8>,
    edit: Edit,
}

impl Why {
    pub fn new(given: &str, contig: &str, position: u64, reference: &[u8], bases: &[u8]) -> Self {
        Self {
            given: given.to_owned(),
            contig: contig.to_owned(),
            position,
            reference: reference.to_vec(),
            bases: bases.to_vec(),
            edit: Edit::new(position, reference, bases)
                .unwrap_or_else(|| Edit::between(position, reference, bases, true)),
        }
    }

    fn spelled(&self) -> String {
        spelled(&self.contig, self.position, &self.reference, &self.bases)
    }
}

fn spelled(contig: &str, position: u64, reference: &[u8], bases: &[u8]) -> String {
    let text = |bases: &[u8]| String::from_utf8_lossy(bases).into_owned();
    format!("{contig}:{}:{}:{}", position + 1, text(reference), text(bases))
}

/// What the reads show of each expected allele, in lines of a heading and words.
#[derive(Default)]
pub struct Evidences(FxHashMap<(String, Edit), Vec<[String; 2]>>);

impl Evidences {
    /// The evidence of the alleles of a partition.
    pub fn find(whys: &[Why], explained: &ExplainedPartition, options: &CandidateOptions) -> Self {
        let partition = &explained.partition;
        let here = whys
            .iter()
            .filter(|why| why.contig == partition.region.contig && partition.contains(why.position));
        let here: Vec<_> = here.collect();
        if here.is_empty() {
            return Self::default();
        }
        let (reads, reference) = (&explained.evidence.reads, &explained.evidence.reference);
        let sites = count_alleles(reads, reference, &partition.region, options.min_base_quality);
        let evidences = here.into_iter().map(|why| {
            let over = reads
                .iter()
                .filter(|read| read.start <= why.position && why.position < read.end());
            let mut lines = reads_lines(why, &sites, over.count(), &explained.evidence.counts);
            lines.extend(candidate_line(why, &sites, options, explained));
            lines.extend(others_line(why, &sites, options));
            ((why.contig.clone(), why.edit.clone()), lines)
        });
        Self(evidences.collect())
    }

    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// All that is known of an allele, as text.
    pub fn told(&self, why: &Why, reasons: &FxHashMap<(String, Edit), Reasons>) -> String {
        let key = (why.contig.clone(), why.edit.clone());
        let mut lines: Vec<[String; 2]> = Vec::new();
        if why.spelled() != why.given {
            lines.push(["spelled".to_owned(), why.spelled()]);
        }
        lines.extend(self.0.get(&key).cloned().unwrap_or_default());
        match reasons.get(&key) {
            Some(reasons) => lines.extend(stages(reasons)),
            None => lines.push([
                "result".to_owned(),
                "not called: it never became a candidate".to_owned(),
            ]),
        }
        let lines: String = lines
            .iter()
            .map(|[heading, words]| format!("  {heading:<12} {words}\n"))
            .collect();
        format!("{}\n{lines}", why.given)
    }
}

/// The count of the expected allele.
fn own<'a>(why: &Why, sites: &'a [SiteCounts]) -> Option<(&'a SiteCounts, usize, &'a AlleleCount)> {
    let site = sites.iter().find(|site| site.position == why.position)?;
    let is_it =
        |allele: &AlleleCount| Edit::new(site.position, &allele.reference, &allele.bases).as_ref() == Some(&why.edit);
    let rank = site.alleles.iter().position(is_it)?;
    Some((site, rank, &site.alleles[rank]))
}

fn reads_lines(why: &Why, sites: &[SiteCounts], over: usize, counts: &ReadCounts) -> Vec<[String; 2]> {
    let found = match own(why, sites) {
        Some((site, _, allele)) => format!(
            "{} of {} show it, {} the reference; {} more show it with too low a base quality",
            allele.depth, site.depth, site.reference_depth, allele.low_quality_reads
        ),
        None => format!("none of the {over} reads over it shows it"),
    };
    let left_out: Vec<_> = counts
        .reasons()
        .map(|(reason, reads)| format!("{reads} {}", reason.name()))
        .collect();
    let left_out = (!left_out.is_empty()).then(|| ["left out".to_owned(), format!("near it: {}", left_out.join(", "))]);
    std::iter::once(["reads".to_owned(), found]).chain(left_out).collect()
}

fn candidate_line(
    why: &Why,
    sites: &[SiteCounts],
    options: &CandidateOptions,
    explained: &ExplainedPartition,
) -> Option<[String; 2]> {
    let (site, rank, _) = own(why, sites)?;
    let has_copy = !explained
        .without_copy
        .iter()
        .any(|candidate| candidate.position == why.position);
    let words = match options.verdicts(site)[rank] {
        Verdict::Candidate if has_copy => "yes".to_owned(),
        Verdict::Candidate => "no: the sample has no copy of the contig here".to_owned(),
        refused => format!("no: {refused}"),
    };
    Some(["candidate".to_owned(), words])
}

/// Other alleles near it, because the same change may be spelled in another way.
fn others_line(why: &Why, sites: &[SiteCounts], options: &CandidateOptions) -> Option<[String; 2]> {
    let near = sites.iter().filter(|site| site.position.abs_diff(why.position) <= NEAR);
    let others = near.flat_map(|site| {
        let verdicts = site.alleles.iter().zip(options.verdicts(site));
        let candidates = verdicts.filter(|(_, verdict)| *verdict == Verdict::Candidate);
        let others = candidates.filter(move |(allele, _)| {
            Edit::new(site.position, &allele.reference, &allele.bases).as_ref() != Some(&why.edit)
        });
        others.map(move |(allele, _)| {
            let name = spelled(&why.contig, site.position, &allele.reference, &allele.bases);
            format!("{name} ({} of {} reads)", allele.depth, site.depth)
        })
    });
    let others: Vec<_> = others.collect();
    (!others.is_empty()).then(|| ["near it".to_owned(), others.join(", ")])
}

/// The decisions about a candidate.
fn stages(reasons: &Reasons) -> Vec<[String; 2]> {
    let overlap = match reasons.before == reasons.genotype {
        true => "no change".to_owned(),
        false => format!("{} became {}", reasons.before, reasons.genotype),
    };
    let line = |heading: &str, words: String| [heading.to_owned(), words];
    vec![
        line(
            "cascade",
            match reasons.cascade.as_str() {
                "." => "does not know such a pileup".to_owned(),
                known => format!("P(0, 1, 2 copies) {known}"),
            },
        ),
        line(
            "network",
            format!(
                "P(0, 1, 2 copies) {} before calibration, {} after",
                reasons.uncalibrated, reasons.network
            ),
        ),
        line("overlaps", overlap),
        line(
            "record",
            format!(
                "GT {}, GQ {}, QUAL {}, FILTER {}",
                reasons.genotype, reasons.genotype_quality, reasons.quality, reasons.filter
            ),
        ),
        line("result", reasons.decision.clone()),
    ]
}
