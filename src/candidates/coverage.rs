//! Coverage of every position, also where no read differs from the reference.
//!
//! The counts equal [`SiteCounts`](super::counts::SiteCounts), which are computed for few sites. Here all bases are
//! added at once; indels and overlapping mates are corrected afterwards.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::counts::overlapping_mates;
use crate::genome::{Region, Sequence};
use crate::reads::{Gap, Indel, Read, gaps};
use crate::variants::Coverage;

/// The allele of one read at one position.
struct SeenAllele {
    position: u64,
    quality: u8,
    is_reference: bool,
}

/// The coverage of each position of `region`. `reads` are ordered by start and include all reads over the region;
/// `sequence` covers all of them. Positions with reference N are not counted.
///
/// A deletion counts at its anchor if `is_asked` accepts the anchor. Any other deletion, or one that is not an allele,
/// counts as non-reference at all its deleted bases.
pub fn coverage(
    reads: &[Read],
    sequence: &Sequence,
    region: &Region,
    min_base_quality: u8,
    is_asked: impl Fn(u64) -> bool,
) -> Vec<Coverage> {
    let mut counts = DepthCounts {
        depths: vec![0; region.len() as usize],
        reference_depths: vec![0; region.len() as usize],
        sequence,
        region,
        min_base_quality,
    };
    let counts_at_anchor = |gap: &Gap| gap.indel.as_ref().is_some_and(|indel| is_asked(indel.position));
    let (mut indels, mut other_deletions) = (Vec::with_capacity(reads.len()), FxHashMap::default());
    for (read, number) in reads.iter().zip(0..) {
        let gaps = gaps(read, sequence);
        let deleted: Vec<_> = gaps
            .iter()
            .filter(|gap| !counts_at_anchor(gap))
            .map(|gap| gap.deleted.clone())
            .collect();
        let read_indels: Vec<Indel> = gaps.into_iter().filter_map(|gap| gap.indel).collect();
        counts.add_bases(read);
        counts.replace_anchors(read, &read_indels);
        if !deleted.is_empty() {
            deleted.iter().for_each(|deleted| counts.add_deleted(deleted));
            other_deletions.insert(number, deleted);
        }
        indels.push(read_indels);
    }
    for (read, mate) in overlapping_mates(reads) {
        let [own, others] = [read, mate].map(|number| (&reads[number as usize], &indels[number as usize][..]));
        counts.remove_mate_overlap(own, others, read < mate);
        if let (Some(own), Some(others)) = (other_deletions.get(&read), other_deletions.get(&mate))
            && mate < read
        {
            let both = own.iter().filter(|deleted| others.contains(deleted));
            both.for_each(|deleted| counts.remove_deleted(deleted));
        }
    }
    let counts = counts.depths.into_iter().zip(counts.reference_depths);
    let coverage = counts.map(|(depth, reference_depth)| Coverage { depth, reference_depth });
    coverage.collect()
}

/// Depths of all reads and of reads with the reference allele, for each position of a region.
struct DepthCounts<'a> {
    depths: Vec<u16>,
    reference_depths: Vec<u16>,
    sequence: &'a Sequence,
    region: &'a Region,
    min_base_quality: u8,
}

