//! Reads a VCF once and counts what it holds.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rustc_hash::FxHashSet;

use super::contigs::ContigLines;
use super::density::Density;
use super::statistics::Statistics;
use super::variant::Variant;
use crate::variants::VariantReader;

/// Filters with an own count; names beyond are counted together.
const MOST_FILTERS: usize = 50;

/// The samples that get a section.
pub enum SampleChoice<'a> {
    /// The first samples, at most this many.
    First(usize),
    Named(&'a [String]),
}

/// What a VCF holds.
pub struct Report {
    pub records: u64,
    /// Records without an alternate allele: blocks of a gVCF, and sites that match the reference.
    pub without_alternate: u64,
    /// Records by FILTER; a record that failed several filters counts for each.
    pub filters: BTreeMap<String, u64>,
    pub contigs: ContigLines,
    /// Systematic errors of the library in 10 kb, if the header tells them.
    pub systematic_errors: Option<f64>,
    /// Number of samples in the file.
    pub samples_in_file: usize,
    /// One section for each sample, or one without a name for a file without samples.
    pub samples: Vec<SampleReport>,
}

/// What a sample has.
pub struct SampleReport {
    pub name: Option<String>,
    /// 0-based rank in the file.
    rank: Option<usize>,
    pub all: Statistics,
    pub passed: Statistics,
    pub density: Density,
}

impl SampleReport {
    fn new(name: Option<String>, rank: Option<usize>) -> Self {
        Self {
            name,
            rank,
            all: Statistics::default(),
            passed: Statistics::default(),
            density: Density::default(),
        }
    }
}

impl Report {
    pub fn read(path: &Path, choice: &SampleChoice) -> Result<Self> {
        let mut reader = VariantReader::open(path)?;
        let mut report = Self {
            records: 0,
            without_alternate: 0,
            filters: BTreeMap::new(),
            contigs: ContigLines::new(reader.contig_lengths()),
            systematic_errors: systematic_errors(reader.header_lines()),
            samples_in_file: reader.samples().len(),
            samples: chosen(&reader, path, choice)?,
        };
        let mut contig = String::new();
        let mut place = report.contigs.place(&contig);
        while reader.advance()? {
            if report.records == 0 || reader.contig() != contig {
                reader.contig().clone_into(&mut contig);
                place = report.contigs.place(&contig);
            }
            report.add(&reader, &place).with_context(|| reader.place())?;
        }
        Ok(report)
    }

    fn add(&mut self, reader: &VariantReader, place: &super::contigs::ContigPlace) -> Result<()> {
        self.records += 1;
        self.count_filters(reader.record_of(None)?.filter);
        let depth_of_site = self.samples_in_file <= 1;
        let mut is_variant = false;
        for sample in &mut self.samples {
            let record = reader.record_of(sample.rank)?;
            let Some(variant) = Variant::new(&record, depth_of_site)? else {
                continue;
            };
            is_variant = true;
            let passed = record.filters().next().is_none();
            sample.all.add(&variant, place, reader.position());
            if passed {
                sample.passed.add(&variant, place, reader.position());
            }
            if place.has_own_line() && variant.kind().is_some() {
                sample.density.add(place.rank, reader.position(), passed);
            }
        }
        self.without_alternate += u64::from(!is_variant);
        Ok(())
    }

    fn count_filters(&mut self, filter: &str) {
        for name in filter.split(';') {
            let is_known = self.filters.contains_key(name);
            let name = match is_known || self.filters.len() < MOST_FILTERS {
                true => name,
                false => "other filters",
            };
            match self.filters.get_mut(name) {
                Some(count) => *count += 1,
                None => drop(self.filters.insert(name.to_owned(), 1)),
            }
        }
    }
}

/// The rate in the header line of the library.
fn systematic_errors(header: &[String]) -> Option<f64> {
    let line = header.iter().find_map(|line| line.strip_prefix("##dvcallLibrary="))?;
    let (rate, rest) = line.trim_start_matches('"').split_once(' ')?;
    rate.parse()
        .ok()
        .filter(|_| rest.starts_with("systematic errors in 10 kb"))
}

