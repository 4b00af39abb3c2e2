//! From genotype probabilities to records: genotype, overlap resolution, VCF.

mod call;
mod genotype;
mod summary;
mod vcf;

pub use call::{Call, Filter};
pub use genotype::{call_genotype, genotype_order};
pub use summary::CallSummary;
pub use vcf::{VcfHeader, VcfWriter};
