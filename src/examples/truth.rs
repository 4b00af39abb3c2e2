//! Truth: the known variants of the sample, as GIAB publishes them.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustc_hash::FxHashMap;

use crate::genome::{
    Edit, IntervalSet, LeftOut, Reason, Reference, ReferenceReader, Region, Sequence, VariantReader, VariantRecord,
    left_align,
};

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

    /// What each of its haplotypes changes, in an order that does not depend on the phase.
    fn edits(&self) -> Vec<Edit> {
        let called = self.genotype.iter().filter_map(|allele| allele.checked_sub(1));
        let edit = |allele: usize| Edit::new(self.position, &self.reference, &self.alternates[allele]);
        let mut edits: Vec<Edit> = called.filter_map(edit).collect();
        edits.sort_by(|a, b| (a.start, a.end, &a.bases).cmp(&(b.start, b.end, &b.bases)));
        edits
    }
}

/// The truth of one sample, by contig and position.
#[derive(Clone, Debug, Default)]
pub struct TruthVariants {
    contigs: FxHashMap<String, Vec<TruthVariant>>,
    /// Longest reference allele, which bounds how far left of a stretch a variant over it may begin.
    longest: u64,
    /// Places of records that say neither what is true nor that nothing is.
    unknown: IntervalSet,
    left_out: LeftOut,
}

impl TruthVariants {
    /// Reads the records of a VCF or BCF (with or without index) that lie within `flank` bases of `regions`.
    ///
    /// A haploid genotype counts as homozygous. A missing allele of a half call, and `*` (a deletion that another record
    /// describes), count as the reference. Left out are records whose FILTER or FT is not PASS (unless `use_filtered`),
    /// those with a symbolic allele, and those whose allele another record has with another genotype: their places are
    /// in [`Self::unknown`]. A record that repeats another one counts once.
    ///
    /// Fails, naming the record, if there is not exactly one sample, no GT, a contig of `regions` that the file does
    /// not know, records out of order, or a REF that is not what `reference` has there.
    pub fn read(
        path: &Path,
        reference: &Reference,
        regions: &IntervalSet,
        flank: u64,
        use_filtered: bool,
    ) -> Result<Self> {
        let mut truth = Self::default();
        truth
            .read_records(path, reference, regions, flank, use_filtered)
            .with_context(|| format!("cannot use truth {}", path.display()))?;
        Ok(truth)
    }

    /// Where candidates can have no label, although truth is confident there.
    pub fn unknown(&self) -> &IntervalSet {
        &self.unknown
    }

    /// What was not used of the file, and why.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Variants of `contig` that replace any base of `start..end`, ascending by position.
    pub fn over(&self, contig: &str, start: u64, end: u64) -> impl Iterator<Item = &TruthVariant> {
        let variants = self.contigs.get(contig).map_or(&[][..], Vec::as_slice);
        let first = variants.partition_point(|v| v.position + self.longest <= start);
        let over = variants[first..].iter().take_while(move |v| v.position < end);
        over.filter(move |v| v.end() > start)
    }

    fn read_records(
        &mut self,
        path: &Path,
        reference: &Reference,
        regions: &IntervalSet,
        flank: u64,
        use_filtered: bool,
    ) -> Result<()> {
        ensure!(path.is_file(), "no such file");
        let mut reader = VariantReader::open(path)?;
        let samples = reader.samples().len();
        ensure!(
            samples == 1,
            "it has {samples} samples, and one is needed; make it with: bcftools view --samples NAME"
        );
        let mut normalizer = Normalizer::new(reference)?;
        let mut seen: Vec<String> = Vec::new();
        let mut unknown = Vec::new();
        while reader.advance()? {
            let contig = reader.contig();
            if seen.last().is_none_or(|last| last != contig) {
                seen.push(contig.to_owned());
            }
            let position = reader.position();
            let record = reader.record()?;
            let end = record.end(position).max(position + 1);
            if !regions.overlaps(contig, position.saturating_sub(flank), end + flank) {
                continue;
            }
            let place = || format!("record {contig}:{}", position + 1);
            let is_filtered = !use_filtered && record.filters().next().is_some();
            let variant = match parse(&record, position) {
                Ok(Parsed::Reference) => continue,
                Ok(Parsed::Variant(variant)) => Some(normalizer.normalize(contig, variant)),
                Ok(Parsed::Symbolic) => None,
                Err(_) if is_filtered => None,
                Err(error) => return Err(error.context(place())),
            };
            if let Some(variant) = variant
                && (!is_filtered || variant.is_ok())
            {
                let variant = variant.with_context(place)?;
                if !is_filtered {
                    self.contigs.entry(contig.to_owned()).or_default().push(variant);
                    continue;
                }
                unknown.push(Region::new(contig, variant.position, variant.end()));
            }
            let reason = if is_filtered {
                Reason::Filtered
            } else {
                Reason::Symbolic
            };
            self.left_out.add(reason, contig, position);
            unknown.push(Region::new(contig, position, end));
        }
        check_contigs(regions, &reader, &seen)?;
        for contig in &seen {
            if let Some(list) = self.contigs.get_mut(contig) {
                // Left-alignment may have changed the order.
                list.sort_by_key(|v| v.position);
                let contradicted = settle_repeats(list, contig, &mut self.left_out);
                unknown.extend(contradicted);
                let longest = list.iter().map(|v| v.reference.len() as u64).max();
                self.longest = self.longest.max(longest.unwrap_or(0));
            }
        }
        self.unknown = IntervalSet::from_regions(unknown);
        Ok(())
    }
}

