//! Validation: predictions of a network on held-out examples, and their metrics.

use anyhow::Result;
use tch::Kind;

use crate::examples::filled_rows;
use crate::model::artifact::{Calibration, Correction, Metrics};
use crate::model::cascade::{Cascade, Trial};
use crate::model::feed::{Feed, TrainingItem};
use crate::model::inference::{genotype_probabilities, most_images, padded_images};
use crate::model::network::features::summarize;
use crate::model::network::{Batch, Network, bucket};
use crate::variants::VariantType;

/// Number of examples read at a time. A GPU takes a shard at once.
const CPU_BATCH: usize = 256;
const CUDA_BATCH: usize = 1024;

/// The network's output for a labelled example.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    pub logits: [f32; 4],
    pub label: u8,
    pub variant_type: VariantType,
    /// Filled rows of the pileup.
    pub rows: usize,
    /// Noise of the library.
    pub noise: f32,
    /// The cascade's probabilities. None if the cascade was not asked or abstains.
    pub cascade: Option<[f32; 3]>,
}

impl Prediction {
    fn probabilities(&self, correction: &Correction) -> [f64; 3] {
        genotype_probabilities(&self.logits, correction, self.rows, self.noise)
    }
}

/// Runs network and cascade over all examples.
pub fn outcomes(
    network: &Network,
    cascade: Option<&Cascade>,
    feed: &Feed,
    device: tch::Device,
) -> Result<Vec<Prediction>> {
    let _no_grad = tch::no_grad_guard();
    let mut outcomes = Vec::new();
    let batch = if device.is_cuda() { CUDA_BATCH } else { CPU_BATCH };
    feed.in_order(batch, |items| {
        for group in by_bucket(items) {
            for part in group.chunks(most_images(device)) {
                let batch = gather(network, part, padded_images(part.len(), device))?.to_device(device)?;
                let logits = network.forward(&batch, Kind::Float)?.f_to_device(tch::Device::Cpu)?;
                let logits: Vec<f32> = logits.f_view([-1i64].as_slice())?.try_into()?;
                outcomes.extend(logits.chunks_exact(4).zip(part).map(|(l, item)| {
                    Prediction {
                        logits: [l[0], l[1], l[2], l[3]],
                        label: item.label,
                        variant_type: item.context.variant_type,
                        rows: filled_rows(&item.image),
                        noise: item.context.noise,
                        cascade: cascade
                            .filter(|_| item.alone)
                            .and_then(|c| c.judge(&summarize(&item.image, item.context.variant_type))),
                    }
                }));
            }
        }
        Ok(())
    })?;
    Ok(outcomes)
}

/// Items grouped by the bucket of their rows, smaller buckets first; the order within a group stays.
fn by_bucket(items: &[TrainingItem]) -> Vec<Vec<&TrainingItem>> {
    let mut groups = std::collections::BTreeMap::<usize, Vec<&TrainingItem>>::new();
    for item in items {
        groups.entry(bucket(filled_rows(&item.image))).or_default().push(item);
    }
    groups.into_values().collect()
}

/// The batch of `items`, with as many rows as the fullest item needs. Empty items fill the batch up to `least` items.
pub fn gather(network: &Network, items: &[&TrainingItem], least: usize) -> Result<Batch> {
    let mut inputs: Vec<_> = items
        .iter()
        .map(|item| (item.image.as_slice(), filled_rows(&item.image), item.context))
        .collect();
    let rows = inputs.iter().map(|&(_, rows, _)| bucket(rows)).max().unwrap_or(1);
    inputs.resize(inputs.len().max(least), (&[], 0, VariantType::Snp.into()));
    Batch::new(network.architecture(), rows, &inputs)
}

/// The examples that the cascade judged, and whether the calibrated network is right on them.
pub fn trials(outcomes: &[Prediction], calibration: &Calibration) -> Vec<Trial> {
    let trial = |outcome: &Prediction| {
        let correction = calibration.for_type(outcome.variant_type);
        let corrected = outcome.probabilities(correction);
        Some(Trial {
            variant_type: outcome.variant_type,
            probabilities: outcome.cascade?,
            label: outcome.label,
            network_is_right: called(&corrected) == outcome.label,
        })
    };
    outcomes.iter().filter_map(trial).collect()
}

/// The most likely genotype.
fn called(p: &[f64; 3]) -> u8 {
    if p[0] >= p[1] && p[0] >= p[2] {
        0
    } else {
        1 + u8::from(p[2] > p[1])
    }
}

/// Metrics of one variant type. A call counts if its genotype is right; a wrong genotype is both a false call and a
/// missed call.
pub fn metrics(outcomes: &[Prediction], variant_type: VariantType, correction: &Correction) -> Metrics {
    let mut m = Metrics::default();
    for outcome in outcomes.iter().filter(|o| o.variant_type == variant_type) {
        let p = outcome.probabilities(correction);
        let called = called(&p);
        m.examples += 1;
        m.true_positives += u64::from(called != 0 && called == outcome.label);
        m.false_positives += u64::from(called != 0 && called != outcome.label);
        m.false_negatives += u64::from(outcome.label != 0 && called != outcome.label);
        m.cross_entropy -= p[usize::from(outcome.label)].max(1e-30).ln();
    }
    // 1 if there is nothing to find and nothing was found.
    let ratio = |part: u64, all: u64| if all == 0 { 1.0 } else { part as f64 / all as f64 };
    m.recall = ratio(m.true_positives, m.true_positives + m.false_negatives);
    m.precision = ratio(m.true_positives, m.true_positives + m.false_positives);
    m.f1 = ratio(
        2 * m.true_positives,
        2 * m.true_positives + m.false_positives + m.false_negatives,
    );
    m.cross_entropy /= m.examples.max(1) as f64;
    m
}

/// A prediction for a SNP at 20×, for tests.
#[cfg(test)]
pub fn outcome(logits: [f32; 4], label: u8) -> Prediction {
    Prediction {
        logits,
        label,
        variant_type: VariantType::Snp,
        rows: 25,
        noise: 0.0,
        cascade: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_genotypes_count_twice() {
        let (reference, het) = ([-9.0, 9.0, 0.0, 0.0], [9.0, 0.0, 9.0, 0.0]);
        let all = [
            outcome(het, 1),
            outcome(het, 2),
            outcome(het, 0),
            outcome(reference, 1),
            outcome(reference, 0),
        ];
        let m = metrics(&all, VariantType::Snp, &Correction::default());
        assert_eq!(
            (m.examples, m.true_positives, m.false_positives, m.false_negatives),
            (5, 1, 2, 2)
        );
        assert_eq!(metrics(&all, VariantType::Indel, &Correction::default()).f1, 1.0);
    }
}
