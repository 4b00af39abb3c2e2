//! The quality for ROC curves: QUAL, or a number from INFO or FORMAT.

use std::str::FromStr;

use crate::variants::VariantRecord;

/// A field of a record with a number. If the field has several numbers, the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ScoreField {
    #[default]
    Qual,
    Info(String),
    Format(String),
}

impl ScoreField {
    pub fn gq() -> Self {
        Self::Format("GQ".into())
    }

    /// Name in tables.
    pub fn name(&self) -> String {
        match self {
            Self::Qual => "QUAL".into(),
            Self::Format(key) if key == "GQ" => key.clone(),
            Self::Info(key) => format!("INFO/{key}"),
            Self::Format(key) => format!("FORMAT/{key}"),
        }
    }

    /// Value for the record's sample. None if there is no number.
    pub fn value(&self, record: &VariantRecord) -> Option<f32> {
        match self {
            Self::Qual => number(record.quality),
            Self::Info(key) => record.info(key).and_then(number),
            Self::Format(key) => record.value(key).and_then(number),
        }
    }

    /// Default for the least distance between the thresholds of a table: for Phred-scaled qualities the value of
    /// hap.py; for other fields 1/500 of the range of `scores`.
    pub fn step(&self, scores: impl Iterator<Item = f32>) -> f32 {
        if *self == Self::Qual || *self == Self::gq() {
            return 0.5;
        }
        let ends = scores
            .filter(|score| score.is_finite())
            .fold(None, |ends: Option<(f32, f32)>, score| {
                let (low, high) = ends.unwrap_or((score, score));
                Some((low.min(score), high.max(score)))
            });
        ends.map_or(0.0, |(low, high)| (high - low) / 500.0)
    }
}

impl FromStr for ScoreField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("qual") {
            return Ok(Self::Qual);
        }
        if text.eq_ignore_ascii_case("gq") {
            return Ok(Self::gq());
        }
        match text.split_once(['/', '.']) {
            Some(("INFO", key)) if !key.is_empty() => Ok(Self::Info(key.to_owned())),
            Some(("FORMAT", key)) if !key.is_empty() => Ok(Self::Format(key.to_owned())),
            _ => Err("expected QUAL, GQ, INFO/NAME or FORMAT/NAME".into()),
        }
    }
}

/// The first number of a field.
pub fn number(text: &str) -> Option<f32> {
    let first = text.split(',').next()?;
    first.parse().ok().filter(|value: &f32| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_in_a_vcf() {
        let named = |text: &str| text.parse::<ScoreField>().map(|field| field.name());
        for (text, name) in [
            ("qual", "QUAL"),
            ("QUAL", "QUAL"),
            ("gq", "GQ"),
            ("FORMAT/GQ", "GQ"),
            ("INFO/VQSLOD", "INFO/VQSLOD"),
            ("INFO.VQSLOD", "INFO/VQSLOD"),
            ("FORMAT/DP", "FORMAT/DP"),
        ] {
            assert_eq!(named(text).unwrap(), name);
        }
        for wrong in ["", "INFO/", "VQSLOD", "info/x", "FILTER/x"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_step_of_other_fields_is_a_fraction_of_their_range() {
        let scores = [-4.0, f32::INFINITY, 6.0, 1.0];
        assert_eq!(ScoreField::Qual.step(scores.into_iter()), 0.5);
        assert_eq!(ScoreField::Info("X".into()).step(scores.into_iter()), 0.02);
        assert_eq!(ScoreField::Info("X".into()).step(std::iter::empty()), 0.0);
    }

    #[test]
    fn the_first_of_several_numbers_counts() {
        assert_eq!(number("0.5,0.1"), Some(0.5));
        for none in ["", ".", "nan", "x"] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
