//! The stored parts of a model: weights, card, and the importances of the weights for fine-tuning.

mod card;
mod elastic_weights;
mod model;

pub use card::{Calibration, Card, Correction, DataSet, Epoch, Metrics, Training};
pub use elastic_weights::{ElasticWeights, importances};
pub use model::{Model, card_path};
