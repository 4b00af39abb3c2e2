//! Pileup images: the network's input for a candidate.
//!
//! The tensor has the form that DeepVariant's models for short reads take: u8, C-order, rows × positions × channels.
//! The first rows show the reference, then come the reads, ordered by start. The candidate is in the middle column.

mod allele_lengths;
mod channels;
mod chart;
mod clipping;
mod context;
mod draw;
mod font;
mod occlude;
mod picture;
mod rows;

pub(crate) use allele_lengths::AlleleLengths;
pub use channels::{CHANNEL_NAMES, CHANNELS};
pub(crate) use channels::{DIFFERS, STRANDS, SUPPORTS, index};
pub(crate) use chart::{Effects, PileupChart};
pub(crate) use clipping::Clipping;
pub use context::PileupContext;
pub use draw::{allele_sets, draw};
pub(crate) use occlude::{drawn_reads, without_channel, without_columns, without_reads};
pub(crate) use picture::Picture;

/// Number of rows of a pileup.
pub const HEIGHT: usize = 100;
/// Number of reference positions of a pileup; the candidate's position is column [`CENTER`].
pub const WIDTH: usize = 221;
/// Column of the candidate's position.
pub const CENTER: usize = WIDTH / 2;
/// Number of rows at the top that show the reference.
pub const REFERENCE_ROWS: usize = 5;
/// Size of one pileup in bytes.
pub const PILEUP_SIZE: usize = HEIGHT * WIDTH * CHANNELS;
