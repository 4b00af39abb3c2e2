//! Calibration: compares the probabilities of validation examples with the truth, and corrects them.

mod fit;
mod tiers;
mod validation;

pub use fit::{fit_calibration, fit_temperatures};
pub use tiers::fit_tiers;
pub use validation::{gather, metrics, outcomes, trials};
