//! Reads a panel.

use std::path::Path;

use anyhow::{Context, Result};
use rustc_hash::FxHashMap;

use super::record::{PanelAllele, PanelRecord};
use crate::formats::check_is_there;
use crate::genome::{IntervalSet, Reference};
use crate::runtime::counted;
use crate::variants::{CallExclusion, ExcludedCalls, Normalizer, VariantReader, VariantRecord};

/// Longest allele, in bases. The evidence of longer alleles may reach beyond the flanks of a partition.
const LONGEST_ALLELE: usize = 1_000;

/// The records of a VCF or BCF whose position lies in the regions, by contig and position.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    contigs: FxHashMap<String, Vec<PanelRecord>>,
    excluded: ExcludedCalls,
}

impl Panel {
    /// Reads a sorted VCF or BCF, with or without index and samples. Genotypes and FILTER are ignored. Excludes, and
    /// counts, records on contigs that the reference lacks, repeated records, records with an allele of more than
    /// 1,000 bases, and alternates that are no sequence (symbolic alleles, breakends, `*`).
    ///
    /// Fails if a REF differs from `reference`, or if the reference has none of the file's contigs.
    pub fn read(path: &Path, reference: &Reference, regions: &IntervalSet) -> Result<Self> {
        let mut panel = Self::default();
        panel
            .read_records(path, reference, regions)
            .with_context(|| format!("cannot use --alleles {}", path.display()))?;
        panel.report(path);
        Ok(panel)
    }

    /// Logs how many records are used, and what is not.
    fn report(&self, path: &Path) {
        log::debug!("alleles {}: {} records in the regions", path.display(), self.len());
        if self.is_empty() {
            log::warn!("alleles {}: no record lies in the regions", path.display());
        }
        for (reason, count, first) in self.excluded.reasons() {
            let (path, records) = (path.display(), counted(count, "record"));
            let described = reason.described();
            log::warn!("alleles {path}: not used: {records} {described}; the first is at {first}");
        }
    }

