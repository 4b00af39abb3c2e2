//! Reports: tables, curves, JSON, and the HTML page.

mod charts;
mod gates;
mod html;
mod metrics;
mod output;
mod roc;
mod screen;
mod tables;
mod tiers;

pub use output::{EvaluationFiles, check_prefix};
pub use roc::{Curve, Wanted};
pub use screen::{Named, aligned, by_ploidy, comparison};
