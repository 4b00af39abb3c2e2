//! The stored parts of a model: weights, card, and the importances of the weights for fine-tuning.

mod card;
mod data_set;
mod elastic_weights;
mod model;
mod pair;

pub use card::{Calibration, Card, Correction, Epoch, Metrics, Training, Validated};
pub use data_set::{DataSet, Shared};
pub use elastic_weights::{ElasticWeights, importances};
pub use model::Model;
pub use pair::{card_path, check_pair, finish_saving, load_pair, save_pair};
