//! Genotypes of all samples at a site.

use super::allele::Allele;
use super::evidence::{Alternates, Evidence, Likelihoods, Reason};
use super::family::{DeNovo, Family, call_family};
use super::fit::CohortPrior;
use super::prior::{AlleleModel, CopyLikelihoods, CopyPrior, scaled};
use super::unify::Site;
use super::window::SampleWindow;
use crate::variants::{Genotype, Ploidy, genotypes, likeliest};

/// Greatest GQ.
const MAX_QUALITY: f64 = 99.0;
/// Greatest QUAL.
const MAX_SITE_QUALITY: f64 = 999.0;
/// Records that disagree with every genotype of a site by this much, phred-scaled, do not fit into the site.
const MAX_MISFIT: f64 = 20.0;
/// Frequency of an allele that the site does not have, at least.
const LEAST_HIDDEN_FREQUENCY: f64 = 1e-4;
/// Weight of a hidden allele of the sample among the alleles that are not looked at.
const HIDDEN_WEIGHT: f64 = 0.1;

/// The genotype of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleCall {
    /// Each copy's allele, or why it has none. No copies where the sample has no record.
    pub alleles: Vec<Result<usize, Reason>>,
    pub quality: Option<u32>,
    /// PL of the genotypes of the site's alleles; empty without data.
    pub phred: Vec<u32>,
    pub depth: Option<u32>,
    /// Depth of the reference and of each alternate.
    pub allele_depths: Vec<Option<u32>>,
}

/// A site with the genotypes of all samples.
#[derive(Clone, Debug)]
pub struct CalledSite {
    pub site: Site,
    pub calls: Vec<SampleCall>,
    /// QUAL: phred-scaled probability that no sample has an alternate.
    pub quality: f64,
    /// Expected frequency of each alternate.
    pub frequencies: Vec<f64>,
    pub de_novo: Vec<DeNovo>,
}

/// What the genotypes depend on beside the records.
pub struct CallOptions<'a> {
    pub prior: &'a CohortPrior,
    pub families: &'a [Family],
    /// Chance of a new mutation of a base in one generation.
    pub de_novo_rate: f64,
    /// Genotypes of a lower GQ are not called.
    pub min_quality: u32,
}

impl SampleCall {
    /// Whether every copy is called.
    pub fn is_called(&self) -> bool {
        self.alleles.iter().all(Result::is_ok)
    }
}

/// Probabilities of the genotypes of one sample, in VCF order of the site's alleles and the hidden ones.
pub struct Posterior {
    pub all: Vec<Genotype>,
    pub probabilities: Vec<f64>,
}

pub fn call_site(site: Site, windows: &[&SampleWindow], options: &CallOptions) -> CalledSite {
    let shares = |sample: usize| options.prior.shares[sample].as_ref();
    let gather = |(sample, window): (usize, &&SampleWindow)| {
        Evidence::gather(&site.range, Alternates::of(&site), window, shares(sample))
    };
    let evidence: Vec<Evidence> = windows.iter().enumerate().map(gather).collect();
    // Samples without data say nothing of the others.
    let usable: Vec<usize> = (0..evidence.len())
        .filter(|&sample| evidence[sample].reason.is_none())
        .collect();
    let shares_of_alleles = allele_frequencies(&site, &evidence, &usable);
    let copies: Vec<Vec<CopyLikelihoods>> = (1..=site.alternates.len())
        .map(|allele| {
            usable
                .iter()
                .map(|&sample| copies_of(allele, &evidence[sample], &shares_of_alleles))
                .collect()
        })
        .collect();
    let models: Vec<AlleleModel> = copies
        .iter()
        .zip(&site.alternates)
        .map(|(copies, allele)| AlleleModel::new(&options.prior.classes, options.prior.ln_weights(allele), copies))
        .collect();
    let mut posteriors: Vec<Option<Posterior>> = evidence.iter().map(|_| None).collect();
    for (rank, &sample) in usable.iter().enumerate() {
        let priors: Vec<CopyPrior> = models.iter().map(|model| model.prior_of(rank, &[])).collect();
        posteriors[sample] = Some(posterior(&site, &evidence[sample], &priors, windows.len()));
    }
    let mut de_novo = Vec::new();
    for family in options.families {
        let found = call_family(
            family,
            &evidence,
            &usable,
            &models,
            options.de_novo_rate,
            &mut posteriors,
        );
        de_novo.extend(found);
    }
    let call = |(evidence, posterior): (&Evidence, &Option<Posterior>)| {
        let call = call_sample(&site, evidence, posterior.as_ref(), options.min_quality);
        if site.is_monoallelic {
            as_monoallelic(call)
        } else {
            call
        }
    };
    let calls = evidence.iter().zip(&posteriors).map(call).collect();
    let ln_absent = models.iter().map(AlleleModel::ln_absent).fold(0.0, f64::min);
    CalledSite {
        calls,
        quality: (-10.0 * ln_absent / std::f64::consts::LN_10).clamp(0.0, MAX_SITE_QUALITY),
        frequencies: models.iter().map(AlleleModel::frequency).collect(),
        de_novo,
        site,
    }
}

