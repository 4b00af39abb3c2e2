//! The index of a bgzipped VCF: where the records of a region begin.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustc_hash::FxHashMap;

use super::bin_index::{BinIndex, ContigBins, IndexedInterval};

/// A tabix or CSI index, by the names of contigs.
pub struct VariantIndex {
    contigs: FxHashMap<String, ContigBins>,
    /// Stretches that hold records, with the contig's name.
    stretches: Vec<(String, IndexedInterval)>,
}

impl VariantIndex {
    /// The index beside a file, if there is one.
    pub fn find(path: &Path) -> Option<PathBuf> {
        let mut beside = ["csi", "tbi"]
            .into_iter()
            .map(|suffix| path.with_added_extension(suffix));
        beside.find(|index| index.is_file())
    }

    pub fn read(path: &Path) -> Result<Self> {
        let index = BinIndex::read(path).with_context(|| format!("cannot read index {}", path.display()))?;
        let name = |rank: usize| index.names.get(rank).cloned().unwrap_or_default();
        let stretches = index
            .intervals
            .iter()
            .map(|stretch| (name(stretch.contig as usize), stretch.clone()));
        Ok(Self {
            stretches: stretches.collect(),
            contigs: index.names.iter().cloned().zip(index.contigs.iter().cloned()).collect(),
        })
    }

    /// Virtual offset at which to begin, to read all records that overlap a 0-based position or lie behind it. None if
    /// the contig has no records.
    pub fn offset(&self, contig: &str, position: u64) -> Option<u64> {
        Some(self.contigs.get(contig)?.records_from(position)?.start)
    }

    /// Stretches that may hold records.
    pub fn stretches(&self) -> impl Iterator<Item = (&str, &IndexedInterval)> {
        self.stretches.iter().map(|(name, stretch)| (name.as_str(), stretch))
    }
}
