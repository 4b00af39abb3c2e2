//! Ends of reads that were clipped for good, and so are not to be aligned.
//!
//! Where two templates were joined, or one folded back from afar, the read goes on in bases of another place. An aligner
//! clips them; but such ends of a few reads together make a haplotype, on which all of them fit.
//!
//! Primers are clipped on purpose (`samtools ampliconclip`, iVar, BAMClipper): they show their own sequence and not the sample's. An
//! aligner does not stop before a base that matches; where several reads are clipped all the same, and all at one place, a primer ends
//! there. Ends of poor quality, or beyond the mate, are clipped at places that differ from read to read.

use rustc_hash::{FxHashMap, FxHashSet};

use super::fit::Fit;
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// The fewest reads clipped at the end of a primer, and the least percentage of those that cover the base beside it: fewer may be there
/// by chance, and decide no genotype.
const PRIMER_READS: usize = 3;
const PRIMER_PERCENT: usize = 10;
/// Mean quality of a clip that counts: ends of poor quality are clipped for that.
const MIN_QUALITY: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Left,
    Right,
}

/// Where primers end: the outermost base between them, and the side on which the primer lies.
#[derive(Default)]
pub struct Primers(FxHashSet<(u64, Side)>);

impl Primers {
    /// Finds them by the clips of `reads`, which are ordered by start. `ends` are the ends of the reads, `longest` is the most reference
    /// that one spans.
    pub fn find(reads: &[Read], ends: &[u64], longest: u64, reference: &Sequence) -> Self {
        let mut clipped: FxHashMap<(u64, Side), usize> = FxHashMap::default();
        for (read, &end) in reads.iter().zip(ends).filter(|(read, end)| **end > read.start) {
            for (side, last) in [(Side::Left, read.start), (Side::Right, end - 1)] {
                if is_good(read, side) && goes_on(read, side, last, reference) {
                    *clipped.entry((last, side)).or_default() += 1;
                }
            }
        }
        let covering = |last: u64| {
            let first = reads.partition_point(|read| read.start + longest <= last);
            let ends = reads[first..]
                .iter()
                .zip(&ends[first..])
                .take_while(|(read, _)| read.start <= last);
            ends.filter(|(_, end)| **end > last).count()
        };
        clipped.retain(|&(last, _), count| *count >= PRIMER_READS && *count * 100 >= covering(last) * PRIMER_PERCENT);
        Self(clipped.into_keys().collect())
    }
}

/// The bases that are soft-clipped at an end.
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

/// Whether an end is clipped, though its bases are good.
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

/// Whether the first clipped base that is known is that of the reference where the alignment, whose outermost base is `last`, would
/// have gone on.
fn goes_on(read: &Read, side: Side, last: u64, reference: &Sequence) -> bool {
    let clipped = clip(read, side) as usize;
    let shown = |outwards: usize| match side {
        Side::Left => read.bases[clipped - outwards],
        Side::Right => read.bases[read.bases.len() - clipped + outwards - 1],
    };
    let expected = |outwards: u64| match side {
        Side::Left => last.checked_sub(outwards),
        Side::Right => last.checked_add(outwards),
    };
    let known = (1..=clipped).find(|&outwards| shown(outwards) != b'N');
    known.is_some_and(|outwards| {
        let expected = expected(outwards as u64).map(|position| reference.base(position));
        expected == Some(shown(outwards))
    })
}

/// A new alignment of a read, clipped again where the old one was and the new one goes on without a gap: into a primer; or, of
/// `long_clip` bases or more, into bases that differ from the reference. An aligner gives up few bases for the sake of a SNP near the
/// end, but many for an indel.
pub fn keep_clipped(
    read: &Read,
    (start, mut cigar): Fit,
    reference: &Sequence,
    long_clip: u32,
    primers: &Primers,
) -> Fit {
    let differ = |first: u32, position: u64, length: u32| {
        let shown = read.bases.iter().skip(first as usize).take(length as usize);
        let expected = (position..).map(|position| reference.base(position));
        shown.zip(expected).any(|(&shown, expected)| shown != expected)
    };
    // Whether the clip lies where the old alignment would have gone on, and is a primer.
    let is_primer = |side: Side, last: u64, old: u64| last == old && primers.0.contains(&(last, side));
    if let Some((clip, freed)) = freed(clip(read, Side::Right), &cigar) {
        let aligned = cigar.iter().filter(|op| op.kind.consumes_reference());
        let end = start + aligned.map(|op| u64::from(op.length)).sum::<u64>() - u64::from(freed);
        let is_foreign = clip >= long_clip && differ(read.bases.len() as u32 - clip, end, freed);
        if is_foreign || is_primer(Side::Right, end - 1, read.end() - 1) {
            clip_again(&mut cigar, clip, freed);
        }
    }
    let mut new_start = start;
    cigar.reverse();
    if let Some((clip, freed)) = freed(clip(read, Side::Left), &cigar) {
        let is_foreign = clip >= long_clip && differ(clip - freed, start, freed);
        if is_foreign || is_primer(Side::Left, start + u64::from(freed), read.start) {
            clip_again(&mut cigar, clip, freed);
            new_start += u64::from(freed);
        }
    }
    cigar.reverse();
    (new_start, cigar)
}

