//! Truth that no candidate explains, with the alleles that the reads show there: the table of `--missed-truth`.

use super::truth::TruthVariant;
use crate::candidates::{Candidate, CandidateOptions, SiteCounts};
use crate::variants::VariantType;

/// The table lists candidates within this many bases of missed truth.
const NEIGHBOURHOOD: u64 = 50;

/// A truth variant that candidates explain in part or not at all.
pub struct MissedTruth<'a> {
    pub contig: &'a str,
    pub variant: &'a TruthVariant,
    /// Number of explained alternate alleles, counted by haplotype.
    pub explained: usize,
    /// Reads over its position.
    pub depth: usize,
    /// The alleles of the reads there. None if no read differs from the reference.
    pub site: Option<&'a SiteCounts>,
    /// Candidates of the same interval.
    pub candidates: &'a [Candidate],
}

impl MissedTruth<'_> {
    /// Columns of the table.
    pub const HEADER: &'static str =
        "contig\tposition\tref\talts\tgenotype\ttype\texplained\tdepth\talleles_seen\tcandidates_near";

    /// The variant's line of the table, without the line end.
    pub fn line(&self, options: &CandidateOptions) -> String {
        let variant = self.variant;
        let alternates: Vec<_> = variant.alternates.iter().map(|a| text(a)).collect();
        let [a, b] = variant.genotype;
        [
            self.contig.to_owned(),
            (variant.position + 1).to_string(),
            text(&variant.reference),
            alternates.join(","),
            format!("{a}{}{b}", if variant.phased { '|' } else { '/' }),
            VariantType::classify(&variant.reference, variant.alternates.iter().map(Vec::as_slice))
                .name()
                .to_owned(),
            self.explained.to_string(),
            self.depth.to_string(),
            self.alleles_seen(options),
            self.candidates_near(),
        ]
        .join("\t")
    }

    /// Each allele with its reads, the depth, and the reason why it is or is not a candidate.
    fn alleles_seen(&self, options: &CandidateOptions) -> String {
        let seen = self.site.into_iter().flat_map(|site| {
            let judged = site.alleles.iter().zip(options.verdicts(site));
            judged.map(|(allele, verdict)| {
                let change = format!("{}>{}", text(&allele.reference), text(&allele.bases));
                format!("{change} {}/{} ({verdict})", allele.depth, site.depth)
            })
        });
        list(seen.collect())
    }

    fn candidates_near(&self) -> String {
        let (start, end) = (self.variant.position, self.variant.end());
        let near = |c: &&Candidate| c.position < end + NEIGHBOURHOOD && c.end() + NEIGHBOURHOOD > start;
        let near = self.candidates.iter().filter(near).map(|c| {
            let alternates: Vec<_> = c.alternates.iter().map(|a| text(&a.bases)).collect();
            format!("{}:{}>{}", c.position + 1, text(&c.reference), alternates.join("|"))
        });
        list(near.collect())
    }
}

fn text(bases: &[u8]) -> String {
    String::from_utf8_lossy(bases).into_owned()
}

fn list(items: Vec<String>) -> String {
    if items.is_empty() {
        ".".to_owned()
    } else {
        items.join(",")
    }
}
