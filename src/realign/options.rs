//! Options of local realignment.

/// Thresholds of local realignment. The defaults are DeepVariant 1.9's, so that its published pileups can be compared,
/// except for `graph_base_quality` (15) and `window_insertion_quality` (20). With DeepVariant's values, instruments
/// with many low-quality bases give no long k-mers and few windows. DeepVariant does not have `window_percent`, `long_k`,
/// `few_reads`, `aligned_indel_percent`, `long_clip`, `min_aligned` and `cut_fold_backs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealignOptions {
    /// Reads longer than this, in bases, are neither realigned nor used as evidence.
    pub max_read_length: usize,
    /// Minimum mapping quality of a read for evidence of a window.
    pub window_mapping_quality: u8,
    /// Minimum base quality of a difference; for a soft clip, the mean.
    pub window_base_quality: u8,
    /// Minimum mean base quality of an insertion: a base is misread more easily than added.
    pub window_insertion_quality: u8,
    /// Minimum number of reads that differ at a position.
    pub min_supporting_reads: u32,
    /// Minimum percentage of the reads over a position that differ there. 0: no minimum, as in DeepVariant.
    pub window_percent: u32,
    /// Reference bases on either side of a window's evidence.
    pub window_flank: u64,
    /// Longest window, in bases. Where evidence is denser, only the strongest evidence makes windows.
    pub max_window: u64,
    /// Minimum mapping quality of a read for assembly.
    pub graph_mapping_quality: u8,
    /// Bases of lower quality split a read in assembly.
    pub graph_base_quality: u8,
    /// Shortest and longest k-mer.
    pub min_k: usize,
    pub max_k: usize,
    /// From this k on, edges with too few reads do not count for cycles.
    pub long_k: usize,
    /// Non-reference edges with fewer reads are removed.
    pub min_edge_weight: u32,
    /// In a window with at most this many reads, single reads count if otherwise only the reference remains.
    pub few_reads: usize,
    /// Minimum percentage of the reads over an indel that carry it in their alignments, so that the reference with this
    /// indel becomes a haplotype. Above 100: never, as in DeepVariant.
    pub aligned_indel_percent: usize,
    /// A window with more haplotypes than this, for any k, gets none.
    pub max_haplotypes: usize,
    /// A clip of at least this many bases stays clipped if it differs from the reference without a gap. `u32::MAX`: all
    /// clips are aligned, as in DeepVariant.
    pub long_clip: u32,
    /// Minimum percentage of aligned bases in a realigned read. With fewer, the aligned part may be a common repeat,
    /// and most of the read comes from another locus. 0: no minimum, as in DeepVariant.
    pub min_aligned: u32,
    /// Whether to cut off ends of templates that folded back on themselves.
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
            window_percent: 10,
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
