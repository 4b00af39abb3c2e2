//! A panel: where its records lie in the file, or the records themselves.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustc_hash::FxHashMap;

use super::parse::Parser;
use super::record::{PanelRecord, within};
use crate::formats::{TextPlace, check_is_there};
use crate::genome::{IntervalSet, PARTITION_SIZE, Reference};
use crate::runtime::counted;
use crate::variants::{CallExclusion, ExcludedCalls, VariantReader};

/// The records of a VCF or BCF whose position lies in the regions. They stay in the file, and each partition reads its
/// own, because a panel may hold more records than memory does.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    path: PathBuf,
    regions: IntervalSet,
    contigs: FxHashMap<String, Kept>,
    /// Number of records.
    count: usize,
    excluded: ExcludedCalls,
}

/// The records of a contig.
#[derive(Clone, Debug)]
enum Kept {
    /// Position and place of the first record in each cell of the partition grid that has records.
    Places(Vec<(u64, TextPlace)>),
    /// All records, if the file can be read from its start only.
    Records(Vec<PanelRecord>),
}

impl Panel {
    /// Reads and checks a sorted VCF or BCF, with or without index and samples. Genotypes and FILTER are ignored.
    /// Excludes, and counts, records on contigs that the reference lacks, repeated records, records with an allele of
    /// more than 1,000 bases, and alternates that are no sequence (symbolic alleles, breakends, `*`).
    ///
    /// Fails if a REF differs from `reference`, or if the reference has none of the file's contigs.
    pub fn read(path: &Path, reference: &Reference, regions: &IntervalSet) -> Result<Self> {
        let mut panel = Self {
            path: path.to_owned(),
            regions: regions.clone(),
            ..Self::default()
        };
        let read = panel.read_records(reference);
        read.with_context(|| panel.failed())?;
        panel.report();
        Ok(panel)
    }

    fn failed(&self) -> String {
        format!("cannot use --alleles {}", self.path.display())
    }

    /// Logs how many records are used, and what is not.
    fn report(&self) {
        let path = self.path.display();
        log::debug!("alleles {path}: {} records in the regions", self.len());
        if self.is_empty() {
            log::warn!("alleles {path}: no record lies in the regions");
        }
        if self.contigs.values().any(|kept| matches!(kept, Kept::Records(_))) {
            log::info!("alleles {path}: all records are held in memory; those of a plain or bgzipped VCF would not be");
        }
        for (reason, count, first) in self.excluded.reasons() {
            let (records, described) = (counted(count, "record"), reason.described());
            log::warn!("alleles {path}: not used: {records} {described}; the first is at {first}");
        }
    }

    /// Whether records of `contig` may have a position in `start..end` (0-based half-open).
    pub fn may_lie_within(&self, contig: &str, start: u64, end: u64) -> bool {
        match self.contigs.get(contig) {
            None => false,
            Some(Kept::Places(places)) => first_place(places, start, end).is_some(),
            Some(Kept::Records(records)) => !within(records, start, end).is_empty(),
        }
    }

    /// A reader for one thread.
    pub fn reader<'a>(&'a self, reference: &'a Reference) -> Result<PanelReader<'a>> {
        Ok(PanelReader {
            panel: self,
            parser: Parser::new(reference)?,
        })
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn read_records(&mut self, reference: &Reference) -> Result<()> {
        check_is_there(&self.path, "alleles")?;
        let mut reader = VariantReader::open(&self.path)?;
        let mut parser = Parser::new(reference)?;
        let (mut known, mut unknown) = (false, None);
        while reader.advance()? {
            let (contig, position) = (reader.contig(), reader.position());
            if reference.contigs().get(contig).is_none() {
                parser.excluded.add(CallExclusion::NotInReference, contig, position);
                unknown.get_or_insert_with(|| contig.to_owned());
                continue;
            }
            known = true;
            if self.regions.contains(contig, position) {
                let record = parser.parse(&reader)?;
                record.into_iter().for_each(|record| self.keep(record, &reader));
            }
        }
        self.excluded = parser.excluded;
        match unknown {
            Some(contig) if !known => bail!(
                "the reference has none of its contigs (for example {contig}); use a VCF of the same build and contig names"
            ),
            _ => Ok(()),
        }
    }

    /// Keeps a record, or its place.
    fn keep(&mut self, record: PanelRecord, reader: &VariantReader) {
        self.count += 1;
        let contig = reader.contig();
        if !self.contigs.contains_key(contig) {
            let kept = reader
                .start()
                .map_or(Kept::Records(Vec::new()), |_| Kept::Places(Vec::new()));
            self.contigs.insert(contig.to_owned(), kept);
        }
        match (self.contigs.get_mut(contig), reader.start()) {
            (Some(Kept::Places(places)), Some(place)) => {
                let is_known = |last: &(u64, TextPlace)| cell(last.0) == cell(record.position);
                if !places.last().is_some_and(is_known) {
                    places.push((record.position, place));
                }
            }
            (Some(Kept::Records(records)), _) => records.push(record),
            _ => {}
        }
    }
}

fn cell(position: u64) -> u64 {
    position / PARTITION_SIZE
}

/// The first place from which the records in `start..end` are read; none if there are none.
fn first_place(places: &[(u64, TextPlace)], start: u64, end: u64) -> Option<TextPlace> {
    let at = places.partition_point(|&(first, _)| cell(first) < cell(start));
    let (first, place) = places.get(at)?;
    (*first < end).then_some(*place)
}

/// Reads the records of stretches of a contig.
pub struct PanelReader<'a> {
    panel: &'a Panel,
    parser: Parser<'a>,
}

