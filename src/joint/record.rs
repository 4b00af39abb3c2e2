//! The lines of a cohort VCF.

use std::fmt::Write;

use super::call::{CalledSite, SampleCall};
use super::evidence::Reason;
use super::statistics::heterozygote_excess;
use crate::genome::Sequence;
use crate::variants::{Genotype, Ploidy, genotypes};

/// Definitions of the header. Descriptions have no comma, because vcftools warns about commas.
pub const DEFINITIONS: &str = "\
##FILTER=<ID=PASS,Description=\"All filters passed\">
##FILTER=<ID=LowQual,Description=\"QUAL is below the threshold\">
##FILTER=<ID=MONOALLELIC,Description=\"The allele overlaps several sites; copies of other alleles are missing here\">
##INFO=<ID=AC,Number=A,Type=Integer,Description=\"Called copies of each alternate allele\">
##INFO=<ID=AN,Number=1,Type=Integer,Description=\"Called copies of all alleles\">
##INFO=<ID=AF,Number=A,Type=Float,Description=\"Expected frequency of each alternate allele\">
##INFO=<ID=AQ,Number=A,Type=Integer,Description=\"Phred-scaled quality of each alternate allele in the sample with the best evidence\">
##INFO=<ID=NS,Number=1,Type=Integer,Description=\"Samples with a called genotype\">
##INFO=<ID=ExcHet,Number=A,Type=Float,Description=\"Probability of so many heterozygous genotypes if mating is random\">
##INFO=<ID=F_MISSING,Number=1,Type=Float,Description=\"Share of the samples without a called genotype\">
##INFO=<ID=DeNovo,Number=.,Type=String,Description=\"New mutations: child:number of the alternate allele:posterior probability\">
##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"Phred-scaled probability that the called genotype is wrong\">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"Read depth\">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"Read depth of each allele\">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description=\"Phred-scaled genotype likelihoods of the sample alone relative to the likeliest\">
##FORMAT=<ID=RNC,Number=1,Type=String,Description=\"Why each copy is not called: . = called M = no data P = partial data I = not called in the input \
- = deletion that the record does not have L = other allele that the record does not have U = unphased variants O = overlapping variants 1 = called in another record Q = low quality\">
";

/// A line of the cohort VCF, and what it holds.
pub struct CohortRecord {
    /// 0-based.
    pub position: u64,
    pub line: String,
    /// Reference, then the alternates.
    pub alleles: Vec<Vec<u8>>,
    pub is_passing: bool,
}

impl CohortRecord {
    /// None if no sample is called with an alternate. Alternates that nobody is called with are left out.
    pub fn new(
        contig: &str,
        called: &CalledSite,
        sequence: &Sequence,
        samples: &[&str],
        min_quality: f64,
    ) -> Option<Self> {
        let site = &called.site;
        let copies = |allele: usize| -> usize {
            let own = called
                .calls
                .iter()
                .map(|call| call.alleles.iter().filter(|own| **own == Ok(allele)).count());
            own.sum()
        };
        let kept: Vec<usize> = (1..=site.alternates.len())
            .filter(|&allele| copies(allele) > 0)
            .collect();
        if kept.is_empty() {
            return None;
        }
        let alleles = spelled(called, &kept, sequence);
        let is_sure = called.quality >= min_quality;
        let filter = match (is_sure, site.is_monoallelic) {
            (true, false) => "PASS",
            (true, true) => "MONOALLELIC",
            (false, false) => "LowQual",
            (false, true) => "LowQual;MONOALLELIC",
        };
        let text = |bases: &Vec<u8>| String::from_utf8_lossy(bases).into_owned();
        let alternates: Vec<String> = alleles[1..].iter().map(text).collect();
        let mut line = format!(
            "{contig}\t{}\t.\t{}\t{}\t{}\t{filter}\t{}\tGT:GQ:DP:AD:PL:RNC",
            site.range.start + 1,
            text(&alleles[0]),
            alternates.join(","),
            number(called.quality, 1),
            info(called, &kept, samples),
        );
        for call in &called.calls {
            line.push('\t');
            write_call(&mut line, call, &kept);
        }
        line.push('\n');
        Some(Self {
            position: site.range.start,
            line,
            alleles,
            is_passing: is_sure,
        })
    }
}

