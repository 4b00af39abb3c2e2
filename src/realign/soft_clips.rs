//! Keeps soft clips that must not be aligned.
//!
//! Where two templates were joined, or a template folded back from far away, the read continues with bases from another
//! locus. An aligner clips such ends; but a few similar ends together form a haplotype, to which all of them fit.
//!
//! Primers are clipped on purpose (`samtools ampliconclip`, iVar, BAMClipper), because they have their own sequence and
//! not the sample's. An aligner does not clip a matching base. If several reads are clipped before a matching base at
//! the same position, a primer ends there. Ends of poor quality, or beyond the mate, are clipped at varying positions.

use rustc_hash::{FxHashMap, FxHashSet};

use super::fit::Fit;
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// Minimum number of reads clipped at the end of a primer, and their minimum percentage of the reads over the base
/// beside it. Fewer may occur by chance, and decide no genotype.
const PRIMER_READS: usize = 3;
const PRIMER_PERCENT: usize = 10;
/// Minimum mean quality of a clip, because ends of poor quality are clipped for another reason.
const MIN_QUALITY: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Left,
    Right,
}

/// The ends of primers: the outermost base between the primers, and the primer's side.
#[derive(Default)]
pub struct Primers(FxHashSet<(u64, Side)>);

impl Primers {
    /// Finds primers from the clips of `reads`, which are ordered by start. `ends` are the ends of the reads; `longest`
    /// is the longest reference span of a read.
    pub fn find(reads: &[Read], ends: &[u64], longest: u64, reference: &Sequence) -> Self {
        let mut clipped: FxHashMap<(u64, Side), usize> = FxHashMap::default();
        for (read, &end) in reads.iter().zip(ends).filter(|(read, end)| **end > read.start) {
            for (side, last) in [(Side::Left, read.start), (Side::Right, end - 1)] {
                if is_good(read, side) && continues_reference(read, side, last, reference) {
                    *clipped.entry((last, side)).or_default() += 1;
                }
            }
        }
        let depth = |last: u64| {
            let first = reads.partition_point(|read| read.start + longest <= last);
            let ends = reads[first..]
                .iter()
                .zip(&ends[first..])
                .take_while(|(read, _)| read.start <= last);
            ends.filter(|(_, end)| **end > last).count()
        };
        clipped.retain(|&(last, _), count| *count >= PRIMER_READS && *count * 100 >= depth(last) * PRIMER_PERCENT);
        Self(clipped.into_keys().collect())
    }
}

/// Number of soft-clipped bases at an end.
fn clip(read: &Read, side: Side) -> u32 {
    let mut ops = read.cigar.iter();
    let is_left = |op: &&CigarOp| op.kind != CigarKind::HardClip;
    let outermost = match side {
        Side::Left => ops.find(is_left),
        Side::Right => ops.rfind(is_left),
    };
    outermost
        .filter(|op| op.kind == CigarKind::SoftClip)
        .map_or(0, |op| op.length)
}

/// Whether an end is clipped although its bases have good quality.
fn is_good(read: &Read, side: Side) -> bool {
    let clipped = clip(read, side) as usize;
    let quals = match side {
        Side::Left => read.quals.get(..clipped),
        Side::Right => read
            .quals
            .len()
            .checked_sub(clipped)
            .and_then(|first| read.quals.get(first..)),
    };
    let total: usize = quals
        .unwrap_or_default()
        .iter()
        .map(|&quality| usize::from(quality))
        .sum();
    clipped > 0 && total >= clipped * MIN_QUALITY
}

/// Whether the first known clipped base equals the reference base that would continue the alignment. `last` is the
/// outermost aligned position.
fn continues_reference(read: &Read, side: Side, last: u64, reference: &Sequence) -> bool {
    let clipped = clip(read, side) as usize;
    let base = |outwards: usize| match side {
        Side::Left => read.bases[clipped - outwards],
        Side::Right => read.bases[read.bases.len() - clipped + outwards - 1],
    };
    let expected = |outwards: u64| match side {
        Side::Left => last.checked_sub(outwards),
        Side::Right => last.checked_add(outwards),
    };
    let first_known = (1..=clipped).find(|&outwards| base(outwards) != b'N');
    first_known.is_some_and(|outwards| {
        let expected = expected(outwards as u64).map(|position| reference.base(position));
        expected == Some(base(outwards))
    })
}