/// Frequencies of the reference and the alternates, by expectation and maximization in Hardy-Weinberg proportions. They
/// only weigh the other alleles while one is looked at.
fn allele_frequencies(site: &Site, evidence: &[Evidence], usable: &[usize]) -> Vec<f64> {
    let alleles = site.alternates.len() + 1;
    let copies = |support: &super::discover::AlleleSupport| f64::from(support.copies) + 0.5;
    let alternates: Vec<f64> = site.support.iter().map(copies).collect();
    let reference = (2.0 * evidence.len() as f64 - alternates.iter().sum::<f64>()).max(1.0);
    let mut frequencies = normalized(std::iter::once(reference).chain(alternates).collect());
    if alleles == 2 {
        return frequencies;
    }
    // Few samples carry an alternate; the others count as the reference.
    let carriers: Vec<usize> = usable
        .iter()
        .copied()
        .filter(|&sample| matches!(evidence[sample].ln, Likelihoods::Genotypes(_)))
        .collect();
    for _ in 0..8 {
        let mut counts = vec![0.01; alleles];
        counts[0] += 2.0 * (usable.len() - carriers.len()) as f64;
        for &sample in &carriers {
            let evidence = &evidence[sample];
            let all = genotypes(evidence.ploidy, alleles - 1);
            let ln: Vec<f64> = all
                .iter()
                .map(|genotype| {
                    let prior: f64 = genotype.alleles().iter().map(|&allele| frequencies[allele].ln()).sum();
                    let orders: f64 = match genotype {
                        Genotype::Diploid([a, b]) if a != b => 2.0,
                        _ => 1.0,
                    };
                    evidence.ln.of(genotype) + prior + orders.ln()
                })
                .collect();
            for (genotype, weight) in all.iter().zip(scaled(&ln)) {
                genotype.alleles().iter().for_each(|&allele| counts[allele] += weight);
            }
        }
        frequencies = normalized(counts);
    }
    frequencies
}

fn normalized(mut values: Vec<f64>) -> Vec<f64> {
    let total: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= total);
    values
}

/// Likelihoods of the numbers of copies of an allele. The other alleles count by their frequencies.
fn copies_of(allele: usize, evidence: &Evidence, frequencies: &[f64]) -> CopyLikelihoods {
    let count = frequencies.len() + evidence.hidden.len();
    let weight = |other: usize| match frequencies.get(other) {
        _ if other == allele => 0.0,
        Some(frequency) => frequency.max(1e-6),
        None => HIDDEN_WEIGHT,
    };
    let total: f64 = (0..count).map(weight).sum();
    let weight = |other: usize| weight(other) / total;
    let mut by_copies = match &evidence.ln {
        Likelihoods::Copies(ln) => {
            let reference = weight(0);
            let [none, one, two] = ln.map(f64::exp);
            let other = 1.0 - reference;
            match evidence.ploidy {
                Ploidy::Diploid => [
                    reference * reference * none + 2.0 * reference * other * one + other * other * two,
                    reference * one + other * two,
                    two,
                ],
                _ => [reference * none + other * one, one, 0.0],
            }
        }
        Likelihoods::Genotypes(ln) => {
            let greatest = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut sums = [0.0; 3];
            for (genotype, ln) in genotypes(evidence.ploidy, count - 1).iter().zip(ln) {
                let copies = genotype.alleles().iter().filter(|&&own| own == allele).count();
                let others = genotype.alleles().iter().filter(|&&own| own != allele);
                let mut share: f64 = others.map(|&other| weight(other)).product();
                if let Genotype::Diploid([a, b]) = genotype
                    && copies == 0
                    && a != b
                {
                    share *= 2.0;
                }
                sums[copies] += share * (ln - greatest).exp();
            }
            sums
        }
    };
    let greatest = by_copies.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    by_copies.iter_mut().for_each(|likelihood| *likelihood /= greatest);
    CopyLikelihoods {
        by_copies,
        ploidy: evidence.ploidy,
        is_candidate: evidence.is_candidate[allele - 1],
    }
}

/// Likelihoods of the numbers of copies of the only alternate of a site.
pub fn copies_alone(evidence: &Evidence) -> CopyLikelihoods {
    copies_of(1, evidence, &[0.9, 0.1])
}

