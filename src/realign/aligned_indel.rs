//! Haplotypes that the aligner found: the reference with one indel.
//!
//! A graph loses an indel where its k-mers must be longer than what reads hold without an error: in repeats, and where many bases
//! are wrong. An aligner puts it into some of the reads all the same, and what it missed in the others is theirs to fit.

use std::collections::BTreeMap;
use std::ops::Range;

use super::RealignOptions;
use crate::genome::Sequence;
use crate::reads::{Read, indels};

/// The assembled haplotypes of a window, and those with an indel that enough of its reads show. In byte order; `None` if only the
/// reference is there.
pub fn with_aligned_indels(
    assembled: Option<Vec<Vec<u8>>>,
    window: &Range<u64>,
    reference: &Sequence,
    reads: &[&Read],
    options: &RealignOptions,
) -> Option<Vec<Vec<u8>>> {
    let mut shown: BTreeMap<(u64, Vec<u8>, Vec<u8>), u32> = BTreeMap::new();
    let sure = reads
        .iter()
        .filter(|read| read.mapping_quality >= options.graph_mapping_quality);
    for indel in sure.flat_map(|read| indels(read, reference)) {
        let end = indel.position + indel.reference.len() as u64;
        if window.start <= indel.position && end <= window.end {
            *shown.entry((indel.position, indel.reference, indel.bases)).or_default() += 1;
        }
    }
    let is_enough = |&reads_with: &u32| {
        reads_with >= options.min_supporting_reads
            && reads_with as usize * 100 >= reads.len() * options.aligned_indel_percent
    };
    let bases = reference.slice(window.start, window.end);
    let mut haplotypes = assembled.unwrap_or_else(|| vec![bases.to_vec()]);
    for ((position, replaced, inserted), _) in shown.into_iter().filter(|(_, reads_with)| is_enough(reads_with)) {
        let at = (position - window.start) as usize;
        haplotypes.push([&bases[..at], &inserted, &bases[at + replaced.len()..]].concat());
    }
    haplotypes.sort_unstable();
    haplotypes.dedup();
    (haplotypes.len() > 1).then_some(haplotypes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{random_bases, read};
    use super::*;

    #[test]
    fn indels_that_enough_reads_show_are_haplotypes() {
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
            with_aligned_indels(None, &window, &reference, &reads.iter().collect::<Vec<_>>(), &options)
        };
        let mut both = vec![expected(), reference.bases[180..330].to_vec()];
        both.sort();
        assert_eq!(found(&reads, 4), Some(both));
        assert_eq!([found(&reads, 5), found(&reads[1..], 0)], [None, None]);
        let mut unsure = reads.clone();
        unsure[0].mapping_quality = 13;
        assert_eq!(found(&unsure, 0), None);
        // Beyond the window it is of no use.
        let options = RealignOptions::default();
        let all: Vec<&Read> = reads.iter().collect();
        assert_eq!(with_aligned_indels(None, &(254..330), &reference, &all, &options), None);
    }
}
