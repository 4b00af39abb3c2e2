//! Haplotypes from the aligner: the reference with one indel.
//!
//! The graph loses an indel if k must be longer than the error-free parts of reads: in repeats, and with many
//! sequencing errors. The aligner still finds the indel in some reads, and the other reads can then be fitted to it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::options::RealignOptions;
use crate::genome::Sequence;
use crate::reads::{Indel, Read, correct_read_errors, indels};

/// Position of the anchor, the replaced bases from the anchor on, and the new bases.
type Replacement = (u64, Vec<u8>, Vec<u8>);

/// The assembled haplotypes of a window, and those with an indel that enough overlapping reads carry, in byte order.
/// `None` if only the reference remains.
pub fn with_indel_haplotypes(
    assembled: Option<Vec<Vec<u8>>>,
    window: &Range<u64>,
    reference: &Sequence,
    reads: &[&Read],
    options: &RealignOptions,
) -> Option<Vec<Vec<u8>>> {
    let quality = options.graph_mapping_quality;
    let confident: Vec<&Read> = reads.iter().copied().filter(|r| r.mapping_quality >= quality).collect();
    let is_enough = |(position, replaced, _): &Replacement, support: u32| {
        let end = position + replaced.len() as u64;
        let over = confident
            .iter()
            .filter(|read| read.start <= *position && read.end() >= end);
        support >= options.min_supporting_reads
            && support as usize * 100 >= over.count() * options.aligned_indel_percent
    };
    let bases = reference.slice(window.start, window.end);
    let mut haplotypes = assembled.unwrap_or_else(|| vec![bases.to_vec()]);
    for (indel, support) in count(&confident, window, reference) {
        if is_enough(&indel, support) {
            let (position, replaced, inserted) = indel;
            let at = (position - window.start) as usize;
            haplotypes.push([&bases[..at], &inserted, &bases[at + replaced.len()..]].concat());
        }
    }
    haplotypes.sort_unstable();
    haplotypes.dedup();
    (haplotypes.len() > 1).then_some(haplotypes)
}

/// The indels within a window, and the number of reads with each.
fn count(reads: &[&Read], window: &Range<u64>, reference: &Sequence) -> BTreeMap<Replacement, u32> {
    let within = |i: &Indel| window.start <= i.position && i.position + i.reference.len() as u64 <= window.end;
    let mut read_indels: Vec<Vec<Indel>> = reads.iter().map(|read| indels(read, reference)).collect();
    read_indels.iter_mut().for_each(|indels| indels.retain(within));
    correct_read_errors(read_indels.iter_mut().flatten());
    let mut support = BTreeMap::new();
    for indels in read_indels {
        // Two indels of one read may be equal after left alignment.
        let distinct: BTreeSet<Replacement> = indels.into_iter().map(|i| (i.position, i.reference, i.bases)).collect();
        for indel in distinct {
            *support.entry(indel).or_default() += 1;
        }
    }
    support
}

#[cfg(test)]
mod tests {
    use super::super::testing::random_bases;
    use super::*;
    use crate::reads::testing::read;

    #[test]
    fn indels_of_enough_reads_are_haplotypes() {
        let reference = Sequence::new(0, random_bases(500, 4));
        let deleted = [&reference.bases[200..250], &reference.bases[253..303]].concat();
        let reads: Vec<Read> = (0..50)
            .map(|i| match i {
                0..2 => read("deleted", 200, "50M3D50M", &deleted),
                _ => read("plain", 200, "100M", &reference.bases[200..300]),
            })
            .collect();
        let window = 180..330;
        let expected = || [&reference.bases[180..250], &reference.bases[253..330]].concat();
        let found = |reads: &[Read], percent: usize| {
            let options = RealignOptions {
                aligned_indel_percent: percent,
                ..RealignOptions::default()
            };
            with_indel_haplotypes(None, &window, &reference, &reads.iter().collect::<Vec<_>>(), &options)
        };
        let mut both = vec![expected(), reference.bases[180..330].to_vec()];
        both.sort();
        assert_eq!(found(&reads, 4), Some(both));
        assert_eq!([found(&reads, 5), found(&reads[1..], 0)], [None, None]);
        let mut unsure = reads.clone();
        unsure[0].mapping_quality = 13;
        assert_eq!(found(&unsure, 0), None);
        // An indel that reaches beyond the window is ignored.
        let options = RealignOptions::default();
        let all: Vec<&Read> = reads.iter().collect();
        let within = |window: Range<u64>| with_indel_haplotypes(None, &window, &reference, &all, &options).is_some();
        assert_eq!([within(254..330), within(180..252)], [false, false]);
        // Reads that end before the indel do not count.
        let mut more = reads.clone();
        more.extend((0..50).map(|i| read(&format!("{i}"), 150, "80M", &reference.bases[150..230])));
        assert!(found(&more, 4).is_some());
    }

    #[test]
    fn a_long_insertion_is_a_haplotype_although_each_read_misreads_a_base() {
        let reference = Sequence::new(0, random_bases(500, 4));
        let inserted = random_bases(60, 13);
        let bases = [&reference.bases[210..250], &inserted, &reference.bases[250..290]].concat();
        let misread = |name: &str, index: usize| {
            let mut read = read(name, 210, "40M60I40M", &bases);
            read.bases[index] = if read.bases[index] == b'A' { b'C' } else { b'A' };
            read.quals[index] = 11;
            read
        };
        let (a, b) = (misread("a", 50), misread("b", 70));
        let options = RealignOptions::default();
        let found = |reads: &[&Read]| with_indel_haplotypes(None, &(180..330), &reference, reads, &options);
        let whole = [&reference.bases[180..250], &inserted, &reference.bases[250..330]].concat();
        assert!(found(&[&a, &b]).is_some_and(|haplotypes| haplotypes.contains(&whole)));
        assert_eq!(found(&[&a]), None);
    }

    #[test]
    fn assembled_haplotypes_are_kept_without_duplicates() {
        let reference = Sequence::new(0, random_bases(500, 4));
        let deleted = [&reference.bases[200..250], &reference.bases[253..303]].concat();
        let (a, b) = (
            read("a", 200, "50M3D50M", &deleted),
            read("b", 200, "50M3D50M", &deleted),
        );
        let short = [&reference.bases[180..250], &reference.bases[253..330]].concat();
        let mut assembled = vec![vec![b'A'; 150], short, reference.bases[180..330].to_vec()];
        assembled.sort();
        let options = RealignOptions::default();
        let found = with_indel_haplotypes(Some(assembled.clone()), &(180..330), &reference, &[&a, &b], &options);
        assert_eq!(found, Some(assembled));
    }

    #[test]
    fn an_indel_counts_once_per_read() {
        let sides = random_bases(200, 5);
        let reference = Sequence::new(0, [&sides[..100], &[b'A'; 12], &sides[100..]].concat());
        let bases = [&sides[60..100], &[b'A'; 10], &sides[100..140]].concat();
        let split = read("split", 60, "42M1D4M1D44M", &bases);
        let options = RealignOptions {
            aligned_indel_percent: 0,
            ..RealignOptions::default()
        };
        let found = |reads: &[&Read]| with_indel_haplotypes(None, &(70..150), &reference, reads, &options);
        assert_eq!(found(&[&split]), None);
        assert!(found(&[&split, &split]).is_some());
    }
}
