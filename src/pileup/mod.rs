//! Pileup images: what the network sees of a candidate.
//!
//! The tensor is the one that DeepVariant's models for short reads take: u8, C-order, rows × positions × channels,
//! the reference in the first rows, then the reads in order of their start, the candidate in the middle column.

mod allele_lengths;
mod channels;
mod clipping;
mod context;
mod draw;
mod font;
mod picture;
mod rows;

pub(crate) use allele_lengths::AlleleLengths;
pub use channels::{CHANNEL_NAMES, CHANNELS};
pub(crate) use channels::{DIFFERS, STRANDS, SUPPORTS, index};
pub(crate) use clipping::Clipping;
pub use context::PileupContext;
pub use draw::{allele_sets, draw};
pub(crate) use picture::Picture;

/// Rows of a pileup.
pub const HEIGHT: usize = 100;
/// Reference positions of a pileup; the candidate's own is column [`CENTER`].
pub const WIDTH: usize = 221;
/// Column of the candidate's position.
pub const CENTER: usize = WIDTH / 2;
/// Rows at the top that show the reference.
pub const REFERENCE_ROWS: usize = 5;
/// Bytes of one pileup.
pub const PILEUP_SIZE: usize = HEIGHT * WIDTH * CHANNELS;
