//! Where things are: contigs, regions, the reference sequence, BED intervals, and the partitions that work is cut into.
//!
//! Coordinates are 0-based half-open everywhere inside dvcall; 1-based inclusive only where people read or type them.

mod bed;
mod bgzf;
mod bin_index;
mod contigs;
mod damage;
mod edit;
mod fasta_index;
mod intervals;
mod left_out;
mod md5;
mod normalize;
mod partition;
mod reference;
mod region;
mod sequence;
mod variant_index;
mod variant_reader;

pub(crate) use self::{
    bgzf::{BgzfFile, can_open, read_index},
    bin_index::{BinIndex, ContigBins, Stretch},
    damage::is_system_error,
};
pub use contigs::{Contig, Contigs};
pub use damage::{BGZF_END, check_whole};
pub use edit::Edit;
pub use intervals::IntervalSet;
pub use left_out::{LeftOut, Reason};
pub use normalize::{left_align, trim};
pub use partition::{PARTITION_FLANK, PARTITION_SIZE, Partition, partitions};
pub use reference::{Digest, Reference, ReferenceReader};
pub use region::{Region, resolve_regions};
pub use sequence::Sequence;
pub use variant_index::{VariantIndex, index_variants};
pub use variant_reader::{BYTE_ORDER_MARK, CalledAllele, VariantReader, VariantRecord};
