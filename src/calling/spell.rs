//! Spells calls as the records of a panel do.

use rustc_hash::FxHashMap;

use crate::panel::PanelRecord;
use crate::variants::{Call, DecidingStage, Edit, Genotype, Ploidy, genotypes, likeliest, trim};

/// One alternate of one call: index of the call, and number of the alternate (from 1).
type Alternate = (usize, usize);

/// Resolved calls of a stretch of a contig, each with the same alleles as when it was called.
pub struct CalledAlleles<'a> {
    calls: &'a [Call],
    alternates: FxHashMap<Edit, Alternate>,
}

impl<'a> CalledAlleles<'a> {
    pub fn new(calls: &'a [Call]) -> Self {
        let edits = calls.iter().enumerate().flat_map(|(index, call)| {
            let edit = |bases| Edit::new(call.position, &call.reference, bases);
            let numbered = (1..).zip(&call.alternates);
            numbered.filter_map(move |(number, bases)| Some((edit(bases)?, (index, number))))
        });
        Self {
            calls,
            alternates: edits.collect(),
        }
    }

    /// The call of a record of the panel, with its position and alleles. Without evidence, its depth is 0.
    pub fn record(&self, record: &PanelRecord, ploidy: Ploidy) -> Call {
        let find = |edit: Option<Edit>| self.alternates.get(&edit?).copied();
        let found: Option<Vec<Alternate>> = record.alleles().iter().map(|allele| find(allele.edit())).collect();
        let call = found.and_then(|alternates| self.combine(&alternates));
        let call = call.unwrap_or_else(|| without_evidence(record.alternates().count(), ploidy));
        Call {
            position: record.position,
            reference: record.reference().to_vec(),
            alternates: record.alternates().map(<[u8]>::to_vec).collect(),
            ..call
        }
    }

    /// Each call, without the alternates that the records have. None if no alternate remains.
    pub fn without<'b>(&self, records: impl Iterator<Item = &'b PanelRecord>) -> Vec<Option<Call>> {
        let mut remaining: Vec<Vec<usize>> = self.calls.iter().map(|c| (1..=c.alternates.len()).collect()).collect();
        for allele in records.flat_map(PanelRecord::alleles) {
            let named = allele.edit().and_then(|edit| self.alternates.get(&edit));
            if let Some(&(call, number)) = named {
                remaining[call].retain(|&other| other != number);
            }
        }
        let reduced = self.calls.iter().enumerate().zip(remaining);
        reduced
            .map(|((index, call), numbers)| self.reduce(index, call, &numbers))
            .collect()
    }

    fn reduce(&self, index: usize, call: &Call, numbers: &[usize]) -> Option<Call> {
        if numbers.len() == call.alternates.len() {
            return Some(call.clone());
        }
        let alternates: Vec<Alternate> = numbers.iter().map(|&number| (index, number)).collect();
        let reduced = self.combine(&alternates)?;
        let mut alleles = vec![call.reference.clone()];
        alleles.extend(numbers.iter().map(|&number| call.alternates[number - 1].clone()));
        let position = trim(call.position, &mut alleles);
        Some(Call {
            position,
            reference: alleles.remove(0),
            alternates: alleles,
            ..reduced
        })
    }

    /// Genotypes and depths over the alternates of one or several calls. Other alternates count as the reference, as
    /// `bcftools norm --multiallelics -` has it. The probability of a genotype is the least one over the calls; in each
    /// call, the probability of the likeliest genotype with the same numbers of copies. None without an alternate, or
    /// if the calls differ in ploidy. Position and alleles are empty.
    fn combine(&self, alternates: &[Alternate]) -> Option<Call> {
        let first = &self.calls[alternates.first()?.0];
        let ploidy = first.genotype.ploidy();
        if alternates
            .iter()
            .any(|&(call, _)| self.calls[call].genotype.ploidy() != ploidy)
        {
            return None;
        }
        let all = genotypes(ploidy, alternates.len());
        let likelihood = |genotype: &Genotype| {
            let calls = alternates.iter().map(|&(call, _)| call);
            calls
                .map(|call| self.likelihood(call, alternates, genotype))
                .fold(1.0, f64::min)
        };
        let mut probabilities: Vec<f64> = all.iter().map(likelihood).collect();
        let total: f64 = probabilities.iter().sum();
        if total > 0.0 {
            probabilities.iter_mut().for_each(|p| *p /= total);
        }
        let stages = || alternates.iter().map(|&(call, _)| self.calls[call].stage);
        let depth = |&(call, number): &Alternate| self.calls[call].allele_depths.get(number).copied();
        let mut allele_depths = vec![first.allele_depths.first().copied().unwrap_or(0)];
        allele_depths.extend(alternates.iter().map(|alternate| depth(alternate).unwrap_or(0)));
        Some(Call {
            position: 0,
            reference: Vec::new(),
            alternates: Vec::new(),
            depth: first.depth,
            allele_depths,
            genotype: all[likeliest(&probabilities)],
            probabilities,
            stage: stages()
                .find(|stage| *stage != DecidingStage::Forced)
                .unwrap_or(DecidingStage::Forced),
            tier: alternates
                .iter()
                .map(|&(call, _)| self.calls[call].tier)
                .fold(None, Option::max),
        })
    }

    /// The greatest probability of a genotype of a call that has as many copies of each of its `alternates` as
    /// `genotype`, which numbers them from 1.
    fn likelihood(&self, call: usize, alternates: &[Alternate], genotype: &Genotype) -> f64 {
        let copies = |genotype: &Genotype, allele: usize| genotype.alleles().iter().filter(|&&a| a == allele).count();
        let own = || (1..).zip(alternates).filter(|(_, (owner, _))| *owner == call);
        let agrees =
            |other: &Genotype| own().all(|(rank, (_, number))| copies(genotype, rank) == copies(other, *number));
        let Call {
            probabilities,
            alternates: called,
            ..
        } = &self.calls[call];
        let all = genotypes(genotype.ploidy(), called.len());
        let agreeing = all.iter().zip(probabilities).filter(|(other, _)| agrees(other));
        agreeing.map(|(_, p)| *p).fold(0.0, f64::max)
    }
}