/// The alleles over the range of the site, without the bases that all share at the end.
fn spelled(called: &CalledSite, kept: &[usize], sequence: &Sequence) -> Vec<Vec<u8>> {
    let range = &called.site.range;
    let reference = sequence.slice(range.start, range.end);
    let mut alleles = vec![reference.to_vec()];
    for &allele in kept {
        let allele = &called.site.alternates[allele - 1];
        let before = &reference[..(allele.start - range.start) as usize];
        let behind = &reference[(allele.end - range.start) as usize..];
        alleles.push([before, &allele.bases, behind].concat());
    }
    while alleles
        .iter()
        .all(|bases| bases.len() > 1 && bases.last() == alleles[0].last())
    {
        alleles.iter_mut().for_each(|bases| bases.truncate(bases.len() - 1));
    }
    alleles
}

fn info(called: &CalledSite, kept: &[usize], samples: &[&str]) -> String {
    let calls = &called.calls;
    let all: usize = calls
        .iter()
        .map(|call| call.alleles.iter().filter(|allele| allele.is_ok()).count())
        .sum();
    let with_genotype = calls.iter().filter(|call| call.is_called()).count();
    let by_allele = |value: &dyn Fn(usize) -> String| kept.iter().map(|&a| value(a)).collect::<Vec<_>>().join(",");
    let copies = |allele: usize| {
        let own = calls
            .iter()
            .map(|call| call.alleles.iter().filter(|own| **own == Ok(allele)).count());
        own.sum::<usize>().to_string()
    };
    let excess = |allele: usize| {
        let mut counts = [0; 3];
        for call in calls.iter().filter(|call| call.is_called() && call.alleles.len() == 2) {
            counts[call.alleles.iter().filter(|own| **own == Ok(allele)).count()] += 1;
        }
        number(heterozygote_excess(counts[1], counts[2], counts[0]), 6)
    };
    let missing = 1.0 - with_genotype as f64 / calls.len() as f64;
    let mut text = format!(
        "AC={};AN={all};AF={};AQ={};NS={with_genotype};ExcHet={};F_MISSING={}",
        by_allele(&copies),
        by_allele(&|allele| number(called.frequencies[allele - 1], 6)),
        by_allele(&|allele| called.site.support[allele - 1].qualities[0].to_string()),
        by_allele(&excess),
        number(missing, 6),
    );
    let new = called.de_novo.iter().filter_map(|new| {
        let rank = kept.iter().position(|&allele| allele == new.allele)?;
        Some(format!(
            "{}:{}:{}",
            samples[new.child],
            rank + 1,
            number(new.posterior, 4)
        ))
    });
    let new: Vec<String> = new.collect();
    if !new.is_empty() {
        text += &format!(";DeNovo={}", new.join(","));
    }
    text
}

fn write_call(line: &mut String, call: &SampleCall, kept: &[usize]) {
    let new_index = |allele: usize| kept.iter().position(|&own| own == allele).map_or(0, |rank| rank + 1);
    let copies = call.alleles.iter().map(|allele| match allele {
        Ok(allele) => new_index(*allele).to_string(),
        Err(_) => ".".to_owned(),
    });
    // The indices of the alleles that are kept ascend as before.
    let genotype: Vec<String> = copies.collect();
    let reasons: String = call
        .alleles
        .iter()
        .map(|allele| allele.err().map_or('.', Reason::letter))
        .collect();
    let optional = |value: Option<u32>| value.map_or_else(|| ".".to_owned(), |value| value.to_string());
    let depths: Vec<Option<u32>> = std::iter::once(0)
        .chain(kept.iter().copied())
        .map(|allele| call.allele_depths.get(allele).copied()?)
        .collect();
    let depths = match depths.iter().any(Option::is_some) {
        true => depths.into_iter().map(optional).collect::<Vec<_>>().join(","),
        false => ".".to_owned(),
    };
    let likelihoods = match call.phred.is_empty() {
        true => ".".to_owned(),
        false => subset(call, kept),
    };
    let _ = write!(
        line,
        "{}:{}:{}:{depths}:{likelihoods}:{reasons}",
        genotype.join("/"),
        optional(call.quality),
        optional(call.depth),
    );
}

/// PL of the genotypes of the alleles that are kept.
fn subset(call: &SampleCall, kept: &[usize]) -> String {
    let ploidy = if call.alleles.len() == 2 {
        Ploidy::Diploid
    } else {
        Ploidy::Haploid
    };
    let old = |allele: usize| if allele == 0 { 0 } else { kept[allele - 1] };
    let all = genotypes(ploidy, kept.len());
    let phred: Vec<u32> = all
        .iter()
        .map(|genotype: &Genotype| call.phred[genotype.renumbered(old).rank()])
        .collect();
    let least = phred.iter().copied().min().unwrap_or(0);
    phred
        .iter()
        .map(|phred| (phred - least).to_string())
        .collect::<Vec<_>>()
        .join(",")
}

/// A number with at most so many decimals.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
