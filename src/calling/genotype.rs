//! Combines the network's probabilities for each allele set into one genotype over all alleles of a site.

use crate::candidates::Candidate;
use crate::variants::{Call, genotypes, likeliest, trim};

/// The record omits an alternate allele that is not called if its own image gives a QUAL below this. The best alternate
/// stays in any case.
const MIN_ALLELE_QUALITY: f64 = 1.0;

/// Combines the network's probabilities for each allele set into a call.
///
/// `sets` holds indices of alternate alleles, as [`crate::pileup::allele_sets`] returns them. `probabilities[i]` are
/// the probabilities that none, one or both haplotypes carry an allele of `sets[i]`. The likelihood of a genotype is
/// the minimum, over all sets, of the probability that matches the genotype. The likelihoods are scaled to sum to 1.
///
/// The genotype is first chosen among all alternates. In repeats, one alternate may be only a slip of another; then the
/// image of both shows how many haplotypes carry them. Afterwards the record omits improbable alternates that are not
/// called.
pub fn call_genotype(candidate: &Candidate, sets: &[Vec<usize>], probabilities: &[[f32; 3]]) -> Call {
    let likelihood = |genotype: &[usize; 2]| {
        let carries = |set: &[usize], allele: usize| allele > 0 && set.contains(&(allele - 1));
        sets.iter()
            .zip(probabilities)
            .map(|(set, p)| f64::from(p[genotype.iter().filter(|&&a| carries(set, a)).count()]))
            .fold(1.0, f64::min)
    };
    let all = genotypes(candidate.alternates.len());
    let called = all[likeliest(&all.iter().map(likelihood).collect::<Vec<_>>())];
    let kept = kept_alternates(candidate.alternates.len(), called, sets, probabilities);
    let genotypes = genotypes(kept.len());
    let unreduced = |genotype: &[usize; 2]| genotype.map(|allele| if allele > 0 { kept[allele - 1] + 1 } else { 0 });
    let mut likelihoods: Vec<f64> = genotypes.iter().map(|g| likelihood(&unreduced(g))).collect();
    let total: f64 = likelihoods.iter().sum();
    if total > 0.0 {
        likelihoods.iter_mut().for_each(|p| *p /= total);
    }
    let best = likeliest(&likelihoods);

    let mut alleles = vec![candidate.reference.clone()];
    alleles.extend(kept.iter().map(|&a| candidate.alternates[a].bases.clone()));
    let position = trim(candidate.position, &mut alleles);
    let mut allele_depths = vec![candidate.reference_depth];
    allele_depths.extend(kept.iter().map(|&a| candidate.alternates[a].depth));
    Call {
        position,
        reference: alleles.remove(0),
        alternates: alleles,
        depth: candidate.depth,
        allele_depths,
        probabilities: likelihoods,
        genotype: genotypes[best],
    }
}

/// Indices of the alternates that are called or probable enough; at least one.
fn kept_alternates(
    alternates: usize,
    called: [usize; 2],
    sets: &[Vec<usize>],
    probabilities: &[[f32; 3]],
) -> Vec<usize> {
    let absent = |alternate: usize| {
        let own = sets.iter().position(|set| set[..] == [alternate]);
        own.map_or(0.0, |i| f64::from(probabilities[i][0]))
    };
    let limit = 10f64.powf(-MIN_ALLELE_QUALITY / 10.0);
    let kept: Vec<usize> = (0..alternates)
        .filter(|&a| called.contains(&(a + 1)) || absent(a) <= limit)
        .collect();
    if kept.is_empty() {
        return (0..alternates)
            .min_by(|&a, &b| absent(a).total_cmp(&absent(b)))
            .into_iter()
            .collect();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::Allele;

    fn candidate(reference: &str, alternates: &[&str]) -> Candidate {
        let allele = |bases: &&str| Allele {
            bases: bases.as_bytes().to_vec(),
            supporting_reads: vec![1, 2, 3],
            depth: 3,
        };
        Candidate {
            position: 100,
            reference: reference.into(),
            alternates: alternates.iter().map(allele).collect(),
            depth: 10,
            reference_depth: 4,
        }
    }

    #[test]
    fn one_alternate_keeps_the_networks_probabilities() {
        let call = call_genotype(&candidate("A", &["C"]), &[vec![0]], &[[0.1, 0.7, 0.2]]);
        assert_eq!(call.genotype, [0, 1]);
        assert!((call.probabilities[1] - 0.7).abs() < 1e-6);
        assert_eq!(call.allele_depths, [4, 3]);
    }

    #[test]
    fn two_alternates_are_called_together() {
        let sets = [vec![0], vec![1], vec![0, 1]];
        let call = call_genotype(
            &candidate("G", &["GTT", "GTTT"]),
            &sets,
            &[[0.02, 0.95, 0.03], [0.03, 0.95, 0.02], [0.01, 0.01, 0.98]],
        );
        assert_eq!(call.genotype, [1, 2]);
        assert_eq!(call.probabilities.len(), 6);
        assert!((call.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_improbable_alternate_is_dropped_and_the_rest_trimmed() {
        let sets = [vec![0], vec![1], vec![0, 1]];
        let call = call_genotype(
            &candidate("ATT", &["A", "CTT"]),
            &sets,
            &[[0.999, 0.001, 0.0], [0.0, 0.99, 0.01], [0.0, 0.99, 0.01]],
        );
        assert_eq!(
            (call.reference.as_slice(), call.alternates),
            (&b"A"[..], vec![b"C".to_vec()])
        );
        assert_eq!(call.genotype, [0, 1]);
        let none = call_genotype(
            &candidate("A", &["C", "G"]),
            &sets,
            &[[0.9, 0.1, 0.0], [0.95, 0.05, 0.0], [0.9, 0.1, 0.0]],
        );
        assert_eq!((none.alternates, none.genotype), (vec![b"C".to_vec()], [0, 0]));
    }

    #[test]
    fn the_image_of_two_alternates_separates_a_slip_from_a_haplotype() {
        let sets = [vec![0], vec![1], vec![0, 1]];
        let slipped = candidate("C", &["CA", "CAA"]);
        // Both haplotypes of the repeat are longer by two, and a few reads slipped to one.
        let call = call_genotype(
            &slipped,
            &sets,
            &[[0.93, 0.07, 0.0], [0.01, 0.66, 0.33], [0.0, 0.07, 0.93]],
        );
        assert_eq!((call.alternates, call.genotype), (vec![b"CAA".to_vec()], [1, 1]));
        assert!((call.probabilities[2] - 0.33 / (0.33 + 0.07)).abs() < 0.02);
        // A rare alternate that is not a slip is called together with the other alternate.
        let call = call_genotype(
            &slipped,
            &sets,
            &[[0.82, 0.17, 0.01], [0.0, 0.98, 0.02], [0.0, 0.07, 0.93]],
        );
        assert_eq!((call.alternates.len(), call.genotype), (2, [1, 2]));
    }
}
