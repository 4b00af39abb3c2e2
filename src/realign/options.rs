//! What steers local realignment.

/// Thresholds of local realignment. The defaults are DeepVariant 1.9's, so that its published pileups can be compared, but
/// for `graph_base_quality` (15) and `window_insertion_quality` (20), by which instruments whose bases are often worse give no
/// long k-mers and few windows. `long_k`, `few_reads`, `aligned_indel_percent`, `long_clip`, `min_aligned` and `cut_fold_backs` are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealignOptions {
    /// Longer reads, in bases, are neither realigned nor used as evidence.
    pub max_read_length: usize,
    /// Mapping quality from which a read's differences count as evidence for a window.
    pub window_mapping_quality: u8,
    /// Base quality (of a soft clip: the mean) from which a difference counts.
    pub window_base_quality: u8,
    /// Mean base quality from which an insertion counts: a base is misread more easily than added.
    pub window_insertion_quality: u8,
    /// Fewest reads that must differ at a position.
    pub min_supporting_reads: u32,
    /// Reference on either side of a window's evidence, in bases.
    pub window_flank: u64,
    /// Longest window, in bases; where evidence is denser, only the strongest makes windows.
    pub max_window: u64,
    /// Mapping quality from which a read takes part in assembly.
    pub graph_mapping_quality: u8,
    /// Bases below this quality break a read in assembly.
    pub graph_base_quality: u8,
    /// Shortest and longest k-mer tried.
    pub min_k: usize,
    pub max_k: usize,
    /// From this k on, edges that too few reads hold make no cycle.
    pub long_k: usize,
    /// Fewer reads than this on an edge that is not the reference's remove it.
    pub min_edge_weight: u32,
    /// In a window that no more reads overlap, single reads count if nothing but the reference is left without them.
    pub few_reads: usize,
    /// Percent of the reads over an indel that must show it as they are aligned, for the reference with it to be a haplotype, too.
    /// Above 100: none is, as in DeepVariant.
    pub aligned_indel_percent: usize,
    /// Of a window that assembles into more, for any k, none is taken.
    pub max_haplotypes: usize,
    /// What the aligner clipped, of so many bases or more, stays clipped where it differs from the reference without a gap. With
    /// `u32::MAX` everything is aligned, as in DeepVariant.
    pub long_clip: u32,
    /// Percent of a read's bases that the aligner must have placed for it to take part. Of less, it placed what any repeat of the
    /// genome holds, and the read is mostly of another place. 0: all take part, as in DeepVariant.
    pub min_aligned: u32,
    /// Whether ends of which the template was folded back on itself are cut off.
    pub cut_fold_backs: bool,
}

impl Default for RealignOptions {
    fn default() -> Self {
        Self {
            max_read_length: 500,
            window_mapping_quality: 20,
            window_base_quality: 20,
            window_insertion_quality: 10,
            min_supporting_reads: 2,
            window_flank: 80,
            max_window: 1_000,
            graph_mapping_quality: 14,
            graph_base_quality: 10,
            min_k: 10,
            max_k: 101,
            long_k: 40,
            min_edge_weight: 2,
            few_reads: 20,
            aligned_indel_percent: 13,
            max_haplotypes: 256,
            long_clip: 8,
            min_aligned: 25,
            cut_fold_backs: true,
        }
    }
}
