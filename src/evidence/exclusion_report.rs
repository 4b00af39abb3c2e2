//! What is told of reads that are left out: a warning where most are, an error where all are.

use anyhow::{Result, bail};

use super::source::EvidenceSource;
use crate::reads::{MIN_BASE_QUALITY, ReadCounts, ReadExclusion};

/// Of fewer reads nothing is told: a small target may have none that are good.
const FEWEST: u64 = 20;

/// Warns if most reads in the regions are left out for a reason that may be a mistake. Fails if all are, unless the reason is one of the
/// place, such as a repeat, and the sample of the whole file has reads that can be used.
pub fn report_exclusions(counts: &ReadCounts, source: &EvidenceSource) -> Result<()> {
    let Some(blame) = Blame::find(counts) else {
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
    reason: ReadExclusion,
    reads: u64,
    /// Left out for any reason, and all there are.
    left_out: u64,
    all: u64,
}

impl Blame {
    fn find(counts: &ReadCounts) -> Option<Self> {
        let depth = counts.left_out(ReadExclusion::Depth);
        let usable = counts.used + depth;
        let is_told = |reason: &ReadExclusion| match usable {
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
        is_usual(self.reason) || self.reason == ReadExclusion::LowMappingQuality
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
fn is_usual(reason: ReadExclusion) -> bool {
    matches!(
        reason,
        ReadExclusion::OtherSample
            | ReadExclusion::Unmapped
            | ReadExclusion::Secondary
            | ReadExclusion::Supplementary
            | ReadExclusion::Depth
    )
}

/// What to do if such reads are to be used.
fn remedy(reason: ReadExclusion, source: &EvidenceSource) -> String {
    let filter = source.reads.filter();
    let text = match reason {
        ReadExclusion::OtherSample => "choose another sample with --sample",
        ReadExclusion::NoReadGroup => "give them the sample's read group with: samtools addreplacerg",
        ReadExclusion::Unmapped => "align them",
        ReadExclusion::Secondary | ReadExclusion::Supplementary => "give a file that has the primary alignments",
        ReadExclusion::FailedQualityControl => "take that flag away with: samtools view --remove-flags QCFAIL",
        ReadExclusion::Duplicate => "--keep-duplicates uses them",
        ReadExclusion::LowMappingQuality => {
            let quality = filter.min_mapping_quality;
            return format!("--min-mapping-quality below {quality} uses them");
        }
        ReadExclusion::MateOnOtherContig => "--mates-on-other-contigs keep uses them",
        ReadExclusion::NoSequence => "give a file that has the bases of its reads",
        ReadExclusion::BadAlignment => "align them again",
        ReadExclusion::LowBaseQuality if filter.min_base_quality > MIN_BASE_QUALITY => {
            return format!("--min-base-quality below {} uses them", filter.min_base_quality);
        }
        ReadExclusion::LowBaseQuality => "give a file with the qualities that the sequencer wrote",
        ReadExclusion::Depth => "they are more than are looked at",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blame(used: u64, left_out: &[(ReadExclusion, u64)]) -> Option<(ReadExclusion, u64, u64)> {
        let mut counts = ReadCounts::default();
        left_out
            .iter()
            .for_each(|&(reason, reads)| counts.leave_out(reason, reads));
        counts.used = used;
        Blame::find(&counts).map(|blame| (blame.reason, blame.left_out, blame.all))
    }

    #[test]
    fn most_reads_are_blamed_on_the_commonest_reason() {
        let (duplicate, low) = (ReadExclusion::Duplicate, ReadExclusion::LowMappingQuality);
        assert_eq!(blame(100, &[(duplicate, 60), (low, 50)]), Some((duplicate, 110, 210)));
        assert_eq!(blame(100, &[(duplicate, 60), (low, 40)]), None);
        // What good files have too, what is deep, and a handful.
        assert_eq!(
            blame(
                10,
                &[(ReadExclusion::Secondary, 900), (ReadExclusion::OtherSample, 900)]
            ),
            None
        );
        assert_eq!(blame(10, &[(duplicate, 50), (ReadExclusion::Depth, 900)]), None);
        assert_eq!(blame(0, &[(low, 19)]), None);
        assert_eq!(
            blame(0, &[(ReadExclusion::Secondary, 20)]),
            Some((ReadExclusion::Secondary, 20, 20))
        );
        assert_eq!(blame(0, &[]), None);
    }
}
