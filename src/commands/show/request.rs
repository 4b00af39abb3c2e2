//! What is to be shown: regions, the calls of a VCF, or expected alleles.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rustc_hash::FxHashSet;

use super::why::Why;
use crate::calling::ExplainedCandidate;
use crate::cli::ShowArgs;
use crate::evidence::EvidenceSource;
use crate::genome::RegionChoice;
use crate::variants::{Normalizer, VariantReader};

/// Bases around a call that are looked at too, because overlapping calls decide together.
const AROUND: u64 = 300;
/// Most calls of a list, because each becomes a picture.
const MOST_CALLS: usize = 10_000;

/// What is to be shown.
pub struct Request {
    pub regions: RegionChoice,
    /// Contig and 0-based position of what is wanted; None: all.
    wanted: Option<FxHashSet<(String, u64)>>,
    expected: Vec<Expected>,
}

/// An allele as the user gives it.
struct Expected {
    given: String,
    contig: String,
    position: u64,
    reference: Vec<u8>,
    bases: Vec<u8>,
}

impl Request {
    pub fn read(args: &ShowArgs) -> Result<Self> {
        let expected: Vec<_> = args
            .why
            .iter()
            .map(|text| Expected::parse(text))
            .collect::<Result<_>>()?;
        let calls = args.vcf.as_deref().map(|path| listed(path, &args.filter)).transpose()?;
        let places = expected
            .iter()
            .map(|e| (&e.contig, e.position, e.reference.len() as u64));
        let mut regions: Vec<String> = places.map(|(contig, at, length)| around(contig, at, length)).collect();
        for (contig, position, length) in calls.iter().flatten() {
            regions.push(around(contig, *position, *length));
        }
        Ok(Self {
            regions: match (&calls, args.why.is_empty()) {
                (None, true) => args.input.regions.choice(),
                _ => RegionChoice::from(regions),
            },
            wanted: calls.map(|calls| {
                calls
                    .into_iter()
                    .map(|(contig, position, _)| (contig, position))
                    .collect()
            }),
            expected,
        })
    }

    /// Whether a candidate or an allele at this 0-based position is wanted.
    pub fn wants(&self, contig: &str, position: u64) -> bool {
        let is_listed = |wanted: &FxHashSet<_>| wanted.contains(&(contig.to_owned(), position));
        self.wanted.as_ref().is_none_or(is_listed)
    }

    /// Whether a candidate is wanted. Its call may begin later, without alleles that are not in the record.
    pub fn wants_candidate(&self, contig: &str, explained: &ExplainedCandidate) -> bool {
        self.wants(contig, explained.candidate.position) || self.wants(contig, explained.before.position)
    }

    /// The expected alleles in the spelling of the caller. Bases that replace as many are asked for one by one.
    pub fn whys(&self, source: &EvidenceSource) -> Result<Vec<Why>> {
        let mut normalizer = Normalizer::new(&source.reference)?;
        let mut whys = Vec::new();
        for expected in &self.expected {
            let mut alleles = [expected.reference.clone(), expected.bases.clone()];
            let position = normalizer
                .normalize(&expected.contig, expected.position, &mut alleles)
                .with_context(|| format!("--why {}", expected.given))?;
            let [reference, bases] = alleles;
            let why = |position, reference: &[u8], bases: &[u8]| {
                Why::new(&expected.given, &expected.contig, position, reference, bases)
            };
            if reference.len() == bases.len() {
                let pairs = reference.iter().zip(&bases).enumerate().filter(|(_, (a, b))| a != b);
                whys.extend(pairs.map(|(offset, (&a, &b))| why(position + offset as u64, &[a], &[b])));
            } else {
                whys.push(why(position, &reference, &bases));
            }
        }
        Ok(whys)
    }
}

/// The region around a call, as text.
fn around(contig: &str, position: u64, length: u64) -> String {
    let first = (position + 1).saturating_sub(AROUND).max(1);
    format!("{{{contig}}}:{first}-{}", position + length + AROUND)
}

