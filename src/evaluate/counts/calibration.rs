//! Calibration of genotype qualities: claimed against observed error.

use super::interval::jeffreys;
use super::kind::TYPES;
use super::record::{Record, Status};
use crate::variants::VariantType;

/// Calls with similar GQ.
#[derive(Clone, Copy, Debug)]
pub struct Bin {
    /// Lowest GQ of the bin; the bin ends where the next begins.
    pub from: u32,
    pub calls: u64,
    pub errors: u64,
    /// Mean of the error probabilities that the GQs claim.
    pub claimed: f64,
}

impl Bin {
    pub fn observed(&self) -> f64 {
        self.errors as f64 / self.calls as f64
    }

    /// 95 % interval of the observed error.
    pub fn interval(&self) -> (f64, f64) {
        jeffreys(self.errors, self.calls)
    }
}

/// Mean distance of claimed and observed error over the calls (Naeini et al., "Obtaining well calibrated
/// probabilities using Bayesian binning", AAAI 2015). None without calls.
pub fn expected_calibration_error(bins: &[Bin]) -> Option<f64> {
    let calls: u64 = bins.iter().map(|bin| bin.calls).sum();
    let distance = |bin: &Bin| (bin.observed() - bin.claimed).abs() * bin.calls as f64;
    (calls > 0).then(|| bins.iter().map(distance).sum::<f64>() / calls as f64)
}

const WIDTH: u32 = 10;
const BINS: usize = 10;

/// The query's calls inside the confident regions, binned by GQ; the last bin has no upper limit.
#[derive(Clone, Debug)]
pub struct GqCalibration {
    bins: [[Bin; BINS]; TYPES.len()],
}

impl Default for GqCalibration {
    fn default() -> Self {
        let bin = |i| Bin {
            from: i as u32 * WIDTH,
            calls: 0,
            errors: 0,
            claimed: 0.0,
        };
        Self {
            bins: std::array::from_fn(|_| std::array::from_fn(bin)),
        }
    }
}

impl GqCalibration {
    pub fn add(&mut self, record: &Record) {
        let Some(entry) = &record.query else { return };
        let (Some(kind), Some(quality)) = (entry.kind, entry.genotype_quality.filter(|q| *q >= 0.0)) else {
            return;
        };
        if matches!(entry.verdict, Status::TruePositive | Status::FalsePositive) {
            let bin = &mut self.bins[kind.variant_type as usize][((quality as u32 / WIDTH) as usize).min(BINS - 1)];
            bin.calls += 1;
            bin.errors += u64::from(entry.verdict == Status::FalsePositive);
            bin.claimed += 10f64.powf(-f64::from(quality) / 10.0);
        }
    }

    /// The bins of a type that contain calls.
    pub fn bins(&self, variant_type: VariantType) -> Vec<Bin> {
        let filled = self.bins[variant_type as usize].iter().filter(|bin| bin.calls > 0);
        let mean = |bin: &Bin| Bin {
            claimed: bin.claimed / bin.calls as f64,
            ..*bin
        };
        filled.map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calibration_error_is_weighted_by_calls() {
        let bin = |calls, errors, claimed| Bin {
            from: 0,
            calls,
            errors,
            claimed,
        };
        // 0.1 too low for a quarter of the calls, 0.02 too high for the rest.
        let error = expected_calibration_error(&[bin(100, 30, 0.2), bin(300, 3, 0.03)]).unwrap();
        assert!((error - (0.25 * 0.1 + 0.75 * 0.02)).abs() < 1e-12);
        assert!(expected_calibration_error(&[]).is_none());
    }
}
