//! From genotype probabilities to records: genotype, overlap resolution, VCF and gVCF.

mod call;
mod edit;
mod exclusions;
mod genotype;
mod gvcf;
mod index;
mod normalize;
mod overlap;
mod reader;
mod reference_block;
mod summary;
mod variant_type;
mod vcf;

pub use call::Call;
pub use edit::Edit;
pub use exclusions::{CallExclusion, ExcludedCalls};
pub use genotype::{genotypes, likeliest};
pub use gvcf::{Covered, CoveredRun, GvcfWriter};
pub use index::{VariantIndex, index_variants};
pub use normalize::{left_align, trim};
pub use overlap::OverlapResolver;
pub use reader::{CalledAllele, VariantReader, VariantRecord};
pub use reference_block::Coverage;
pub use summary::CallSummary;
pub use variant_type::VariantType;
pub use vcf::{VcfHeader, VcfWriter, can_name_contig};
