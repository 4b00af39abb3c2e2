//! Lengths of a candidate's alleles. The image shows only deletions: it draws an insertion of any length as one
//! bright pixel.

/// How many bases the alleles add to the reference allele (deletions are negative). A slip in a repeat mostly changes
/// one unit. A longer change, or an allele that differs more from the other alleles, is more likely a variant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AlleleLengths {
    /// Smallest and largest change among the alleles of the set.
    pub set: [i32; 2],
    /// Number of other alternates of the candidate.
    pub others: usize,
    /// Smallest and largest change among the other alternates; 0 if there are none.
    pub others_range: [i32; 2],
}

impl AlleleLengths {
    /// Number of values in [`Self::to_array`].
    pub const LENGTH: usize = 5;

    /// Measures the allele set `set` (indices of `alternates`, which replace `reference`).
    pub fn measure<'a>(reference: &[u8], alternates: impl Iterator<Item = &'a [u8]>, set: &[usize]) -> Self {
        let clamp = |length: usize| i32::try_from(length).unwrap_or(i32::MAX / 2);
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        for (index, alternate) in alternates.enumerate() {
            let change = clamp(alternate.len()) - clamp(reference.len());
            if set.contains(&index) {
                ours.push(change);
            } else {
                others.push(change);
            }
        }
        let range = |changes: &[i32]| [changes.iter().min(), changes.iter().max()].map(|c| c.copied().unwrap_or(0));
        Self {
            set: range(&ours),
            others: others.len(),
            others_range: range(&others),
        }
    }

    /// The values `set`, `others` and `others_range`, on a logarithmic scale that keeps the sign.
    pub fn to_array(self) -> [f32; Self::LENGTH] {
        let scaled = |change: i32| (change as f32).signum() * (change as f32).abs().ln_1p();
        let [[least, greatest], [others_least, others_greatest]] = [self.set, self.others_range].map(|c| c.map(scaled));
        [
            least,
            greatest,
            (self.others as f32).ln_1p(),
            others_least,
            others_greatest,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(reference: &str, alternates: &[&str], set: &[usize]) -> AlleleLengths {
        AlleleLengths::measure(reference.as_bytes(), alternates.iter().map(|a| a.as_bytes()), set)
    }

    #[test]
    fn changes_of_the_set_and_of_the_others() {
        let alternates = ["A", "ACA", "ACACACA"];
        let measured = |set: &[usize]| {
            let l = lengths("ACACA", &alternates, set);
            (l.set, l.others, l.others_range)
        };
        assert_eq!(measured(&[0]), ([-4, -4], 2, [-2, 2]));
        assert_eq!(measured(&[0, 2]), ([-4, 2], 1, [-2, -2]));
        assert_eq!(lengths("A", &["C"], &[0]), AlleleLengths::default());
        assert_eq!(lengths("A", &["C", "T"], &[0]).others, 1);
    }

    #[test]
    fn numbers_keep_the_sign() {
        let numbers = lengths("CTTT", &["C", "CTTTT"], &[0]).to_array();
        assert_eq!(numbers, [-(4f32.ln()), -(4f32.ln()), 2f32.ln(), 2f32.ln(), 2f32.ln()]);
        assert_eq!(AlleleLengths::default().to_array(), [0.0; AlleleLengths::LENGTH]);
    }
}
