//! Calibration: compares the probabilities of validation examples with the truth, and corrects them.

mod fit;
mod validation;

pub use fit::{fit_calibration, fit_temperatures};
pub use validation::{gather, metrics, outcomes, trials};
