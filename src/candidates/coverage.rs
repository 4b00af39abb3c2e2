//! How much the reads say at every position, also where nothing differs.

use super::counts::overlapping_mates;
use crate::genome::{Region, Sequence};
use crate::reads::{Indel, Read, indels};

/// Usable fragments over one position, counted as in [`SiteCounts`](super::SiteCounts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub depth: u16,
    /// Those that show the reference.
    pub reference_depth: u16,
}

/// What one read shows at one position.
struct Shown {
    position: u64,
    quality: u8,
    is_reference: bool,
}

/// The coverage of each position of `region`. `reads` are ordered by start and hold all that reach into it; `sequence` is the
/// reference under all of them. Where the reference is not known, nothing is counted.
pub fn coverage(reads: &[Read], sequence: &Sequence, region: &Region, min_base_quality: u8) -> Vec<Coverage> {
    let mut counts = vec![[0u32; 2]; region.len() as usize];
    let whole = (region.start, region.end);
    let indels: Vec<Vec<Indel>> = reads.iter().map(|read| indels(read, sequence)).collect();
    let usable = |number: usize, within| {
        let shown = shown(&reads[number], &indels[number], sequence, within);
        shown.filter(move |shown| shown.quality >= min_base_quality)
    };
    let at = |shown: &Shown| (shown.position - region.start) as usize;
    for number in 0..reads.len() {
        for shown in usable(number, whole) {
            let [depth, reference] = &mut counts[at(&shown)];
            *depth += 1;
            *reference += u32::from(shown.is_reference);
        }
    }
    // Of two mates, the better base speaks for the fragment; of equals, the first. The other is taken back.
    for (first, second) in overlapping_mates(reads) {
        let (first, second) = (first as usize, second as usize);
        if first > second {
            continue;
        }
        let both = (
            reads[second].start.max(region.start),
            reads[first].end().min(reads[second].end()).min(region.end),
        );
        let mut of_second: Vec<Shown> = usable(second, both).collect();
        of_second.sort_by_key(|shown| shown.position);
        for shown in usable(first, both) {
            let Ok(found) = of_second.binary_search_by_key(&shown.position, |s| s.position) else {
                continue;
            };
            let other = &of_second[found];
            let silent = if other.quality > shown.quality { &shown } else { other };
            let [depth, reference] = &mut counts[at(silent)];
            *depth -= 1;
            *reference -= u32::from(silent.is_reference);
        }
    }
    let bounded = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    let coverage = counts.into_iter().map(|[depth, reference]| Coverage {
        depth: bounded(depth),
        reference_depth: bounded(reference),
    });
    coverage.collect()
}

/// What a read shows at positions within bounds: its bases, and at the anchor of an indel the indel.
fn shown<'a>(
    read: &'a Read,
    indels: &'a [Indel],
    sequence: &'a Sequence,
    within: (u64, u64),
) -> impl Iterator<Item = Shown> + 'a {
    let bases = read.matches().flat_map(move |(position, index, length)| {
        let start = position.max(within.0);
        let end = (position + length as u64).min(within.1).max(start);
        (start..end).filter_map(move |at| {
            let index = index + (at - position) as usize;
            let (base, expected) = (read.bases[index], sequence.base(at));
            let counts = base != b'N' && expected != b'N' && indels.iter().all(|indel| indel.position != at);
            counts.then_some(Shown {
                position: at,
                quality: read.quals[index],
                is_reference: base == expected,
            })
        })
    });
    let anchors = indels
        .iter()
        .filter(move |indel| (within.0..within.1).contains(&indel.position) && sequence.base(indel.position) != b'N');
    bases.chain(anchors.map(|indel| Shown {
        position: indel.position,
        quality: indel.quality,
        is_reference: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::count_alleles;
    use crate::reads::testing::read;
    use proptest::prelude::*;

    const REFERENCE: &str = "GATTCTGACCATGCACACACAGGTAGTCCGATTCGAAGCTTTTTCAGGACT";

    proptest! {
        #[test]
        fn positions_that_differ_are_covered_as_their_sites_are_counted(
            drawn in prop::collection::vec((0..8u64, 0..4usize, 0..3usize, 0..40u8), 1..20)
        ) {
            let sequence = Sequence::new(100, REFERENCE.into());
            let region = Region::new("c", 105, 145);
            let mut reads: Vec<Read> = drawn.into_iter().enumerate().map(|(number, (offset, shape, changed, quality))| {
                let cigar = ["24M", "12M2D12M", "12M2I10M", "3S21M"][shape];
                let start = offset * 3;
                let from = &REFERENCE[start as usize..];
                let mut bases = match shape {
                    1 => [&from[..12], &from[14..26]].concat(),
                    2 => [&from[..12], "GG", &from[12..22]].concat(),
                    3 => ["TTT", &from[..21]].concat(),
                    _ => from[..24].to_owned(),
                }.into_bytes();
                if changed > 0 {
                    bases[changed * 5] = b'A';
                }
                let mut read = read(&format!("fragment {}", number / 2), 100 + start, cigar, &bases);
                read.quals.fill(quality);
                read.second_of_pair = number % 2 == 1;
                read
            }).collect();
            reads.sort_by_key(|read| read.start);
            let covered = coverage(&reads, &sequence, &region, 10);
            prop_assert_eq!(covered.len(), 40);
            for site in count_alleles(&reads, &sequence, &region, 10) {
                let at = covered[(site.position - 105) as usize];
                let counted = (site.depth, site.reference_depth);
                prop_assert_eq!((u32::from(at.depth), u32::from(at.reference_depth)), counted, "{}", site.position);
            }
        }
    }

    #[test]
    fn mates_count_once_and_what_is_poor_or_unknown_not_at_all() {
        let mut reference = REFERENCE.as_bytes().to_vec();
        reference[7] = b'N';
        let sequence = Sequence::new(0, reference);
        let mut reads = vec![
            read("a", 0, "20M", &REFERENCE.as_bytes()[..20]),
            read("a", 10, "20M", &REFERENCE.as_bytes()[10..30]),
        ];
        reads[1].second_of_pair = true;
        reads[0].quals[3] = 5;
        let covered = coverage(&reads, &sequence, &Region::new("c", 0, 40), 10);
        let depths: Vec<u16> = covered.iter().map(|c| c.depth).collect();
        let expected: Vec<u16> = (0..40).map(|at| u16::from(at < 30 && at != 3 && at != 7)).collect();
        assert_eq!(depths, expected);
        assert!(covered.iter().all(|c| c.reference_depth == c.depth));
    }
}
