//! Calibration: probabilities of validation examples, compared with the truth and corrected.

mod fit;
mod validation;

pub use fit::{fit_calibration, fit_temperatures};
pub use validation::{gather, metrics, outcomes, trials};
