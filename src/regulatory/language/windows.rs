//! Windows of the genome, without labels.

use anyhow::{Result, ensure};

use crate::genome::{IntervalSet, Reference};
use crate::model::Random;
use crate::regulatory::bases::unknown;
use crate::regulatory::examples::{Split, SplitRule, WindowReader};

/// The largest fraction of unknown bases in a window.
const MOST_UNKNOWN: f64 = 0.1;

/// Windows to learn from, and windows to validate on.
pub struct GenomeWindows {
    pub training: Vec<Vec<u8>>,
    pub validation: Vec<Vec<u8>>,
}

impl GenomeWindows {
    /// Cuts regions into windows of `length` bases, and chooses at most `most` of them by chance, and a tenth as many to validate.
    pub fn read(
        reference: &Reference,
        regions: &IntervalSet,
        rule: &SplitRule,
        length: u64,
        most: usize,
        seed: u64,
    ) -> Result<Self> {
        let mut places: [Vec<(String, u64)>; 2] = Default::default();
        for region in regions.regions() {
            for start in (region.start..(region.end + 1).saturating_sub(length)).step_by(length as usize) {
                match rule.of_window(&region.contig, start, start + length) {
                    Some(Split::Training) => places[0].push((region.contig.clone(), start)),
                    Some(Split::Validation) => places[1].push((region.contig.clone(), start)),
                    Some(Split::Test) | None => {}
                }
            }
        }
        let mut reader = WindowReader::new(reference, None)?;
        let mut read = |places: Vec<(String, u64)>, most: usize, key: u64| -> Result<Vec<Vec<u8>>> {
            let mut order: Vec<usize> = (0..places.len()).collect();
            if order.len() > most {
                Random::new(&[seed, key]).shuffle(&mut order);
                order.truncate(most);
                order.sort_unstable();
            }
            let mut windows = Vec::new();
            for index in order {
                let (contig, start) = &places[index];
                let codes = reader.read(contig, *start, start + length)?.codes;
                if unknown(&codes) <= MOST_UNKNOWN {
                    windows.push(codes);
                }
            }
            Ok(windows)
        };
        let [training, validation] = places;
        let windows = Self {
            training: read(training, most, 5)?,
            validation: read(validation, most.div_ceil(10), 6)?,
        };
        ensure!(
            !windows.training.is_empty() && !windows.validation.is_empty(),
            "the regions give {} windows of {length} known bases to learn from and {} to validate on; use more regions, or \
             name others with --validation",
            windows.training.len(),
            windows.validation.len()
        );
        Ok(windows)
    }
}
