//! Language models of the genome: what they learn from, and Markov chains to compare them with.

mod lesson;
mod markov;
mod windows;

pub use lesson::{Language, Objective};
pub use markov::markov_perplexities;
pub use windows::GenomeWindows;
