//! Truth: the known variants of a sample, as GIAB publishes them.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rustc_hash::FxHashMap;

use crate::formats::check_is_there;
use crate::genome::{IntervalSet, Reference, Region};
use crate::variants::{CallExclusion, Edit, ExcludedCalls, Normalizer, VariantReader, VariantRecord};

/// A true variant, left-aligned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthVariant {
    /// 0-based position of the first base of `reference`.
    pub position: u64,
    pub reference: Vec<u8>,
    /// Alternate alleles of the genotype, in the order of the genotype.
    pub alternates: Vec<Vec<u8>>,
    /// The alleles of the two haplotypes: 0 is the reference, `i + 1` is `alternates[i]`.
    pub genotype: [usize; 2],
    /// Whether the genotype is phased.
    pub phased: bool,
}

impl TruthVariant {
    /// End of the reference allele (0-based, exclusive).
    pub fn end(&self) -> u64 {
        self.position + self.reference.len() as u64
    }

    /// Number of haplotypes that do not carry the reference.
    pub fn alternate_count(&self) -> usize {
        self.genotype.iter().filter(|&&allele| allele > 0).count()
    }

    fn normalized(mut self, contig: &str, normalizer: &mut Normalizer) -> Result<Self> {
        let mut alleles = vec![self.reference];
        alleles.append(&mut self.alternates);
        let position = normalizer.normalize(contig, self.position, &mut alleles)?;
        let alternates = alleles.split_off(1);
        Ok(Self {
            position,
            reference: alleles.remove(0),
            alternates,
            ..self
        })
    }

    /// The edits of its haplotypes, in an order that does not depend on the phase.
    fn edits(&self) -> Vec<Edit> {
        let called = self.genotype.iter().filter_map(|allele| allele.checked_sub(1));
        let edit = |allele: usize| Edit::new(self.position, &self.reference, &self.alternates[allele]);
        let mut edits: Vec<Edit> = called.filter_map(edit).collect();
        edits.sort_by(|a, b| (a.start, a.end, &a.bases).cmp(&(b.start, b.end, &b.bases)));
        edits
    }
}

/// The truth variants of one sample, by contig and position.
#[derive(Clone, Debug, Default)]
pub struct TruthVariants {
    contigs: FxHashMap<String, Vec<TruthVariant>>,
    /// Length of the longest reference allele: a variant over an interval starts at most this far to the left.
    longest: u64,
    /// Places of records that state neither a variant nor its absence.
    unknown: IntervalSet,
    left_out: ExcludedCalls,
}

impl TruthVariants {
    /// Reads the records of a VCF or BCF (with or without index) that lie within `flank` bases of `regions`.
    ///
    /// A haploid genotype counts as homozygous. A missing allele of a half call, and `*` (a deletion that another
    /// record describes), count as the reference. Not used are records whose FILTER or FT is not PASS (unless
    /// `use_filtered`), records with a symbolic allele, and records that share an allele but not the genotype with
    /// another record: [`Self::unknown`] lists their places. A repeated record counts once.
    ///
    /// Fails, with the place of the record, if there is not exactly one sample, no GT, a contig of `regions` that
    /// the file does not have, records out of order, or a REF that differs from `reference`.
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

    /// Where candidates can have no label, although the regions are confident.
    pub fn unknown(&self) -> &IntervalSet {
        &self.unknown
    }

    /// The records that were not used, and why.
    pub fn left_out(&self) -> &ExcludedCalls {
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
        check_is_there(path, "truth")?;
        let mut reader = VariantReader::open(path)?;
        let samples = reader.samples().len();
        ensure!(
            samples == 1,
            "it has {samples} samples, but exactly one is needed; select one with: bcftools view --samples NAME"
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
                Ok(Parsed::Variant(variant)) => Some(variant.normalized(contig, &mut normalizer)),
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
                CallExclusion::Filtered
            } else {
                CallExclusion::Symbolic
            };
            self.left_out.add(reason, contig, position);
            unknown.push(Region::new(contig, position, end));
        }
        check_contigs(regions, &reader, &seen)?;
        for contig in &seen {
            if let Some(list) = self.contigs.get_mut(contig) {
                // Left-alignment can change the order.
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

/// Removes variants of a contig that repeat another variant, and pairs of variants that share an allele but not the
/// genotype. Returns the places of these pairs.
fn settle_repeats(variants: &mut Vec<TruthVariant>, contig: &str, left_out: &mut ExcludedCalls) -> Vec<Region> {
    let mut owners: FxHashMap<Edit, usize> = FxHashMap::default();
    let edits: Vec<Vec<Edit>> = variants.iter().map(TruthVariant::edits).collect();
    let mut verdicts = vec![None; variants.len()];
    for (index, own) in edits.iter().enumerate() {
        let Some(&earlier) = own.iter().find_map(|edit| owners.get(edit)) else {
            owners.extend(own.iter().map(|edit| (edit.clone(), index)));
            continue;
        };
        if edits[earlier] == *own {
            verdicts[index] = Some(CallExclusion::Repeated);
        } else {
            verdicts[index] = Some(CallExclusion::Contradicted);
            verdicts[earlier] = Some(CallExclusion::Contradicted);
        }
    }
    let mut unknown = Vec::new();
    for (variant, verdict) in variants.iter().zip(&verdicts) {
        if let Some(reason) = *verdict {
            left_out.add(reason, contig, variant.position);
            if reason == CallExclusion::Contradicted {
                unknown.push(Region::new(contig, variant.position, variant.end()));
            }
        }
    }
    let mut verdicts = verdicts.into_iter();
    variants.retain(|_| verdicts.next().flatten().is_none());
    unknown
}

/// If truth lacks a contig, the reference builds differ; this does not mean that the contig has no variants.
fn check_contigs(regions: &IntervalSet, reader: &VariantReader, seen: &[String]) -> Result<()> {
    for contig in regions.contigs() {
        let found = seen.iter().any(|name| name == contig) || reader.header_contigs().any(|name| name == contig);
        ensure!(
            found,
            "it has no contig '{contig}', only {}; use the truth of the same build and contig names",
            seen.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// The content of a record.
enum Parsed {
    /// Not normalized.
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
