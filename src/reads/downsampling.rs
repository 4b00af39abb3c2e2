//! Downsampling: a lower depth from the same file.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::chance::mix;

/// Keeps a fraction of the fragments. The name decides, so mates stay together and regions do not matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Downsampling {
    /// Between 0 and 1.
    pub fraction: f64,
    pub seed: u64,
}

impl Downsampling {
    pub fn keeps(self, name: &[u8]) -> bool {
        (hash(self.seed, name) as f64) < self.fraction * u64::MAX as f64
    }
}

/// A pseudo-random number for a name.
pub(super) fn hash(seed: u64, name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(seed);
    hasher.write(name);
    // FxHasher gives similar names the same low bits.
    mix(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_holds_and_seeds_select_different_fragments() {
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
        // The selected reads and tiles must not change with a library version.
        assert_eq!(hash(7, b"chr20"), 0x3368_ebf3_1730_49e0);
    }
}
