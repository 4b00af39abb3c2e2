//! Reports excluded reads: a warning if most reads are left out, an error if all are.

use anyhow::{Result, bail};

use super::source::EvidenceSource;
use crate::reads::{MIN_BASE_QUALITY, ReadCounts, ReadExclusion};

/// Fewer excluded reads are not reported, because a small target may have no usable reads.
const FEWEST: u64 = 20;

/// Warns if most reads in the regions are left out for a reason that may be a mistake. Fails if all are left out,
/// unless the reason can hold for a single place, such as a repeat, and the sample of the whole file has usable reads.
pub fn report_exclusions(counts: &ReadCounts, source: &EvidenceSource) -> Result<()> {
    let Some(blame) = Blame::find(counts) else {
        return Ok(());
    };
    let (reads, text) = (source.reads.names(), blame.text(source));
    if counts.used > 0 {
        log::warn!("reads {reads}: most reads in the regions are left out: {text}");
    } else if blame.can_be_local() && source.sample.used > 0 {
        log::warn!("reads {reads}: all reads in the regions are left out: {text}");
    } else {
        bail!("reads {reads}: all reads in the regions are left out: {text}; no output was written");
    }
    Ok(())
}

/// The most common reason for excluded reads, if it is worth a message.
struct Blame {
    reason: ReadExclusion,
    reads: u64,
    /// Reads that are left out for any of the reported reasons.
    left_out: u64,
    /// `left_out` and the usable reads.
    all: u64,
}

impl Blame {
    fn find(counts: &ReadCounts) -> Option<Self> {
        let depth = counts.left_out(ReadExclusion::Depth);
        let usable = counts.used + depth;
        let is_reported = |reason: &ReadExclusion| match usable {
            0 => true,
            _ => !is_usual(*reason),
        };
        let reasons = || counts.reasons().filter(|(reason, _)| is_reported(reason));
        let left_out: u64 = reasons().map(|(_, reads)| reads).sum();
        // If counts are equal, the first reason.
        let (reason, reads) = reasons().rev().max_by_key(|&(_, reads)| reads)?;
        (left_out >= FEWEST && left_out > usable).then_some(Self {
            reason,
            reads,
            left_out,
            all: left_out + usable,
        })
    }

    /// Whether the reason may hold for all reads at some places of a good file.
    fn can_be_local(&self) -> bool {
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

/// Whether good files have many such reads, or the maximum depth excludes them.
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

/// How to make dvcall use such reads.
fn remedy(reason: ReadExclusion, source: &EvidenceSource) -> String {
    let filter = source.reads.filter();
    let text = match reason {
        ReadExclusion::OtherSample => "choose another sample with --sample",
        ReadExclusion::NoReadGroup => "add the sample's read group with: samtools addreplacerg",
        ReadExclusion::Unmapped => "align these reads",
        ReadExclusion::Secondary | ReadExclusion::Supplementary => "use a file that has the primary alignments",
        ReadExclusion::FailedQualityControl => "remove the flag with: samtools view --remove-flags QCFAIL",
        ReadExclusion::Duplicate => "use them with --keep-duplicates",
        ReadExclusion::LowMappingQuality => {
            let quality = filter.min_mapping_quality;
            return format!("use them with --min-mapping-quality below {quality}");
        }
        ReadExclusion::MateOnOtherContig => "use them with --mates-on-other-contigs keep",
        ReadExclusion::NoSequence => "use a file that has the bases of its reads",
        ReadExclusion::BadAlignment => "align these reads again",
        ReadExclusion::LowBaseQuality if filter.min_base_quality > MIN_BASE_QUALITY => {
            return format!("use them with --min-base-quality below {}", filter.min_base_quality);
        }
        ReadExclusion::LowBaseQuality => "use a file with the sequencer's base qualities",
        ReadExclusion::Depth => "the depth is above --max-depth",
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
    fn the_most_common_reason_is_reported() {
        let (duplicate, low) = (ReadExclusion::Duplicate, ReadExclusion::LowMappingQuality);
        assert_eq!(blame(100, &[(duplicate, 60), (low, 50)]), Some((duplicate, 110, 210)));
        assert_eq!(blame(100, &[(duplicate, 60), (low, 40)]), None);
        // Not reported: reasons that good files have too, the maximum depth, and few reads.
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
