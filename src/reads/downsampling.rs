//! A lower depth from the same file: a fraction of the fragments.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::chance::mix;

/// Which fragments are kept: a choice by name, so that mates stay together and regions do not matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Downsampling {
    /// Of 1.
    pub fraction: f64,
    pub seed: u64,
}

impl Downsampling {
    pub fn keeps(self, name: &[u8]) -> bool {
        (hash(self.seed, name) as f64) < self.fraction * u64::MAX as f64
    }
}

/// A number that looks as if chance had drawn it for a name.
pub(super) fn hash(seed: u64, name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(seed);
    hasher.write(name);
    // Fx leaves the low bits of similar names alike.
    mix(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_holds_and_a_seed_chooses_others() {
        let kept = |fraction, seed| -> Vec<bool> {
            let names = (0..10_000).map(|i| format!("HS2000-1:3:{}:{i}", 1101 + i % 7));
            names
                .map(|name| Downsampling { fraction, seed }.keeps(name.as_bytes()))
                .collect()
        };
        for fraction in [0.1, 0.5, 0.9] {
            let count = kept(fraction, 1).iter().filter(|&&k| k).count() as f64;
            assert!((count - 10_000.0 * fraction).abs() < 200.0, "{count} of {fraction}");
        }
        let both = kept(0.5, 1).iter().zip(kept(0.5, 2)).filter(|(a, b)| **a && *b).count();
        assert!((2_300..2_700).contains(&both), "{both}");
        assert!(kept(1.0, 3).iter().all(|&k| k));
        // Which reads and tiles are chosen must not change with a library.
        assert_eq!(hash(7, b"chr20"), 0x3368_ebf3_1730_49e0);
    }
}
