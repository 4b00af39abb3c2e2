//! Statistics of the genotypes of a site.

/// Probability of at least so many heterozygous genotypes among the genotypes of all people, given the numbers of both
/// alleles, if mating is random (Wigginton, Cutler and Abecasis, Am J Hum Genet 76 (2005) 887–893). Small values tell of
/// too many heterozygous genotypes.
pub fn heterozygote_excess(heterozygous: u64, homozygous: u64, reference: u64) -> f64 {
    let people = heterozygous + homozygous + reference;
    let rare = heterozygous + 2 * homozygous.min(reference);
    if rare == 0 {
        return 1.0;
    }
    // From each number of heterozygous genotypes to the next higher one, relative to the first.
    let mut sum = 0.0;
    let mut tail = 0.0;
    let mut probability = 1.0;
    let mut current = rare % 2;
    while current <= rare {
        sum += probability;
        if current >= heterozygous {
            tail += probability;
        }
        let (minor, major) = ((rare - current) / 2, people - current - (rare - current) / 2);
        if minor == 0 || major == 0 {
            break;
        }
        probability *= 4.0 * minor as f64 * major as f64 / ((current + 1) as f64 * (current + 2) as f64);
        if probability > 1e200 {
            // Keeps the numbers finite.
            for value in [&mut probability, &mut sum, &mut tail] {
                *value *= 1e-200;
            }
        }
        current += 2;
    }
    (tail / sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of `bcftools +fill-tags -- -t ExcHet`, checked with 1.16.
    #[test]
    fn an_excess_of_heterozygous_genotypes_is_improbable() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        // Both alleles have ten copies in ten people: 2^10 · 10! · 10! / 20! of all ways are heterozygous.
        assert!(
            close(heterozygote_excess(10, 0, 0), 0.005542),
            "{}",
            heterozygote_excess(10, 0, 0)
        );
        assert_eq!(heterozygote_excess(0, 0, 9), 1.0);
        assert_eq!(heterozygote_excess(0, 3, 9), 1.0);
        assert!(close(heterozygote_excess(1, 0, 9), 1.0));
        // Two copies in ten people: of 190 pairs of copies ten are in one person.
        assert!(close(heterozygote_excess(2, 0, 8), 180.0 / 190.0));
        let many = heterozygote_excess(5_000, 0, 5_000);
        assert!((0.0..1e-100).contains(&many), "{many}");
    }
}