/// Takes out of a contig's variants what repeats another one, and both of two that have an allele in common but not the
/// genotype; returns the places of the latter.
fn settle_repeats(variants: &mut Vec<TruthVariant>, contig: &str, left_out: &mut LeftOut) -> Vec<Region> {
    let mut known: FxHashMap<Edit, usize> = FxHashMap::default();
    let edits: Vec<Vec<Edit>> = variants.iter().map(TruthVariant::edits).collect();
    let mut verdicts = vec![None; variants.len()];
    for (index, own) in edits.iter().enumerate() {
        let Some(&earlier) = own.iter().find_map(|edit| known.get(edit)) else {
            known.extend(own.iter().map(|edit| (edit.clone(), index)));
            continue;
        };
        if edits[earlier] == *own {
            verdicts[index] = Some(Reason::Repeated);
        } else {
            verdicts[index] = Some(Reason::Contradicted);
            verdicts[earlier] = Some(Reason::Contradicted);
        }
    }
    let mut unknown = Vec::new();
    for (variant, verdict) in variants.iter().zip(&verdicts) {
        if let Some(reason) = *verdict {
            left_out.add(reason, contig, variant.position);
            if reason == Reason::Contradicted {
                unknown.push(Region::new(contig, variant.position, variant.end()));
            }
        }
    }
    let mut verdicts = verdicts.into_iter();
    variants.retain(|_| verdicts.next().flatten().is_none());
    unknown
}

