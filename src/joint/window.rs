//! The records of one sample in a window of the genome.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};

use super::allele::Allele;
use crate::genome::Sequence;
use crate::variants::{Ploidy, VariantRecord, genotype_count, parse_genotype, split_short};

/// The symbolic alleles for any other allele: of dvcall and DeepVariant, and of GATK.
pub const UNSEEN: [&str; 2] = ["<*>", "<NON_REF>"];

/// Greatest PL that is kept. Differences beyond it are certain in any case.
pub const MAX_PHRED: u32 = 9_999;

/// Positions that match the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    pub start: u64,
    pub end: u64,
    pub min_depth: u32,
    /// PL of no, one and two copies of another allele; one copy is impossible where the sample has one copy of the place.
    pub likelihoods: [u32; 3],
    pub ploidy: Ploidy,
    /// Whether the sample was called as the reference, and nothing is likelier.
    pub is_reference: bool,
}

/// What an alternate allele of a record stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordAllele {
    Known(Allele),
    /// Any other allele.
    Unseen,
    /// A deletion that begins before the record.
    Spanning,
}

/// A record with at least one alternate allele.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub start: u64,
    pub end: u64,
    /// The alternates.
    pub alleles: Vec<RecordAllele>,
    /// GT; none for a dot.
    pub genotype: Vec<Option<u8>>,
    pub quality: Option<u32>,
    pub depth: Option<u32>,
    /// AD; empty if the record has none.
    pub allele_depths: Vec<u32>,
    /// PL; empty if the record has none.
    pub likelihoods: Vec<u32>,
}

impl Variant {
    pub fn ploidy(&self) -> Ploidy {
        ploidy_of(&self.genotype)
    }

    /// Index of an allele in the record; 0 is the reference.
    pub fn index_of(&self, allele: &Allele) -> Option<usize> {
        let mut known = self.alleles.iter();
        let found = known.position(|own| matches!(own, RecordAllele::Known(own) if own == allele));
        found.map(|rank| rank + 1)
    }

    pub fn index_of_kind(&self, kind: &RecordAllele) -> Option<usize> {
        self.alleles.iter().position(|own| own == kind).map(|rank| rank + 1)
    }

    /// The alleles with bases, and their index.
    pub fn known(&self) -> impl Iterator<Item = (usize, &Allele)> {
        self.alleles
            .iter()
            .enumerate()
            .filter_map(|(rank, allele)| match allele {
                RecordAllele::Known(allele) => Some((rank + 1, allele)),
                _ => None,
            })
    }

    /// Whether all alternates replace one base by one base.
    pub fn is_snp(&self) -> bool {
        self.known().all(|(_, allele)| allele.is_snp())
    }
}

/// The records of a sample, ascending by position.
#[derive(Clone, Debug, Default)]
pub struct SampleWindow {
    pub blocks: Vec<Block>,
    pub variants: Vec<Variant>,
    /// Length of the longest variant.
    longest: u64,
}

impl SampleWindow {
    /// Adds a record at the 0-based `position`. `sequence` holds the reference around it.
    pub fn add(&mut self, position: u64, record: &VariantRecord, sequence: &Sequence) -> Result<()> {
        check_reference(position, record.reference.as_bytes(), sequence)?;
        let values = Values::read(record)?;
        let has_bases = |allele: &str| !UNSEEN.contains(&allele) && allele != "." && allele != "*";
        if split_short(record.alternates, b',').any(has_bases) {
            return self.add_variant(position, record, values, sequence);
        }
        let likelihoods = match values.likelihoods[..] {
            [same, one, two, ..] => [same, one, two],
            [same, other] => [same, MAX_PHRED, other],
            _ => [0; 3],
        };
        // Blocks do not overlap, so that they can be searched by their ends.
        if let Some(last) = self.blocks.last_mut() {
            last.end = last.end.min(position.max(last.start + 1));
        }
        self.blocks.push(Block {
            start: position,
            end: record.end(position),
            min_depth: values.min_depth.or(values.depth).unwrap_or(0),
            ploidy: ploidy_of(&values.genotype),
            is_reference: values.genotype.iter().all(|&allele| allele == Some(0))
                && likelihoods.iter().all(|&other| likelihoods[0] <= other),
            likelihoods,
        });
        Ok(())
    }

    fn add_variant(
        &mut self,
        position: u64,
        record: &VariantRecord,
        values: Values,
        sequence: &Sequence,
    ) -> Result<()> {
        let reference = record.reference.to_ascii_uppercase();
        let allele = |text: &str| match text {
            "*" => RecordAllele::Spanning,
            _ if text.bytes().all(|base| base.is_ascii_alphabetic()) => {
                let bases = text.to_ascii_uppercase();
                RecordAllele::Known(Allele::of_record(
                    position,
                    reference.as_bytes(),
                    bases.as_bytes(),
                    sequence,
                ))
            }
            _ => RecordAllele::Unseen,
        };
        let alleles: Vec<_> = record.alternates.split(',').map(allele).collect();
        values.check(alleles.len())?;
        let end = position + record.reference.len() as u64;
        let shifted = alleles.iter().filter_map(|allele| match allele {
            RecordAllele::Known(allele) => Some(allele.start),
            _ => None,
        });
        let first = shifted.min().unwrap_or(position).min(position);
        self.longest = self.longest.max(end - first);
        self.variants.push(Variant {
            start: position,
            end,
            alleles,
            genotype: values.genotype,
            quality: values.quality,
            depth: values.depth,
            allele_depths: values.allele_depths,
            likelihoods: values.likelihoods,
        });
        Ok(())
    }

