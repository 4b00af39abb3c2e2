//! Variant calls: genotypes, overlap resolution, and reading and writing of VCF and gVCF.

mod bcf;
mod byte_stream;
mod call;
mod call_writer;
mod edit;
mod exclusions;
mod format;
mod genotype;
mod gvcf;
mod index;
mod line_writer;
mod normalize;
mod normalizer;
mod overlap;
mod piece;
mod reader;
mod record;
mod reference_block;
mod summary;
mod variant_type;
mod vcf;

pub(crate) use byte_stream::SavedStream;
pub use call::{Call, DecidingStage, Filter};
pub(crate) use call_writer::{CallFiles, CallWriter};
pub(crate) use edit::Edit;
pub(crate) use exclusions::{CallExclusion, ExcludedCalls};
pub use format::VariantFormat;
pub use genotype::{Genotype, Ploidy};
pub(crate) use genotype::{genotype_count, genotypes, likeliest};
pub(crate) use gvcf::{Covered, CoveredRun};
pub(crate) use index::index_variants;
pub(crate) use line_writer::LineWriter;
pub use normalize::left_align;
pub(crate) use normalize::trim;
pub(crate) use normalizer::Normalizer;
pub use overlap::OverlapResolver;
pub(crate) use piece::{Piece, RecordOptions};
pub(crate) use reader::VariantReader;
pub(crate) use record::{CalledAllele, VariantRecord, parse_genotype, split_short};
pub(crate) use reference_block::{Coverage, unseen_allele_probabilities};
pub(crate) use summary::CallSummary;
pub use variant_type::VariantType;
pub(crate) use vcf::can_name_contig;
pub use vcf::{PloidyStyle, VcfHeader};
#[cfg(test)]
use vcf::{Unseen, record};
