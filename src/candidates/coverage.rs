//! How much the reads say at every position, also where nothing differs.
//!
//! The same counts as those of [`SiteCounts`](super::counts::SiteCounts), which are made for few sites; here all bases are added at
//! once, and what counts otherwise, indels and mates, is put right after.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::counts::overlapping_mates;
use crate::genome::{Region, Sequence};
use crate::reads::{Gap, Indel, Read, gaps};
use crate::variants::Coverage;

/// What one read shows at one position.
struct ShownBase {
    position: u64,
    quality: u8,
    is_reference: bool,
}

/// The coverage of each position of `region`. `reads` are ordered by start and hold all that reach into it; `sequence` is the
/// reference under all of them. Where the reference is not known, nothing is counted.
///
/// A deletion tells of itself where its anchor is, if that was asked for. Of others, whose anchor `is_asked` denies or which are no
/// allele, nothing else is said: all the bases that they delete count as other than the reference.
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
    let is_told = |gap: &Gap| gap.indel.as_ref().is_some_and(|indel| is_asked(indel.position));
    let (mut indels, mut untold) = (Vec::with_capacity(reads.len()), FxHashMap::default());
    for (read, number) in reads.iter().zip(0..) {
        let gaps = gaps(read, sequence);
        let deleted: Vec<_> = gaps
            .iter()
            .filter(|gap| !is_told(gap))
            .map(|gap| gap.deleted.clone())
            .collect();
        let of_read: Vec<Indel> = gaps.into_iter().filter_map(|gap| gap.indel).collect();
        counts.add_bases(read);
        counts.put_indels(read, &of_read);
        if !deleted.is_empty() {
            deleted.iter().for_each(|deleted| counts.add_deleted(deleted));
            untold.insert(number, deleted);
        }
        indels.push(of_read);
    }
    for (read, mate) in overlapping_mates(reads) {
        let [own, others] = [read, mate].map(|number| (&reads[number as usize], &indels[number as usize][..]));
        counts.silence(own, others, read < mate);
        if let (Some(own), Some(others)) = (untold.get(&read), untold.get(&mate))
            && mate < read
        {
            let both = own.iter().filter(|deleted| others.contains(deleted));
            both.for_each(|deleted| counts.take_back_deleted(deleted));
        }
    }
    let counts = counts.depths.into_iter().zip(counts.reference_depths);
    let coverage = counts.map(|(depth, reference_depth)| Coverage { depth, reference_depth });
    coverage.collect()
}

/// Reads over each position of a region, and those of them that show the reference.
struct DepthCounts<'a> {
    depths: Vec<u16>,
    reference_depths: Vec<u16>,
    sequence: &'a Sequence,
    region: &'a Region,
    min_base_quality: u8,
}

