//! Counts of a cohort VCF.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::call::CalledSite;
use super::evidence::Reason;
use super::family::{Family, is_mendelian_error};
use super::record::CohortRecord;
use super::unify::AlleleCounts;
use crate::variants::VariantType;

/// Genotypes of children whose genotype and those of their parents are called, and how many of them do not come from the
/// parents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inheritance {
    pub genotypes: u64,
    pub errors: u64,
}

/// Counts over the records of a cohort.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CohortSummary {
    pub records: u64,
    pub low_quality: u64,
    pub monoallelic: u64,
    pub snps: u64,
    pub indels: u64,
    pub multi_allelic: u64,
    /// Alleles in records, before those without a called copy are left out.
    pub alleles: u64,
    /// Alleles of too low quality.
    pub alleles_of_low_quality: u64,
    /// Alleles that overlap several records.
    pub alleles_over_sites: u64,
    /// Alleles beyond the greatest number of a record.
    pub alleles_beyond_limit: u64,
    /// Sites of which no sample is called with an alternate.
    pub sites_without_call: u64,
    pub genotypes: u64,
    /// Genotypes with a copy that is not called, by the letter of the first reason.
    pub not_called: BTreeMap<char, u64>,
    pub new_mutations: u64,
    pub inheritance_of_snps: Inheritance,
    pub inheritance_of_indels: Inheritance,
}

impl CohortSummary {
    /// Counts the alleles of a cluster.
    pub fn add_alleles(&mut self, counts: &AlleleCounts) {
        self.alleles += counts.unified;
        self.alleles_of_low_quality += counts.filtered;
        self.alleles_over_sites += counts.lost;
        self.alleles_beyond_limit += counts.crowded;
    }

    pub fn add(&mut self, called: &CalledSite, record: &CohortRecord, families: &[Family]) {
        self.records += 1;
        self.low_quality += u64::from(!record.is_passing);
        self.monoallelic += u64::from(called.site.is_monoallelic);
        let [reference, alternates @ ..] = &record.alleles[..] else {
            return;
        };
        self.multi_allelic += u64::from(alternates.len() > 1);
        let is_snp = VariantType::classify(reference, alternates.iter().map(Vec::as_slice)) == VariantType::Snp;
        *(if is_snp { &mut self.snps } else { &mut self.indels }) += 1;
        for call in &called.calls {
            self.genotypes += 1;
            if let Some(reason) = call.alleles.iter().find_map(|allele| allele.err()) {
                *self.not_called.entry(Reason::letter(reason)).or_default() += 1;
            }
        }
        self.new_mutations += called.de_novo.iter().filter(|new| new.posterior >= 0.5).count() as u64;
        let inheritance = if is_snp {
            &mut self.inheritance_of_snps
        } else {
            &mut self.inheritance_of_indels
        };
        let genotype = |sample: usize| match called.calls[sample].alleles[..] {
            [Ok(a), Ok(b)] => Some([a, b]),
            _ => None,
        };
        for family in families {
            let (Some(father), Some(mother)) = (genotype(family.father), genotype(family.mother)) else {
                continue;
            };
            for child in family.children.iter().filter_map(|&child| genotype(child)) {
                inheritance.genotypes += u64::from([father, mother, child].iter().flatten().any(|&allele| allele > 0));
                inheritance.errors += u64::from(is_mendelian_error(father, mother, child));
            }
        }
    }
}

impl std::ops::AddAssign for CohortSummary {
    fn add_assign(&mut self, other: Self) {
        let pairs = [
            (&mut self.records, other.records),
            (&mut self.low_quality, other.low_quality),
            (&mut self.monoallelic, other.monoallelic),
            (&mut self.snps, other.snps),
            (&mut self.indels, other.indels),
            (&mut self.multi_allelic, other.multi_allelic),
            (&mut self.alleles, other.alleles),
            (&mut self.alleles_of_low_quality, other.alleles_of_low_quality),
            (&mut self.alleles_over_sites, other.alleles_over_sites),
            (&mut self.alleles_beyond_limit, other.alleles_beyond_limit),
            (&mut self.sites_without_call, other.sites_without_call),
            (&mut self.genotypes, other.genotypes),
            (&mut self.new_mutations, other.new_mutations),
            (
                &mut self.inheritance_of_snps.genotypes,
                other.inheritance_of_snps.genotypes,
            ),
            (&mut self.inheritance_of_snps.errors, other.inheritance_of_snps.errors),
            (
                &mut self.inheritance_of_indels.genotypes,
                other.inheritance_of_indels.genotypes,
            ),
            (
                &mut self.inheritance_of_indels.errors,
                other.inheritance_of_indels.errors,
            ),
        ];
        pairs.into_iter().for_each(|(own, other)| *own += other);
        for (letter, count) in other.not_called {
            *self.not_called.entry(letter).or_default() += count;
        }
    }
}

impl fmt::Display for CohortSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing: Vec<String> = self
            .not_called
            .iter()
            .map(|(letter, count)| format!("{letter} {count}"))
            .collect();
        writeln!(
            f,
            "records       {:>9}  LowQual {}, monoallelic {}",
            self.records, self.low_quality, self.monoallelic
        )?;
        writeln!(f, "SNPs          {:>9}", self.snps)?;
        writeln!(f, "indels        {:>9}", self.indels)?;
        writeln!(f, "multi-allelic {:>9}", self.multi_allelic)?;
        writeln!(
            f,
            "alleles       {:>9}  not in sites: low quality {}, over several sites {}, beyond the limit {}; sites without a call {}",
            self.alleles,
            self.alleles_of_low_quality,
            self.alleles_over_sites,
            self.alleles_beyond_limit,
            self.sites_without_call
        )?;
        let uncalled: u64 = self.not_called.values().sum();
        write!(f, "genotypes     {:>9}  not called {uncalled}", self.genotypes)?;
        if !missing.is_empty() {
            write!(f, " (RNC {})", missing.join(", "))?;
        }
        let (snps, indels) = (self.inheritance_of_snps, self.inheritance_of_indels);
        if snps.genotypes + indels.genotypes > 0 {
            write!(
                f,
                "\ninheritance   {:>9}  Mendelian errors: SNPs {} of {}, indels {} of {}; new mutations {}",
                snps.genotypes + indels.genotypes,
                snps.errors,
                snps.genotypes,
                indels.errors,
                indels.genotypes,
                self.new_mutations
            )?;
        }
        Ok(())
    }
}