impl DepthCounts<'_> {
    /// Adds all aligned bases of a read. It works on slices, because most bases of a run pass here.
    fn add_bases(&mut self, read: &Read) {
        for (position, index, length) in read.matches() {
            let start = position.max(self.region.start);
            let end = (position + length as u64).min(self.region.end);
            if start >= end {
                continue;
            }
            let (at, length) = ((start - self.region.start) as usize, (end - start) as usize);
            let index = index + (start - position) as usize;
            let seen = read.bases[index..][..length].iter().zip(&read.quals[index..][..length]);
            let seen = seen.zip(self.sequence.slice(start, end));
            let depths = self.depths[at..][..length].iter_mut();
            let counts = depths.zip(&mut self.reference_depths[at..][..length]);
            for ((depth, reference), ((&base, &quality), &expected)) in counts.zip(seen) {
                let usable = (quality >= self.min_base_quality) & (base != b'N') & (expected != b'N');
                *depth = depth.saturating_add(u16::from(usable));
                *reference = reference.saturating_add(u16::from(usable & (base == expected)));
            }
        }
    }

    /// Adds a read that deletes the bases of an interval.
    fn add_deleted(&mut self, deleted: &Range<u64>) {
        self.known_depths(deleted)
            .for_each(|depth| *depth = depth.saturating_add(1));
    }

    fn remove_deleted(&mut self, deleted: &Range<u64>) {
        self.known_depths(deleted)
            .for_each(|depth| *depth = depth.saturating_sub(1));
    }

    /// The depths of the positions with a known reference base.
    fn known_depths(&mut self, positions: &Range<u64>) -> impl Iterator<Item = &mut u16> {
        let start = positions.start.max(self.region.start);
        let end = positions.end.min(self.region.end).max(start);
        let at = (start - self.region.start) as usize;
        let depths = self.depths.iter_mut().skip(at).zip(self.sequence.slice(start, end));
        depths.filter(|(_, base)| **base != b'N').map(|(depth, _)| depth)
    }

    /// Replaces the read's base at the anchor of each indel by the indel.
    fn replace_anchors(&mut self, read: &Read, indels: &[Indel]) {
        for (number, indel) in indels.iter().enumerate() {
            let at = (indel.position, indel.position + 1);
            // Two indels may share an anchor.
            if indels[..number].iter().all(|before| before.position != indel.position) {
                let base = bases(read, self.sequence, at).find(|seen| self.is_usable(seen));
                base.iter().for_each(|base| self.remove(base));
            }
            let seen = SeenAllele::indel(indel);
            if self.is_usable(&seen) {
                let depth = &mut self.depths[(seen.position - self.region.start) as usize];
                *depth = depth.saturating_add(1);
            }
        }
    }

    /// Removes the read's counts where its mate counts for the fragment: the base of higher quality counts, the first
    /// read on ties.
    fn remove_mate_overlap(
        &mut self,
        (read, indels): (&Read, &[Indel]),
        (mate, mate_indels): (&Read, &[Indel]),
        is_first: bool,
    ) {
        let both = (read.start.max(mate.start), read.end().min(mate.end()));
        let mut others: Vec<SeenAllele> = seen(mate, mate_indels, self.sequence, both).collect();
        others.retain(|seen| self.is_usable(seen));
        others.sort_by_key(|seen| seen.position);
        let mut own: Vec<SeenAllele> = seen(read, indels, self.sequence, both).collect();
        own.retain(|seen| self.is_usable(seen));
        for seen in own {
            let found = others.binary_search_by_key(&seen.position, |other| other.position);
            let other = found.ok().map(|found| others[found].quality);
            if other.is_some_and(|other| other > seen.quality || other == seen.quality && !is_first) {
                self.remove(&seen);
            }
        }
    }

    fn is_usable(&self, seen: &SeenAllele) -> bool {
        let SeenAllele { position, quality, .. } = *seen;
        quality >= self.min_base_quality && self.region.contains(position) && self.sequence.base(position) != b'N'
    }

    fn remove(&mut self, seen: &SeenAllele) {
        let at = (seen.position - self.region.start) as usize;
        self.depths[at] = self.depths[at].saturating_sub(1);
        self.reference_depths[at] = self.reference_depths[at].saturating_sub(u16::from(seen.is_reference));
    }
}

impl SeenAllele {
    fn indel(indel: &Indel) -> Self {
        Self {
            position: indel.position,
            quality: indel.quality,
            is_reference: false,
        }
    }
}

/// The known bases of a read within `within`.
fn bases(read: &Read, sequence: &Sequence, within: (u64, u64)) -> impl Iterator<Item = SeenAllele> {
    read.matches().flat_map(move |(position, index, length)| {
        let start = position.max(within.0);
        let end = (position + length as u64).min(within.1).max(start);
        (start..end).filter_map(move |at| {
            let index = index + (at - position) as usize;
            let base = read.bases[index];
            (base != b'N').then(|| SeenAllele {
                position: at,
                quality: read.quals[index],
                is_reference: base == sequence.base(at),
            })
        })
    })
}

