//! Aligned reads from BAM and CRAM: checked, filtered, and limited in depth.

mod alignment;
mod bam_writer;
mod chance;
mod counts;
mod depth;
mod digests;
mod downsampling;
mod file;
mod filter;
mod indel;
mod mates;
mod merged;
mod read;
mod read_errors;
mod reader;
mod records;
mod sample;
mod source;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use bam_writer::RealignedReadsWriter;
pub(crate) use counts::{ReadCounts, ReadExclusion};
pub use depth::DEFAULT_MAX_DEPTH;
pub(crate) use downsampling::Downsampling;
pub use filter::{FilterOptions, MatesOnOtherContigs};
pub(crate) use filter::{MIN_BASE_QUALITY, MIN_MAPPING_QUALITY};
pub(crate) use indel::{Gap, Indel, gaps, indels};
pub use read::{CigarKind, CigarOp, Read};
pub(crate) use read_errors::correct_read_errors;
pub use reader::ReadReader;
pub use source::ReadSource;