/// Clips a new alignment again where the old alignment was clipped and the new one continues without a gap. This
/// applies to primers, and to clips of at least `long_clip` bases that differ from the reference. An aligner clips few
/// bases because of a SNP near the end, but many because of an indel.
pub fn keep_clipped(
    read: &Read,
    (start, mut cigar): Fit,
    reference: &Sequence,
    long_clip: u32,
    primers: &Primers,
) -> Fit {
    let differ = |first: u32, position: u64, length: u32| {
        let bases = read.bases.iter().skip(first as usize).take(length as usize);
        let expected = (position..).map(|position| reference.base(position));
        bases.zip(expected).any(|(&base, expected)| base != expected)
    };
    // Whether the clip starts where the old one did, and is a primer.
    let is_primer = |side: Side, last: u64, old: u64| last == old && primers.0.contains(&(last, side));
    if let Some((clip, newly_aligned)) = newly_aligned(clip(read, Side::Right), &cigar) {
        let aligned = cigar.iter().filter(|op| op.kind.consumes_reference());
        let end = start + aligned.map(|op| u64::from(op.length)).sum::<u64>() - u64::from(newly_aligned);
        let is_foreign = clip >= long_clip && differ(read.bases.len() as u32 - clip, end, newly_aligned);
        if is_foreign || is_primer(Side::Right, end - 1, read.end() - 1) {
            restore_clip(&mut cigar, clip, newly_aligned);
        }
    }
    let mut new_start = start;
    cigar.reverse();
    if let Some((clip, newly_aligned)) = newly_aligned(clip(read, Side::Left), &cigar) {
        let is_foreign = clip >= long_clip && differ(clip - newly_aligned, start, newly_aligned);
        if is_foreign || is_primer(Side::Left, start + u64::from(newly_aligned), read.start) {
            restore_clip(&mut cigar, clip, newly_aligned);
            new_start += u64::from(newly_aligned);
        }
    }
    cigar.reverse();
    (new_start, cigar)
}

/// The length of the old clip, and how many of its bases the last match of the new alignment covers.
fn newly_aligned(old: u32, new: &[CigarOp]) -> Option<(u32, u32)> {
    let last = new.last()?;
    let now = if last.kind == CigarKind::SoftClip {
        last.length
    } else {
        0
    };
    let last = new.iter().rev().find(|op| op.kind != CigarKind::SoftClip)?;
    let newly_aligned = old.checked_sub(now)?;
    let within = last.kind == CigarKind::Match && last.length > newly_aligned;
    (newly_aligned > 0 && within).then_some((old, newly_aligned))
}

fn restore_clip(cigar: &mut Vec<CigarOp>, clip: u32, newly_aligned: u32) {
    cigar.pop_if(|op| op.kind == CigarKind::SoftClip);
    if let Some(last) = cigar.last_mut() {
        last.length -= newly_aligned;
    }
    cigar.push(CigarOp {
        kind: CigarKind::SoftClip,
        length: clip,
    });
}

#[cfg(test)]
mod tests {
    use super::super::testing::random_bases;
    use super::*;
    use crate::reads::testing::read;
    use crate::reads::testing::{ops, text};

    #[test]
    fn ends_that_differ_without_a_gap_stay_clipped() {
        let reference = Sequence::new(1_000, random_bases(200, 7));
        let at = |offset: usize, length: usize| reference.bases[offset..offset + length].to_vec();
        let substituted = |mut bases: Vec<u8>, index: usize| {
            bases[index] = if bases[index] == b'A' { b'C' } else { b'A' };
            bases
        };
        let kept = |old: &str, start: u64, new: &str, bases: &[u8]| {
            let old = read("r", 1_050, old, bases);
            let (start, cigar) = keep_clipped(&old, (start, ops(new)), &reference, 8, &Primers::default());
            format!("{start} {}", text(&cigar))
        };
        let plain = at(50, 50);
        // Reference bases are not foreign; a short clip may hide a SNP; an indel explains a clip.
        assert_eq!(kept("40M10S", 1_050, "50M", &plain), "1050 50M");
        assert_eq!(kept("43M7S", 1_050, "50M", &substituted(plain.clone(), 46)), "1050 50M");
        let deleted = [at(50, 40), substituted(at(95, 10), 4)].concat();
        assert_eq!(kept("40M10S", 1_050, "40M5D10M", &deleted), "1050 40M5D10M");
        // Differing ends on either side, completely or partly aligned.
        assert_eq!(
            kept("40M10S", 1_050, "50M", &substituted(plain.clone(), 45)),
            "1050 40M10S"
        );
        assert_eq!(
            kept("40M10S", 1_050, "47M3S", &substituted(plain.clone(), 45)),
            "1050 40M10S"
        );
        assert_eq!(
            kept("40M10S", 1_050, "47M3S", &substituted(plain.clone(), 48)),
            "1050 47M3S"
        );
        let front = substituted(at(40, 50), 9);
        assert_eq!(kept("10S40M", 1_040, "50M", &front), "1050 10S40M");
        assert_eq!(kept("10S40M", 1_047, "7S43M", &front), "1050 10S40M");
        let both = substituted(substituted(at(40, 60), 3), 52);
        assert_eq!(kept("10S40M10S", 1_040, "60M", &both), "1050 10S40M10S");
        // A hard clip outside does not hide a soft clip.
        let cut = read("r", 1_050, "40M10S5H", &substituted(plain, 45));
        let (_, cigar) = keep_clipped(&cut, (1_050, ops("50M")), &reference, 8, &Primers::default());
        assert_eq!(text(&cigar), "40M10S");
    }

