//! One record of a VCF, as its columns.

use anyhow::{Context, Result, ensure};

/// The columns of a record for the chosen sample.
#[derive(Clone, Copy, Debug)]
pub struct VariantRecord<'a> {
    pub reference: &'a str,
    /// Separated by commas.
    pub alternates: &'a str,
    pub quality: &'a str,
    /// Separated by semicolons.
    pub filter: &'a str,
    pub(super) info: &'a str,
    pub(super) format: &'a str,
    pub(super) sample: &'a str,
}

/// A called allele: 0 for the reference, n for the n-th alternate, none for a dot.
pub type CalledAllele = Option<u8>;

impl<'a> VariantRecord<'a> {
    /// The alleles of GT, and whether all are phased. Fails without a GT.
    pub fn genotype(&self) -> Result<(Vec<CalledAllele>, bool)> {
        ensure!(
            self.has("GT"),
            "the record has no GT field, so it has no genotype to compare"
        );
        parse_genotype(self.value("GT").unwrap_or("."))
    }

    /// Whether FORMAT names this key.
    pub fn has(&self, key: &str) -> bool {
        self.format.split(':').any(|k| k == key)
    }

    /// A FORMAT value of the sample; none for a dot.
    pub fn value(&self, key: &str) -> Option<&'a str> {
        let index = self.format.split(':').position(|k| k == key)?;
        self.sample.split(':').nth(index).filter(|value| *value != ".")
    }

    /// The FORMAT keys with the values of the sample; a dot stays a dot.
    pub fn values(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        split_short(self.format, b':').zip(split_short(self.sample, b':'))
    }

    /// An INFO value; none for a dot and for a flag.
    pub fn info(&self, key: &str) -> Option<&'a str> {
        let mut fields = self.info.split(';');
        let value = fields.find_map(|field| field.strip_prefix(key)?.strip_prefix('='));
        value.filter(|value| *value != ".")
    }

    /// 0-based position after the last base of a record at `position`, by REF or END.
    pub fn end(&self, position: u64) -> u64 {
        let end = self.info("END").and_then(|end| end.parse::<u32>().ok());
        u64::from(end.unwrap_or(0)).max(position + self.reference.len() as u64)
    }

    /// The filters that the record (FILTER) or its genotype (FT) failed.
    pub fn filters(&self) -> impl Iterator<Item = &'a str> {
        let genotype_filters = self.value("FT").unwrap_or("PASS");
        let all = self.filter.split(';').chain(genotype_filters.split(';'));
        all.filter(|name| !matches!(*name, "PASS" | "." | ""))
    }

    /// The bases of an alternate allele, as written in the file.
    pub fn alternate(&self, allele: u8) -> Result<&'a str> {
        let index = usize::from(allele).checked_sub(1);
        let bases = index.and_then(|index| self.alternates.split(',').nth(index));
        bases.with_context(|| {
            let count = self.alternates.split(',').count();
            format!(
                "the genotype has allele {allele}, but the number of alleles in ALT '{}' is {count}",
                self.alternates
            )
        })
    }
}

/// The parts of a text. Faster than `str::split` where they have few bytes.
pub fn split_short(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| byte == separator);
        rest = end.map(|end| &text[end + 1..]);
        Some(end.map_or(text, |end| &text[..end]))
    })
}

/// Parses `0/1`, `1|1`, `./1`, `1`, and the forms `/0/1` and `|0|1` of VCF 4.4.
pub fn parse_genotype(text: &str) -> Result<(Vec<CalledAllele>, bool)> {
    let signs = || text.chars().filter(|c| matches!(c, '/' | '|'));
    let alleles = text
        .strip_prefix(['/', '|'])
        .unwrap_or(text)
        .split(['/', '|'])
        .map(|allele| match allele {
            "." => Ok(None),
            number => number
                .parse()
                .map(Some)
                .with_context(|| format!("'{text}' is not a genotype")),
        })
        .collect::<Result<_>>()?;
    Ok((alleles, signs().next().is_some() && signs().all(|sign| sign == '|')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genotypes_of_all_versions_are_read() {
        let read = |text: &str| parse_genotype(text).unwrap();
        assert_eq!(read("0/1"), (vec![Some(0), Some(1)], false));
        assert_eq!(read("1|0"), (vec![Some(1), Some(0)], true));
        assert_eq!(read("1"), (vec![Some(1)], false));
        assert_eq!(read("./1"), (vec![None, Some(1)], false));
        assert_eq!(read("/0/1"), (vec![Some(0), Some(1)], false));
        assert_eq!(read("|0|1"), (vec![Some(0), Some(1)], true));
        assert_eq!(read("/0|1"), (vec![Some(0), Some(1)], false));
        assert_eq!(read("/1"), (vec![Some(1)], false));
        for wrong in ["", "/", "0//1", "0/", "//0/1", "a/b", "0/1/"] {
            assert!(parse_genotype(wrong).is_err(), "{wrong}");
        }
    }
}