impl Expected {
    /// Parses `contig:position:REF:ALT`.
    fn parse(text: &str) -> Result<Self> {
        let wrong = || format!("--why {text}: expected contig:position:REF:ALT, for example chr20:10,008,952:CA:C");
        let parts: Vec<&str> = text.rsplitn(4, ':').collect();
        let &[bases, reference, position, contig] = &parts[..] else {
            bail!(wrong());
        };
        let is_sequence = |bases: &str| !bases.is_empty() && bases.chars().all(|c| "ACGTNacgtn".contains(c));
        let position: u64 = position.replace(',', "").parse().ok().with_context(wrong)?;
        ensure!(
            position > 0 && is_sequence(reference) && is_sequence(bases) && !contig.is_empty(),
            wrong()
        );
        ensure!(
            !reference.eq_ignore_ascii_case(bases),
            "--why {text}: REF and ALT are the same; give an allele that differs"
        );
        Ok(Self {
            given: text.to_owned(),
            contig: contig.to_owned(),
            position: position - 1,
            reference: reference.to_ascii_uppercase().into_bytes(),
            bases: bases.to_ascii_uppercase().into_bytes(),
        })
    }
}

/// Contig, 0-based position and length of the records of a VCF that have one of these FILTERs, or of all.
fn listed(path: &Path, filters: &[String]) -> Result<Vec<(String, u64, u64)>> {
    let mut reader = VariantReader::open(path)?;
    let mut calls = Vec::new();
    while reader.advance()? {
        let record = reader.record_of(None)?;
        let has = |name: &String| record.filter.split(';').any(|filter| filter == name);
        // A block of a gVCF is no call.
        let is_call = record
            .alternates
            .split(',')
            .any(|bases| bases.chars().all(|c| c.is_ascii_alphabetic()));
        if is_call && (filters.is_empty() || filters.iter().any(has)) {
            calls.push((
                reader.contig().to_owned(),
                reader.position(),
                record.reference.len() as u64,
            ));
        }
        ensure!(
            calls.len() <= MOST_CALLS,
            "{}: more than {MOST_CALLS} calls, and each becomes a picture; choose some with --filter, or with bcftools view",
            path.display()
        );
    }
    ensure!(
        !calls.is_empty(),
        "{}: no call to show{}",
        path.display(),
        if filters.is_empty() {
            ""
        } else {
            "; no record has this FILTER"
        }
    );
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_alleles_are_parsed() {
        let expected = Expected::parse("HLA-A*01:01:1,000:ca:C").unwrap();
        assert_eq!((expected.contig.as_str(), expected.position), ("HLA-A*01:01", 999));
        assert_eq!((&expected.reference[..], &expected.bases[..]), (&b"CA"[..], &b"C"[..]));
        for wrong in [
            "20:100",
            "20:x:C:A",
            "20:0:C:A",
            "20:100:C:<DEL>",
            "20:100:C:",
            ":100:C:A",
            "20:100:C:c",
        ] {
            assert!(Expected::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn calls_are_chosen_by_filter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.vcf");
        let header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
        let records = "c\t5\t.\tAT\tA\t.\tPASS\t.\nc\t9\t.\tA\tG\t.\tlow;bad\t.\nc\t10\t.\tA\t<*>\t.\tPASS\tEND=20\n";
        std::fs::write(&path, format!("{header}{records}")).unwrap();
        let positions = |filters: &[&str]| -> Result<Vec<u64>> {
            let filters: Vec<_> = filters.iter().map(|&name| name.to_owned()).collect();
            Ok(listed(&path, &filters)?
                .into_iter()
                .map(|(_, position, _)| position)
                .collect())
        };
        assert_eq!(positions(&[]).unwrap(), [4, 8]);
        assert_eq!(positions(&["bad"]).unwrap(), [8]);
        assert_eq!(positions(&["PASS", "low"]).unwrap(), [4, 8]);
        assert!(
            positions(&["none"])
                .unwrap_err()
                .to_string()
                .contains("no record has this FILTER")
        );
    }
}
