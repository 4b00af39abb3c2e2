//! Summary counts of a call set.

use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::call::{Call, Filter};
use super::genotype::Genotype;
use super::label::Label;

/// Counts over the records of a call set. Types and genotypes are counted for PASS records only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSummary {
    pub sites: u64,
    pub pass: u64,
    pub low_quality: u64,
    /// Variants of sufficient quality that a gate filters.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gated: u64,
    pub reference_calls: u64,
    pub snps: u64,
    pub insertions: u64,
    pub deletions: u64,
    pub multi_allelic: u64,
    pub transitions: u64,
    pub transversions: u64,
    pub heterozygous: u64,
    pub homozygous: u64,
    /// Variants of one copy.
    pub haploid: u64,
}

impl CallSummary {
    pub fn add(&mut self, call: &Call, label: &Label) {
        self.sites += 1;
        match label.filter {
            Filter::Pass if !label.passes() => self.gated += 1,
            Filter::Pass => self.add_variant(call),
            Filter::LowQual => self.low_quality += 1,
            Filter::RefCall | Filter::NoCall => self.reference_calls += 1,
        }
    }

    fn add_variant(&mut self, call: &Call) {
        self.pass += 1;
        *(match call.genotype {
            Genotype::Haploid(_) => &mut self.haploid,
            Genotype::Diploid([a, b]) if a == b => &mut self.homozygous,
            Genotype::Diploid(_) => &mut self.heterozygous,
        }) += 1;
        self.multi_allelic += u64::from(call.alternates.len() > 1);
        let mut called = call.genotype.alleles().to_vec();
        called.dedup();
        for alternate in called
            .into_iter()
            .filter(|&allele| allele > 0)
            .map(|allele| &call.alternates[allele - 1])
        {
            match alternate.len().cmp(&call.reference.len()) {
                std::cmp::Ordering::Greater => self.insertions += 1,
                std::cmp::Ordering::Less => self.deletions += 1,
                std::cmp::Ordering::Equal => self.add_snp(call.reference[0], alternate[0]),
            }
        }
    }

    fn add_snp(&mut self, reference: u8, alternate: u8) {
        self.snps += 1;
        let transition = matches!(
            (reference, alternate),
            (b'A', b'G') | (b'G', b'A') | (b'C', b'T') | (b'T', b'C')
        );
        *(if transition {
            &mut self.transitions
        } else {
            &mut self.transversions
        }) += 1;
    }
}

impl AddAssign for CallSummary {
    fn add_assign(&mut self, other: Self) {
        self.sites += other.sites;
        self.pass += other.pass;
        self.low_quality += other.low_quality;
        self.gated += other.gated;
        self.reference_calls += other.reference_calls;
        self.snps += other.snps;
        self.insertions += other.insertions;
        self.deletions += other.deletions;
        self.multi_allelic += other.multi_allelic;
        self.transitions += other.transitions;
        self.transversions += other.transversions;
        self.heterozygous += other.heterozygous;
        self.homozygous += other.homozygous;
        self.haploid += other.haploid;
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn ratio(a: u64, b: u64) -> String {
    if b == 0 {
        "–".into()
    } else {
        format!("{:.2}", a as f64 / b as f64)
    }
}

impl fmt::Display for CallSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "sites         {:>9}  PASS {}, LowQual {}, RefCall {}",
            self.sites, self.pass, self.low_quality, self.reference_calls
        )?;
        if self.gated > 0 {
            writeln!(f, "gated         {:>9}", self.gated)?;
        }
        writeln!(
            f,
            "SNPs          {:>9}  Ti/Tv {}",
            self.snps,
            ratio(self.transitions, self.transversions)
        )?;
        writeln!(f, "insertions    {:>9}", self.insertions)?;
        writeln!(f, "deletions     {:>9}", self.deletions)?;
        writeln!(f, "multi-allelic {:>9}", self.multi_allelic)?;
        if self.haploid > 0 {
            writeln!(f, "haploid       {:>9}", self.haploid)?;
        }
        write!(
            f,
            "heterozygous  {:>9}  het/hom {}",
            self.heterozygous,
            ratio(self.heterozygous, self.homozygous)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::DecidingStage;

    #[test]
    fn called_alleles_are_counted_by_type() {
        let call = |reference: &str, alternates: &[&str], genotype: [usize; 2]| Call {
            position: 0,
            reference: reference.into(),
            alternates: alternates.iter().map(|a| a.as_bytes().to_vec()).collect(),
            depth: 1,
            allele_depths: vec![],
            probabilities: vec![],
            genotype: genotype.into(),
            stage: DecidingStage::Network,
            tier: None,
        };
        let mut summary = CallSummary::default();
        summary.add(&call("A", &["G"], [0, 1]), &Filter::Pass.into());
        summary.add(&call("A", &["C"], [1, 1]), &Filter::Pass.into());
        summary.add(&call("AT", &["A", "ATT"], [1, 2]), &Filter::Pass.into());
        summary.add(&call("A", &["C"], [0, 0]), &Filter::RefCall.into());
        let haploid = Call {
            genotype: Genotype::Haploid(1),
            ..call("A", &["C"], [0, 0])
        };
        summary.add(&haploid, &Filter::Pass.into());
        assert!(summary.to_string().contains("haploid               1"));
        assert_eq!(
            (
                summary.sites,
                summary.pass,
                summary.snps,
                summary.insertions,
                summary.deletions
            ),
            (5, 4, 3, 1, 1)
        );
        assert_eq!(
            (
                summary.transitions,
                summary.transversions,
                summary.heterozygous,
                summary.homozygous,
                summary.haploid
            ),
            (1, 2, 2, 1, 1)
        );
    }
}