impl PanelReader<'_> {
    /// The records of `contig` with a position in `start..end` (0-based half-open).
    pub fn read(&mut self, contig: &str, start: u64, end: u64) -> Result<Vec<PanelRecord>> {
        match self.panel.contigs.get(contig) {
            None => Ok(Vec::new()),
            Some(Kept::Records(records)) => Ok(within(records, start, end).to_vec()),
            Some(Kept::Places(places)) => match first_place(places, start, end) {
                None => Ok(Vec::new()),
                Some(place) => self
                    .read_from(place, contig, start, end)
                    .with_context(|| self.panel.failed()),
            },
        }
    }

    fn read_from(&mut self, place: TextPlace, contig: &str, start: u64, end: u64) -> Result<Vec<PanelRecord>> {
        let mut reader = VariantReader::open_at(&self.panel.path, place)?;
        self.parser.jump();
        let mut records = Vec::new();
        while reader.advance()? && reader.contig() == contig && reader.position() < end {
            if reader.position() >= start && self.panel.regions.contains(contig, reader.position()) {
                records.extend(self.parser.parse(&reader)?);
            }
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;
    use crate::panel::PanelAllele;

    /// The records at positions 1 to 12 of the reference `GATTACACACATTT`, each as `position REF ALT`.
    fn read(records: &[&str]) -> Result<(Panel, Vec<PanelRecord>)> {
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
        let panel = Panel::read(&path("p.vcf"), &reference, &regions)?;
        let records = panel.reader(&reference)?.read("c", 0, 14)?;
        Ok((panel, records))
    }

    #[test]
    fn alleles_are_normalized_and_records_keep_their_form() {
        let (panel, records) = read(&["3 tt A,TTA", "9 ACA A", "13 T G"]).unwrap();
        assert_eq!(
            (records.len(), panel.len()),
            (2, 2),
            "the last record lies outside of the regions"
        );
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
        assert_eq!(within(&records, 3, 8), []);
        assert!(panel.may_lie_within("c", 0, 3) && !panel.may_lie_within("d", 0, 8));
    }

    #[test]
    fn what_is_no_sequence_is_counted() {
        let (panel, _) = read(&["1 G .", "2 A <DEL>,C,*", "2 A C", "5 A T", "5 A T"]).unwrap();
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

    /// Records of a contig of 100 kb in a file with this name: two at each of many positions, and one between.
    fn stretches(name: &str) -> Vec<Vec<PanelRecord>> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("r.fa"), format!(">c\n{}\n", "ACGT".repeat(25_000))).unwrap();
        std::fs::write(path("r.fa.fai"), "c\t100000\t3\t100000\t100001\n").unwrap();
        let mut text = "##fileformat=VCFv4.2\n##contig=<ID=c,length=100000>\n\
                        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
            .to_owned();
        // Nothing lies in the cell from 40,000 to 60,000.
        for position in (0..100_000).step_by(40).filter(|position| position / 20_000 != 2) {
            for (position, alleles) in [(position, "A\tC"), (position, "A\tG"), (position + 1, "C\tT,G")] {
                text += &format!("c\t{}\t.\t{alleles}\t.\t.\t.\n", position + 1);
            }
        }
        std::fs::write(path("p.vcf"), text).unwrap();
        match name {
            "p.vcf.bgz" => {
                let mut writer = rust_htslib::bgzf::Writer::from_path(path(name)).unwrap();
                std::io::copy(&mut std::fs::File::open(path("p.vcf")).unwrap(), &mut writer).unwrap();
            }
            "p.vcf.gz" => {
                let mut gzip = std::process::Command::new("gzip");
                assert!(gzip.arg("-k").arg(path("p.vcf")).status().unwrap().success());
            }
            _ => {}
        }
        let reference = Reference::open(&path("r.fa")).unwrap();
        let regions = IntervalSet::from_regions([Region::new("c", 100, 50_000), Region::new("c", 70_000, 100_000)]);
        let panel = Panel::read(&path(name), &reference, &regions).unwrap();
        let is_held = panel.contigs.values().any(|kept| matches!(kept, Kept::Records(_)));
        assert_eq!(is_held, name == "p.vcf.gz");
        let mut reader = panel.reader(&reference).unwrap();
        let stretches = [
            (0, 100_000),
            (0, 100),
            (19_960, 20_001),
            (39_000, 42_000),
            (41_000, 60_000),
            (99_960, 99_961),
        ];
        let read = stretches.map(|(start, end)| reader.read("c", start, end).unwrap());
        assert_eq!(read[0].len(), panel.len());
        assert!(!panel.may_lie_within("c", 41_000, 60_000) && panel.may_lie_within("c", 41_000, 90_000));
        read.to_vec()
    }

    #[test]
    fn stretches_are_read_from_the_file_as_from_memory() {
        let held = stretches("p.vcf.gz");
        let counts: Vec<_> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [(40_000 - 80 - 40) / 40 * 3 + 750 * 3, 0, 3 + 2, 25 * 3, 0, 2]);
        assert_eq!(stretches("p.vcf"), held);
        assert_eq!(stretches("p.vcf.bgz"), held);
    }
}
