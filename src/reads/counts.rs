//! Counts of used reads and of excluded reads by reason.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// Why a read is not used as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadExclusion {
    OtherSample,
    NoReadGroup,
    Unmapped,
    Secondary,
    Supplementary,
    FailedQualityControl,
    Duplicate,
    LowMappingQuality,
    MateOnOtherContig,
    NoSequence,
    BadAlignment,
    /// No base of the read reaches the minimum base quality.
    LowBaseQuality,
    Depth,
}

impl ReadExclusion {
    pub const ALL: [Self; 13] = [
        Self::OtherSample,
        Self::NoReadGroup,
        Self::Unmapped,
        Self::Secondary,
        Self::Supplementary,
        Self::FailedQualityControl,
        Self::Duplicate,
        Self::LowMappingQuality,
        Self::MateOnOtherContig,
        Self::NoSequence,
        Self::BadAlignment,
        Self::LowBaseQuality,
        Self::Depth,
    ];

    /// Name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::OtherSample => "of another sample",
            Self::NoReadGroup => "without a read group",
            Self::Unmapped => "unmapped",
            Self::Secondary => "secondary alignment",
            Self::Supplementary => "supplementary alignment",
            Self::FailedQualityControl => "failed quality control",
            Self::Duplicate => "duplicate",
            Self::LowMappingQuality => "low mapping quality",
            Self::MateOnOtherContig => "mate on another contig",
            Self::NoSequence => "without bases (SEQ *)",
            Self::BadAlignment => "invalid CIGAR",
            Self::LowBaseQuality => "low base quality",
            Self::Depth => "above the depth limit",
        }
    }

    /// Key in JSON.
    fn key(self) -> &'static str {
        match self {
            Self::OtherSample => "other_sample",
            Self::NoReadGroup => "no_read_group",
            Self::Unmapped => "unmapped",
            Self::Secondary => "secondary",
            Self::Supplementary => "supplementary",
            Self::FailedQualityControl => "failed_quality_control",
            Self::Duplicate => "duplicate",
            Self::LowMappingQuality => "low_mapping_quality",
            Self::MateOnOtherContig => "mate_on_other_contig",
            Self::NoSequence => "no_sequence",
            Self::BadAlignment => "bad_alignment",
            Self::LowBaseQuality => "low_base_quality",
            Self::Depth => "depth",
        }
    }
}

/// Numbers of used reads and of excluded reads by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    pub used: u64,
    left_out: [u64; ReadExclusion::ALL.len()],
}

impl ReadCounts {
    pub fn leave_out(&mut self, reason: ReadExclusion, reads: u64) {
        self.left_out[reason as usize] += reads;
    }

    pub fn left_out(&self, reason: ReadExclusion) -> u64 {
        self.left_out[reason as usize]
    }

    /// Reasons that excluded at least one read.
    pub fn reasons(&self) -> impl DoubleEndedIterator<Item = (ReadExclusion, u64)> {
        let reasons = ReadExclusion::ALL.map(|reason| (reason, self.left_out(reason)));
        reasons.into_iter().filter(|&(_, reads)| reads > 0)
    }

    pub fn all_left_out(&self) -> u64 {
        self.left_out.iter().sum()
    }
}

impl AddAssign for ReadCounts {
    fn add_assign(&mut self, other: Self) {
        self.used += other.used;
        for (own, others) in self.left_out.iter_mut().zip(other.left_out) {
            *own += others;
        }
    }
}

impl Serialize for ReadCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct ByReason<'a>(&'a ReadCounts);
        impl Serialize for ByReason<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(ReadExclusion::ALL.map(|reason| (reason.key(), self.0.left_out(reason))))
            }
        }
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("used", &self.used)?;
        map.serialize_entry("left_out", &ByReason(self))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for ReadCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct ByReason {
            used: u64,
            left_out: BTreeMap<String, u64>,
        }
        let ByReason { used, left_out } = ByReason::deserialize(deserializer)?;
        let left_out = ReadExclusion::ALL.map(|reason| left_out.get(reason.key()).copied().unwrap_or(0));
        Ok(Self { used, left_out })
    }
}

impl std::fmt::Display for ReadCounts {
    /// A table: used reads, then excluded reads by reason.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "reads used    {:>9}\nleft out      {:>9}",
            self.used,
            self.all_left_out()
        )?;
        self.reasons()
            .try_for_each(|(reason, reads)| write!(f, "\n  {:<25} {reads:>9}", reason.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_counted_by_reason() {
        let mut counts = ReadCounts {
            used: 7,
            ..ReadCounts::default()
        };
        counts.leave_out(ReadExclusion::Duplicate, 2);
        counts.leave_out(ReadExclusion::Depth, 1);
        counts += counts;
        assert_eq!(
            (
                counts.used,
                counts.all_left_out(),
                counts.left_out(ReadExclusion::Depth)
            ),
            (14, 6, 2)
        );
        let json = serde_json::to_value(counts).unwrap();
        assert_eq!((&json["used"], &json["left_out"]["duplicate"]), (&14.into(), &4.into()));
        assert_eq!(serde_json::from_value::<ReadCounts>(json.clone()).unwrap(), counts);
        assert_eq!(json["left_out"].as_object().unwrap().len(), ReadExclusion::ALL.len());
        let table = counts.to_string();
        assert_eq!(table.lines().count(), 4, "{table}");
        assert!(
            ReadExclusion::ALL
                .iter()
                .enumerate()
                .all(|(i, &reason)| reason as usize == i)
        );
    }
}
