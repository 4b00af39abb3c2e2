//! Where a contig has one copy, as the genotypes of truth or of the calls say.

use std::borrow::Cow;

use super::call::{SampleCall, Zygosity};
use crate::genome::{Contig, IntervalSet, Region};

/// The parts of a contig with one copy. Each place has the ploidy of the nearest genotype that tells it: one allele, or
/// two different alleles of truth. Where truth has one allele anywhere on the contig, the query's genotypes tell
/// nothing. Without any genotype of one allele the contig is diploid.
pub fn haploid_places(contig: &Contig, truth: &[SampleCall], query: &[SampleCall]) -> IntervalSet {
    let is_telling =
        |call: &&SampleCall| call.is_haploid || matches!(call.zygosity(), Zygosity::Het | Zygosity::HetAlt);
    let mut telling: Vec<&SampleCall> = truth.iter().filter(is_telling).collect();
    if !telling.iter().any(|call| call.is_haploid) {
        telling.extend(query.iter().filter(|call| call.is_haploid));
        telling.sort_by_key(|call| call.position);
        telling.dedup_by_key(|call| call.position);
    }
    let mut regions = Vec::new();
    let mut begin = 0;
    let mut rest = telling.chunk_by(|a, b| a.is_haploid == b.is_haploid).peekable();
    while let Some(run) = rest.next() {
        let middle = |next: &[&SampleCall]| (run[run.len() - 1].position + next[0].position) / 2 + 1;
        let end = rest.peek().map_or(contig.length, |next| middle(next));
        if run[0].is_haploid {
            regions.push(Region::new(&contig.name, begin, end));
        }
        begin = end;
    }
    IntervalSet::from_regions(regions)
}

/// Half calls where there is one copy are calls of this copy: dipcall writes `.|1` and `1|.` there, GLnexus `1/.`.
pub fn complete_half_calls<'a>(calls: &'a [SampleCall], haploid: &IntervalSet, contig: &str) -> Cow<'a, [SampleCall]> {
    let is_haploid =
        |call: &SampleCall| call.zygosity() == Zygosity::HalfCall && haploid.contains(contig, call.position);
    let mut completed = Cow::Borrowed(calls);
    for (i, call) in calls.iter().enumerate().filter(|(_, call)| is_haploid(call)) {
        let genotype = &mut completed.to_mut()[i].genotype;
        if let Some(allele) = call.genotype.iter().find(|allele| allele.is_some()) {
            genotype.fill(*allele);
        }
    }
    completed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::calls::CallQualities;
    use crate::variants::CalledAllele;

    fn call(position: u64, genotype: &[CalledAllele]) -> SampleCall {
        SampleCall {
            position,
            reference: b"A".to_vec(),
            alternates: vec![b"C".to_vec()],
            genotype: if genotype.len() == 1 {
                [genotype[0]; 2].to_vec()
            } else {
                genotype.to_vec()
            },
            is_haploid: genotype.len() == 1,
            phase: None,
            filters: Vec::new(),
            score: CallQualities::default(),
        }
    }

    fn places(truth: &[SampleCall], query: &[SampleCall]) -> Vec<(u64, u64)> {
        let contig = Contig {
            name: "X".into(),
            length: 1_000,
        };
        haploid_places(&contig, truth, query).on("X").to_vec()
    }

    #[test]
    fn the_nearest_genotype_tells_the_ploidy() {
        let [one, two, half] = [&[Some(1)][..], &[Some(0), Some(1)], &[None, Some(1)]];
        let mixed = [
            call(10, two),
            call(100, one),
            call(150, half),
            call(201, one),
            call(900, two),
        ];
        assert_eq!(places(&mixed, &[]), [(56, 551)]);
        assert_eq!(places(&mixed, &[call(5, one)]), [(56, 551)], "truth comes first");
        let diploid = [call(10, two), call(150, &[Some(1); 2])];
        assert_eq!(places(&diploid, &[call(10, one), call(150, one)]), [(81, 1_000)]);
        assert!(places(&diploid, &[call(10, one)]).is_empty());
        assert!(places(&diploid, &[call(5, half)]).is_empty());
        assert_eq!(places(&[call(9, two), call(10, one)], &[]), [(10, 1_000)]);
    }

    #[test]
    fn a_half_call_where_there_is_one_copy_is_complete() {
        let haploid = IntervalSet::from_regions([Region::new("X", 100, 200)]);
        let calls = [99, 100, 199, 200].map(|at| call(at, &[None, Some(1)]));
        let completed = complete_half_calls(&calls, &haploid, "X");
        let halves: Vec<_> = completed.iter().map(|c| c.zygosity() == Zygosity::HalfCall).collect();
        assert_eq!(halves, [true, false, false, true]);
    }
}
