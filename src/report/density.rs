//! Variants along the genome, in bins.

/// More bins than this become wider ones.
const MOST_BINS: usize = 40_000;
/// Bins over the width of the chart, at most.
const DRAWN: u64 = 250;

/// The variants of some bases of a contig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    pub contig: usize,
    /// First base, divided by the width.
    pub index: u64,
    pub passed: u64,
    pub all: u64,
}

/// Bins with variants, in the order of the genome. Their width is a power of ten and grows with their number, so that
/// memory is bounded.
#[derive(Clone, Debug)]
pub struct Density {
    pub width: u64,
    pub bins: Vec<Bin>,
}

impl Default for Density {
    fn default() -> Self {
        Self {
            width: 100,
            bins: Vec::new(),
        }
    }
}

impl Density {
    pub fn add(&mut self, contig: usize, position: u64, passed: bool) {
        self.push(Bin {
            contig,
            index: position / self.width,
            passed: u64::from(passed),
            all: 1,
        });
        while self.bins.len() > MOST_BINS {
            *self = self.wider(10);
        }
    }

    fn push(&mut self, bin: Bin) {
        match self.bins.last_mut() {
            Some(last) if (last.contig, last.index) == (bin.contig, bin.index) => {
                last.passed += bin.passed;
                last.all += bin.all;
            }
            _ => self.bins.push(bin),
        }
    }

    fn wider(&self, factor: u64) -> Self {
        let mut wider = Self {
            width: self.width * factor,
            bins: Vec::new(),
        };
        for bin in &self.bins {
            wider.push(Bin {
                index: bin.index / factor,
                ..*bin
            });
        }
        wider
    }

    /// Bins of 1, 2 or 5 times a power of ten, at most [`DRAWN`] from the first to the last base that has one.
    pub fn drawn(&self) -> Self {
        let mut power = 1;
        loop {
            for factor in [power, 2 * power, 5 * power] {
                let wider = self.wider(factor);
                let (first, last) = wider.range();
                if last - first <= DRAWN {
                    return wider;
                }
            }
            power *= 10;
        }
    }

    /// The first bin of any contig, and the one after the last.
    pub fn range(&self) -> (u64, u64) {
        let indices = || self.bins.iter().map(|bin| bin.index);
        (indices().min().unwrap_or(0), indices().max().map_or(1, |last| last + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_grow_wider_and_keep_all_variants() {
        let mut density = Density::default();
        for n in 0..50_000 {
            density.add(0, n * 150, n % 2 == 0);
        }
        density.add(1, 7, true);
        assert_eq!(density.width, 1000);
        assert!(density.bins.len() < MOST_BINS);
        let drawn = density.drawn();
        assert_eq!((drawn.width, drawn.range()), (50_000, (0, 150)));
        assert_eq!(drawn.bins.iter().map(|bin| bin.all).sum::<u64>(), 50_001);
        assert_eq!(drawn.bins.iter().map(|bin| bin.passed).sum::<u64>(), 25_001);
        assert_eq!(drawn.bins[0].all, 334);
        assert_eq!(Density::default().drawn().range(), (0, 1));
    }
}
