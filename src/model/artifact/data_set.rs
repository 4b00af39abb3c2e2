//! The sets of examples that a model card names.

use serde::{Deserialize, Serialize};

use crate::examples::{LabelCounts, Manifest, Place};

/// A shard set used in training, validation or calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSet {
    pub path: String,
    /// SHA-256 of the set's manifest.
    pub sha256: String,
    pub snp: LabelCounts,
    pub indel: LabelCounts,
    /// The sample, the checksums of its reads, and where the examples are. Empty where the set does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sample: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// What two sets share.
#[derive(Debug, PartialEq)]
pub enum Shared {
    /// They are one set.
    Examples,
    /// The same reads at this place.
    Reads(Place),
    /// Other reads of the same sample at this place.
    Sample(Place),
}

impl DataSet {
    pub fn new(path: String, sha256: String, manifest: &Manifest) -> Self {
        let inputs = manifest.info["inputs"].as_object().into_iter().flatten();
        // The second file is `reads_2`, and an index is `reads_index`.
        let is_reads = |name: &str| {
            let number = name.strip_prefix("reads");
            number.is_some_and(|n| n.is_empty() || n.strip_prefix('_').is_some_and(|n| n.parse::<u32>().is_ok()))
        };
        let checksum = |input: &serde_json::Value| {
            let checksum = input.get("sha256").or_else(|| input.get("sample_sha256"));
            checksum.and_then(|sha256| Some(sha256.as_str()?.to_owned()))
        };
        Self {
            path,
            sha256,
            snp: manifest.snp,
            indel: manifest.indel,
            sample: manifest.info["sample"].as_str().unwrap_or_default().to_owned(),
            reads: inputs
                .filter(|(name, _)| is_reads(name))
                .filter_map(|(_, input)| checksum(input))
                .collect(),
            places: manifest.places.clone(),
        }
    }

    /// What this set shares with another. None if they share nothing, or do not tell where their examples are.
    pub fn shares(&self, other: &Self) -> Option<Shared> {
        if self.sha256 == other.sha256 {
            return Some(Shared::Examples);
        }
        let place = || {
            let places = self.places.iter();
            places
                .clone()
                .find(|place| other.places.iter().any(|o| place.overlaps(o)))
                .cloned()
        };
        if self.reads.iter().any(|reads| other.reads.contains(reads)) {
            return place().map(Shared::Reads);
        }
        let is_same = !self.sample.is_empty() && self.sample == other.sample;
        is_same.then(place).flatten().map(Shared::Sample)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::library::Library;

    fn set(name: &str, sample: &str, reads: &str, start: u64, end: u64) -> DataSet {
        let info = json!({
            "sample": sample,
            "inputs": {
                "truth": {"sha256": "t"}, "reads_index": {"sha256": "i"},
                "reads": {"sample_sha256": reads}, "reads_2": {"sha256": format!("{reads}2")},
            },
        });
        let mut manifest = Manifest::new(Library::TYPICAL, info);
        manifest.places = vec![Place("20".to_owned(), start, end)];
        DataSet::new(name.to_owned(), name.to_owned(), &manifest)
    }

    #[test]
    fn sets_share_reads_or_a_sample_where_their_places_overlap() {
        let set_a = set("a", "HG002", "x", 1_000, 2_000);
        assert_eq!(set_a.reads, ["x", "x2"]);
        let shares = |other: DataSet| set_a.shares(&other);
        let place = || Place("20".to_owned(), 1_000, 2_000);
        assert_eq!(shares(set("a", "", "", 0, 0)), Some(Shared::Examples));
        assert_eq!(
            shares(set("b", "HG002", "x", 2_000, 9_000)),
            Some(Shared::Reads(place()))
        );
        assert_eq!(
            shares(set("b", "renamed", "x", 2_000, 9_000)),
            Some(Shared::Reads(place()))
        );
        assert_eq!(
            shares(set("b", "HG002", "y", 1_500, 1_600)),
            Some(Shared::Sample(place()))
        );
        assert_eq!(shares(set("b", "HG002", "x", 2_001, 9_000)), None);
        assert_eq!(shares(set("b", "HG001", "y", 1_500, 1_600)), None);
    }

    #[test]
    fn the_built_in_card_has_sets_that_tell_less() {
        let card = crate::model::Model::builtin().unwrap().card().clone();
        let sets = card.learned();
        assert!(sets.len() > 100 && sets[0].shares(&sets[0]) == Some(Shared::Examples));
        assert!(sets.iter().all(|set| set.places.is_empty()));
    }
}