/// The alleles of a read within `within`: its bases, with indels in place of their anchors.
fn seen(read: &Read, indels: &[Indel], sequence: &Sequence, within: (u64, u64)) -> impl Iterator<Item = SeenAllele> {
    let anchors = indels
        .iter()
        .filter(move |indel| (within.0..within.1).contains(&indel.position));
    let bases = bases(read, sequence, within);
    let bases = bases.filter(|seen| indels.iter().all(|indel| indel.position != seen.position));
    bases.chain(anchors.map(SeenAllele::indel))
}

#[cfg(test)]
mod tests {
    use super::super::counts::count_alleles;
    use super::*;
    use crate::reads::testing::read;
    use proptest::prelude::*;

    const REFERENCE: &str = "GATTCTGACCATGCACACACAGGTAGTCCGATTCGAAGCTTTTTCAGGACT";

    proptest! {
        #[test]
        fn coverage_equals_site_counts(
            drawn in prop::collection::vec((0..8u64, 0..4usize, 0..3usize, 0..40u8), 1..20)
        ) {
            let sequence = Sequence::new(100, REFERENCE.into());
            let region = Region::new("c", 110, 120);
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
                let mut read = read(&format!("fragment {}", number / 3), 100 + start, cigar, &bases);
                read.quals.fill(quality);
                read.second_of_pair = number % 2 == 1;
                read
            }).collect();
            reads.sort_by_key(|read| read.start);
            let covered = coverage(&reads, &sequence, &region, 10, |_| true);
            prop_assert_eq!(covered.len(), 10);
            for site in count_alleles(&reads, &sequence, &region, 10) {
                let at = covered[(site.position - 110) as usize];
                let counted = (site.depth, site.reference_depth);
                prop_assert_eq!((u32::from(at.depth), u32::from(at.reference_depth)), counted, "{}", site.position);
            }
        }
    }

    #[test]
    fn mates_count_once_and_poor_or_unknown_bases_do_not_count() {
        let mut reference = REFERENCE.as_bytes().to_vec();
        reference[7] = b'N';
        let sequence = Sequence::new(0, reference);
        let mut reads = vec![
            read("a", 0, "20M", &REFERENCE.as_bytes()[..20]),
            read("a", 10, "20M", &REFERENCE.as_bytes()[10..30]),
        ];
        reads[1].second_of_pair = true;
        reads[0].quals[3] = 5;
        let covered = coverage(&reads, &sequence, &Region::new("c", 0, 40), 10, |_| true);
        let depths: Vec<u16> = covered.iter().map(|c| c.depth).collect();
        let expected: Vec<u16> = (0..40).map(|at| u16::from(at < 30 && at != 3 && at != 7)).collect();
        assert_eq!(depths, expected);
        assert!(covered.iter().all(|c| c.reference_depth == c.depth));
    }
    #[test]
    fn deletions_not_counted_at_their_anchor_are_not_reference() {
        let mut reference = REFERENCE.as_bytes().to_vec();
        reference[14] = b'N';
        let region = Region::new("c", 0, 40);
        let deletion = |name: &str| {
            let bases = [&REFERENCE.as_bytes()[..12], &REFERENCE.as_bytes()[16..28]].concat();
            read(name, 0, "12M4D12M", &bases)
        };
        let mut mate = deletion("b");
        mate.second_of_pair = true;
        let reads = [
            deletion("a"),
            deletion("b"),
            mate,
            read("c", 0, "28M", &REFERENCE.as_bytes()[..28]),
        ];
        let covered = |from: u64| {
            let sequence = Sequence::new(0, reference.clone());
            let counts = coverage(&reads, &sequence, &region, 10, |position| position >= from);
            [10, 12, 13, 14, 15, 16].map(|at| (counts[at].depth, counts[at].reference_depth))
        };
        assert_eq!(covered(0), [(3, 3), (1, 1), (1, 1), (0, 0), (1, 1), (3, 3)]);
        assert_eq!(covered(12), [(3, 3), (3, 1), (3, 1), (0, 0), (3, 1), (3, 3)]);
    }
}
