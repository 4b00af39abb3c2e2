//! File formats: checks that a file is complete and that an index belongs to it, and access to indexes.

pub mod alignment_file;
mod alignment_format;
pub mod alignment_index;
mod bgzf;
mod bin_index;
mod crai;
mod damage;

pub(crate) use alignment_format::Format;
pub(crate) use alignment_index::Index;
pub(crate) use bgzf::{BgzfFile, can_open, read_line};
pub(crate) use bin_index::{ContigBins, IndexedInterval};
pub(crate) use crai::{Crai, Cram, FirstRead};
pub(crate) use damage::{BGZF_END, check_whole};