impl DepthCounts<'_> {
    /// Adds all aligned bases of a read. In slices, as most of a run's bases pass here.
    fn add_bases(&mut self, read: &Read) {
        for (position, index, length) in read.matches() {
            let start = position.max(self.region.start);
            let end = (position + length as u64).min(self.region.end);
            if start >= end {
                continue;
            }
            let (at, length) = ((start - self.region.start) as usize, (end - start) as usize);
            let index = index + (start - position) as usize;
            let shown = read.bases[index..][..length].iter().zip(&read.quals[index..][..length]);
            let shown = shown.zip(self.sequence.slice(start, end));
            let depths = self.depths[at..][..length].iter_mut();
            let counts = depths.zip(&mut self.reference_depths[at..][..length]);
            for ((depth, reference), ((&base, &quality), &expected)) in counts.zip(shown) {
                let usable = (quality >= self.min_base_quality) & (base != b'N') & (expected != b'N');
                *depth = depth.saturating_add(u16::from(usable));
                *reference = reference.saturating_add(u16::from(usable & (base == expected)));
            }
        }
    }

    /// Adds a read that leaves out some bases.
    fn add_deleted(&mut self, deleted: &Range<u64>) {
        self.known_depths(deleted)
            .for_each(|depth| *depth = depth.saturating_add(1));
    }

    fn take_back_deleted(&mut self, deleted: &Range<u64>) {
        self.known_depths(deleted)
            .for_each(|depth| *depth = depth.saturating_sub(1));
    }

    /// The depths of those of some positions whose base is known.
    fn known_depths(&mut self, positions: &Range<u64>) -> impl Iterator<Item = &mut u16> {
        let start = positions.start.max(self.region.start);
        let end = positions.end.min(self.region.end).max(start);
        let at = (start - self.region.start) as usize;
        let depths = self.depths.iter_mut().skip(at).zip(self.sequence.slice(start, end));
        depths.filter(|(_, base)| **base != b'N').map(|(depth, _)| depth)
    }

    /// At the anchor of an indel, the indel is shown and not the base.
    fn put_indels(&mut self, read: &Read, indels: &[Indel]) {
        for (number, indel) in indels.iter().enumerate() {
            let at = (indel.position, indel.position + 1);
            // Two indels may share their anchor.
            if indels[..number].iter().all(|before| before.position != indel.position) {
                let base = bases(read, self.sequence, at).find(|shown| self.is_usable(shown));
                base.iter().for_each(|base| self.take_back(base));
            }
            let shown = ShownBase::indel(indel);
            if self.is_usable(&shown) {
                let depth = &mut self.depths[(shown.position - self.region.start) as usize];
                *depth = depth.saturating_add(1);
            }
        }
    }

    /// Takes back what a read shows where its mate speaks for the fragment: the better base does; of equals, the first read's.
    fn silence(&mut self, (read, indels): (&Read, &[Indel]), (mate, of_mate): (&Read, &[Indel]), is_first: bool) {
        let both = (read.start.max(mate.start), read.end().min(mate.end()));
        let mut others: Vec<ShownBase> = shown(mate, of_mate, self.sequence, both).collect();
        others.retain(|shown| self.is_usable(shown));
        others.sort_by_key(|shown| shown.position);
        let mut own: Vec<ShownBase> = shown(read, indels, self.sequence, both).collect();
        own.retain(|shown| self.is_usable(shown));
        for shown in own {
            let found = others.binary_search_by_key(&shown.position, |other| other.position);
            let other = found.ok().map(|found| others[found].quality);
            if other.is_some_and(|other| other > shown.quality || other == shown.quality && !is_first) {
                self.take_back(&shown);
            }
        }
    }

    fn is_usable(&self, shown: &ShownBase) -> bool {
        let ShownBase { position, quality, .. } = *shown;
        quality >= self.min_base_quality && self.region.contains(position) && self.sequence.base(position) != b'N'
    }

    fn take_back(&mut self, shown: &ShownBase) {
        let at = (shown.position - self.region.start) as usize;
        self.depths[at] = self.depths[at].saturating_sub(1);
        self.reference_depths[at] = self.reference_depths[at].saturating_sub(u16::from(shown.is_reference));
    }
}

impl ShownBase {
    fn indel(indel: &Indel) -> Self {
        Self {
            position: indel.position,
            quality: indel.quality,
            is_reference: false,
        }
    }
}

/// The known bases of a read within bounds.
fn bases(read: &Read, sequence: &Sequence, within: (u64, u64)) -> impl Iterator<Item = ShownBase> {
    read.matches().flat_map(move |(position, index, length)| {
        let start = position.max(within.0);
        let end = (position + length as u64).min(within.1).max(start);
        (start..end).filter_map(move |at| {
            let index = index + (at - position) as usize;
            let base = read.bases[index];
            (base != b'N').then(|| ShownBase {
                position: at,
                quality: read.quals[index],
                is_reference: base == sequence.base(at),
            })
        })
    })
}

/// What a read shows within bounds: its bases, and at the anchors of indels these.
fn shown(read: &Read, indels: &[Indel], sequence: &Sequence, within: (u64, u64)) -> impl Iterator<Item = ShownBase> {
    let anchors = indels
        .iter()
        .filter(move |indel| (within.0..within.1).contains(&indel.position));
    let bases = bases(read, sequence, within);
    let bases = bases.filter(|shown| indels.iter().all(|indel| indel.position != shown.position));
    bases.chain(anchors.map(ShownBase::indel))
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
        fn positions_that_differ_are_covered_as_their_sites_are_counted(
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
        let covered = coverage(&reads, &sequence, &Region::new("c", 0, 40), 10, |_| true);
        let depths: Vec<u16> = covered.iter().map(|c| c.depth).collect();
        let expected: Vec<u16> = (0..40).map(|at| u16::from(at < 30 && at != 3 && at != 7)).collect();
        assert_eq!(depths, expected);
        assert!(covered.iter().all(|c| c.reference_depth == c.depth));
    }
    #[test]
    fn deletions_of_which_nothing_else_tells_are_no_reference() {
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
