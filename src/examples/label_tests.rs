//! Labels of simulated genomes: two random haplotypes are represented twice, once as candidates and once as truth.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::label::{image_label, label};
use super::truth::TruthVariant;
use crate::candidates::{Allele, Candidate};
use crate::genome::{IntervalSet, Region, Sequence};
use crate::variants::Edit;

/// First position of the reference.
const START: u64 = 5_000;

fn candidate(position: u64, reference: &str, alternates: &[&str]) -> Candidate {
    let allele = |bases: &&str| Allele {
        bases: bases.as_bytes().to_vec(),
        supporting_reads: Vec::new(),
        depth: 0,
    };
    Candidate {
        position: START + position,
        reference: reference.as_bytes().to_vec(),
        alternates: alternates.iter().map(allele).collect(),
        depth: 0,
        reference_depth: 0,
    }
}

fn truth(position: u64, reference: &str, alternates: &[&str], genotype: [usize; 2]) -> TruthVariant {
    TruthVariant {
        position: START + position,
        reference: reference.as_bytes().to_vec(),
        alternates: alternates.iter().map(|a| a.as_bytes().to_vec()).collect(),
        genotype,
        phased: false,
    }
}

/// Genotypes of the candidates and explained alleles of truth; the confident region covers the whole reference.
fn labelled(reference: &str, candidates: &[Candidate], truth: &[TruthVariant]) -> (Vec<[usize; 2]>, Vec<usize>) {
    let reference = Sequence::new(START, reference.as_bytes().to_vec());
    let confident = IntervalSet::from_regions([Region::new("c", START, reference.end())]);
    let labels = label(candidates, truth, &confident, "c", &reference);
    (
        labels.genotypes.into_iter().map(Option::unwrap).collect(),
        labels.explained,
    )
}

#[test]
fn identical_records_have_the_genotype_of_truth() {
    let reference = "GATTACAGATTACCAGGT";
    let candidates = [
        candidate(3, "T", &["G"]),
        candidate(7, "G", &["A", "C"]),
        candidate(12, "CC", &["C"]),
    ];
    let truths = [truth(3, "T", &["G"], [1, 1]), truth(7, "G", &["C", "A"], [1, 2])];
    assert_eq!(
        labelled(reference, &candidates, &truths),
        (vec![[1, 1], [1, 2], [0, 0]], vec![2, 2])
    );
}

#[test]
fn shifted_split_and_merged_records_get_the_same_label() {
    // A deletion of CA, shifted; two SNPs as one record; a deletion in two records.
    let reference = "GGGCACACACATTGACCTTGGA";
    let deletion = [truth(2, "GCA", &["G"], [0, 1])];
    for shifted in [
        candidate(2, "GCA", &["G"]),
        candidate(6, "ACA", &["A"]),
        candidate(8, "ACAT", &["AT"]),
    ] {
        assert_eq!(labelled(reference, &[shifted], &deletion), (vec![[0, 1]], vec![1]));
    }
    let merged = [truth(13, "GA", &["TT"], [1, 1])];
    let split = [candidate(13, "G", &["T"]), candidate(14, "A", &["T"])];
    assert_eq!(labelled(reference, &split, &merged), (vec![[1, 1], [1, 1]], vec![2]));
    let whole = [candidate(15, "CCTT", &["C"])];
    let parts = [truth(15, "CC", &["C"], [0, 1]), truth(16, "CTT", &["C"], [0, 1])];
    assert_eq!(labelled(reference, &whole, &parts), (vec![[0, 1]], vec![1, 1]));
}

#[test]
fn truth_that_no_candidate_represents_is_not_explained() {
    let reference = "GATTACAGATTACCAGGT";
    let candidates = [candidate(3, "T", &["G"]), candidate(7, "G", &["A"])];
    let truths = [truth(5, "C", &["T"], [0, 1]), truth(7, "G", &["A", "C"], [2, 1])];
    assert_eq!(
        labelled(reference, &candidates, &truths),
        (vec![[0, 0], [0, 1]], vec![0, 1])
    );
}

#[test]
fn a_snp_under_a_deletion_on_the_other_haplotype_is_het() {
    let reference = "GATTACAGATTACCAGGT";
    let candidates = [candidate(3, "TACAG", &["T"]), candidate(5, "C", &["T"])];
    let truths = [truth(3, "TACAG", &["T"], [1, 0]), truth(5, "C", &["T"], [1, 0])];
    assert_eq!(
        labelled(reference, &candidates, &truths),
        (vec![[0, 1], [0, 1]], vec![1, 1])
    );
}

#[test]
fn het_deletion_and_het_insertion_of_one_repeat_do_not_cancel_each_other() {
    let reference = "GCATAAAAAAAATGC";
    let candidates = [candidate(3, "TA", &["T", "TAA"])];
    let truths = [truth(3, "TA", &["T"], [0, 1]), truth(3, "T", &["TA"], [0, 1])];
    assert_eq!(labelled(reference, &candidates, &truths), (vec![[1, 2]], vec![1, 1]));
}

