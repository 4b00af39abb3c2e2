//! Training: epochs of gradient descent, checkpoints, and the fit of cascade and calibration.

mod cascade_training;
mod checkpoint;
mod data_parallel;
mod learning_curve;
mod optimizer;
mod recalibration;
mod run;

pub use recalibration::recalibrate;
pub use run::{TrainingEvent, TrainingRun, train};
