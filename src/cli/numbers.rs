//! Parsers of numbers in arguments.

use crate::reads::MIN_BASE_QUALITY;

/// A fraction from 0 to 1.
pub(super) fn fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|f| (0.0..=1.0).contains(f));
    fraction.ok_or_else(|| "expected a fraction from 0 to 1".into())
}

/// A fraction above 0 and at most 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|f| *f > 0.0 && *f <= 1.0);
    share.ok_or_else(|| "expected a fraction above 0 and at most 1".into())
}

/// A phred-scaled quality, also with decimals.
pub(super) fn quality(text: &str) -> Result<f64, String> {
    let quality = text.parse().ok().filter(|q: &f64| q.is_finite() && *q >= 0.0);
    quality.ok_or_else(|| "expected a number of at least 0".into())
}

/// A base quality that pileups show.
pub(super) fn base_quality(text: &str) -> Result<u8, String> {
    let quality = text.parse().ok().filter(|quality| *quality >= MIN_BASE_QUALITY);
    quality.ok_or_else(|| {
        format!("expected a whole number from {MIN_BASE_QUALITY} up, because pileups show no bases of lower quality")
    })
}

/// A logarithm of odds.
pub(super) fn lod(text: &str) -> Result<f64, String> {
    let lod = text.parse().ok().filter(|lod: &f64| lod.is_finite());
    lod.ok_or_else(|| "expected a number".into())
}
