//! The table of alleles: a row for each alternate allele that any read shows.

use rustc_hash::FxHashMap;

use super::reasons::{REASON_COLUMNS, Reasons};
use crate::calling::ExplainedPartition;
use crate::candidates::{AlleleCount, CandidateOptions, SiteCounts, Verdict, count_alleles};
use crate::variants::Edit;

/// Columns of the table.
pub const HEADER: [&str; 20] = {
    let counted = [
        "contig",
        "position",
        "ref",
        "alt",
        "depth",
        "ref_reads",
        "alt_reads",
        "fraction",
        "low_quality_reads",
        "outcome",
    ];
    let mut all = [""; 20];
    let mut column = 0;
    while column < 10 {
        all[column] = counted[column];
        all[column + 10] = REASON_COLUMNS[column];
        column += 1;
    }
    all
};

/// An allele that reads show.
pub struct AlleleRow {
    pub contig: String,
    /// 0-based.
    pub position: u64,
    edit: Option<Edit>,
    /// The columns before the reasons.
    text: String,
}

impl AlleleRow {
    /// The line with the reasons of an allele of a candidate; dots for another allele.
    pub fn line(&self, reasons: &FxHashMap<(String, Edit), Reasons>) -> String {
        let edit = self.edit.clone().map(|edit| (self.contig.clone(), edit));
        let found = edit.and_then(|edit| reasons.get(&edit));
        let values = found.map_or_else(|| std::array::from_fn(|_| ".".to_owned()), Reasons::values);
        format!("{}\t{}", self.text, values.join("\t"))
    }
}

/// The alleles of a partition.
pub fn allele_rows(explained: &ExplainedPartition, options: &CandidateOptions) -> Vec<AlleleRow> {
    let (partition, evidence) = (&explained.partition, &explained.evidence);
    let sites = count_alleles(
        &evidence.reads,
        &evidence.reference,
        &partition.region,
        options.min_base_quality,
    );
    let contig = &partition.region.contig;
    let inside = sites.iter().filter(|site| partition.contains(site.position));
    let rows = inside.flat_map(|site| {
        let has_copy = !explained.without_copy.iter().any(|c| c.position == site.position);
        let verdicts = site.alleles.iter().zip(options.verdicts(site));
        verdicts.map(move |(allele, verdict)| row(contig, site, allele, verdict, has_copy))
    });
    rows.collect()
}

fn row(contig: &str, site: &SiteCounts, allele: &AlleleCount, verdict: Verdict, has_copy: bool) -> AlleleRow {
    let outcome = match verdict {
        Verdict::Candidate if has_copy => "candidate".to_owned(),
        Verdict::Candidate => "no: the sample has no copy of the contig here".to_owned(),
        refused => format!("no: {refused}"),
    };
    AlleleRow {
        contig: contig.to_owned(),
        position: site.position,
        edit: Edit::new(site.position, &allele.reference, &allele.bases),
        text: format!(
            "{contig}\t{}\t{}\t{}\t{}\t{}\t{}\t{:.3}\t{}\t{outcome}",
            site.position + 1,
            String::from_utf8_lossy(&allele.reference),
            String::from_utf8_lossy(&allele.bases),
            site.depth,
            site.reference_depth,
            allele.depth,
            f64::from(allele.depth) / f64::from(site.depth.max(1)),
            allele.low_quality_reads,
        ),
    }
}