#[test]
fn only_candidates_wholly_inside_confident_regions_are_labelled() {
    let reference = Sequence::new(START, b"GATTACAGATTACCAGGT".to_vec());
    let confident = IntervalSet::from_regions([Region::new("c", START + 3, START + 8)]);
    let candidates = [
        candidate(2, "T", &["G"]),
        candidate(3, "T", &["G"]),
        candidate(7, "GAT", &["G"]),
    ];
    let labels = label(&candidates, &[], &confident, "c", &reference);
    assert_eq!(labels.genotypes, [None, Some([0, 0]), None]);
}

#[test]
fn the_class_of_an_image_counts_haplotypes() {
    assert_eq!(
        [[0, 0], [0, 1], [1, 1], [1, 2], [2, 2]].map(|g| image_label(g, &[0])),
        [0, 1, 2, 1, 0]
    );
    assert_eq!(
        [[0, 2], [1, 2], [2, 3], [3, 3]].map(|g| image_label(g, &[0, 1])),
        [1, 2, 1, 0]
    );
}

/// A change of the reference on one or both haplotypes (bit `h` of `mask` for haplotype `h`).
#[derive(Clone, Debug)]
struct Change {
    start: usize,
    end: usize,
    bases: Vec<u8>,
    mask: usize,
}

/// How to represent a change differently: shift, padding on the left, padding on the right, merge, cut.
type Respelling = (usize, usize, usize, bool, bool);

fn base() -> impl Strategy<Value = u8> {
    prop::sample::select(b"ACGT".to_vec())
}

/// A reference with repeats of units of one to three bases, and changes that are at least one base apart.
fn genome() -> impl Strategy<Value = (Vec<u8>, Vec<Change>)> {
    let reference = vec((vec(base(), 1..4), 1..6usize), 12..24).prop_map(|units| {
        units
            .iter()
            .flat_map(|(unit, times)| unit.repeat(*times))
            .collect::<Vec<u8>>()
    });
    let change = (2..14usize, 0..3usize, vec(base(), 1..5), 1..4usize);
    (reference, vec(change, 1..6)).prop_map(|(reference, drawn)| {
        let mut changes = Vec::new();
        let mut at = 0;
        for (gap, kind, mut bases, mask) in drawn {
            let start = at + gap;
            let replaced = [1, bases.len(), 0][kind];
            match kind {
                0 => bases.truncate(1),
                1 => bases.clear(),
                _ => {}
            }
            at = start + replaced;
            if at + 2 < reference.len() {
                changes.push(Change {
                    start,
                    end: at,
                    bases,
                    mask,
                });
            }
        }
        (reference, changes)
    })
}

/// Shifts indels to the right and cuts deletions in two. Changes stay apart from their neighbours.
fn respell(reference: &[u8], changes: &[Change], how: &[Respelling]) -> Vec<Change> {
    let mut respelled = Vec::new();
    for (i, change) in changes.iter().enumerate() {
        let (shift, .., cut) = how[i % how.len()];
        let mut change = change.clone();
        let limit = changes.get(i + 1).map_or(reference.len() - 1, |next| next.start - 1);
        for _ in 0..shift {
            let indel = (change.start == change.end) != change.bases.is_empty();
            let leaving = *change.bases.first().unwrap_or(&reference[change.start]);
            if indel && change.end < limit && leaving == reference[change.end] {
                change.start += 1;
                change.end += 1;
                let turn = change.bases.len().min(1);
                change.bases.rotate_left(turn);
            }
        }
        if cut && change.bases.is_empty() && change.end - change.start > 1 {
            let first = Change {
                end: change.start + 1,
                ..change.clone()
            };
            change.start += 1;
            respelled.push(first);
        }
        respelled.push(change);
    }
    respelled
}

/// The sequence of a haplotype over `start..end` of the reference.
fn spelled(reference: &[u8], changes: &[Change], haplotype: usize, start: usize, end: usize) -> Vec<u8> {
    let mut sequence = Vec::new();
    let mut at = start;
    for change in changes
        .iter()
        .filter(|c| c.mask >> haplotype & 1 == 1 && c.start >= start && c.end <= end)
    {
        sequence.extend_from_slice(&reference[at..change.start]);
        sequence.extend_from_slice(&change.bases);
        at = change.end;
    }
    sequence.extend_from_slice(&reference[at..end]);
    sequence
}