fn posterior(site: &Site, evidence: &Evidence, priors: &[CopyPrior], samples: usize) -> Posterior {
    let all = genotypes(evidence.ploidy, priors.len() + evidence.hidden.len());
    let hidden: Vec<CopyPrior> = evidence
        .hidden
        .iter()
        .map(|allele| hidden_prior(site, allele, samples))
        .collect();
    let ln_of = |priors: &[CopyPrior]| -> Vec<[f64; 3]> {
        priors
            .iter()
            .map(|prior| prior.map(|value| value.max(f64::MIN_POSITIVE).ln()))
            .collect()
    };
    let (priors, hidden) = (ln_of(priors), ln_of(&hidden));
    let priors: Vec<[f64; 3]> = priors.into_iter().chain(hidden).collect();
    let absent: f64 = priors.iter().map(|prior| prior[0]).sum();
    let ln = |genotype: &Genotype| {
        let alleles = genotype.alleles();
        let gain = |allele: usize, copies: usize| match allele {
            0 => 0.0,
            _ => priors[allele - 1][copies] - priors[allele - 1][0],
        };
        let prior = match alleles {
            [a, b] if a == b => gain(*a, 2),
            _ => alleles.iter().map(|&allele| gain(allele, 1)).sum(),
        };
        evidence.ln.of(genotype) + absent + prior
    };
    let ln: Vec<f64> = all.iter().map(ln).collect();
    Posterior {
        probabilities: scaled(&ln).collect(),
        all,
    }
}

/// Prior of an allele that only this sample brings to the site: as credible as its own likelihoods, if it is of
/// sufficient quality; otherwise rare.
fn hidden_prior(site: &Site, allele: &Allele, samples: usize) -> CopyPrior {
    let shares = [0.35, 0.38, 0.26];
    if site.lost.contains(allele) {
        return shares;
    }
    let frequency = f64::from(site.lost_copies) / (2.0 * samples as f64);
    let rare = frequency.max(LEAST_HIDDEN_FREQUENCY);
    [shares[0], shares[1] * rare, shares[2] * rare]
}

fn call_sample(site: &Site, evidence: &Evidence, posterior: Option<&Posterior>, min_quality: u32) -> SampleCall {
    let copies = if evidence.ploidy == Ploidy::Diploid { 2 } else { 1 };
    let mut call = SampleCall {
        alleles: Vec::new(),
        quality: None,
        phred: phred_of(site, evidence),
        depth: evidence.depth,
        allele_depths: evidence.allele_depths.clone(),
    };
    let (None, Some(posterior)) = (evidence.reason, posterior) else {
        call.alleles = vec![Err(evidence.reason.unwrap_or(Reason::Missing)); copies];
        call.phred.clear();
        return call;
    };
    let best = likeliest(&posterior.probabilities);
    let genotype = posterior.all[best];
    if let Some(reason) = unfit(evidence, &genotype) {
        call.alleles = vec![Err(reason); copies];
        return call;
    }
    let allele = |&allele: &usize| match allele.checked_sub(site.alternates.len() + 1) {
        None => Ok(allele),
        Some(rank) => match &evidence.hidden[rank] {
            hidden if !hidden.overlaps(&site.range) => Ok(0),
            hidden if hidden.is_deletion() => Err(Reason::Deletion),
            _ => Err(Reason::Lost),
        },
    };
    call.alleles = genotype.alleles().iter().map(allele).collect();
    // A copy that is not known comes first, as GLnexus writes it.
    call.alleles.sort_by_key(|allele| allele.map_or(0, |allele| allele + 1));
    let wrong: f64 = posterior
        .probabilities
        .iter()
        .enumerate()
        .filter(|(rank, _)| *rank != best)
        .map(|(_, p)| p)
        .sum();
    let quality = (-10.0 * wrong.max(1e-12).log10()).clamp(0.0, MAX_QUALITY).round() as u32;
    if call.alleles.iter().any(Result::is_err) {
        return call;
    }
    match quality < min_quality {
        true => call.alleles = vec![Err(Reason::Quality); copies],
        false => call.quality = Some(quality),
    }
    call
}

/// Why the records of a sample do not make a genotype of the site.
fn unfit(evidence: &Evidence, genotype: &Genotype) -> Option<Reason> {
    if evidence.misfit >= MAX_MISFIT {
        return Some(match evidence.may_share_haplotype {
            true => Reason::Unphased,
            false => Reason::Overlapping,
        });
    }
    // Reads of a block match the reference, so that no prior makes a variant of them.
    let is_variant = !genotype.is_reference();
    (is_variant && evidence.is_reference_block).then_some(Reason::Quality)
}

/// PL of the genotypes of the site's alleles.
fn phred_of(site: &Site, evidence: &Evidence) -> Vec<u32> {
    let all = genotypes(evidence.ploidy, site.alternates.len());
    let phred: Vec<f64> = all.iter().map(|genotype| evidence.phred.of(genotype)).collect();
    let least = phred.iter().copied().fold(f64::INFINITY, f64::min);
    phred.iter().map(|phred| (phred - least).round() as u32).collect()
}

/// In a record of one allele that overlaps other sites, only copies of this allele are called.
fn as_monoallelic(mut call: SampleCall) -> SampleCall {
    for allele in &mut call.alleles {
        if !matches!(
            allele,
            Ok(1) | Err(Reason::Missing | Reason::Partial | Reason::NotCalled)
        ) {
            *allele = Err(Reason::Elsewhere);
        }
    }
    call.alleles.sort_by_key(|allele| allele.map_or(0, |allele| allele + 1));
    if call.alleles.iter().any(Result::is_err) {
        call.quality = None;
    }
    call
}
