//! Training: epochs of gradient descent, checkpoints, and the fit of cascade and calibration.

mod cascade_training;
mod checkpoint;
mod data_parallel;
mod learning_curve;
mod optimizer;
mod recalibration;
mod run;

pub use checkpoint::{checkpoint_path, load as load_checkpoint, save as save_checkpoint};
pub use learning_curve::{CurvePanel, draw_panels};
pub use optimizer::{Optimizer, StepOptions};
pub use recalibration::recalibrate;
pub use run::{TrainingEvent, TrainingRun, train};
