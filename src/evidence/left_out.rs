//! What is told of reads that are left out: a warning where most are, an error where all are.

use anyhow::{Result, bail};

use super::source::EvidenceSource;
use crate::reads::{LeftOut, MIN_BASE_QUALITY, ReadCounts};

/// Of fewer reads nothing is told: a small target may have none that are good.
const FEWEST: u64 = 20;

/// Warns if most reads in the regions are left out for a reason that may be a mistake. Fails if all are, unless the reason is one of the
/// place, such as a repeat, and the sample of the whole file has reads that can be used.
pub fn tell(counts: &ReadCounts, source: &EvidenceSource) -> Result<()> {
    let Some(blame) = Blame::of(counts) else {
        return Ok(());
    };
    let (reads, text) = (source.reads.path().display(), blame.text(source));
    if counts.used > 0 {
        log::warn!("reads {reads}: most of those in the regions are left out, {text}");
    } else if blame.is_of_place() && source.sample.used > 0 {
        log::warn!("reads {reads}: all of those in the regions are left out, {text}");
    } else {
        bail!("reads {reads}: all of those in the regions are left out, {text}; nothing was written");
    }
    Ok(())
}

/// The commonest reason, where it is worth a word.
struct Blame {
    reason: LeftOut,
    reads: u64,
    /// Left out for any reason, and all there are.
    left_out: u64,
    all: u64,
}

impl Blame {
    fn of(counts: &ReadCounts) -> Option<Self> {
        let depth = counts.left_out(LeftOut::Depth);
        let usable = counts.used + depth;
        let is_told = |reason: &LeftOut| match usable {
            0 => true,
            _ => !is_usual(*reason),
        };
        let reasons = || counts.reasons().filter(|(reason, _)| is_told(reason));
        let left_out: u64 = reasons().map(|(_, reads)| reads).sum();
        // Of equals the first.
        let (reason, reads) = reasons().rev().max_by_key(|&(_, reads)| reads)?;
        (left_out >= FEWEST && left_out > usable).then_some(Self {
            reason,
            reads,
            left_out,
            all: left_out + usable,
        })
    }

    /// Whether a good file may have places where all reads are so.
    fn is_of_place(&self) -> bool {
        is_usual(self.reason) || self.reason == LeftOut::LowMappingQuality
    }

    fn text(&self, source: &EvidenceSource) -> String {
        let Self {
            reason,
            reads,
            left_out,
            all,
        } = self;
        format!(
            "{left_out} of {all}; {reads} of them: {}; {}",
            reason.name(),
            remedy(*reason, source)
        )
    }
}

/// Whether good files have many such reads, or the bound on depth takes them.
fn is_usual(reason: LeftOut) -> bool {
    matches!(
        reason,
        LeftOut::OtherSample | LeftOut::Unmapped | LeftOut::Secondary | LeftOut::Supplementary | LeftOut::Depth
    )
}

/// What to do if such reads are to be used.
fn remedy(reason: LeftOut, source: &EvidenceSource) -> String {
    let filter = source.reads.filter();
    let text = match reason {
        LeftOut::OtherSample => "choose another sample with --sample",
        LeftOut::NoReadGroup => "give them the sample's read group with: samtools addreplacerg",
        LeftOut::Unmapped => "align them",
        LeftOut::Secondary | LeftOut::Supplementary => "give a file that has the primary alignments",
        LeftOut::FailedQualityControl => "take that flag away with: samtools view --remove-flags QCFAIL",
        LeftOut::Duplicate => "--keep-duplicates uses them",
        LeftOut::LowMappingQuality => {
            let quality = filter.min_mapping_quality;
            return format!("--min-mapping-quality below {quality} uses them");
        }
        LeftOut::MateOnOtherContig => "--mates-on-other-contigs keep uses them",
        LeftOut::NoSequence => "give a file that has the bases of its reads",
        LeftOut::BadAlignment => "align them again",
        LeftOut::LowBaseQuality if filter.min_base_quality > MIN_BASE_QUALITY => {
            return format!("--min-base-quality below {} uses them", filter.min_base_quality);
        }
        LeftOut::LowBaseQuality => "give a file with the qualities that the sequencer wrote",
        LeftOut::Depth => "they are more than are looked at",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blame(used: u64, left_out: &[(LeftOut, u64)]) -> Option<(LeftOut, u64, u64)> {
        let mut counts = ReadCounts::default();
        left_out
            .iter()
            .for_each(|&(reason, reads)| counts.leave_out(reason, reads));
        counts.used = used;
        Blame::of(&counts).map(|blame| (blame.reason, blame.left_out, blame.all))
    }

    #[test]
    fn most_reads_are_blamed_on_the_commonest_reason() {
        let (duplicate, low) = (LeftOut::Duplicate, LeftOut::LowMappingQuality);
        assert_eq!(blame(100, &[(duplicate, 60), (low, 50)]), Some((duplicate, 110, 210)));
        assert_eq!(blame(100, &[(duplicate, 60), (low, 40)]), None);
        // What good files have too, what is deep, and a handful.
        assert_eq!(
            blame(10, &[(LeftOut::Secondary, 900), (LeftOut::OtherSample, 900)]),
            None
        );
        assert_eq!(blame(10, &[(duplicate, 50), (LeftOut::Depth, 900)]), None);
        assert_eq!(blame(0, &[(low, 19)]), None);
        assert_eq!(
            blame(0, &[(LeftOut::Secondary, 20)]),
            Some((LeftOut::Secondary, 20, 20))
        );
        assert_eq!(blame(0, &[]), None);
    }
}
