//! Formats of a file of calls.

use std::path::Path;

use crate::output::{BCF_INDEXES, VCF_INDEXES, ends_with};

/// How a file of calls is written, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariantFormat {
    Vcf,
    BgzippedVcf,
    Bcf,
}

impl VariantFormat {
    /// BCF for a name that ends in `.bcf`, bgzipped VCF for one in `.gz` or `.bgz`, otherwise VCF.
    pub fn of_name(name: &Path) -> Self {
        if ends_with(name, &["bcf"]) {
            Self::Bcf
        } else if ends_with(name, &["gz", "bgz"]) {
            Self::BgzippedVcf
        } else {
            Self::Vcf
        }
    }

    /// Endings of the indexes that it may have.
    pub fn indexes(self) -> &'static [&'static str] {
        match self {
            Self::Vcf => &[],
            Self::BgzippedVcf => VCF_INDEXES,
            Self::Bcf => BCF_INDEXES,
        }
    }
}