/// A contig that truth does not know at all is a mismatch of builds, and not a contig without variants.
fn check_contigs(regions: &IntervalSet, reader: &VariantReader, seen: &[String]) -> Result<()> {
    for contig in regions.contigs() {
        let known = seen.iter().any(|name| name == contig) || reader.header_contigs().any(|name| name == contig);
        ensure!(
            known,
            "it has no contig '{contig}', only {}; use the truth of the same build and contig names",
            seen.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// What a record says.
enum Parsed {
    /// As the record spells it.
    Variant(TruthVariant),
    Reference,
    Symbolic,
}

fn parse(record: &VariantRecord, position: u64) -> Result<Parsed> {
    let (genotype, phased) = record.genotype()?;
    ensure!(
        matches!(genotype.len(), 1 | 2),
        "its genotype has {} alleles; one or two are expected",
        genotype.len()
    );
    let mut variant = TruthVariant {
        position,
        reference: record.reference.to_ascii_uppercase().into_bytes(),
        alternates: Vec::new(),
        genotype: [0, 0],
        phased,
    };
    for (haplotype, index) in [0, genotype.len() - 1].into_iter().enumerate() {
        let Some(allele) = genotype[index].filter(|allele| *allele > 0) else {
            continue;
        };
        let bases = record.alternate(allele)?.to_ascii_uppercase().into_bytes();
        if bases == b"*" {
            continue;
        }
        if !bases.iter().all(|b| b"ACGTN".contains(b)) {
            return Ok(Parsed::Symbolic);
        }
        let slot = variant.alternates.iter().position(|a| *a == bases).unwrap_or_else(|| {
            variant.alternates.push(bases);
            variant.alternates.len() - 1
        });
        variant.genotype[haplotype] = slot + 1;
    }
    Ok(match variant.alternates.is_empty() {
        true => Parsed::Reference,
        false => Parsed::Variant(variant),
    })
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
    fn read(text: &str) -> Result<TruthVariants> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("r.fa"), ">c\nGATTACACACATTT\n")?;
        std::fs::write(path("r.fa.fai"), "c\t14\t3\t14\t15\n")?;
        std::fs::write(path("t.vcf"), text)?;
        let reference = Reference::open(&path("r.fa"))?;
        let regions = IntervalSet::from_regions([Region::new("c", 0, 14)]);
        TruthVariants::read(&path("t.vcf"), &reference, &regions, 100, false)
    }

    fn text(lines: &[[&str; 5]]) -> String {
        let line = |[position, reference, alternate, filter, genotype]: &[&str; 5]| {
            format!("c\t{position}\t.\t{reference}\t{alternate}\t50\t{filter}\t.\tGT\t{genotype}\n")
        };
        HEADER.to_owned() + &lines.iter().map(line).collect::<String>()
    }

    fn records(lines: &[[&str; 5]]) -> Result<Vec<TruthVariant>> {
        Ok(read(&text(lines))?.over("c", 0, 14).cloned().collect())
    }

    /// Places that are unknown, and the reasons why something was not used.
    fn unused(lines: &[[&str; 5]]) -> (Vec<(u64, u64)>, Vec<(Reason, u64)>) {
        let truth = read(&text(lines)).unwrap();
        let reasons = truth.left_out().reasons().map(|(reason, count, _)| (reason, count));
        (truth.unknown().on("c").to_vec(), reasons.collect())
    }

    #[test]
    fn a_record_given_twice_counts_once() {
        let het = ["9", "ACA", "A", "PASS", "0/1"];
        let shifted = ["4", "TAC", "T", "PASS", "1/0"];
        assert_eq!(records(&[shifted, het]).unwrap().len(), 1);
        assert_eq!(unused(&[shifted, het]), (vec![], vec![(Reason::Repeated, 1)]));
        let phased = [["3", "T", "G", "PASS", "0|1"], ["3", "T", "G", "PASS", "1|0"]];
        assert_eq!(records(&phased).unwrap().len(), 1);
        let apart = [["3", "T", "G", "PASS", "0/1"], ["3", "T", "C", "PASS", "0/1"]];
        assert_eq!((records(&apart).unwrap().len(), unused(&apart)), (2, (vec![], vec![])));
    }

    #[test]
    fn a_genotype_that_another_record_contradicts_is_unknown() {
        let lines = [["3", "T", "G", "PASS", "0/1"], ["3", "T", "G", "PASS", "1/1"]];
        assert_eq!(unused(&lines), (vec![(2, 3)], vec![(Reason::Contradicted, 2)]));
        let joined = [["3", "T", "G", "PASS", "0/1"], ["3", "T", "G,C", "PASS", "1/2"]];
        assert_eq!(records(&joined).unwrap(), []);
        assert_eq!(unused(&joined).1, [(Reason::Contradicted, 2)]);
    }

    #[test]
    fn places_of_filtered_and_symbolic_records_are_unknown() {
        let filtered = ["9", "ACA", "A", "weak", "0/1"];
        assert_eq!(
            unused(&[filtered]),
            (vec![(3, 6), (8, 11)], vec![(Reason::Filtered, 1)])
        );
        let symbolic = ["9", "A", "<DEL>", "PASS", "0/1"];
        assert_eq!(unused(&[symbolic]), (vec![(8, 9)], vec![(Reason::Symbolic, 1)]));
        assert_eq!(unused(&[["9", "A", "<DEL>", "PASS", "0/0"]]), (vec![], vec![]));
        let triploid = ["9", "A", "C", "weak", "0/0/1"];
        assert_eq!(unused(&[triploid]), (vec![(8, 9)], vec![(Reason::Filtered, 1)]));
        let of_genotype = "c\t9\t.\tA\tC\t50\tPASS\t.\tGT:FT\t0/1:weak\n";
        let truth = read(&(HEADER.to_owned() + of_genotype)).unwrap();
        assert_eq!(truth.unknown().on("c"), [(8, 9)]);
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
        assert_eq!(of("G", "/0/1"), some(&["G"], [0, 1], false));
        assert_eq!(of("G", "|0|1"), some(&["G"], [0, 1], true));
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
        let read = |text: &str| -> Result<Vec<TruthVariant>> { Ok(read(text)?.over("c", 0, 14).cloned().collect()) };
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
