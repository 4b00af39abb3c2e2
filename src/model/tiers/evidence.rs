//! What a tier is judged by.

use crate::examples::filled_rows;
use crate::model::network::features::{self, summarize};
use crate::pileup::REFERENCE_ROWS;
use crate::variants::VariantType;

/// Number of values before the summary of the pileup.
const OWN: usize = 7;
/// Number of values that a tier is judged by.
pub const FEATURES: usize = OWN + features::FEATURES;
/// Least probability in log-odds, because probabilities have single precision.
const LEAST: f64 = 1e-7;

/// What is known of a call of one alternate.
#[derive(Clone, Debug)]
pub struct CallEvidence {
    pub variant_type: VariantType,
    /// Probabilities of hom-ref, het and hom-alt, by the stage that decides.
    pub probabilities: [f32; 3],
    pub is_decided_by_cascade: bool,
    /// The cascade's probabilities. None: it does not know such a pileup.
    pub cascade: Option<[f32; 3]>,
    /// Noise of the library.
    pub noise: f32,
    /// Reads of the pileup.
    pub reads: u32,
    /// Depth, strands, mapping qualities, differences near, repeats and others.
    pub summary: [f32; features::FEATURES],
}

impl CallEvidence {
    /// The evidence of an image, before its probabilities are known.
    pub fn of_image(image: &[u8], variant_type: VariantType, noise: f32) -> Self {
        Self {
            variant_type,
            probabilities: [1.0, 0.0, 0.0],
            is_decided_by_cascade: false,
            cascade: None,
            noise,
            reads: filled_rows(image).saturating_sub(REFERENCE_ROWS) as u32,
            summary: summarize(image, variant_type),
        }
    }

    /// The likeliest genotype: 0 hom-ref, 1 het, 2 hom-alt.
    pub fn genotype(&self) -> usize {
        likeliest(&self.probabilities)
    }

    /// The values that a tier is judged by.
    pub fn features(&self) -> [f64; FEATURES] {
        let genotype = self.genotype();
        let yes = |condition: bool| f64::from(u8::from(condition));
        let own = [
            log_odds(self.probabilities[genotype]),
            log_odds(1.0 - self.probabilities[0]),
            yes(self.is_decided_by_cascade),
            yes(self.cascade.is_none()),
            self.cascade.map_or(0.0, |cascade| log_odds(cascade[genotype])),
            yes(genotype == 2),
            f64::from(self.noise),
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
mod tests {
    use super::*;

    #[test]
    fn the_cascade_speaks_for_or_against_the_genotype() {
        let mut evidence = CallEvidence::of_image(&[], VariantType::Snp, 0.5);
        evidence.probabilities = [0.1, 0.8, 0.1];
        let without = evidence.features();
        assert_eq!(
            (evidence.genotype(), evidence.reads, without[3], without[4], without[6]),
            (1, 0, 1.0, 0.0, 0.5)
        );
        evidence.cascade = Some([0.9, 0.05, 0.05]);
        let against = evidence.features();
        assert!(against[4] < -2.0 && against[3] == 0.0 && (without[0] - 4f64.ln()).abs() < 1e-5);
        assert!(against.iter().all(|value| value.is_finite()));
    }
}
