//! From the logits of both heads to one distribution over genotypes.

/// Probabilities of hom-ref, het and hom-alt from logits (variant; hom-ref, het, hom-alt): the geometric mean of what both
/// heads say of hom-ref against the rest; the genotype head divides the rest. Log-probabilities are divided by `temperature`.
pub fn genotype_probabilities(logits: &[f32], temperature: f64) -> [f64; 3] {
    let &[variant, hom_ref, het, hom_alt] = logits else {
        return [f64::NAN; 3];
    };
    let [variant, hom_ref, het, hom_alt] = [variant, hom_ref, het, hom_alt].map(f64::from);
    let alternate = log_add(het, hom_alt);
    // Relative to each other only the differences matter: log P(variant) − log P(not) is the variant head's logit.
    let log_odds = 0.5 * ((alternate - hom_ref) + variant);
    softmax([0.0, log_odds + het - alternate, log_odds + hom_alt - alternate].map(|l| l / temperature))
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
    fn heads_that_agree_are_believed_and_temperature_flattens() {
        // P = (0.2, 0.5, 0.3) by the genotype head, P(variant) = 0.8 by the other.
        let logits = [4.0f32.ln(), 0.2f32.ln(), 0.5f32.ln(), 0.3f32.ln()];
        let p = genotype_probabilities(&logits, 1.0);
        [0.2, 0.5, 0.3]
            .iter()
            .zip(p)
            .for_each(|(e, p)| assert!((e - p).abs() < 1e-6));
        let flat = genotype_probabilities(&logits, 1e6);
        assert!(flat.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-5));
        let sure = genotype_probabilities(&[-80.0, 90.0, -50.0, -60.0], 1.0);
        assert!(sure[0] == 1.0 && sure[1] > 0.0);
    }
}
