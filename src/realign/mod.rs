//! Local realignment: windows of evidence, de Bruijn assembly into haplotypes, reads aligned to their best haplotype.
//!
//! ```text
//!  reads ─► folded ends cut ─► windows ─► haplotypes (graph, indels as aligned) ─► fit of each read (placed, or aligned with gaps) ─► cigar over the reference
//! ```
//!
//! The steps and their thresholds are DeepVariant's, as its public sources describe them (Poplin et al., "A universal
//! SNP and small-indel variant caller using deep neural networks", Nat Biotechnol 36 (2018) 983–987).

mod align;
mod assembler;
#[cfg(test)]
mod assembler_tests;
mod cigar;
mod fit;
mod fold_back;
mod graph;
mod haplotype;
mod indel_haplotypes;
mod long_deletion;
mod options;
mod placement;
mod realigner;
mod score;
mod segments;
mod soft_clips;
#[cfg(test)]
mod testing;
mod window;

pub use align::Aligner;
pub use assembler::Assembler;
pub use options::RealignOptions;
pub use realigner::Realigner;
pub use score::Scorer;
pub use window::select_windows;

use crate::genome::Sequence;
use crate::reads::{CigarKind, Read};

/// Realigns the reads of a stretch. Returns all of them, sorted by start, name and mate; of some, ends that were folded back are cut off.
///
/// `reads` must be all those that overlap the stretch; `reference` must hold it, and should reach beyond it by as much
/// as reads hang over, since no read is realigned to what is not there. Windows lie on a fixed grid, so that a read's
/// new alignment is the same for all stretches that reach around the grid's cells (see [`WINDOW_CELL`]) by which it is
/// touched.
pub fn realign(reads: Vec<Read>, reference: &Sequence, options: &RealignOptions) -> Vec<Read> {
    Realigner::new(options.clone()).realign(reads, reference)
}

/// Whether a read takes part: not too long, neither it nor what it spans, enough of it aligned, and not spliced.
fn is_realignable(read: &Read, options: &RealignOptions) -> bool {
    let clipped = read.cigar.iter().filter(|op| op.kind == CigarKind::SoftClip);
    let aligned = read
        .bases
        .len()
        .saturating_sub(clipped.map(|op| op.length as usize).sum());
    read.bases.len() <= options.max_read_length
        && read.end() - read.start <= options.max_window
        && read.bases.len() == read.quals.len()
        && aligned * 100 >= read.bases.len() * options.min_aligned as usize
        && read.cigar.iter().any(|op| op.kind == CigarKind::Match)
        && read.cigar.iter().all(|op| op.kind != CigarKind::RefSkip)
}
