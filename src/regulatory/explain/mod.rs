//! What a model sees: the effect of each base, and the motifs of its filters.

mod logo;
mod motif;
mod mutagenesis;

pub use logo::{draw_logos, draw_mutagenesis};
pub use motif::{Motif, find_known, first_motifs, meme};
pub use mutagenesis::mutate;