    /// The records of `contig` with a position in `start..end` (0-based half-open).
    pub fn within(&self, contig: &str, start: u64, end: u64) -> &[PanelRecord] {
        let records = self.contigs.get(contig).map_or(&[][..], Vec::as_slice);
        let first = records.partition_point(|record| record.position < start);
        let last = records.partition_point(|record| record.position < end);
        &records[first..last.max(first)]
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.contigs.values().map(Vec::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.contigs.is_empty()
    }

    fn read_records(&mut self, path: &Path, reference: &Reference, regions: &IntervalSet) -> Result<()> {
        check_is_there(path, "alleles")?;
        let mut reader = VariantReader::open(path)?;
        let mut normalizer = Normalizer::new(reference)?;
        let (mut known, mut unknown) = (false, None);
        while reader.advance()? {
            let (contig, position) = (reader.contig(), reader.position());
            if reference.contigs().get(contig).is_none() {
                self.excluded.add(CallExclusion::NotInReference, contig, position);
                unknown.get_or_insert_with(|| contig.to_owned());
                continue;
            }
            known = true;
            if regions.contains(contig, position) {
                let record = self.parse(&reader.record_of(None)?, contig, position, &mut normalizer);
                let record = record.with_context(|| format!("record {contig}:{}", position + 1))?;
                let records = self.contigs.entry(contig.to_owned()).or_default();
                let mut same_place = records.iter().rev().take_while(|other| other.position == position);
                match record {
                    Some(record) if same_place.any(|other| *other == record) => {
                        self.excluded.add(CallExclusion::Repeated, contig, position);
                    }
                    record => records.extend(record),
                }
            }
        }
        match unknown {
            Some(contig) if !known => anyhow::bail!(
                "the reference has none of its contigs (for example {contig}); use a VCF of the same build and contig names"
            ),
            _ => Ok(()),
        }
    }

    fn parse(
        &mut self,
        record: &VariantRecord,
        contig: &str,
        position: u64,
        normalizer: &mut Normalizer,
    ) -> Result<Option<PanelRecord>> {
        let reference = record.reference.to_ascii_uppercase();
        let all = record.alternates.to_ascii_uppercase();
        let (mut alleles, mut normalized) = (vec![reference.as_str()], Vec::new());
        for alternate in all.split(',') {
            if let Some(reason) = exclusion(&alleles, alternate) {
                self.excluded.add(reason, contig, position);
                continue;
            }
            let mut pair = [reference.clone().into_bytes(), alternate.as_bytes().to_vec()];
            let position = normalizer.normalize(contig, position, &mut pair)?;
            let [reference, bases] = pair;
            normalized.push(PanelAllele {
                position,
                reference,
                bases,
            });
            alleles.push(alternate);
        }
        Ok((!normalized.is_empty()).then(|| PanelRecord::new(position, &alleles, normalized)))
    }
}

/// Why an alternate is not used. `alleles` are the reference and the alternates before it.
fn exclusion(alleles: &[&str], alternate: &str) -> Option<CallExclusion> {
    let is_long = |bases: &str| bases.len() > LONGEST_ALLELE;
    match alternate {
        "." => Some(CallExclusion::NoAlternate),
        _ if alternate == alleles[0] => Some(CallExclusion::NoAlternate),
        _ if alternate.bytes().any(|base| !b"ACGT".contains(&base)) => Some(CallExclusion::Symbolic),
        _ if alleles.contains(&alternate) => Some(CallExclusion::Repeated),
        _ if is_long(alternate) || is_long(alleles[0]) => Some(CallExclusion::Long),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    /// The records at positions 1 to 12 of the reference `GATTACACACATTT`, each as `position REF ALT`.
    fn read(records: &[&str]) -> Result<Panel> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("r.fa"), ">c\nGATTACACACATTT\n")?;
        std::fs::write(path("r.fa.fai"), "c\t14\t3\t14\t15\n")?;
        let mut text = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
        for record in records {
            let [position, reference, alternates] = record.split(' ').collect::<Vec<_>>()[..] else {
                anyhow::bail!("three columns");
            };
            text += &format!("c\t{position}\t.\t{reference}\t{alternates}\t.\t.\t.\n");
        }
        std::fs::write(path("p.vcf"), text)?;
        let reference = Reference::open(&path("r.fa"))?;
        let regions = IntervalSet::from_regions([Region::new("c", 0, 12)]);
        Panel::read(&path("p.vcf"), &reference, &regions)
    }

    #[test]
    fn alleles_are_normalized_and_records_keep_their_form() {
        let panel = read(&["3 tt A,TTA", "9 ACA A", "13 T G"]).unwrap();
        let records = panel.within("c", 0, 14);
        assert_eq!(records.len(), 2, "the last record lies outside of the regions");
        assert_eq!((records[0].position, records[0].reference()), (2, &b"TT"[..]));
        let normalized = |record: usize, allele: usize| {
            let PanelAllele {
                position,
                reference,
                bases,
            } = records[record].alleles()[allele].clone();
            let text = |bases| String::from_utf8(bases).unwrap();
            (position, text(reference), text(bases))
        };
        assert_eq!(normalized(0, 1), (3, "T".into(), "TA".into()));
        // The deletion of CA or AC moves to the left end of the repeat.
        assert_eq!(normalized(1, 0), (3, "TAC".into(), "T".into()));
        assert_eq!(panel.within("c", 3, 8), []);
        assert_eq!(panel.within("d", 0, 8), []);
    }

    #[test]
    fn what_is_no_sequence_is_counted() {
        let panel = read(&["1 G .", "2 A <DEL>,C,*", "2 A C", "5 A T", "5 A T"]).unwrap();
        assert_eq!(panel.len(), 2);
        let reasons: Vec<_> = panel
            .excluded
            .reasons()
            .map(|(reason, count, _)| (reason, count))
            .collect();
        let expected = [
            (CallExclusion::Symbolic, 2),
            (CallExclusion::Repeated, 2),
            (CallExclusion::NoAlternate, 1),
        ];
        assert_eq!(reasons, expected);
        assert!(
            format!("{:#}", read(&["2 C G"]).unwrap_err())
                .contains("record c:2: its REF is C, but the reference has A")
        );
    }
}
