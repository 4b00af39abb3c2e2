//! Tests of window assembly.

use super::assembler::Assembler;
use super::options::RealignOptions;
use super::testing::{clipped_reads, random_bases};
use crate::genome::Sequence;
use crate::reads::Read;
use crate::reads::testing::read;

fn assemble(reference: &Sequence, reads: &[Read]) -> Option<Vec<Vec<u8>>> {
    let window = reference.start + 300..reference.start + 500;
    let overlapping: Vec<&Read> = reads
        .iter()
        .filter(|r| r.start < window.end && r.end() > window.start)
        .collect();
    Assembler::default().haplotypes(&window, reference, &overlapping, &RealignOptions::default())
}

#[test]
fn a_window_assembles_the_reference_and_a_haplotype_of_two_reads() {
    let reference = Sequence::new(7_000, random_bases(800, 3));
    let plain = clipped_reads(&reference, 400, 0, b"", 100, 20);
    assert_eq!(assemble(&reference, &plain), None);

    let window = &reference.bases[300..500];
    let changed = [&window[..100], b"ACCTT", &window[100..]].concat();
    let mut expected = vec![window.to_vec(), changed];
    expected.sort();
    let mut reads = [plain, clipped_reads(&reference, 400, 0, b"ACCTT", 100, 20)].concat();
    assert_eq!(assemble(&reference, &reads), Some(expected));

    // Reads of low mapping quality or low base quality are not evidence.
    for read in &mut reads {
        read.mapping_quality = 13;
    }
    assert_eq!(assemble(&reference, &reads), None);
    for read in &mut reads {
        (read.mapping_quality, read.quals) = (60, vec![9; 100]);
    }
    assert_eq!(assemble(&reference, &reads), None);
}

#[test]
fn a_single_read_is_enough_among_few_reads() {
    let reference = Sequence::new(7_000, random_bases(800, 3));
    let plain = clipped_reads(&reference, 400, 0, b"", 100, 20);
    let changed = clipped_reads(&reference, 400, 0, b"ACCTT", 100, 20);
    let window = reference.bases[300..500].to_vec();
    let alternate = [&window[..100], b"ACCTT", &window[100..]].concat();
    let crossing = changed.iter().find(|read| read.name.ends_with(b"360")).cloned();
    let few = [&plain[10..20], crossing.as_slice()].concat();
    let mut expected = vec![window, alternate];
    expected.sort();
    assert_eq!(assemble(&reference, &few), Some(expected));
    // One read among many is not enough.
    assert_eq!(assemble(&reference, &[&few[..], &plain, &plain].concat()), None);
}

#[test]
fn unresolvable_repeats_and_too_many_haplotypes_give_none() {
    let mut reference = Sequence::new(7_000, random_bases(800, 4));
    let changed = clipped_reads(&reference, 400, 0, b"ACCTT", 100, 20);
    assert!(assemble(&reference, &changed).is_some());
    reference.bases[300..500].copy_from_slice(&[b'A'; 200]);
    assert_eq!(
        assemble(&reference, &clipped_reads(&reference, 400, 0, b"C", 100, 20)),
        None
    );

    let reference = Sequence::new(7_000, random_bases(800, 5));
    let mut reads = Vec::new();
    // Eleven SNPs, each in two different reads.
    for at in (320..=480).step_by(16) {
        let mut bases = reference.bases[at - 15..at + 16].to_vec();
        bases[15] = if bases[15] == b'A' { b'C' } else { b'A' };
        let start = reference.start + at as u64 - 15;
        reads.extend(["one", "two"].map(|name| read(&format!("{name}{at}"), start, "31M", &bases)));
    }
    assert_eq!(assemble(&reference, &reads), None);
    assert_eq!(assemble(&reference, &reads[..16]).map(|h| h.len()), Some(256));
}

#[test]
fn neighbouring_variants_are_linked_if_they_give_too_many_haplotypes() {
    let reference = Sequence::new(7_000, random_bases(800, 6));
    let mut changed = reference.clone();
    for at in (330..470).step_by(15) {
        changed.bases[at] = if changed.bases[at] == b'A' { b'C' } else { b'A' };
    }
    let reads = [
        clipped_reads(&reference, 400, 0, b"", 100, 20),
        clipped_reads(&changed, 400, 0, b"", 100, 20),
    ];
    let mut expected = [&reference, &changed].map(|s| s.bases[300..500].to_vec());
    expected.sort();
    assert_eq!(assemble(&reference, &reads.concat()), Some(expected.to_vec()));
}

#[test]
fn one_repetitive_read_does_not_hide_the_haplotype_of_shorter_reads() {
    let reference = Sequence::new(7_000, random_bases(800, 7));
    let mut reads = clipped_reads(&reference, 400, 0, b"ACCTT", 60, 3);
    let expected = assemble(&reference, &reads);
    assert_eq!(expected.as_ref().map(Vec::len), Some(2));
    let repeat = &reference.bases[330..385];
    reads.push(read("bad", 7_330, "55M55S", &[repeat, repeat].concat()));
    assert_eq!(assemble(&reference, &reads), expected);
}
