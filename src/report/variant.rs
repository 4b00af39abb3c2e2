//! What a sample has at a record.

use anyhow::{Context, Result};

use super::kinds::{Change, Kind, Zygosity};
use crate::variants::VariantRecord;

/// A number, and the field that it is from.
pub type Sourced = Option<(&'static str, f64)>;

/// What a sample has at a record. Without samples: what the record has.
#[derive(Clone, Debug)]
pub struct Variant {
    pub zygosity: Zygosity,
    /// Of each alternate allele that the sample carries; without GT, of all of them. None for `*`.
    pub changes: Vec<Change>,
    pub quality: Option<f64>,
    pub genotype_quality: Option<f64>,
    pub depth: Sourced,
    /// Share of the reads, for each carried alternate; for `0/0`, the largest share of an alternate.
    pub fractions: Vec<f64>,
    pub fraction_source: &'static str,
}

impl Variant {
    /// None if the record has no alternate allele, like a block of a gVCF. `depth_of_site` tells that INFO/DP is the
    /// depth of this sample, because the file has no other.
    pub fn new(record: &VariantRecord, depth_of_site: bool) -> Result<Option<Self>> {
        let alternates: Vec<&str> = record.alternates.split(',').collect();
        let is_allele = |alternate: &str| !matches!(alternate, "." | "" | "<*>" | "<NON_REF>" | "*");
        if !alternates.iter().any(|alternate| is_allele(alternate)) {
            return Ok(None);
        }
        let (zygosity, carried) = match record.has("GT") {
            true => {
                let alleles = record.genotype()?.0;
                let mut carried: Vec<u8> = alleles.iter().flatten().copied().filter(|&allele| allele > 0).collect();
                carried.sort_unstable();
                carried.dedup();
                (Zygosity::of(&alleles), carried.into_iter().map(usize::from).collect())
            }
            false => (Zygosity::Unknown, (1..=alternates.len()).collect::<Vec<_>>()),
        };
        let mut changes = Vec::with_capacity(carried.len());
        for &allele in &carried {
            let alternate = alternates.get(allele - 1).with_context(|| {
                let count = alternates.len();
                format!("the genotype has allele {allele}, but the number of alleles in ALT is {count}")
            })?;
            changes.extend(
                Some(*alternate)
                    .filter(|a| is_allele(a))
                    .and_then(|a| Change::of(record.reference, a)),
            );
        }
        let (fraction_source, all) = fractions(record, alternates.len())?;
        let is_real = |allele: &usize| alternates.get(allele - 1).is_some_and(|alternate| is_allele(alternate));
        let fractions = match zygosity {
            Zygosity::Reference => all.into_iter().reduce(f64::max).into_iter().collect(),
            _ => carried
                .iter()
                .filter(|a| is_real(a))
                .filter_map(|a| all.get(a - 1).copied())
                .collect(),
        };
        Ok(Some(Self {
            zygosity,
            changes,
            quality: Some(record.quality)
                .filter(|q| *q != ".")
                .map(|q| number("QUAL", q))
                .transpose()?,
            genotype_quality: record.value("GQ").map(|gq| number("GQ", gq)).transpose()?,
            depth: depth(record, depth_of_site)?,
            fractions,
            fraction_source,
        }))
    }

    /// The type, if the sample carries an alternate allele.
    pub fn kind(&self) -> Option<Kind> {
        match self.changes[..] {
            [] => None,
            [change] => Some(change.kind()),
            _ => Some(Kind::MultiAllelic),
        }
    }
}

fn number(field: &str, text: &str) -> Result<f64> {
    let number = text.parse().ok().filter(|number: &f64| !number.is_nan());
    number.with_context(|| format!("{field} '{text}' is not a number"))
}

fn depth(record: &VariantRecord, depth_of_site: bool) -> Result<Sourced> {
    let sample = record.value("DP").map(|text| ("FORMAT/DP", text));
    let site = || {
        record
            .info("DP")
            .filter(|_| depth_of_site)
            .map(|text| ("INFO/DP", text))
    };
    let found = sample.or_else(site);
    found.map(|(field, text)| Ok((field, number(field, text)?))).transpose()
}

/// The share of the reads that carry each alternate allele, and the fields that tell it; empty if none does.
fn fractions(record: &VariantRecord, alternates: usize) -> Result<(&'static str, Vec<f64>)> {
    let numbers = |key: &str| -> Result<Vec<f64>> {
        let text = record.value(key).unwrap_or_default();
        let parts = text.split(',').filter(|part| !matches!(*part, "" | "."));
        parts.map(|part| number(key, part)).collect()
    };
    let vaf = numbers("VAF")?;
    if vaf.len() == alternates {
        return Ok(("VAF", vaf));
    }
    let depths = numbers("AD")?;
    let (source, reference, depths) = match depths.split_first() {
        Some((first, rest)) if rest.len() == alternates => ("AD", *first, rest.to_vec()),
        _ => (
            "RO and AO",
            numbers("RO")?.first().copied().unwrap_or(f64::NAN),
            numbers("AO")?,
        ),
    };
    let total = reference + depths.iter().sum::<f64>();
    if depths.len() == alternates && total > 0.0 {
        return Ok((source, depths.iter().map(|depth| depth / total).collect()));
    }
    let frequencies = numbers("AF")?;
    Ok(match frequencies.len() == alternates {
        true => ("AF", frequencies),
        false => ("", Vec::new()),
    })
}
