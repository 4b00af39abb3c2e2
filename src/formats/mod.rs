//! File formats: whether a file is whole, whether an index belongs to it, and where its records lie.

pub mod alignment_file;
mod alignment_format;
pub mod alignment_index;
mod bgzf;
mod bin_index;
mod crai;
mod damage;

pub use alignment_format::Format;
pub use alignment_index::Index;
pub use bgzf::{BgzfFile, can_open, read_line};
pub use bin_index::{BinIndex, ContigBins, LittleEndian, Stretch};
pub use crai::{Crai, Cram};
pub use damage::{BGZF_END, check_whole, is_system_error};
