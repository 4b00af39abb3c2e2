//! File formats, and files at URLs: checks that a file is complete and that an index belongs to it, and access to indexes.

pub mod alignment_file;
mod alignment_format;
pub mod alignment_index;
mod bgzf;
mod bgzf_block;
mod bin_index;
mod crai;
mod damage;
mod input;
mod placed_text;
mod remote;
mod remote_scheme;
mod stream;
mod variant_index;

pub(crate) use alignment_format::Format;
pub(crate) use alignment_index::Index;
pub(crate) use bgzf::{BgzfFile, can_open, read_line};
pub(crate) use bgzf_block::{BGZF_BLOCK, compress_block};
pub(crate) use bin_index::{ContigBins, IndexedInterval};
pub(crate) use crai::{Crai, Cram, FirstRead};
pub(crate) use damage::{BGZF_END, check_whole};
pub use input::without_secrets;
pub(crate) use input::{
    InputFile, beside, check_is_there, htslib_name, is_input, is_there, open_alignments, open_indexed_alignments,
    open_variants, shown, url_of,
};
pub(crate) use placed_text::{PlacedText, TextPlace};
pub(crate) use remote::{prepare as prepare_urls, remote_fault};
pub(crate) use variant_index::VariantIndex;
