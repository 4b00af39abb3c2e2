//! Removes read ends of templates that folded back on themselves at a hairpin and were copied on from there.
//!
//! Such ends are the reverse complement of nearby bases; in some libraries, one read in twelve has one. An aligner
//! clips a long foreign end, but not the last bases of the hairpin's stem, which fit both strands except where the stem
//! is imperfect. The same hairpins break in many reads, so several reads can agree on a false variant.

use std::ops::Range;

use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// Minimum number of clipped bases to search for. With fewer clipped bases, the outermost bases of the read are
/// searched for.
const MIN_CLIP: i64 = 8;
/// Maximum number of bases to search for.
const SEED: i64 = 12;
/// Search distance in bases, for clipped and for outermost bases.
const REACH: i64 = 250;
const SHORT_REACH: i64 = 60;

/// Hard-clips folded-back ends, together with the part of the stem that the fold explains better.
pub fn cut_fold_backs(read: &mut Read, reference: &Sequence) {
    for side in [Side::Left, Side::Right] {
        let end = FoldedEnd::find(read, side, reference);
        if let Some(stem) = end.and_then(|end| Some(end.stem(end.partner()?))) {
            cut(read, side, stem);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// An end of a read. Its bases are numbered outwards from the end of the alignment; aligned bases have negative
/// numbers.
struct FoldedEnd<'a> {
    side: Side,
    read: &'a Read,
    reference: &'a Sequence,
    /// Number of clipped bases, and of aligned bases next to them.
    clipped: i64,
    aligned: i64,
    /// The reference position of base 0.
    first: i64,
}

impl<'a> FoldedEnd<'a> {
    /// `None` if the outermost operation next to the clip is not a match.
    fn find(read: &'a Read, side: Side, reference: &'a Sequence) -> Option<Self> {
        let ops = read.cigar.as_slice();
        let (first, outer, inner) = match side {
            Side::Left => (read.start as i64 - 1, ops.first()?, ops.get(1)),
            Side::Right => (read.end() as i64, ops.last()?, ops.iter().nth_back(1)),
        };
        let (clipped, aligned) = match outer.kind {
            CigarKind::SoftClip => (outer.length, inner?),
            _ => (0, outer),
        };
        if aligned.kind != CigarKind::Match {
            return None;
        }
        Some(Self {
            side,
            read,
            reference,
            clipped: i64::from(clipped),
            aligned: i64::from(aligned.length),
            first,
        })
    }

    fn read_base(&self, base: i64) -> u8 {
        let index = match self.side {
            Side::Left => self.clipped - 1 - base,
            Side::Right => self.read.bases.len() as i64 - self.clipped + base,
        };
        self.read.bases[index as usize]
    }

    /// The reference base `outwards` bases further out than `from`.
    fn expected(&self, from: i64, outwards: i64) -> u8 {
        let step = if self.side == Side::Left { -1 } else { 1 };
        u64::try_from(from + step * outwards).map_or(b'N', |position| self.reference.base(position))
    }

    /// Whether a base equals the reference if base 0 lies at `at`.
    fn fits_forward(&self, at: i64, base: i64) -> bool {
        self.expected(at, base) == self.read_base(base)
    }

    /// Whether a base equals the opposite strand if base 0 lies at `at`.
    fn fits_backward(&self, at: i64, base: i64) -> bool {
        complement(self.expected(at, -base)) == Some(self.read_base(base))
    }

    /// The position of base 0 on the opposite strand, if the end is folded back.
    fn partner(&self) -> Option<i64> {
        let (seed, reach) = if self.clipped >= MIN_CLIP {
            (0..self.clipped.min(SEED), REACH)
        } else {
            (self.clipped - SEED..self.clipped, SHORT_REACH)
        };
        let fits = |base: i64| base < 0 && self.fits_forward(self.first, base);
        if self.aligned <= -seed.start || seed.clone().all(fits) {
            return None;
        }
        let partner = self.nearest_on_opposite_strand(seed.clone(), reach)?;
        // A repeat or an indel continues in the same direction.
        let mut around = self.first - REACH..=self.first + REACH;
        let fits_forward = around.any(|at| seed.clone().all(|base| self.fits_forward(at, base)));
        (!fits_forward).then_some(partner)
    }

    /// The nearest position of base 0 at which `bases` of the read equal the opposite strand.
    fn nearest_on_opposite_strand(&self, bases: Range<i64>, reach: i64) -> Option<i64> {
        let mut sought: Vec<u8> = bases
            .clone()
            .map_while(|base| complement(self.read_base(base)))
            .collect();
        if (sought.len() as i64) < bases.end - bases.start {
            return None;
        }
        // In reference order: the distance of the first of them from base 0.
        let offset = match self.side {
            Side::Left => bases.start,
            Side::Right => {
                sought.reverse();
                1 - bases.end
            }
        };
        let lies_at = |at: &i64| {
            let index = usize::try_from(at + offset - self.reference.start as i64);
            let there = index
                .ok()
                .and_then(|index| self.reference.bases.get(index..)?.get(..sought.len()));
            there.is_some_and(|there| there[0] == sought[0] && there == sought)
        };
        (0..=reach)
            .flat_map(|far| [self.first - far, self.first + far])
            .find(lies_at)
    }

    /// How many of the aligned bases the fold explains better.
    fn stem(&self, partner: i64) -> u32 {
        let (mut gain, mut best) = (0, (0, 0));
        for inwards in 1..self.aligned {
            gain +=
                i32::from(self.fits_backward(partner, -inwards)) - i32::from(self.fits_forward(self.first, -inwards));
            if gain > best.0 {
                best = (gain, inwards as u32);
            }
        }
        best.1
    }
}

/// Converts a soft clip and `stem` bases beside it to a hard clip.
fn cut(read: &mut Read, side: Side, stem: u32) {
    if side == Side::Left {
        read.cigar.reverse();
    }
    let clip = read
        .cigar
        .pop_if(|op| op.kind == CigarKind::SoftClip)
        .map_or(0, |clip| clip.length)
        + stem;
    if let Some(last) = read.cigar.last_mut() {
        last.length -= stem;
    }
    read.cigar.push(CigarOp {
        kind: CigarKind::HardClip,
        length: clip,
    });
    let cut = clip as usize;
    if side == Side::Left {
        read.cigar.reverse();
        read.start += u64::from(stem);
        read.bases.drain(..cut);
        read.quals.drain(..cut);
    } else {
        read.bases.truncate(read.bases.len() - cut);
        read.quals.truncate(read.bases.len());
    }
}

fn complement(base: u8) -> Option<u8> {
    Some(match base {
        b'A' => b'T',
        b'C' => b'G',
        b'G' => b'C',
        b'T' => b'A',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::random_bases;
    use super::*;
    use crate::reads::testing::read;
    use crate::reads::testing::text;

    fn opposite(bases: &[u8]) -> Vec<u8> {
        bases.iter().rev().filter_map(|&b| complement(b)).collect()
    }

    /// A reference with a hairpin at 100, and a template that folded back there. The stem has twelve bases and the loop
    /// five. In the second arm, the third base from its end differs.
    fn hairpin() -> (Sequence, Vec<u8>) {
        let plain = random_bases(300, 11);
        let before = &plain[..117];
        let mut arm = opposite(&plain[100..112]);
        arm[9] = if arm[9] == b'A' { b'C' } else { b'A' };
        let template = [before, &opposite(&plain[..112])].concat();
        let reference = [before, &arm, &plain[129..]].concat();
        (Sequence::new(1_000, reference), template)
    }

    fn cut(reference: &Sequence, start: u64, cigar: &str, bases: &[u8]) -> String {
        let mut read = read("r", start, cigar, bases);
        cut_fold_backs(&mut read, reference);
        assert_eq!(read.bases.len(), read.quals.len());
        format!("{} {}", read.start, text(&read.cigar))
    }

    #[test]
    fn folded_ends_are_cut_with_the_differing_part_of_the_stem() {
        let (reference, template) = hairpin();
        assert_eq!(cut(&reference, 1_040, "89M20S", &template[40..149]), "1040 86M23H");
        // The opposite strand.
        let mirrored = Sequence::new(1_000, opposite(&reference.bases));
        let end = 1_300 - 129;
        let bases = opposite(&template[40..149]);
        assert_eq!(cut(&mirrored, end, "20S89M", &bases), "1174 23H86M");
    }

    #[test]
    fn folded_ends_too_short_to_be_clipped_are_cut() {
        let (reference, template) = hairpin();
        assert_eq!(cut(&reference, 1_040, "89M3S", &template[40..132]), "1040 86M6H");
        assert_eq!(cut(&reference, 1_040, "89M", &template[40..129]), "1040 86M3H");
    }

    #[test]
    fn other_ends_are_kept() {
        let (reference, _) = hairpin();
        let at = |first: usize, end: usize| reference.bases[first..end].to_vec();
        assert_eq!(cut(&reference, 1_040, "89M", &at(40, 129)), "1040 89M");
        let foreign = [at(40, 129), random_bases(20, 12)].concat();
        assert_eq!(cut(&reference, 1_040, "89M20S", &foreign), "1040 89M20S");
        // A deletion, and an error in the last bases.
        let deleted = [at(40, 129), at(140, 160)].concat();
        assert_eq!(cut(&reference, 1_040, "89M20S", &deleted), "1040 89M20S");
        let mut wrong = at(150, 250);
        wrong[95] = if wrong[95] == b'A' { b'C' } else { b'A' };
        assert_eq!(cut(&reference, 1_150, "100M", &wrong), "1150 100M");
        // A repeat that equals its reverse complement.
        let repeat = [&reference.bases[..100], &b"TA".repeat(30), &reference.bases[160..]].concat();
        let repeat = Sequence::new(1_000, repeat);
        let longer = [&repeat.bases[50..160], &b"TA".repeat(10)].concat();
        assert_eq!(cut(&repeat, 1_050, "110M20S", &longer), "1050 110M20S");
    }
}