    /// The new alignment of a read with `copies` reads clipped at the same positions, and `others` reads without clips.
    fn kept_among(copies: usize, others: usize, old: (u64, &str), new: (u64, &str), bases: &[u8]) -> String {
        let reference = Sequence::new(1_000, random_bases(200, 7));
        let mut reads = vec![read("r", old.0, old.1, bases); copies];
        reads.extend((0..others).map(|_| read("o", 1_030, "100M", &reference.bases[30..130])));
        reads.sort();
        let ends: Vec<u64> = reads.iter().map(Read::end).collect();
        let primers = Primers::find(&reads, &ends, 100, &reference);
        let (start, cigar) = keep_clipped(
            &read("r", old.0, old.1, bases),
            (new.0, ops(new.1)),
            &reference,
            8,
            &primers,
        );
        format!("{start} {}", text(&cigar))
    }

    #[test]
    fn primers_stay_clipped() {
        let reference = random_bases(200, 7);
        let plain = &reference[50..100];
        let kept = |old: (u64, &str), new: (u64, &str), bases: &[u8]| kept_among(3, 20, old, new, bases);
        // Primers at either end, at both ends, and a partial primer.
        assert_eq!(kept((1_050, "30M20S"), (1_050, "50M"), plain), "1050 30M20S");
        assert_eq!(kept((1_070, "20S30M"), (1_050, "50M"), plain), "1070 20S30M");
        assert_eq!(kept((1_055, "5S40M5S"), (1_050, "50M"), plain), "1055 5S40M5S");
        assert_eq!(kept((1_050, "49M1S"), (1_050, "50M"), plain), "1050 49M1S");
        // Primers with an unknown base, with a misread base, and only partly covered by the new alignment.
        let changed = |index: usize, base: u8| {
            let mut bases = plain.to_vec();
            bases[index] = base;
            bases
        };
        let misread = |index: usize| changed(index, if plain[index] == b'A' { b'C' } else { b'A' });
        assert_eq!(kept((1_050, "45M5S"), (1_050, "50M"), &changed(45, b'N')), "1050 45M5S");
        assert_eq!(kept((1_050, "45M5S"), (1_050, "50M"), &misread(48)), "1050 45M5S");
        assert_eq!(kept((1_050, "30M20S"), (1_050, "47M3S"), &misread(48)), "1050 30M20S");
        // A deletion beside a primer does not bring the primer back.
        let deleted = [&reference[50..75], &reference[80..110]].concat();
        let both = ((1_070, "20S5M5D30M"), (1_050, "25M5D30M"));
        assert_eq!(kept(both.0, both.1, &deleted), "1070 20S5M5D30M");
    }

    #[test]
    fn other_clips_are_aligned() {
        let reference = random_bases(200, 7);
        let plain = &reference[50..100];
        let ends = ((1_050, "30M20S"), (1_050, "50M"));
        // Too few reads, or too small a fraction.
        assert_eq!(kept_among(2, 0, ends.0, ends.1, plain), "1050 50M");
        assert_eq!(kept_among(3, 30, ends.0, ends.1, plain), "1050 50M");
        // A SNP near the end.
        let mut snp = plain.to_vec();
        snp[47] = if plain[47] == b'A' { b'C' } else { b'A' };
        assert_eq!(kept_among(9, 9, (1_050, "47M3S"), (1_050, "50M"), &snp), "1050 50M");
        // Bases that only an indel explains: at the clip, and within the aligned bases.
        let deleted = [&reference[50..75], &reference[80..110]].concat();
        assert_eq!(
            kept_among(9, 9, (1_050, "25M30S"), (1_050, "25M5D30M"), &deleted),
            "1050 25M5D30M"
        );
        let late = [&reference[50..70], &reference[73..103]].concat();
        assert_eq!(
            kept_among(9, 9, (1_050, "23M27S"), (1_050, "20M3D30M"), &late),
            "1050 20M3D30M"
        );
        assert_eq!(
            kept_among(9, 9, (1_050, "46M4S"), (1_050, "20M3D30M"), &late),
            "1050 20M3D30M"
        );
    }
}
