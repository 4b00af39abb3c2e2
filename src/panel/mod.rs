//! Panel: the alleles of a VCF that the user wants genotyped, whatever the reads show.

mod kept;
mod parse;
mod record;

pub use kept::{Panel, PanelReader};
pub use record::{PanelAllele, PanelRecord, within};
