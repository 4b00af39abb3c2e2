//! The range of the numbers that describe a pileup in training. Outside of this range a network is overconfident.

use anyhow::{Context, Result, ensure};
use tch::Tensor;

use super::weights::Weights;

/// One in this many values at each end is excluded, because training saw too few such values.
const RARE: usize = 10_000;
/// A number up to this fraction of the range's width outside of the range still counts as seen.
const MARGIN: f32 = 0.25;
/// Suffixes of the names of the two weights.
const NAMES: [&str; 2] = ["least", "greatest"];

/// Smallest and largest value of each number.
#[derive(Clone, Debug, PartialEq)]
pub struct Range([Vec<f32>; 2]);

impl Range {
    /// The range of `values`: rows of `width` numbers each.
    pub fn covering(values: &[f32], width: usize) -> Self {
        let rare = values.len() / width / RARE;
        let ends = (0..width).map(|number| {
            let mut column: Vec<f32> = values.iter().skip(number).step_by(width).copied().collect();
            column.sort_unstable_by(f32::total_cmp);
            let end = |index: usize| column.get(index).copied().unwrap_or(0.0);
            (end(rare), end(column.len().saturating_sub(1 + rare)))
        });
        let (least, greatest) = ends.unzip();
        Self([least, greatest])
    }

    /// The range from a model's weights. None if the model has none. Fails if the weights do not fit.
    pub fn from_weights(weights: &Weights, prefix: &str, width: usize) -> Result<Option<Self>> {
        let names = NAMES.map(|name| format!("{prefix}{name}"));
        if !names.iter().any(|name| weights.contains_key(name)) {
            return Ok(None);
        }
        let values = |name: &String| -> Result<Vec<f32>> {
            let tensor = weights.get(name).with_context(|| format!("weight {name} is missing"))?;
            ensure!(
                tensor.size() == [width as i64],
                "weight {name} has shape {:?}, but shape [{width}] is expected",
                tensor.size()
            );
            Ok(tensor.f_contiguous()?.try_into()?)
        };
        let [least, greatest] = &names;
        let range = [values(least)?, values(greatest)?];
        ensure!(
            range[0]
                .iter()
                .zip(&range[1])
                .all(|(least, greatest)| least <= greatest),
            "weight {least} is greater than {greatest}"
        );
        Ok(Some(Self(range)))
    }

    /// The range as weights with their names in a model.
    pub fn weights(&self, prefix: &str) -> Weights {
        let named = NAMES.iter().zip(&self.0);
        named
            .map(|(name, values)| (format!("{prefix}{name}"), Tensor::from_slice(values)))
            .collect()
    }

    /// The range with its margin: the smallest and the largest values that count as seen.
    pub fn limits(&self) -> [Vec<f32>; 2] {
        let ends = self.0[0].iter().zip(&self.0[1]);
        let limits = ends.map(|(&least, &greatest)| {
            let margin = MARGIN * (greatest - least);
            (least - margin, greatest + margin)
        });
        let (least, greatest) = limits.unzip();
        [least, greatest]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_values_are_excluded() {
        let range = |count: usize| {
            let rows = (0..count).flat_map(|i| [i as f32, -(i as f32)]);
            Range::covering(&rows.collect::<Vec<_>>(), 2)
        };
        assert_eq!(range(5), Range([vec![0.0, -4.0], vec![4.0, 0.0]]));
        assert_eq!(range(20_000), Range([vec![2.0, -19_997.0], vec![19_997.0, -2.0]]));
        assert_eq!(Range::covering(&[], 1), Range([vec![0.0], vec![0.0]]));
        assert_eq!(range(5).limits(), [[-1.0, -5.0], [5.0, 1.0]].map(Vec::from));
    }

    #[test]
    fn a_range_round_trips_through_weights() {
        let range = Range([vec![0.0, -4.0], vec![4.0, 0.0]]);
        let mut weights = range.weights("a.");
        let read = |weights: &Weights, prefix, width| Range::from_weights(weights, prefix, width);
        assert_eq!(read(&weights, "a.", 2).unwrap(), Some(range));
        assert_eq!(read(&weights, "b.", 2).unwrap(), None);
        assert!(read(&weights, "a.", 3).unwrap_err().to_string().contains("shape [2]"));
        weights.insert("a.least".into(), Tensor::from_slice(&[5f32, -4.0]));
        assert!(read(&weights, "a.", 2).unwrap_err().to_string().contains("greater"));
        weights.remove("a.greatest");
        assert!(read(&weights, "a.", 2).unwrap_err().to_string().contains("missing"));
    }
}
