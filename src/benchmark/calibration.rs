//! Whether genotype qualities mean what they say: claimed against observed error.

use super::evaluation::Run;
use super::interval::jeffreys;
use super::kind::Type;
use super::tally::{Filter, Observation, Part};

/// Calls of similar GQ.
#[derive(Clone, Copy, Debug)]
pub struct Bin {
    /// GQ from this value up to the next bin's.
    pub from: u32,
    pub calls: u64,
    pub errors: u64,
    /// Mean of the error probabilities that the GQs stand for.
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

const WIDTH: u32 = 10;
const BINS: usize = 10;

/// The query's calls inside the confident regions by GQ; the last bin is open. Empty bins are left out.
pub fn calibration(run: &Run, variant_type: Type) -> Vec<Bin> {
    let mut bins: Vec<Bin> = (0..BINS as u32)
        .map(|i| Bin {
            from: i * WIDTH,
            calls: 0,
            errors: 0,
            claimed: 0.0,
        })
        .collect();
    let calls = run
        .records()
        .flat_map(|(_, record)| Observation::of(record, Filter::All))
        .filter(|c| c.kind.variant_type == variant_type && matches!(c.part, Part::QueryTp | Part::QueryFp));
    for call in calls {
        let Some(quality) = call.genotype_quality.filter(|q| *q >= 0.0) else {
            continue;
        };
        let bin = &mut bins[((quality as u32 / WIDTH) as usize).min(BINS - 1)];
        bin.calls += 1;
        bin.errors += u64::from(call.part == Part::QueryFp);
        bin.claimed += 10f64.powf(-f64::from(quality) / 10.0);
    }
    bins.retain(|b| b.calls > 0);
    for bin in &mut bins {
        bin.claimed /= bin.calls as f64;
    }
    bins
}
