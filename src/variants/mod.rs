//! From genotype probabilities to records: genotype, overlap resolution, VCF and gVCF.

mod call;
mod genotype;
mod gvcf;
mod overlap;
mod reference_block;
mod summary;
mod vcf;

pub use call::{Call, Filter};
pub use genotype::{call_genotype, genotype_order};
pub use gvcf::{Covered, CoveredRun, GvcfWriter};
pub use overlap::{OverlapResolver, resolve_overlaps};
pub use summary::CallSummary;
pub use vcf::{VcfHeader, VcfWriter, can_name_contig};