/// The changes as phased records: runs of changes are merged and padded at both ends.
fn records(reference: &[u8], changes: &[Change], how: &[Respelling]) -> Vec<TruthVariant> {
    let changes = respell(reference, changes, how);
    let mut records = Vec::new();
    let mut i = 0;
    while i < changes.len() {
        let first = i;
        while how[i % how.len()].3 && i + 1 < changes.len() {
            i += 1;
        }
        i += 1;
        let (_, left, right, ..) = how[i % how.len()];
        // Two changes that touch (a cut deletion) leave no room for padding beyond the anchor base.
        let floor = first.checked_sub(1).map_or(0, |before| changes[before].end);
        let ceiling = changes.get(i).map_or(reference.len(), |next| next.start);
        let start = changes[first]
            .start
            .saturating_sub(1 + left)
            .max(floor)
            .min(changes[first].start - 1);
        let end = (changes[i - 1].end + right).min(ceiling);
        let run = &changes[first..i];
        let mut variant = TruthVariant {
            position: START + start as u64,
            reference: reference[start..end].to_vec(),
            alternates: Vec::new(),
            genotype: [0, 0],
            phased: true,
        };
        for haplotype in 0..2 {
            let sequence = spelled(reference, run, haplotype, start, end);
            if sequence != variant.reference {
                if !variant.alternates.contains(&sequence) {
                    variant.alternates.push(sequence.clone());
                }
                variant.genotype[haplotype] = 1 + variant.alternates.iter().position(|a| *a == sequence).unwrap();
            }
        }
        if !variant.alternates.is_empty() {
            records.push(variant);
        }
    }
    records
}

fn candidates(records: &[TruthVariant]) -> Vec<Candidate> {
    let allele = |bases: &Vec<u8>| Allele {
        bases: bases.clone(),
        supporting_reads: vec![0, 1],
        depth: 2,
    };
    let candidate = |r: &TruthVariant| Candidate {
        position: r.position,
        reference: r.reference.clone(),
        alternates: r.alternates.iter().map(allele).collect(),
        depth: 0,
        reference_depth: 0,
    };
    records.iter().map(candidate).collect()
}

/// All pairs of haplotypes that the unphased genotypes allow.
fn phasings(reference: &[u8], candidates: &[Candidate], genotypes: &[[usize; 2]]) -> HashSet<[Vec<u8>; 2]> {
    let spell = |phasing: usize, haplotype: usize| -> Option<Vec<u8>> {
        let changes = candidates.iter().zip(genotypes).enumerate().filter_map(|(i, (c, g))| {
            let allele = g[haplotype ^ (phasing >> i & 1)].checked_sub(1)?;
            let edit = Edit::new(c.position - START, &c.reference, &c.alternates[allele].bases)?;
            Some(Change {
                start: edit.start as usize,
                end: edit.end as usize,
                bases: edit.bases,
                mask: 3,
            })
        });
        let mut changes: Vec<_> = changes.collect();
        changes.sort_by_key(|c| (c.start, c.end));
        let apart = changes.windows(2).all(|pair| pair[0].end <= pair[1].start);
        apart.then(|| spelled(reference, &changes, 0, 0, reference.len()))
    };
    let pair = |phasing| Some([spell(phasing, 0)?, spell(phasing, 1)?]);
    (0..1 << candidates.len()).filter_map(pair).collect()
}

fn respelling() -> impl Strategy<Value = Vec<Respelling>> {
    vec((0..8usize, 0..4usize, 0..4usize, any::<bool>(), any::<bool>()), 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn labels_reproduce_the_haplotypes_for_any_representation_of_truth(
        (reference, changes) in genome(),
        called in respelling(),
        spellings in vec(respelling(), 3),
    ) {
        let candidates = candidates(&records(&reference, &changes, &called));
        let haplotypes = [0, 1].map(|h| spelled(&reference, &changes, h, 0, reference.len()));
        let text = String::from_utf8(reference.clone()).unwrap();
        let mut first = None;
        for spelling in &spellings {
            let truth = records(&reference, &changes, spelling);
            let (genotypes, explained) = labelled(&text, &candidates, &truth);
            let alleles = truth.iter().map(TruthVariant::alternate_count);
            prop_assert_eq!(explained, alleles.collect::<Vec<_>>());
            prop_assert!(phasings(&reference, &candidates, &genotypes).contains(&haplotypes), "{:?}", genotypes);
            prop_assert_eq!(first.get_or_insert(genotypes.clone()), &genotypes);
        }
    }

    /// Unphased truth may stand for several genomes; the labels must describe one of these.
    #[test]
    fn labels_of_unphased_truth_describe_a_genome_that_truth_allows(
        (reference, changes) in genome(),
        called in respelling(),
        spelling in respelling(),
    ) {
        let called = candidates(&records(&reference, &changes, &called));
        let mut truth = records(&reference, &changes, &spelling);
        truth.iter_mut().for_each(|t| t.phased = false);
        let text = String::from_utf8(reference.clone()).unwrap();
        let (genotypes, explained) = labelled(&text, &called, &truth);
        let possible = phasings(&reference, &candidates(&truth), &truth.iter().map(|t| t.genotype).collect::<Vec<_>>());
        let total: usize = truth.iter().map(TruthVariant::alternate_count).sum();
        // Skips truth that cancels itself in one of its phases, because no candidate explains it.
        prop_assume!(explained.iter().sum::<usize>() == total);
        prop_assert!(!possible.is_disjoint(&phasings(&reference, &called, &genotypes)), "{:?}", genotypes);
    }
}
