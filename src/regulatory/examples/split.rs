//! Which examples train, which validate and which test.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::genome::{Contigs, IntervalSet, gather};
use crate::model::Random;

/// What an example is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Split {
    Training,
    Validation,
    Test,
}

impl Split {
    pub const ALL: [Self; 3] = [Self::Training, Self::Validation, Self::Test];

    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Without named regions, blocks of this many bases go to the splits by chance.
const BLOCK: u64 = 1_000_000;
/// The fraction of blocks or sequences that validate, and the fraction that test.
const SHARE: f64 = 0.1;

/// How places of the genome are split.
pub enum SplitRule {
    Regions { validation: IntervalSet, test: IntervalSet },
    Blocks { seed: u64 },
}

impl SplitRule {
    /// Regions to validate and to test on, as `--regions` spells them. Without any, blocks of the genome.
    pub fn new(validation: &[String], test: &[String], contigs: &Contigs, seed: u64) -> Result<Self> {
        if validation.is_empty() && test.is_empty() {
            return Ok(Self::Blocks { seed });
        }
        let [validation, test] =
            [("--validation", validation), ("--test", test)].map(|(flag, regions)| gather(flag, regions, contigs));
        Ok(Self::Regions {
            validation: validation?,
            test: test?,
        })
    }

    /// The split of a window. None if it reaches from one split into another.
    pub fn of_window(&self, contig: &str, start: u64, end: u64) -> Option<Split> {
        match self {
            Self::Regions { validation, test } => {
                match [validation, test].map(|set| set.overlaps(contig, start, end)) {
                    [false, false] => Some(Split::Training),
                    [true, false] if validation.covers(contig, start, end) => Some(Split::Validation),
                    [false, true] if test.covers(contig, start, end) => Some(Split::Test),
                    _ => None,
                }
            }
            Self::Blocks { seed } => {
                let of_block = |block| by_chance(&[*seed, number_of(contig.as_bytes()), block], true);
                let [first, last] = [start / BLOCK, (end.max(1) - 1) / BLOCK].map(of_block);
                (first == last).then_some(first)
            }
        }
    }
}

/// The split of a sequence without a place. `canonical` is the same for both strands. Without `with_test`, none tests.
pub fn of_sequence(canonical: &[u8], seed: u64, with_test: bool) -> Split {
    by_chance(&[seed, number_of(canonical)], with_test)
}

fn by_chance(keys: &[u64], with_test: bool) -> Split {
    match Random::new(keys).uniform() {
        x if x < SHARE => Split::Validation,
        x if x < 2.0 * SHARE && with_test => Split::Test,
        _ => Split::Training,
    }
}

/// A number for bytes (FNV-1a).
fn number_of(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Contig;

    #[test]
    fn windows_belong_to_one_split() {
        let contig = |name: &str| Contig {
            name: name.into(),
            length: 5_000_000,
        };
        let contigs: Contigs = ["c", "d", "e"].map(contig).into_iter().collect();
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        let rule = SplitRule::new(&names(&["d", "c:1-1000"]), &names(&["e"]), &contigs, 1).unwrap();
        assert_eq!(rule.of_window("c", 2000, 2100), Some(Split::Training));
        assert_eq!(rule.of_window("c", 0, 100), Some(Split::Validation));
        assert_eq!(rule.of_window("c", 950, 1050), None);
        assert_eq!(rule.of_window("e", 0, 100), Some(Split::Test));
        let blocks = SplitRule::new(&[], &[], &contigs, 1).unwrap();
        let mut within = (0..5).map(|block| blocks.of_window("c", block * BLOCK + 10, block * BLOCK + 510));
        assert!(within.all(|split| split.is_some()));
        assert!(SplitRule::new(&names(&["x"]), &[], &contigs, 1).is_err());
    }

    #[test]
    fn a_tenth_validates_and_a_tenth_tests() {
        let counts = |with_test| {
            let mut counts = [0; 3];
            (0..10_000_u32).for_each(|i| counts[of_sequence(&i.to_le_bytes(), 3, with_test) as usize] += 1);
            counts
        };
        let [_, validation, test] = counts(true);
        assert!((900..1100).contains(&validation) && (900..1100).contains(&test));
        assert_eq!(counts(false)[2], 0);
    }
}
