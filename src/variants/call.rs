//! The call of one site, before it becomes a VCF record.

use super::genotype::Genotype;

/// FILTER of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Pass,
    /// A variant whose QUAL is below the calling threshold.
    LowQual,
    /// The most likely genotype is homozygous reference.
    RefCall,
    /// No usable read covers the site.
    NoCall,
}

impl Filter {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::LowQual => "LowQual",
            Self::RefCall => "RefCall",
            Self::NoCall => "NoCall",
        }
    }
}

/// The stage of the caller that decided a genotype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidingStage {
    Cascade,
    Network,
    /// The genotype did not fit on the haplotypes together with overlapping calls, so they were resolved together.
    Overlap,
    /// The user named the allele, and the reads show it too rarely for a candidate, or not at all.
    Forced,
}

impl DecidingStage {
    pub fn name(self) -> &'static str {
        match self {
            Self::Cascade => "cascade",
            Self::Network => "network",
            Self::Overlap => "overlap",
            Self::Forced => "forced",
        }
    }
}

/// A site with its alleles, evidence and genotype probabilities.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// 0-based position of the first base of `reference`.
    pub position: u64,
    pub reference: Vec<u8>,
    pub alternates: Vec<Vec<u8>>,
    /// Number of usable fragments over the site.
    pub depth: u32,
    /// Number of fragments with each allele, reference first.
    pub allele_depths: Vec<u32>,
    /// Probability of each genotype, in VCF order (0/0, 0/1, 1/1, 0/2, 1/2, 2/2, …; haploid: 0, 1, 2, …). The sum is 1.
    pub probabilities: Vec<f64>,
    pub genotype: Genotype,
    pub stage: DecidingStage,
    /// How far a variant can be trusted: 1 report, 2 confirm, 3 review. None without tiers.
    pub tier: Option<u8>,
}

/// Lower probabilities carry no information, because of single precision.
const LEAST_PROBABILITY: f64 = 1e-10;

fn phred(probability: f64) -> f64 {
    // `+ 0.0` gives 0 instead of -0 for a probability of 1.
    -10.0 * probability.max(LEAST_PROBABILITY).log10() + 0.0
}

impl Call {
    /// 0-based position after the last reference base of the site.
    pub fn end(&self) -> u64 {
        self.position + self.reference.len() as u64
    }

    pub fn is_variant(&self) -> bool {
        !self.genotype.is_reference()
    }

    /// QUAL: phred-scaled probability that all copies have the reference, rounded to one decimal.
    pub fn quality(&self) -> f64 {
        (phred(self.probabilities[0]) * 10.0).round() / 10.0
    }

    /// GQ: phred-scaled probability that the called genotype is wrong.
    pub fn genotype_quality(&self) -> u32 {
        let called = self.genotype.rank();
        let others: f64 = self
            .probabilities
            .iter()
            .enumerate()
            .filter(|&(i, _)| i != called)
            .map(|(_, p)| p)
            .sum();
        phred(others).round() as u32
    }

    /// PL: phred-scaled genotype likelihoods relative to the likeliest.
    pub fn phred_likelihoods(&self) -> Vec<u32> {
        let best = self.probabilities.iter().copied().fold(0.0, f64::max);
        self.probabilities
            .iter()
            .map(|&p| (phred(p) - phred(best)).round() as u32)
            .collect()
    }

    pub fn filter(&self, min_quality: f64) -> Filter {
        if self.depth == 0 {
            Filter::NoCall
        } else if !self.is_variant() {
            Filter::RefCall
        } else if self.quality() < min_quality {
            Filter::LowQual
        } else {
            Filter::Pass
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(probabilities: &[f64], genotype: [usize; 2]) -> Call {
        Call {
            position: 9,
            reference: b"A".to_vec(),
            alternates: vec![b"C".to_vec()],
            depth: 10,
            allele_depths: vec![5, 5],
            probabilities: probabilities.to_vec(),
            genotype: genotype.into(),
            stage: DecidingStage::Network,
            tier: None,
        }
    }

    #[test]
    fn qualities_are_phred_scaled_probabilities() {
        let het = call(&[0.001, 0.989, 0.01], [0, 1]);
        assert_eq!(het.quality(), 30.0);
        assert_eq!(het.genotype_quality(), 20);
        assert_eq!(het.phred_likelihoods(), [30, 0, 20]);
        assert_eq!(het.filter(3.0), Filter::Pass);
        assert_eq!(het.filter(31.0), Filter::LowQual);
        assert_eq!(call(&[0.9, 0.1, 0.0], [0, 0]).filter(3.0), Filter::RefCall);
        assert_eq!(call(&[0.0, 1.0, 0.0], [0, 1]).genotype_quality(), 100);
        assert_eq!(call(&[1.0, 0.0, 0.0], [0, 0]).quality().to_string(), "0");
    }
}
