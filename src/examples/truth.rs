//! Truth: the known variants of the sample, as GIAB publishes them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rust_htslib::bcf::record::GenotypeAllele;
use rust_htslib::bcf::{self, Read};
use rustc_hash::FxHashMap;

use crate::genome::{IntervalSet, Reference, ReferenceReader, Sequence, check_whole, left_align};

/// Reference bases held at a time while truth is read.
const STRETCH: u64 = 100_000;

/// Reference bases to the left of a record that its alleles may be shifted over.
const SHIFT: u64 = 1_000;

/// A variant known to be true, left-aligned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthVariant {
    /// 0-based position of the first base of `reference`.
    pub position: u64,
    pub reference: Vec<u8>,
    /// Alternate alleles that the genotype holds, in its order.
    pub alternates: Vec<Vec<u8>>,
    /// The alleles of the two haplotypes: 0 is the reference, `i + 1` is `alternates[i]`.
    pub genotype: [usize; 2],
    /// Whether the order of the genotype is known.
    pub phased: bool,
}

impl TruthVariant {
    /// One past the last reference base replaced.
    pub fn end(&self) -> u64 {
        self.position + self.reference.len() as u64
    }

    /// Number of haplotypes that do not carry the reference.
    pub fn alternate_count(&self) -> usize {
        self.genotype.iter().filter(|&&allele| allele > 0).count()
    }
}

/// The truth of one sample, by contig and position.
#[derive(Clone, Debug, Default)]
pub struct TruthVariants {
    contigs: FxHashMap<String, Vec<TruthVariant>>,
    /// Longest reference allele, which bounds how far left of a stretch a variant over it may begin.
    longest: u64,
}

impl TruthVariants {
    /// Reads the records of a VCF or BCF (with or without index) that lie within `flank` bases of `regions`.
    ///
    /// Left out: records whose FILTER is neither PASS nor empty, and genotypes without an alternate allele or with a
    /// symbolic one. A haploid genotype counts as homozygous. A missing allele of a half call, and `*` (a deletion
    /// that another record describes), count as the reference.
    ///
    /// Fails, naming the record, if there is not exactly one sample, no GT, a contig of `regions` that the file does
    /// not know, records out of order, or a REF that is not what `reference` has there.
    pub fn read(path: &Path, reference: &Reference, regions: &IntervalSet, flank: u64) -> Result<Self> {
        let mut truth = Self::default();
        truth
            .read_records(path, reference, regions, flank)
            .with_context(|| format!("cannot use truth {}", path.display()))?;
        Ok(truth)
    }

    /// Variants of `contig` that replace any base of `start..end`, ascending by position.
    pub fn over(&self, contig: &str, start: u64, end: u64) -> impl Iterator<Item = &TruthVariant> {
        let variants = self.contigs.get(contig).map_or(&[][..], Vec::as_slice);
        let first = variants.partition_point(|v| v.position + self.longest <= start);
        let over = variants[first..].iter().take_while(move |v| v.position < end);
        over.filter(move |v| v.end() > start)
    }

    fn read_records(&mut self, path: &Path, reference: &Reference, regions: &IntervalSet, flank: u64) -> Result<()> {
        ensure!(path.is_file(), "no such file");
        check_whole(path)?;
        let mut reader = bcf::Reader::from_path(path).context("not a VCF or BCF file")?;
        // Safe: the pointer is only compared. htslib gives a null header, not an error, when the header is damaged.
        ensure!(!unsafe { reader.header().as_ptr() }.is_null(), "its header is damaged");
        let samples = reader.header().sample_count();
        ensure!(
            samples == 1,
            "it has {samples} samples, and one is needed; make it with: bcftools view --samples NAME"
        );
        let mut normalizer = Normalizer::new(reference)?;
        let mut known = FxHashMap::default();
        let mut last = (None, 0);
        for record in reader.records() {
            let record = record.context("damaged record; the file may be cut short")?;
            let Some(rid) = record.rid() else {
                bail!("a record without a contig");
            };
            if last.0 != Some(rid) {
                let name = String::from_utf8_lossy(record.header().rid2name(rid)?).into_owned();
                ensure!(
                    known.insert(rid, name).is_none(),
                    "records of one contig do not stand together; sort it"
                );
                last = (Some(rid), 0);
            }
            let contig = &known[&rid];
            let position = record.pos().max(0) as u64;
            let place = || format!("record {contig}:{}", position + 1);
            ensure!(
                position >= last.1,
                "{} is out of order; sort it with: bcftools sort",
                place()
            );
            last.1 = position;
            let end = position + record.rlen().max(1) as u64 + flank;
            if !regions.overlaps(contig, position.saturating_sub(flank), end) || !record.has_filter("PASS".as_bytes()) {
                continue;
            }
            if let Some(raw) = parse(&record).with_context(place)? {
                let variant = normalizer.normalize(contig, raw).with_context(place)?;
                self.longest = self.longest.max(variant.reference.len() as u64);
                self.contigs.entry(contig.clone()).or_default().push(variant);
            }
        }
        check_contigs(regions, reader.header(), known.values())?;
        // Left-alignment may have changed the order.
        self.contigs
            .values_mut()
            .for_each(|list| list.sort_by_key(|v| v.position));
        Ok(())
    }
}

