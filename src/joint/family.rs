//! Families: genotypes of parents and children together, and new mutations.

use super::evidence::Evidence;
use super::posterior::Posterior;
use super::prior::{AlleleModel, CopyPrior, scaled};
use crate::variants::{Genotype, Ploidy, genotypes};

/// Sites of a cohort per base, about. A site is known to differ in somebody, so a new mutation explains it with the
/// mutation rate divided by this number.
const SITES_PER_BASE: f64 = 1e-3;

/// Most alternates of a site whose families are looked at together.
const MAX_ALTERNATES: usize = 6;

/// A new mutation with a lower posterior is not written.
const LEAST_POSTERIOR: f64 = 0.05;

/// Parents and their children, as ranks of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    pub father: usize,
    pub mother: usize,
    pub children: Vec<usize>,
}

/// An allele that a child has and that neither parent has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeNovo {
    pub child: usize,
    /// 1 for the first alternate.
    pub allele: usize,
    pub posterior: f64,
}

/// Replaces the posteriors of a family by those of all its members together. Returns the likely new mutations. Nothing
/// changes where a member has no data, has one copy of the place, or has an allele that the site does not have.
pub fn call_family(
    family: &Family,
    evidence: &[Evidence],
    usable: &[usize],
    models: &[AlleleModel],
    de_novo_rate: f64,
    posteriors: &mut [Option<Posterior>],
) -> Vec<DeNovo> {
    let members: Vec<usize> = [family.father, family.mother]
        .iter()
        .chain(&family.children)
        .copied()
        .collect();
    let ranks: Option<Vec<usize>> = members.iter().map(|member| usable.binary_search(member).ok()).collect();
    let is_plain = |&member: &usize| evidence[member].ploidy == Ploidy::Diploid && evidence[member].hidden.is_empty();
    let Some(ranks) = ranks.filter(|_| members.iter().all(is_plain) && models.len() <= MAX_ALTERNATES) else {
        return Vec::new();
    };
    let all = genotypes(Ploidy::Diploid, models.len());
    let weights: Vec<Vec<f64>> = members
        .iter()
        .zip(&ranks)
        .enumerate()
        .map(|(place, (&member, &rank))| {
            let priors: Vec<CopyPrior> = models.iter().map(|model| model.prior_of(rank, &ranks)).collect();
            let ln = |genotype: &Genotype| {
                let by_allele = priors.iter().enumerate().map(|(allele, prior)| {
                    let copies = genotype.alleles().iter().filter(|&&own| own == allele + 1).count();
                    let value = match (place < 2, copies) {
                        (true, _) => prior[copies],
                        // A child has its prior from the parents; only the chance to show an allele that is absent counts.
                        (false, 0) => prior[0] / (1.0 - prior[1] - prior[2]).max(1e-9),
                        (false, _) => 1.0,
                    };
                    value.max(f64::MIN_POSITIVE).ln()
                });
                evidence[member].ln.of(genotype) + by_allele.sum::<f64>()
            };
            scaled(&all.iter().map(ln).collect::<Vec<_>>()).collect()
        })
        .collect();
    let mutation = (de_novo_rate / SITES_PER_BASE).min(0.1);
    let joint = JointFamily::new(&all, &weights, models.len(), mutation);
    for (place, &member) in members.iter().enumerate() {
        posteriors[member] = Some(Posterior {
            all: all.clone(),
            probabilities: joint.by_member[place].clone(),
        });
    }
    let new = family
        .children
        .iter()
        .zip(&joint.de_novo)
        .flat_map(|(&child, by_allele)| {
            by_allele.iter().enumerate().map(move |(rank, &posterior)| DeNovo {
                child,
                allele: rank + 1,
                posterior,
            })
        });
    new.filter(|new| new.posterior >= LEAST_POSTERIOR).collect()
}

/// Probabilities of the genotypes of a family.
struct JointFamily {
    /// Father, mother, then the children.
    by_member: Vec<Vec<f64>>,
    /// For each child and alternate.
    de_novo: Vec<Vec<f64>>,
}

impl JointFamily {
    /// `weights` are the likelihoods of the members, with the priors of the parents.
    fn new(all: &[Genotype], weights: &[Vec<f64>], alternates: usize, mutation: f64) -> Self {
        let children = &weights[2..];
        let mut by_member = vec![vec![0.0; all.len()]; weights.len()];
        let mut de_novo = vec![vec![0.0; alternates]; children.len()];
        let mut total = 0.0;
        for (father, father_weight) in all.iter().zip(&weights[0]) {
            for (mother, mother_weight) in all.iter().zip(&weights[1]) {
                let parents = father_weight * mother_weight;
                if parents < 1e-30 {
                    continue;
                }
                let inherited: Vec<f64> = all
                    .iter()
                    .map(|child| inheritance(father, mother, child, alternates, mutation))
                    .collect();
                let child_sums: Vec<f64> = children
                    .iter()
                    .map(|child| {
                        child
                            .iter()
                            .zip(&inherited)
                            .map(|(weight, chance)| weight * chance)
                            .sum()
                    })
                    .collect();
                let weight = parents * child_sums.iter().product::<f64>();
                total += weight;
                by_member[0][father.rank()] += weight;
                by_member[1][mother.rank()] += weight;
                for (child, (own, sum)) in children.iter().zip(&child_sums).enumerate() {
                    for (genotype, (likelihood, chance)) in all.iter().zip(own.iter().zip(&inherited)) {
                        let share = weight * likelihood * chance / sum.max(f64::MIN_POSITIVE);
                        by_member[child + 2][genotype.rank()] += share;
                        let is_new = |allele: &usize| {
                            let parents = father.alleles().iter().chain(mother.alleles());
                            genotype.alleles().contains(allele) && !parents.clone().any(|own| own == allele)
                        };
                        for allele in (1..=alternates).filter(is_new) {
                            de_novo[child][allele - 1] += share;
                        }
                    }
                }
            }
        }
        by_member
            .iter_mut()
            .chain(&mut de_novo)
            .flatten()
            .for_each(|value| *value /= total.max(f64::MIN_POSITIVE));
        Self { by_member, de_novo }
    }
}

/// Chance of a child's genotype.
fn inheritance(father: &Genotype, mother: &Genotype, child: &Genotype, alternates: usize, mutation: f64) -> f64 {
    let gives = |parent: &Genotype, allele: usize| {
        let share = parent.alleles().iter().filter(|&&own| own == allele).count() as f64 / 2.0;
        share * (1.0 - mutation) + (1.0 - share) * mutation / alternates as f64
    };
    match *child {
        Genotype::Diploid([a, b]) if a != b => {
            gives(father, a) * gives(mother, b) + gives(father, b) * gives(mother, a)
        }
        Genotype::Diploid([a, _]) | Genotype::Haploid(a) => gives(father, a) * gives(mother, a),
    }
}

/// Whether a child's genotype cannot come from its parents' without a new mutation.
pub fn is_mendelian_error(father: [usize; 2], mother: [usize; 2], child: [usize; 2]) -> bool {
    let [a, b] = child;
    let fits = |a: usize, b: usize| father.contains(&a) && mother.contains(&b);
    !fits(a, b) && !fits(b, a)
}
