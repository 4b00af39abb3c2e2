//! The two kinds of small variant.

use serde::{Deserialize, Serialize};

/// The type of an allele set: SNP, or indel, which includes changes of several bases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VariantType {
    Snp,
    Indel,
}

impl VariantType {
    pub const ALL: [Self; 2] = [Self::Snp, Self::Indel];

    /// A SNP if every allele replaces one base by one base, otherwise an indel.
    pub fn classify<'a>(reference: &[u8], mut alternates: impl Iterator<Item = &'a [u8]>) -> Self {
        if reference.len() == 1 && alternates.all(|a| a.len() == 1) {
            Self::Snp
        } else {
            Self::Indel
        }
    }

    /// The name in shards and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Snp => "SNP",
            Self::Indel => "INDEL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snp_replaces_one_base() {
        let classify = |r: &str, a: &[&str]| VariantType::classify(r.as_bytes(), a.iter().map(|s| s.as_bytes()));
        assert_eq!(classify("A", &["C", "G"]), VariantType::Snp);
        assert_eq!(classify("A", &["C", "AG"]), VariantType::Indel);
        assert_eq!(classify("AC", &["A"]), VariantType::Indel);
    }
}
