//! Calibration: probabilities of validation examples, compared with the truth and corrected.

mod fit;
mod validation;

pub use fit::{calibrate, cool};
pub use validation::{gather, metrics, outcomes, trials};