    /// The variants that overlap a range, or have an allele that overlaps it.
    pub fn variants_over(&self, range: &Range<u64>) -> impl Iterator<Item = &Variant> {
        let first = self.variants.partition_point(|v| v.start + self.longest < range.start);
        let near = self.variants[first..]
            .iter()
            .take_while(|v| v.start < range.end + self.longest);
        let range = range.clone();
        near.filter(move |variant| {
            variant.start < range.end && range.start < variant.end
                || variant.known().any(|(_, allele)| allele.overlaps(&range))
        })
    }

    /// The blocks that overlap a range.
    pub fn blocks_over(&self, range: &Range<u64>) -> impl Iterator<Item = &Block> {
        // Blocks of a sample do not overlap, so their ends ascend.
        let first = self.blocks.partition_point(|block| block.end <= range.start);
        let end = range.end;
        self.blocks[first..].iter().take_while(move |block| block.start < end)
    }
}

/// The values of a sample that joint genotyping needs.
#[derive(Default)]
struct Values {
    genotype: Vec<Option<u8>>,
    quality: Option<u32>,
    depth: Option<u32>,
    min_depth: Option<u32>,
    allele_depths: Vec<u32>,
    likelihoods: Vec<u32>,
}

impl Values {
    fn read(record: &VariantRecord) -> Result<Self> {
        let mut values = Self::default();
        for (key, text) in record.values() {
            match key {
                "GT" => values.genotype = parse_genotype(text)?.0,
                "GQ" => values.quality = number(text, key)?,
                "DP" => values.depth = number(text, key)?,
                "MIN_DP" => values.min_depth = number(text, key)?,
                "AD" => values.allele_depths = numbers(text, key)?,
                "PL" => values.likelihoods = numbers(text, key)?,
                _ => {}
            }
        }
        ensure!(
            matches!(values.genotype.len(), 1 | 2),
            "its GT has {} alleles; dvcall joins haploid and diploid samples",
            values.genotype.len()
        );
        Ok(values)
    }

    /// Fails if the values do not fit the number of alternate alleles.
    fn check(&self, alternates: usize) -> Result<()> {
        if let Some(wrong) = self
            .genotype
            .iter()
            .flatten()
            .find(|&&index| usize::from(index) > alternates)
        {
            bail!("its GT names allele {wrong}, but it has {alternates} alternate alleles");
        }
        let expected = genotype_count(ploidy_of(&self.genotype), alternates);
        ensure!(
            self.likelihoods.is_empty() || self.likelihoods.len() == expected,
            "its PL has {} values, expected {expected}",
            self.likelihoods.len()
        );
        Ok(())
    }
}

fn ploidy_of(genotype: &[Option<u8>]) -> Ploidy {
    if genotype.len() == 1 {
        Ploidy::Haploid
    } else {
        Ploidy::Diploid
    }
}

/// A number; none for a dot.
fn number(text: &str, field: &str) -> Result<Option<u32>> {
    if text == "." {
        return Ok(None);
    }
    let number = text
        .parse()
        .with_context(|| format!("its {field} '{text}' is not a number"))?;
    Ok(Some(number))
}

/// The numbers of a list; none if the first is missing. Values that are too large are cut.
fn numbers(text: &str, field: &str) -> Result<Vec<u32>> {
    if text.starts_with('.') {
        return Ok(Vec::new());
    }
    let parse = |value: &str| match value {
        "." => Ok(0),
        _ => value.parse().map(|value: u32| value.min(MAX_PHRED)),
    };
    let parsed = split_short(text, b',').map(parse).collect::<Result<_, _>>();
    parsed.with_context(|| format!("its {field} '{text}' is not a list of numbers"))
}

/// Fails if REF differs from the reference. N fits every base.
fn check_reference(position: u64, found: &[u8], sequence: &Sequence) -> Result<()> {
    for (at, base) in (position..).zip(found) {
        let expected = sequence.base(at);
        let is_known = |base: u8| b"ACGT".contains(&base.to_ascii_uppercase());
        ensure!(
            !is_known(expected) || !is_known(*base) || base.eq_ignore_ascii_case(&expected),
            "its REF is {}, but --ref has {}; was the sample called with another reference?",
            String::from_utf8_lossy(found),
            String::from_utf8_lossy(sequence.slice(position, position + found.len() as u64)),
        );
    }
    Ok(())
}
