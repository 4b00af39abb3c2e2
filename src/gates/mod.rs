//! Gates: what a call must reach in a region before it is reported, such as a least depth in actionable genes.

mod gate;
mod read;

pub use gate::{Action, Gate, GateMarks, Gates, Judgement, Measures};
