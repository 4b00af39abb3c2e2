//! Panel: the alleles of a VCF that the user wants genotyped, whatever the reads show.

mod read;
mod record;

pub use read::Panel;
pub use record::{PanelAllele, PanelRecord};