/// The old clip and how many bases of it the last operations of the new alignment lay on the reference, without a gap.
fn freed(old: u32, new: &[CigarOp]) -> Option<(u32, u32)> {
    let last = new.last()?;
    let now = if last.kind == CigarKind::SoftClip {
        last.length
    } else {
        0
    };
    let last = new.iter().rev().find(|op| op.kind != CigarKind::SoftClip)?;
    let freed = old.checked_sub(now)?;
    let within = last.kind == CigarKind::Match && last.length > freed;
    (freed > 0 && within).then_some((old, freed))
}

fn clip_again(cigar: &mut Vec<CigarOp>, clip: u32, freed: u32) {
    cigar.pop_if(|op| op.kind == CigarKind::SoftClip);
    if let Some(last) = cigar.last_mut() {
        last.length -= freed;
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
    fn what_differs_without_a_gap_stays_clipped() {
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
        // The reference itself is not foreign; a short clip may hide a SNP; an indel explains a clip.
        assert_eq!(kept("40M10S", 1_050, "50M", &plain), "1050 50M");
        assert_eq!(kept("43M7S", 1_050, "50M", &substituted(plain.clone(), 46)), "1050 50M");
        let deleted = [at(50, 40), substituted(at(95, 10), 4)].concat();
        assert_eq!(kept("40M10S", 1_050, "40M5D10M", &deleted), "1050 40M5D10M");
        // Ends that differ, at either side, whole and in part.
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
        // What was cut off outside of a clip does not hide it.
        let cut = read("r", 1_050, "40M10S5H", &substituted(plain, 45));
        let (_, cigar) = keep_clipped(&cut, (1_050, ops("50M")), &reference, 8, &Primers::default());
        assert_eq!(text(&cigar), "40M10S");
    }

    /// What becomes of a read's clips, of which `copies` are at the same places, beside `others` without.
    fn kept_of(copies: usize, others: usize, old: (u64, &str), new: (u64, &str), bases: &[u8]) -> String {
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
        let kept = |old: (u64, &str), new: (u64, &str), bases: &[u8]| kept_of(3, 20, old, new, bases);
        // At either end, at both, and what a read holds of one.
        assert_eq!(kept((1_050, "30M20S"), (1_050, "50M"), plain), "1050 30M20S");
        assert_eq!(kept((1_070, "20S30M"), (1_050, "50M"), plain), "1070 20S30M");
        assert_eq!(kept((1_055, "5S40M5S"), (1_050, "50M"), plain), "1055 5S40M5S");
        assert_eq!(kept((1_050, "49M1S"), (1_050, "50M"), plain), "1050 49M1S");
        // With an unknown base, with a misread one, and of which the new alignment leaves out a part.
        let changed = |index: usize, base: u8| {
            let mut bases = plain.to_vec();
            bases[index] = base;
            bases
        };
        let misread = |index: usize| changed(index, if plain[index] == b'A' { b'C' } else { b'A' });
        assert_eq!(kept((1_050, "45M5S"), (1_050, "50M"), &changed(45, b'N')), "1050 45M5S");
        assert_eq!(kept((1_050, "45M5S"), (1_050, "50M"), &misread(48)), "1050 45M5S");
        assert_eq!(kept((1_050, "30M20S"), (1_050, "47M3S"), &misread(48)), "1050 30M20S");
        // A deletion beside a primer does not bring it back.
        let deleted = [&reference[50..75], &reference[80..110]].concat();
        let both = ((1_070, "20S5M5D30M"), (1_050, "25M5D30M"));
        assert_eq!(kept(both.0, both.1, &deleted), "1070 20S5M5D30M");
    }

    #[test]
    fn clips_of_other_causes_come_back() {
        let reference = random_bases(200, 7);
        let plain = &reference[50..100];
        let ends = ((1_050, "30M20S"), (1_050, "50M"));
        // Few reads, or few of many.
        assert_eq!(kept_of(2, 0, ends.0, ends.1, plain), "1050 50M");
        assert_eq!(kept_of(3, 30, ends.0, ends.1, plain), "1050 50M");
        // A SNP near the end.
        let mut snp = plain.to_vec();
        snp[47] = if plain[47] == b'A' { b'C' } else { b'A' };
        assert_eq!(kept_of(9, 9, (1_050, "47M3S"), (1_050, "50M"), &snp), "1050 50M");
        // Bases that only an indel puts there: at the clip, and within what was aligned.
        let deleted = [&reference[50..75], &reference[80..110]].concat();
        assert_eq!(
            kept_of(9, 9, (1_050, "25M30S"), (1_050, "25M5D30M"), &deleted),
            "1050 25M5D30M"
        );
        let late = [&reference[50..70], &reference[73..103]].concat();
        assert_eq!(
            kept_of(9, 9, (1_050, "23M27S"), (1_050, "20M3D30M"), &late),
            "1050 20M3D30M"
        );
        assert_eq!(
            kept_of(9, 9, (1_050, "46M4S"), (1_050, "20M3D30M"), &late),
            "1050 20M3D30M"
        );
    }
}
