//! The sequence network: its architectures, and its forward pass.

mod architecture;
mod forward;

pub use architecture::{Architecture, Heads, Shape};
pub use forward::{Network, one_hot};
