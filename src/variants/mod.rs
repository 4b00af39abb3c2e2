//! From genotype probabilities to records: genotype, overlap resolution, VCF.

mod call;
mod genotype;
mod overlap;
mod summary;
mod vcf;

pub use call::{Call, Filter};
pub use genotype::{call_genotype, genotype_order};
pub use overlap::{OverlapResolver, resolve_overlaps};
pub use summary::CallSummary;
pub use vcf::{VcfHeader, VcfWriter};
