//! The report of a VCF: what it holds, in numbers and charts, on one HTML page.

mod charts;
mod contigs;
mod density;
mod distributions;
mod figures;
mod histogram;
mod kinds;
mod page;
mod read;
mod runs;
mod sex;
mod statistics;
mod targets;
mod variant;

pub(crate) use page::write_page;
pub(crate) use read::{Report, SampleChoice};
pub(crate) use runs::{RunFigures, drifts_from};
pub(crate) use targets::TargetRows;
