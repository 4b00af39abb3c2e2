//! Ends of reads that come from elsewhere, and so are not to be aligned.
//!
//! Where two templates were joined, or one folded back from afar, the read goes on in bases of another place. An aligner
//! clips them; but such ends of a few reads together make a haplotype, on which all of them fit.

use super::fit::Fit;
use crate::genome::Sequence;
use crate::reads::{CigarKind, CigarOp, Read};

/// A new alignment of a read, clipped again wherever the old one was, by `long_clip` bases or more, and the new one goes on
/// without a gap though the bases differ from the reference: an aligner gives up few bases for the sake of a SNP near the end, but
/// many for an indel.
pub fn keep_clipped(read: &Read, (start, mut cigar): Fit, reference: &Sequence, long_clip: u32) -> Fit {
    let differ = |first: u32, position: u64, length: u32| {
        let shown = read.bases.iter().skip(first as usize).take(length as usize);
        let expected = (position..).map(|position| reference.base(position));
        shown.zip(expected).any(|(&shown, expected)| shown != expected)
    };
    if let Some((clip, freed)) = freed(read.cigar.last(), &cigar, long_clip) {
        let aligned = cigar.iter().filter(|op| op.kind.consumes_reference());
        let end = start + aligned.map(|op| u64::from(op.length)).sum::<u64>();
        if differ(read.bases.len() as u32 - clip, end - u64::from(freed), freed) {
            clip_again(&mut cigar, clip, freed);
        }
    }
    let mut new_start = start;
    cigar.reverse();
    if let Some((clip, freed)) = freed(read.cigar.first(), &cigar, long_clip)
        && differ(clip - freed, start, freed)
    {
        clip_again(&mut cigar, clip, freed);
        new_start += u64::from(freed);
    }
    cigar.reverse();
    (new_start, cigar)
}

/// The old clip and how many bases of it the last operations of the new alignment lay on the reference, without a gap.
fn freed(old: Option<&CigarOp>, new: &[CigarOp], long_clip: u32) -> Option<(u32, u32)> {
    let clip = |op: &CigarOp| if op.kind == CigarKind::SoftClip { op.length } else { 0 };
    let (old, now) = (clip(old?), clip(new.last()?));
    let last = new.iter().rev().find(|op| op.kind != CigarKind::SoftClip)?;
    let freed = old.checked_sub(now)?;
    let within = last.kind == CigarKind::Match && last.length > freed;
    (old >= long_clip && freed > 0 && within).then_some((old, freed))
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
    use super::super::testing::{ops, random_bases, text};
    use super::*;
    use crate::reads::testing::read;

    #[test]
    fn what_differs_without_a_gap_stays_clipped() {
        let reference = Sequence::new(1_000, random_bases(200, 7));
        let at = |offset: usize, length: usize| reference.bases[offset..offset + length].to_vec();
        let substituted = |mut bases: Vec<u8>, index: usize| {
            bases[index] = if bases[index] == b'A' { b'C' } else { b'A' };
            bases
        };
        let kept = |old: &str, start: u64, new: &str, bases: &[u8]| {
            let (start, cigar) = keep_clipped(&read("r", 1_050, old, bases), (start, ops(new)), &reference, 8);
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
    }
}