fn chosen(reader: &VariantReader, path: &Path, choice: &SampleChoice) -> Result<Vec<SampleReport>> {
    let all = reader.samples();
    let section = |rank: usize| SampleReport::new(Some(all[rank].clone()), Some(rank));
    match choice {
        SampleChoice::First(_) if all.is_empty() => Ok(vec![SampleReport::new(None, None)]),
        SampleChoice::First(number) => Ok((0..all.len().min(*number)).map(section).collect()),
        SampleChoice::Named(names) => {
            let rank = |name: &String| {
                let path = path.display();
                ensure!(
                    !all.is_empty(),
                    "{path}: the VCF has no sample, so --sample {name} cannot be found"
                );
                let found = all.iter().position(|sample| sample == name);
                found.with_context(|| {
                    let first = all.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
                    let more = if all.len() > 10 { ", …" } else { "" };
                    format!("{path}: the VCF has no sample '{name}' (--sample); it has {first}{more}")
                })
            };
            let mut earlier = FxHashSet::default();
            if let Some(twice) = names.iter().find(|name| !earlier.insert(*name)) {
                bail!("--sample {twice} is given twice");
            }
            names.iter().map(|name| Ok(section(rank(name)?))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contigs::SexRegion;
    use super::super::kinds::{Kind, Zygosity};
    use super::super::sex::relative_depth;
    use super::*;

    /// The report of records with the columns from #CHROM to the samples.
    fn report(samples: &str, records: &[&str], choice: &SampleChoice) -> Result<Report> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.vcf");
        let contigs = "##contig=<ID=1,length=1000>\n##contig=<ID=X,length=155270560>\n##contig=<ID=Y,length=59373566>";
        let records = records.join("\n").replace(' ', "\t");
        let columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";
        let samples = samples.replace(' ', "\t");
        let text = format!("##fileformat=VCFv4.2\n{contigs}\n{columns}{samples}\n{records}\n");
        std::fs::write(&path, text)?;
        Report::read(&path, choice)
    }

    #[test]
    fn variants_of_one_sample_are_counted() {
        let records = [
            "1 10 . A G 30.7 PASS DP=99 GT:DP:AD:GQ 0/1:20:10,10:50",
            "1 20 . C A 10 low . GT:DP:AD:GQ 1/1:22:2,20:40",
            "1 30 . CAA CA,C . . . GT:DP:AD 1/2:9:1,4,4",
            "1 40 . T <*> . . END=50 GT:DP 0/0:5",
            "1 60 . T TGG,<*> 5 PASS . GT:AD:GQ 0|1:6,6,0:.",
            "1 70 . G C 0 RefCall . GT:AD 0/0:8,2",
            "1 80 . G * 3 PASS . GT 0/1",
            "X 100000 . G A 9 PASS . GT:DP 0/1:20",
            "X 5000000 . G A 9 PASS . GT:DP 1:10",
            "Y 5000000 . G A 9 PASS . GT:DP 1:11",
        ];
        let report = report(" FORMAT s", &records, &SampleChoice::First(10)).unwrap();
        assert_eq!(
            (report.records, report.without_alternate, report.samples_in_file),
            (10, 2, 1)
        );
        let filters: Vec<_> = report
            .filters
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        assert_eq!(filters, [(".", 2), ("PASS", 6), ("RefCall", 1), ("low", 1)]);
        let SampleReport {
            all, passed, density, ..
        } = &report.samples[0];
        assert_eq!((all.variants, passed.variants), (7, 6));
        let kinds = |s: &Statistics| Kind::ALL.map(|kind| s.kinds[kind as usize]);
        assert_eq!((kinds(all), kinds(passed)), ([5, 1, 0, 0, 1, 0], [4, 1, 0, 0, 1, 0]));
        assert_eq!(
            (all.base_changes, all.ti_tv(), passed.ti_tv()),
            ([1, 0, 3, 0, 1, 0], Some(4.0), None)
        );
        assert_eq!(all.indel_lengths, BTreeMap::from([(-2, 1), (-1, 1), (2, 1)]));
        assert_eq!((all.depth.total(), all.depth.median()), (6, Some(11)));
        assert_eq!((all.quality.total(), all.quality.quantile(1.0)), (6, Some(30)));
        assert_eq!(
            (passed.genotype_quality.total(), passed.genotype_quality.median()),
            (1, Some(50))
        );
        let total = all.total();
        assert_eq!((total.heterozygous, total.homozygous, total.haploid), (4, 1, 2));
        assert_eq!(
            (all.zygosities[Zygosity::Reference as usize], passed.zygosities[0]),
            (1, 0)
        );
        let fractions: Vec<_> = all.fractions.iter().map(|f| (f.total(), f.median())).collect();
        let expected = [(1, Some(10)), (2, Some(25)), (1, Some(45)), (2, Some(22)), (0, None)];
        assert_eq!(fractions, expected);
        assert_eq!(
            all.contigs.iter().map(|contig| contig.variants).collect::<Vec<_>>(),
            [4, 2, 1]
        );
        assert_eq!(all.sex_regions[SexRegion::X as usize].zygosities.variants, 1);
        assert_eq!(relative_depth(all, SexRegion::Y), Some(11.0 / 20.0));
        let bins: Vec<_> = density
            .bins
            .iter()
            .map(|bin| (bin.contig, bin.index, bin.passed, bin.all))
            .collect();
        assert_eq!(
            bins,
            [(0, 0, 3, 4), (1, 999, 1, 1), (1, 49_999, 1, 1), (2, 49_999, 1, 1)]
        );
    }

    #[test]
    fn sites_without_genotypes_count_all_alternates() {
        let records = [
            "1 10 . A G,C 30 PASS DP=99;AF=0.5",
            "1 20 . C <DEL> 10 PASS .",
            "2 5 . C . 1 PASS .",
        ];
        let report = report("", &records, &SampleChoice::First(10)).unwrap();
        let all = &report.samples[0].all;
        assert_eq!(
            (report.samples.len(), report.samples_in_file, report.without_alternate),
            (1, 0, 1)
        );
        assert_eq!((all.variants, all.zygosities[Zygosity::Unknown as usize]), (2, 2));
        assert_eq!(
            (
                all.kinds[Kind::MultiAllelic as usize],
                all.kinds[Kind::Symbolic as usize]
            ),
            (1, 1)
        );
        assert_eq!((all.depth.median(), all.sources["INFO/DP"]), (Some(99), 1));
        assert!(all.fractions.iter().all(|f| f.total() == 0) && all.total().het_hom().is_none());
    }

    #[test]
    fn each_sample_has_its_own_variants() {
        let records = [
            "1 10 . A G,T 30 PASS DP=99 GT:VAF:AO:RO:FT 0/1:0.4,0:.:.:bad ./.:.:.:.:. 2/2:.:1,9:2:PASS",
            "1 20 . A G 30 PASS DP=99 GT:AF 0/1:0.5 1|1 .:.",
        ];
        let report_of = |choice| report(" FORMAT a b c", &records, choice).unwrap();
        let report_of_two = report_of(&SampleChoice::First(2));
        assert_eq!((report_of_two.samples.len(), report_of_two.samples_in_file), (2, 3));
        let variants = |s: &SampleReport| [s.all.variants, s.passed.variants];
        assert_eq!(
            report_of_two.samples.iter().map(variants).collect::<Vec<_>>(),
            [[2, 1], [1, 1]]
        );
        assert_eq!(report_of_two.samples[0].all.depth.total(), 0);
        assert_eq!(
            report_of_two.samples[0].all.sources,
            BTreeMap::from([("AF", 1), ("VAF", 1)])
        );
        let names = ["c".to_owned()];
        let report_of_c = report_of(&SampleChoice::Named(&names));
        let [c] = &report_of_c.samples[..] else { panic!() };
        assert_eq!((c.name.as_deref(), variants(c)), (Some("c"), [1, 1]));
        assert_eq!(c.all.fractions[Zygosity::Homozygous as usize].median(), Some(38));
        let names = ["d".to_owned()];
        let error = report(" FORMAT a", &[], &SampleChoice::Named(&names)).err().unwrap();
        assert!(
            format!("{error:#}").ends_with("the VCF has no sample 'd' (--sample); it has a"),
            "{error:#}"
        );
    }

    #[test]
    fn values_that_are_no_numbers_are_refused_with_the_line() {
        for (record, expected) in [
            ("1 10 . A G x PASS . GT 0/1", "QUAL 'x' is not a number"),
            ("1 10 . A G 1 PASS . GT:GQ 0/1:NaN", "GQ 'NaN' is not a number"),
            ("1 10 . A G 1 PASS . GT:AD 0/1:1,y", "AD 'y' is not a number"),
            (
                "1 10 . A G 1 PASS . GT 0/2",
                "the genotype has allele 2, but the number of alleles in ALT is 1",
            ),
            ("1 10 . A G 1 PASS", "expected 8 columns, found 7"),
        ] {
            let error = report(" FORMAT s", &[record], &SampleChoice::First(10)).err().unwrap();
            let error = format!("{error:#}");
            assert!(error.contains("line 6: ") && error.contains(expected), "{error}");
        }
    }
}
