//! The index of a bgzipped VCF: where the records of a region begin.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustc_hash::FxHashMap;

use super::bin_index::{BinIndex, ContigBins};

/// A tabix or CSI index, by the names of contigs.
pub struct VariantIndex {
    contigs: FxHashMap<String, ContigBins>,
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
        Ok(Self {
            contigs: index.names.into_iter().zip(index.contigs).collect(),
        })
    }

    /// Virtual offset at which to begin, to read all records that overlap a 0-based position or lie behind it. None if
    /// the contig has no records.
    pub fn offset(&self, contig: &str, position: u64) -> Option<u64> {
        Some(self.contigs.get(contig)?.records_from(position)?.start)
    }

    /// The bins of a contig that hold records. Bins have several sizes and lie in each other.
    pub fn bins(&self, contig: &str) -> impl Iterator<Item = Range<u64>> {
        self.contigs.get(contig).into_iter().flat_map(ContigBins::bins)
    }
}
