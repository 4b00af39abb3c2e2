//! Combines the network's probabilities for each allele set into one genotype over all alleles of a site.

use crate::candidates::Candidate;
use crate::variants::{Call, DecidingStage, Genotype, Ploidy, genotypes, likeliest, trim};

/// The record omits an alternate allele that is not called if its own image gives a QUAL below this. The best alternate
/// stays in any case.
const MIN_ALLELE_QUALITY: f64 = 1.0;

/// Least likelihood of a haploid genotype. Where the network sees two alleles for certain, no genotype is likelier.
const LEAST_LIKELIHOOD: f64 = 1e-30;

/// What the networks say about a candidate.
#[derive(Clone, Copy)]
pub struct Classified<'a> {
    pub sets: &'a [Vec<usize>],
    pub probabilities: &'a [[f32; 3]],
    pub stage: DecidingStage,
}

/// Combines the network's probabilities for each allele set into a call.
///
/// `sets` holds indices of alternate alleles, as [`crate::pileup::allele_sets`] returns them. `probabilities[i]` are
/// the probabilities that none, one or both haplotypes carry an allele of `sets[i]`. The likelihood of a genotype is
/// the minimum, over all sets, of the probability that matches the genotype. The likelihoods are scaled to sum to 1.
///
/// The only copy of a haploid site counts as both haplotypes: it has the likelihood of the homozygous genotype, and no
/// genotype is heterozygous.
///
/// The genotype is first chosen among all alternates. In repeats, one alternate may be only a slip of another; then the
/// image of both shows how many haplotypes carry them. Afterwards the record omits improbable alternates that are not
/// called.
///
/// `wanted` alternates stay in the record, however improbable they are.
pub fn call_genotype(
    candidate: &Candidate,
    ploidy: Ploidy,
    classified: Classified<'_>,
    wanted: impl Fn(usize) -> bool,
) -> Call {
    let Classified {
        sets,
        probabilities,
        stage,
    } = classified;
    let likelihood = |genotype: &Genotype| {
        let carries = |set: &[usize], allele: usize| allele > 0 && set.contains(&(allele - 1));
        let carriers = |set: &[usize]| genotype.alleles().iter().filter(|&&a| carries(set, a)).count();
        let (copies, least) = match genotype {
            Genotype::Haploid(_) => (2, LEAST_LIKELIHOOD),
            Genotype::Diploid(_) => (1, 0.0),
        };
        sets.iter()
            .zip(probabilities)
            .map(|(set, p)| f64::from(p[copies * carriers(set)]))
            .fold(1.0, f64::min)
            .max(least)
    };
    let all = genotypes(ploidy, candidate.alternates.len());
    let called = all[likeliest(&all.iter().map(likelihood).collect::<Vec<_>>())];
    let kept = kept_alternates(candidate.alternates.len(), called, classified, wanted);
    let genotypes = genotypes(ploidy, kept.len());
    let unreduced = |genotype: &Genotype| genotype.renumbered(|a| if a > 0 { kept[a - 1] + 1 } else { 0 });
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
        stage,
        tier: None,
    }
}

/// Indices of the alternates that are wanted, called or probable enough; at least one.
fn kept_alternates(
    alternates: usize,
    called: Genotype,
    classified: Classified<'_>,
    wanted: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let Classified {
        sets, probabilities, ..
    } = classified;
    let absent = |alternate: usize| {
        let own = sets.iter().position(|set| set[..] == [alternate]);
        let share = |[none, _, both]: [f32; 3]| match called {
            Genotype::Haploid(_) => none / (none + both).max(f32::MIN_POSITIVE),
            Genotype::Diploid(_) => none,
        };
        own.map_or(0.0, |i| f64::from(share(probabilities[i])))
    };
    let limit = 10f64.powf(-MIN_ALLELE_QUALITY / 10.0);
    let kept: Vec<usize> = (0..alternates)
        .filter(|&a| wanted(a) || called.alleles().contains(&(a + 1)) || absent(a) <= limit)
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

    fn call_at(ploidy: Ploidy, candidate: &Candidate, sets: &[Vec<usize>], probabilities: &[[f32; 3]]) -> Call {
        let classified = Classified {
            sets,
            probabilities,
            stage: DecidingStage::Network,
        };
        super::call_genotype(candidate, ploidy, classified, |_| false)
    }

    fn call_genotype(candidate: &Candidate, sets: &[Vec<usize>], probabilities: &[[f32; 3]]) -> Call {
        call_at(Ploidy::Diploid, candidate, sets, probabilities)
    }

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
    fn one_copy_is_never_heterozygous() {
        let haploid = |candidate: &Candidate, sets: &[Vec<usize>], probabilities: &[[f32; 3]]| {
            call_at(Ploidy::Haploid, candidate, sets, probabilities)
        };
        let snp = candidate("A", &["C"]);
        let call = haploid(&snp, &[vec![0]], &[[0.001, 0.9, 0.099]]);
        assert_eq!(call.genotype, Genotype::Haploid(1));
        assert!((call.probabilities[1] - 0.99).abs() < 1e-6);
        assert_eq!((call.quality(), call.genotype_quality()), (20.0, 20));
        // The network is certain of two alleles, so that nothing is known of one.
        let call = haploid(&snp, &[vec![0]], &[[0.0, 1.0, 0.0]]);
        assert_eq!(
            (call.genotype, call.probabilities),
            (Genotype::Haploid(0), vec![0.5, 0.5])
        );
        let sets = [vec![0], vec![1], vec![0, 1]];
        let call = haploid(
            &candidate("G", &["GTT", "GTTT"]),
            &sets,
            &[[0.3, 0.6, 0.1], [0.02, 0.7, 0.28], [0.01, 0.01, 0.98]],
        );
        assert_eq!((call.alternates.len(), call.genotype), (2, Genotype::Haploid(2)));
        assert_eq!(call.probabilities.len(), 3);
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
        assert_eq!((none.alternates, none.genotype), (vec![b"C".to_vec()], [0, 0].into()));
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
        assert_eq!((call.alternates, call.genotype), (vec![b"CAA".to_vec()], [1, 1].into()));
        assert!((call.probabilities[2] - 0.33 / (0.33 + 0.07)).abs() < 0.02);
        // A rare alternate that is not a slip is called together with the other alternate.
        let call = call_genotype(
            &slipped,
            &sets,
            &[[0.82, 0.17, 0.01], [0.0, 0.98, 0.02], [0.0, 0.07, 0.93]],
        );
        assert_eq!((call.alternates.len(), call.genotype), (2, [1, 2].into()));
    }
}
