//! Examples: sequences that are bound or not, from peaks or from files of sequences.

mod background;
mod from_peaks;
mod from_sequences;
mod match_table;
mod peaks;
mod prepare;
mod set;
mod shuffle;
mod split;
mod text;
mod windows;

pub use from_peaks::from_peaks;
pub use from_sequences::from_sequences;
pub use match_table::match_table;
pub use prepare::{NamedFile, Negatives, PrepareOptions};
pub use set::{Example, ExampleSet};
pub use split::{Split, SplitRule};
pub use text::{read_fasta, read_table};
pub use windows::WindowReader;
