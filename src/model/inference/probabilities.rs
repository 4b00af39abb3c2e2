//! Combines the logits of both heads into one distribution over genotypes.

use crate::model::artifact::Correction;

/// Probabilities of hom-ref, het and hom-alt from logits (variant; hom-ref, het, hom-alt). The odds of hom-ref
/// against the rest are the geometric mean of both heads; the genotype head divides the rest. Then `correction`
/// applies, for `rows` filled rows and the noise of the library.
pub fn genotype_probabilities(logits: &[f32], correction: &Correction, rows: usize, noise: f32) -> [f64; 3] {
    let &[variant, hom_ref, het, hom_alt] = logits else {
        return [f64::NAN; 3];
    };
    let [variant, hom_ref, het, hom_alt] = [variant, hom_ref, het, hom_alt].map(f64::from);
    let alternate = log_add(het, hom_alt);
    // Only differences of log-probabilities matter. log P(variant) − log P(no variant) is the variant head's logit.
    let log_odds = 0.5 * ((alternate - hom_ref) + variant);
    let temperature = correction.temperature(rows);
    let [het, hom_alt] = [het, hom_alt].map(|alt| (log_odds + alt - alternate) / temperature);
    softmax([correction.shift(noise), het, hom_alt])
}

fn log_add(a: f64, b: f64) -> f64 {
    a.max(b) + (-(a - b).abs()).exp().ln_1p()
}

fn softmax(logs: [f64; 3]) -> [f64; 3] {
    let greatest = logs.into_iter().fold(f64::MIN, f64::max);
    let exponentials = logs.map(|l| (l - greatest).exp());
    let sum: f64 = exponentials.iter().sum();
    exponentials.map(|e| e / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_that_agree_stay_and_corrections_apply() {
        // P = (0.2, 0.5, 0.3) by the genotype head, P(variant) = 0.8 by the variant head.
        let logits = [4.0f32.ln(), 0.2f32.ln(), 0.5f32.ln(), 0.3f32.ln()];
        let corrected = |correction: &Correction, expected: [f64; 3]| {
            let p = genotype_probabilities(&logits, correction, 25, 0.0);
            assert!(expected.iter().zip(p).all(|(e, p)| (e - p).abs() < 1e-5), "{p:?}");
        };
        let plain = Correction::default();
        corrected(&plain, [0.2, 0.5, 0.3]);
        let flat = Correction {
            temperature_at_20: 1e6,
            ..plain
        };
        corrected(&flat, [1.0 / 3.0; 3]);
        // A prior of hom-ref four times as high.
        let rarer = Correction {
            reference_shift: 4f64.ln(),
            ..plain
        };
        corrected(&rarer, [0.5, 0.3125, 0.1875]);
        // The same shift from a library that is e times as noisy as usual.
        let noisy = Correction {
            noise_shift: 4f64.ln(),
            ..plain
        };
        let [hom_ref, ..] = genotype_probabilities(&logits, &noisy, 25, 1.0);
        assert!((hom_ref - 0.5).abs() < 1e-5, "{hom_ref}");
        let sure = genotype_probabilities(&[-80.0, 90.0, -50.0, -60.0], &plain, 25, 0.0);
        assert!(sure[0] == 1.0 && sure[1] > 0.0);
    }
}
