//! Local realignment: windows with evidence, de Bruijn assembly into haplotypes, reads aligned to their best haplotype.
//!
//! ```text
//!  reads ─► cut folded ends ─► windows ─► haplotypes (graph, aligner's indels)
//!        ─► fit of each read (ungapped, or with gaps) ─► CIGAR to the reference
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

/// Realigns the reads of a region. Returns all reads, sorted by start, name and mate; folded-back ends are cut off.
///
/// `reads` must include all reads over the region. `reference` must cover the region and should extend as far as reads
/// overhang, because no read is realigned beyond it. Windows lie on a fixed grid. Therefore a read's new alignment is
/// the same for all regions that extend around the grid cells (see `WINDOW_CELL`) that the read touches.
pub fn realign(reads: Vec<Read>, reference: &Sequence, options: &RealignOptions) -> Vec<Read> {
    Realigner::new(options.clone()).realign(reads, reference)
}

/// Whether a read is realigned: it and its reference span are not too long, enough of it is aligned, and it is not
/// spliced.
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
