//! Training of sequence networks: the loop, and what is learned.

mod classify;
mod gradient;
mod lesson;
mod options;
mod run;

pub use classify::{Classify, evaluate};
pub use gradient::Workers;
pub use lesson::{Lesson, Validated};
pub use options::TrainingOptions;
pub use run::{Event, TrainingRun, train};
