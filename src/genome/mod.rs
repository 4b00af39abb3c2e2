//! The genome: contigs, regions, the reference sequence, BED intervals, and the partitions for parallel work.
//!
//! Coordinates are 0-based half-open everywhere inside dvcall. They are 1-based inclusive only where people read or
//! type them.

mod bed;
mod contigs;
mod fasta_index;
mod interval_list;
mod intervals;
mod lines;
mod md5;
mod named_regions;
mod partition;
mod reference;
mod region;
mod region_choice;
mod region_file;
mod sequence;
mod sex_chromosomes;

pub(crate) use bed::interval as bed_interval;
pub use contigs::{Contig, Contigs};
pub use intervals::IntervalSet;
pub(crate) use intervals::{check_within, open_whole};
pub(crate) use lines::for_each_line;
pub(crate) use named_regions::read_named_regions;
pub(crate) use partition::partitions;
pub use partition::{PARTITION_FLANK, PARTITION_SIZE, Partition};
pub use reference::{Reference, ReferenceReader};
pub use region::Region;
pub use region_choice::RegionChoice;
pub(crate) use region_choice::{gather, named_files};
pub use sequence::Sequence;
pub(crate) use sequence::differences;
pub(crate) use sex_chromosomes::{pseudoautosomal_regions, sex_chromosome, short_name};