/// A call of a place without reads, or that the sample has no copy of.
fn without_evidence(alternates: usize, ploidy: Ploidy) -> Call {
    let ploidy = match ploidy {
        Ploidy::Diploid => Ploidy::Diploid,
        Ploidy::Haploid | Ploidy::Absent => Ploidy::Haploid,
    };
    let all = genotypes(ploidy, alternates);
    Call {
        position: 0,
        reference: Vec::new(),
        alternates: Vec::new(),
        depth: 0,
        allele_depths: vec![0; alternates + 1],
        probabilities: vec![1.0 / all.len() as f64; all.len()],
        genotype: all[0],
        stage: DecidingStage::Forced,
        tier: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::PanelAllele;

    fn call(position: u64, alleles: &[&str], depths: &[u32], probabilities: &[f64]) -> Call {
        let mut alleles = alleles.iter().map(|bases| bases.as_bytes().to_vec());
        let reference = alleles.next().unwrap();
        let alternates: Vec<_> = alleles.collect();
        Call {
            position,
            reference,
            genotype: genotypes(Ploidy::Diploid, alternates.len())[likeliest(probabilities)],
            alternates,
            depth: 30,
            allele_depths: depths.to_vec(),
            probabilities: probabilities.to_vec(),
            stage: DecidingStage::Network,
            tier: None,
        }
    }

    fn record(position: u64, alleles: &[&str], normalized: &[(u64, &str, &str)]) -> PanelRecord {
        let allele = |&(position, reference, bases): &(u64, &str, &str)| PanelAllele {
            position,
            reference: reference.into(),
            bases: bases.into(),
        };
        PanelRecord::new(position, alleles, normalized.iter().map(allele).collect())
    }

    fn text(call: &Call) -> String {
        let bases = |bases: &[u8]| String::from_utf8(bases.to_vec()).unwrap();
        let alternates: Vec<_> = call.alternates.iter().map(|a| bases(a)).collect();
        let alternates = alternates.join(",");
        let (position, reference) = (call.position, bases(&call.reference));
        format!(
            "{position} {reference}>{alternates} {} {:?}",
            call.genotype, call.allele_depths
        )
    }

    #[test]
    fn a_record_counts_the_copies_of_its_alleles() {
        // C/G at a site of A: the file has C alone, padded.
        let called = [call(
            10,
            &["A", "C", "G"],
            &[0, 14, 16],
            &[0.0, 0.0, 0.0, 0.01, 0.97, 0.02],
        )];
        let alleles = CalledAlleles::new(&called);
        let padded = record(9, &["TA", "TC"], &[(10, "A", "C")]);
        let spelled = alleles.record(&padded, Ploidy::Diploid);
        assert_eq!(text(&spelled), "9 TA>TC 0/1 [0, 14]");
        let sum = 0.02 + 0.97;
        assert!(
            (spelled.probabilities[1] - 0.97 / sum).abs() < 1e-9,
            "{:?}",
            spelled.probabilities
        );
        let free = alleles.without(std::iter::once(&padded));
        assert_eq!(text(free[0].as_ref().unwrap()), "10 A>G 0/1 [0, 16]");
        let both = record(10, &["A", "G", "C"], &[(10, "A", "G"), (10, "A", "C")]);
        assert_eq!(
            text(&alleles.record(&both, Ploidy::Diploid)),
            "10 A>G,C 1/2 [0, 16, 14]"
        );
        assert_eq!(alleles.without(std::iter::once(&both)), [None]);
        assert_eq!(alleles.without(std::iter::empty()), [Some(called[0].clone())]);
    }

    #[test]
    fn a_record_may_join_two_calls() {
        let deletion = call(10, &["AT", "A"], &[15, 14], &[0.01, 0.98, 0.01]);
        let snp = call(11, &["T", "C"], &[1, 15], &[0.02, 0.95, 0.03]);
        let called = [deletion, snp];
        let joined = record(10, &["AT", "A", "AC"], &[(10, "AT", "A"), (11, "T", "C")]);
        let spelled = CalledAlleles::new(&called).record(&joined, Ploidy::Diploid);
        assert_eq!(text(&spelled), "10 AT>A,AC 1/2 [15, 14, 15]");
    }

    #[test]
    fn a_record_without_evidence_has_no_depth() {
        let alleles = CalledAlleles::new(&[]);
        let unknown = record(5, &["A", "C"], &[(5, "A", "C")]);
        let diploid = alleles.record(&unknown, Ploidy::Diploid);
        assert_eq!((diploid.depth, diploid.probabilities.len()), (0, 3));
        assert_eq!(alleles.record(&unknown, Ploidy::Absent).genotype, Genotype::Haploid(0));
    }
}
