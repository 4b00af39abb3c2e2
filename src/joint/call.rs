//! Genotypes of all samples at a site.

use super::evidence::{Alternates, Evidence, Reason};
use super::family::{DeNovo, Family, call_family};
use super::fit::CohortPrior;
use super::posterior::{Posterior, allele_frequencies, copies_of, posterior};
use super::prior::{AlleleModel, CopyLikelihoods, CopyPrior};
use super::unify::Site;
use super::window::SampleWindow;
use crate::variants::{Genotype, Ploidy, genotypes, likeliest};

/// Greatest GQ.
const MAX_QUALITY: f64 = 99.0;
/// Greatest QUAL.
const MAX_SITE_QUALITY: f64 = 999.0;
/// Records that disagree with every genotype of a site by this much, phred-scaled, do not fit into the site.
const MAX_MISFIT: f64 = 20.0;

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
