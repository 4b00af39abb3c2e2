//! What a tier is judged by.

use crate::examples::filled_rows;
use crate::model::cascade::Cascades;
use crate::model::network::features::{self, informative_reads, summarize};
use crate::pileup::{HEIGHT, REFERENCE_ROWS};
use crate::variants::VariantType;

/// Number of values before the summary of the pileup.
const OWN: usize = 13;
/// Number of values that a tier is judged by.
pub const FEATURES: usize = OWN + features::FEATURES;
/// Least probability in log-odds, because probabilities have single precision.
const LEAST: f64 = 1e-7;
/// Most reads of a pileup.
const MOST_READS: f64 = (HEIGHT - REFERENCE_ROWS) as f64;

/// What is known of the whole sample.
#[derive(Clone, Copy, Debug, Default)]
pub struct SampleEvidence {
    /// Noise of the library.
    pub noise: f32,
    /// Reads over a base around the median read; 0 if unknown.
    pub depth: f64,
}

/// What is known of a call of one alternate.
#[derive(Clone, Debug)]
pub struct CallEvidence {
    pub variant_type: VariantType,
    /// Probabilities of hom-ref, het and hom-alt, by the stage that decides.
    probabilities: [f32; 3],
    is_decided_by_cascade: bool,
    /// The cascade's probabilities. None: it does not know such a pileup.
    cascade: Option<[f32; 3]>,
    sample: SampleEvidence,
    /// Reads of the pileup.
    pub reads: u32,
    /// Depth, strands, mapping qualities, differences near, repeats and others.
    summary: [f32; features::FEATURES],
}

/// Probabilities of hom-ref, het and hom-alt, and whether they are the cascade's.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    pub probabilities: [f32; 3],
    pub is_of_cascade: bool,
}

impl CallEvidence {
    /// The evidence of an image that was decided. None if no variant is called.
    pub fn of_variant(
        image: &[u8],
        variant_type: VariantType,
        decision: Decision,
        cascades: Option<&Cascades>,
        sample: SampleEvidence,
    ) -> Option<Self> {
        (likeliest(&decision.probabilities) > 0).then(|| {
            let summary = summarize(image, variant_type);
            Self {
                variant_type,
                probabilities: decision.probabilities,
                is_decided_by_cascade: decision.is_of_cascade,
                cascade: cascades.and_then(|cascades| cascades.judge_summary(&summary)),
                sample,
                reads: filled_rows(image).saturating_sub(REFERENCE_ROWS) as u32,
                summary,
            }
        })
    }

    /// The likeliest genotype: 0 hom-ref, 1 het, 2 hom-alt.
    pub fn genotype(&self) -> usize {
        likeliest(&self.probabilities)
    }

    /// Logarithm of the reads against those of the sample, as far as a pileup has room for them. 0 if unknown.
    fn relative_depth(&self) -> f64 {
        let expected = self.sample.depth.min(MOST_READS);
        match expected > 0.0 && self.reads > 0 {
            true => (f64::from(self.reads) / expected).ln(),
            false => 0.0,
        }
    }

    /// Probability that the genotype is wrong, by the stage that decides.
    pub fn error(&self) -> f32 {
        1.0 - self.probabilities[self.genotype()]
    }

    /// By how much the reads that support the allele fall short of the genotype's share, and exceed it: as shares, and in
    /// standard deviations of a heterozygote's share.
    fn imbalance(&self) -> [f64; 4] {
        let (reads, share) = informative_reads(&self.summary);
        let expected = if self.genotype() == 2 { 1.0 } else { 0.5 };
        let excess = f64::from(share) - expected;
        let scale = 2.0 * f64::from(reads).sqrt();
        let (short, over) = ((-excess).max(0.0), excess.max(0.0));
        [short, over, short * scale, over * scale]
    }

    /// The values that a tier is judged by.
    pub fn features(&self) -> [f64; FEATURES] {
        let genotype = self.genotype();
        let yes = |condition: bool| f64::from(u8::from(condition));
        let depth = self.relative_depth();
        let [short, over, short_deviations, over_deviations] = self.imbalance();
        let own = [
            log_odds(self.probabilities[genotype]),
            log_odds(1.0 - self.probabilities[0]),
            yes(self.is_decided_by_cascade),
            yes(self.cascade.is_none()),
            self.cascade.map_or(0.0, |cascade| log_odds(cascade[genotype])),
            yes(genotype == 2),
            f64::from(self.sample.noise),
            depth,
            depth.abs(),
            short,
            over,
            short_deviations,
            over_deviations,
        ];
        let mut all = [0.0; FEATURES];
        let summary = self.summary.iter().map(|&value| f64::from(value));
        all.iter_mut()
            .zip(own.into_iter().chain(summary))
            .for_each(|(all, value)| *all = value);
        all
    }
}

pub fn likeliest(probabilities: &[f32; 3]) -> usize {
    (1..3).fold(0, |best, class| match probabilities[class] > probabilities[best] {
        true => class,
        false => best,
    })
}

fn log_odds(probability: f32) -> f64 {
    let probability = f64::from(probability).clamp(LEAST, 1.0 - LEAST);
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A call without a pileup.
    pub fn call(variant_type: VariantType, probabilities: [f32; 3], reads: u32) -> CallEvidence {
        CallEvidence {
            variant_type,
            probabilities,
            is_decided_by_cascade: false,
            cascade: None,
            sample: SampleEvidence::default(),
            reads,
            summary: [0.0; features::FEATURES],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cascade_speaks_for_or_against_the_genotype() {
        let mut evidence = testing::call(VariantType::Snp, [0.1, 0.8, 0.1], 0);
        evidence.sample.noise = 0.5;
        let without = evidence.features();
        assert_eq!(
            (evidence.genotype(), without[3], without[4], without[6]),
            (1, 1.0, 0.0, 0.5)
        );
        evidence.cascade = Some([0.9, 0.05, 0.05]);
        let against = evidence.features();
        assert!(against[4] < -2.0 && against[3] == 0.0 && (without[0] - 4f64.ln()).abs() < 1e-5);
        assert!(against.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn the_depth_is_compared_with_that_of_the_sample() {
        let depths = |reads, depth| {
            let mut evidence = testing::call(VariantType::Snp, [0.1, 0.8, 0.1], reads);
            evidence.sample.depth = depth;
            evidence.features()[7..9].to_vec()
        };
        assert_eq!(depths(15, 30.0), [0.5f64.ln(), 2f64.ln()]);
        assert_eq!(depths(60, 30.0), [2f64.ln(); 2]);
        assert_eq!(depths(30, 0.0), [0.0; 2], "unknown");
        assert_eq!(depths(95, 300.0), [0.0; 2], "a pileup has room for 95 reads");
    }

    #[test]
    fn the_reference_has_no_tier() {
        let decision = |probabilities| Decision {
            probabilities,
            is_of_cascade: true,
        };
        let evidence = |probabilities| {
            CallEvidence::of_variant(
                &[],
                VariantType::Indel,
                decision(probabilities),
                None,
                SampleEvidence::default(),
            )
        };
        assert!(evidence([0.6, 0.4, 0.0]).is_none());
        assert_eq!(evidence([0.1, 0.4, 0.5]).unwrap().genotype(), 2);
    }
}
