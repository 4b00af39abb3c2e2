//! The header of a cohort VCF.

use std::path::Path;

use super::record::DEFINITIONS;
use crate::genome::Contigs;
use crate::output::controls;
use crate::variants::can_name_contig;

/// What the header tells.
pub struct CohortHeader<'a> {
    pub samples: &'a [&'a str],
    pub contigs: &'a Contigs,
    pub reference: &'a Path,
    /// The measured prior, in words.
    pub prior: String,
    pub command_line: String,
}

impl CohortHeader<'_> {
    /// The text, in VCF 4.2 as `dvcall call` writes it.
    pub fn text(&self) -> String {
        let mut text = format!(
            "##fileformat=VCFv4.2\n##source=dvcall {}\n##dvcallCommand={}\n##dvcallPrior={}\n##reference={}\n{DEFINITIONS}",
            env!("CARGO_PKG_VERSION"),
            controls(&self.command_line),
            controls(&self.prior),
            controls(&self.reference.display().to_string()),
        );
        for contig in self.contigs.iter().filter(|contig| can_name_contig(&contig.name)) {
            text += &format!("##contig=<ID={},length={}>\n", contig.name, contig.length);
        }
        text + &format!(
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}\n",
            self.samples.join("\t")
        )
    }
}
