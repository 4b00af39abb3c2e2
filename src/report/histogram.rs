//! Counts of whole numbers.

/// Counts of the values from 0 to [`Histogram::LAST`]. Greater values count as [`Histogram::LAST`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Grows with the values, so that a histogram of small values is small.
    counts: Vec<u64>,
    total: u64,
}

impl Extend<f64> for Histogram {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.add(value));
    }
}

impl Histogram {
    pub const LAST: usize = 10_000;

    /// Counts the whole part of a value.
    pub fn add(&mut self, value: f64) {
        let value = (value.max(0.0) as usize).min(Self::LAST);
        if value >= self.counts.len() {
            self.counts.resize(value + 1, 0);
        }
        self.counts[value] += 1;
        self.total += 1;
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// The least value that is not below this share of all values.
    pub fn quantile(&self, share: f64) -> Option<usize> {
        let wanted = (self.total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        })
    }

    pub fn median(&self) -> Option<usize> {
        self.quantile(0.5)
    }

    /// Sums of `bars` bars, each `width` values wide, from 0.
    pub fn bars(&self, width: usize, bars: usize) -> Vec<u64> {
        let mut sums: Vec<u64> = self
            .counts
            .chunks(width)
            .take(bars)
            .map(|part| part.iter().sum())
            .collect();
        sums.resize(bars, 0);
        sums
    }

    /// Number of values from `value` up.
    pub fn from(&self, value: usize) -> u64 {
        self.counts.iter().skip(value).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_in_bars_and_quantiles() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.median(), histogram.bars(5, 2)), (None, vec![0, 0]));
        for value in [-1.0, 0.9, 3.0, 7.5, 1e9] {
            histogram.add(value);
        }
        assert_eq!((histogram.total(), histogram.median()), (5, Some(3)));
        assert_eq!((histogram.quantile(0.0), histogram.quantile(0.8)), (Some(0), Some(7)));
        assert_eq!(histogram.quantile(1.0), Some(Histogram::LAST));
        assert_eq!(histogram.bars(4, 3), [3, 1, 0]);
        assert_eq!((histogram.from(7), histogram.from(8)), (2, 1));
    }
}