/// A contig that truth does not know at all is a mismatch of builds, and not a contig without variants.
fn check_contigs<'a>(
    regions: &IntervalSet,
    header: &bcf::header::HeaderView,
    seen: impl Iterator<Item = &'a String>,
) -> Result<()> {
    let seen: Vec<&str> = seen.map(String::as_str).collect();
    for contig in regions.contigs() {
        let known = seen.contains(&contig) || header.name2rid(contig.as_bytes()).is_ok();
        ensure!(
            known,
            "it has no contig '{contig}', only {}; use the truth of the same build and contig names",
            seen.iter().take(4).copied().collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// The variant as the record spells it, or None if it is to be left out.
fn parse(record: &bcf::Record) -> Result<Option<TruthVariant>> {
    let genotypes = record.genotypes().ok().context("it has no GT")?;
    let genotype = genotypes.get(0);
    ensure!(
        matches!(genotype.len(), 1 | 2),
        "its genotype has {} alleles; one or two are expected",
        genotype.len()
    );
    let alleles: Vec<Vec<u8>> = record.alleles().iter().map(|a| a.to_ascii_uppercase()).collect();
    let [first, second] = [0, genotype.len() - 1].map(|i| genotype[i].index().unwrap_or(0) as usize);
    ensure!(
        first.max(second) < alleles.len(),
        "its genotype names an allele that it does not have"
    );
    let mut variant = TruthVariant {
        position: record.pos().max(0) as u64,
        reference: alleles[0].clone(),
        alternates: Vec::new(),
        genotype: [0, 0],
        phased: matches!(genotype[genotype.len() - 1], GenotypeAllele::Phased(_)),
    };
    for (haplotype, allele) in [first, second].into_iter().enumerate() {
        let bases = &alleles[allele];
        if allele == 0 || bases == b"*" {
            continue;
        }
        if !bases.iter().all(|b| b"ACGTN".contains(b)) {
            return Ok(None);
        }
        let slot = variant.alternates.iter().position(|a| a == bases).unwrap_or_else(|| {
            variant.alternates.push(bases.clone());
            variant.alternates.len() - 1
        });
        variant.genotype[haplotype] = slot + 1;
    }
    Ok((!variant.alternates.is_empty()).then_some(variant))
}

/// Checks REF against the reference and left-aligns, holding a stretch of the reference at a time.
struct Normalizer<'a> {
    reference: &'a Reference,
    reader: ReferenceReader,
    contig: String,
    held: Sequence,
}

impl<'a> Normalizer<'a> {
    fn new(reference: &'a Reference) -> Result<Self> {
        Ok(Self {
            reference,
            reader: reference.reader()?,
            contig: String::new(),
            held: Sequence::default(),
        })
    }

    fn normalize(&mut self, contig: &str, variant: TruthVariant) -> Result<TruthVariant> {
        let start = variant.position.saturating_sub(SHIFT);
        if self.contig != contig || start < self.held.start || variant.end() > self.held.end() {
            let length = self.reference.contigs().get(contig).map_or(0, |c| c.length);
            ensure!(
                variant.end() <= length,
                "it lies beyond the reference, where {contig} has {length} bases"
            );
            let end = (variant.end() + STRETCH).min(length);
            self.held = Sequence::new(start, self.reader.fetch(contig, start, end)?);
            self.contig = contig.to_owned();
        }
        let there = self.held.slice(variant.position, variant.end());
        let fits = there.iter().zip(&variant.reference).all(|(a, b)| a == b || *a == b'N');
        ensure!(
            fits,
            "its REF is {}, but the reference has {}; use the reference of the truth's build",
            String::from_utf8_lossy(&variant.reference),
            String::from_utf8_lossy(there)
        );
        let mut alleles = vec![variant.reference];
        alleles.extend(variant.alternates);
        let position = left_align(variant.position, &mut alleles, start, |p| self.held.base(p));
        let alternates = alleles.split_off(1);
        Ok(TruthVariant {
            position,
            reference: alleles.remove(0),
            alternates,
            ..variant
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    const HEADER: &str = "##fileformat=VCFv4.2\n##contig=<ID=c>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n\
        #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n";

    /// Reads records (given as POS, REF, ALT, FILTER and GT) against `GATTACACACATTT`.
    fn read(text: &str) -> Result<Vec<TruthVariant>> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("r.fa"), ">c\nGATTACACACATTT\n")?;
        std::fs::write(path("r.fa.fai"), "c\t14\t3\t14\t15\n")?;
        std::fs::write(path("t.vcf"), text)?;
        let reference = Reference::open(&path("r.fa"))?;
        let regions = IntervalSet::from_regions([Region::new("c", 0, 14)]);
        let truth = TruthVariants::read(&path("t.vcf"), &reference, &regions, 100)?;
        Ok(truth.over("c", 0, 14).cloned().collect())
    }

    fn records(lines: &[[&str; 5]]) -> Result<Vec<TruthVariant>> {
        let line = |[position, reference, alternate, filter, genotype]: &[&str; 5]| {
            format!("c\t{position}\t.\t{reference}\t{alternate}\t50\t{filter}\t.\tGT\t{genotype}\n")
        };
        read(&(HEADER.to_owned() + &lines.iter().map(line).collect::<String>()))
    }

    #[test]
    fn genotypes_of_every_kind_are_read() {
        let of = |alternate: &str, genotype: &str| -> Option<(Vec<String>, [usize; 2], bool)> {
            let variant = records(&[["3", "T", alternate, "PASS", genotype]]).unwrap().pop()?;
            let alternates = variant.alternates.into_iter().map(|a| String::from_utf8(a).unwrap());
            Some((alternates.collect(), variant.genotype, variant.phased))
        };
        let some = |alternates: &[&str], genotype, phased| {
            Some((alternates.iter().map(|&a| a.to_owned()).collect(), genotype, phased))
        };
        assert_eq!(of("G", "0/1"), some(&["G"], [0, 1], false));
        assert_eq!(of("G", "1|0"), some(&["G"], [1, 0], true));
        assert_eq!(of("G,C", "2/1"), some(&["C", "G"], [1, 2], false));
        assert_eq!(of("G,C", "2/2"), some(&["C"], [1, 1], false));
        assert_eq!(of("G,*", "1/2"), some(&["G"], [1, 0], false));
        assert_eq!(of("G", "./1"), some(&["G"], [0, 1], false));
        assert_eq!(of("G", "1"), some(&["G"], [1, 1], false));
        for (alternate, genotype) in [("G", "0/0"), ("G", "./."), ("<DEL>", "0/1"), (".", "0/0"), ("*", "0/1")] {
            assert_eq!(of(alternate, genotype), None, "{alternate} {genotype}");
        }
    }

    #[test]
    fn records_are_left_aligned_and_filtered() {
        let found = records(&[
            ["2", "A", "T", "LowQual", "0/1"],
            ["4", "T", "C", ".", "0/1"],
            ["9", "ACA", "A", "PASS", "1/1"],
        ]);
        let found = found.unwrap();
        assert_eq!(found.iter().map(|v| v.position).collect::<Vec<_>>(), [3, 3]);
        assert_eq!(
            (&found[1].reference[..], &found[1].alternates[0][..]),
            (&b"TAC"[..], &b"T"[..])
        );
    }

    #[test]
    fn truth_that_does_not_fit_is_refused_with_its_place() {
        let message = |result: Result<Vec<TruthVariant>>| format!("{:#}", result.unwrap_err());
        let wrong_base = message(records(&[["3", "A", "T", "PASS", "0/1"]]));
        assert!(
            wrong_base.contains("c:3") && wrong_base.contains("reference has T"),
            "{wrong_base}"
        );
        let unsorted = message(records(&[
            ["4", "T", "C", "PASS", "0/1"],
            ["2", "A", "T", "PASS", "0/1"],
        ]));
        assert!(unsorted.contains("c:2") && unsorted.contains("sort"), "{unsorted}");
        let triploid = message(records(&[["3", "T", "G", "PASS", "0/1/1"]]));
        assert!(triploid.contains("3 alleles"), "{triploid}");
        let two = HEADER.replace("\tS\n", "\tS\tS2\n") + "c\t3\t.\tT\tG\t50\tPASS\t.\tGT\t0/1\t0/1\n";
        assert!(message(read(&two)).contains("2 samples"));
        let other = HEADER.replace("ID=c", "ID=chr1") + "chr1\t3\t.\tT\tG\t50\tPASS\t.\tGT\t0/1\n";
        assert!(message(read(&other)).contains("no contig 'c', only chr1"));
        let no_genotype = HEADER.to_owned() + "c\t3\t.\tT\tG\t50\tPASS\t.\tDP\t7\n";
        assert!(message(read(&no_genotype)).contains("no GT"));
        for damaged in [
            "",
            "not a VCF",
            "##fileformat=VCFv4.2\n",
            "##fileformat=VCFv4.2\n#CHROM\tPOS\n",
        ] {
            let message = message(read(damaged));
            assert!(
                message.contains("VCF") || message.contains("header") || message.contains("is empty"),
                "{message}"
            );
        }
    }
}
