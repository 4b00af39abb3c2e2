//! Candidates for the alleles of a panel that the reads show too rarely, or not at all.

use rustc_hash::FxHashMap;

use super::candidate::{Allele, Candidate};
use super::counts::{SiteCounts, count_at, overlapping_mates};
use crate::genome::Sequence;
use crate::panel::PanelAllele;
use crate::reads::Read;

/// One candidate for each allele, with this allele alone. The alleles are ascending by position, and begin with a known
/// reference base. `reads` and `sequence` are those of [`find_candidates`](super::find_candidates).
pub fn named_candidates(
    reads: &[Read],
    sequence: &Sequence,
    alleles: &[PanelAllele],
    min_base_quality: u8,
) -> Vec<Candidate> {
    let mut positions: Vec<u64> = alleles.iter().map(|allele| allele.position).collect();
    positions.dedup();
    let sites = count_at(reads, sequence, &positions, min_base_quality);
    let site = |position: u64| sites.binary_search_by_key(&position, |site| site.position).ok();
    let mates = overlapping_mates(reads);
    let located = alleles
        .iter()
        .filter_map(|allele| Some((allele, &sites[site(allele.position)?])));
    located
        .map(|(allele, site)| {
            let counted = site
                .alleles
                .iter()
                .find(|count| is_same(allele, &count.reference, &count.bases));
            let counted = counted.map_or((Vec::new(), 0), |count| (count.reads.clone(), count.depth));
            // Several alignments are possible for an allele of several changes.
            let spelled = match is_one_change(allele) {
                true => (Vec::new(), 0),
                false => spelling_reads(reads, allele, &mates, min_base_quality),
            };
            let (reads, depth) = if spelled.1 > counted.1 { spelled } else { counted };
            candidate(allele, site, reads, depth)
        })
        .collect()
}

fn is_same(allele: &PanelAllele, reference: &[u8], bases: &[u8]) -> bool {
    allele.reference == reference && allele.bases == bases
}

/// Whether an allele is one substituted base, or one inserted or deleted sequence.
fn is_one_change(allele: &PanelAllele) -> bool {
    let lengths = [allele.reference.len(), allele.bases.len()];
    lengths == [1, 1] || (lengths.contains(&1) && allele.reference.first() == allele.bases.first())
}

/// The network knows no alleles that replace several bases by as many, so it sees their first base.
fn candidate(allele: &PanelAllele, site: &SiteCounts, supporting_reads: Vec<u32>, depth: u32) -> Candidate {
    let is_replacement = allele.reference.len() == allele.bases.len();
    let drawn = |bases: &[u8]| bases[..if is_replacement { 1 } else { bases.len() }].to_vec();
    Candidate {
        position: allele.position,
        reference: drawn(&allele.reference),
        alternates: vec![Allele {
            bases: drawn(&allele.bases),
            supporting_reads,
            depth,
        }],
        depth: site.depth,
        reference_depth: site.reference_depth,
    }
}

/// The reads whose bases over the replaced reference are those of the allele, and the number of their fragments.
fn spelling_reads(
    reads: &[Read],
    allele: &PanelAllele,
    mates: &FxHashMap<u32, u32>,
    min_base_quality: u8,
) -> (Vec<u32>, u32) {
    let end = allele.position + allele.reference.len() as u64;
    let spells = |read: &Read| {
        read.start <= allele.position && end < read.end() && {
            let range = index_at(read, allele.position)..index_at(read, end);
            read.bases[range.clone()] == allele.bases && read.quals[range].iter().all(|&q| q >= min_base_quality)
        }
    };
    let numbers = (0u32..).zip(reads).filter(|(_, read)| spells(read));
    let supporting: Vec<u32> = numbers.map(|(number, _)| number).collect();
    let is_counted = |number: &&u32| {
        let mate = mates.get(number).filter(|mate| supporting.binary_search(mate).is_ok());
        mate.is_none_or(|mate| *number < mate)
    };
    let fragments = supporting.iter().filter(is_counted).count() as u32;
    (supporting, fragments)
}

/// Index of the first base of a read that lies at `position` or after it. Inserted bases lie before the next position.
fn index_at(read: &Read, position: u64) -> usize {
    let (mut at, mut index) = (read.start, 0);
    for op in &read.cigar {
        let length = u64::from(op.length);
        match (op.kind.consumes_reference(), op.kind.consumes_read()) {
            (true, consumes_read) if position < at + length => {
                return index + if consumes_read { (position - at) as usize } else { 0 };
            }
            (true, false) => at += length,
            (true, true) => (at, index) = (at + length, index + length as usize),
            (false, true) => index += length as usize,
            (false, false) => {}
        }
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::testing::read;

    const REFERENCE: &[u8] = b"GATTCTGACCATGCACAGGTAGTCC";

    fn allele(position: u64, reference: &str, bases: &str) -> PanelAllele {
        PanelAllele {
            position,
            reference: reference.into(),
            bases: bases.into(),
        }
    }

    /// Depth, reference depth, and depth of each allele, for reads with the given names, CIGARs and bases.
    fn depths(reads: &[(&str, &str, &[u8])], alleles: &[PanelAllele]) -> Vec<[u32; 3]> {
        let reads: Vec<Read> = reads
            .iter()
            .map(|(name, cigar, bases)| read(name, 0, cigar, bases))
            .collect();
        let sequence = Sequence::new(0, REFERENCE.to_vec());
        let candidates = named_candidates(&reads, &sequence, alleles, 10);
        candidates
            .iter()
            .map(|c| [c.depth, c.reference_depth, c.alternates[0].depth])
            .collect()
    }

    #[test]
    fn alleles_without_reads_have_the_depth_of_their_position() {
        let alleles = [allele(4, "C", "A"), allele(4, "C", "CTT"), allele(9, "CA", "C")];
        let reads = [("a", "25M", REFERENCE), ("b", "25M", REFERENCE)];
        assert_eq!(depths(&reads, &alleles), [[2, 2, 0]; 3]);
        assert_eq!(depths(&[], &alleles), [[0, 0, 0]; 3]);
    }

    #[test]
    fn one_read_of_an_allele_counts() {
        let mut snp = REFERENCE.to_vec();
        snp[4] = b'A';
        let reads = [("a", "25M", REFERENCE), ("b", "25M", &snp)];
        assert_eq!(
            depths(&reads, &[allele(4, "C", "A"), allele(4, "C", "G")]),
            [[2, 1, 1], [2, 1, 0]]
        );
    }

    #[test]
    fn alleles_of_several_changes_are_read_as_one() {
        let both = b"GATTAGGACCATGCACAGGTAGTCC";
        let first = b"GATTATGACCATGCACAGGTAGTCC";
        let reads = [("a", "25M", &both[..]), ("b", "25M", first), ("c", "25M", REFERENCE)];
        assert_eq!(depths(&reads, &[allele(4, "CT", "AG")]), [[3, 1, 1]]);
        // CCAT is replaced by G, in two alignments.
        let replaced = b"GATTCTGAGGCACAGGTAGTCC";
        let reads = [
            ("a", "8M3D14M", &replaced[..]),
            ("b", "9M3D13M", replaced),
            ("c", "25M", REFERENCE),
        ];
        assert_eq!(depths(&reads, &[allele(8, "CCAT", "G")])[0][2], 2);
    }
}
