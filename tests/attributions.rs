//! Whether attributions name what the network looks at.

mod common;

use std::cmp::Reverse;

use common::sample;
use dvcall::calling::{CallingOptions, Explainer, Occlusion, Part};
use dvcall::candidates::CandidateOptions;
use dvcall::evidence::{EvidenceOptions, EvidenceSource, Inputs};
use dvcall::model::Random;

/// Pileups that are looked at.
const PILEUPS: usize = 200;
/// Random choices for each pileup.
const DRAWS: usize = 5;
/// Columns that are hidden together. Of the reads, a tenth is.
const COLUMNS: usize = 3;

/// Changes of the log-odds when named parts are hidden, and when random ones are.
#[derive(Default)]
struct Changes {
    named: Vec<f64>,
    random: Vec<f64>,
}

impl Changes {
    fn add(&mut self, named: f64, random: &[f64]) {
        self.named.push(named.abs());
        self.random
            .push(random.iter().map(|change| change.abs()).sum::<f64>() / random.len() as f64);
    }

    /// Mean change of the named, mean change of the random, and the share of the pileups where the named changes more.
    fn figures(&self) -> [f64; 3] {
        let mean = |changes: &[f64]| changes.iter().sum::<f64>() / changes.len() as f64;
        let wins = self
            .named
            .iter()
            .zip(&self.random)
            .filter(|(named, random)| named > random);
        [
            mean(&self.named),
            mean(&self.random),
            wins.count() as f64 / self.named.len() as f64,
        ]
    }
}

/// The indices of the greatest effects.
fn greatest(effects: &[f64], number: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..effects.len()).collect();
    order.sort_by_key(|&index| Reverse((effects[index].abs() * 1e9) as u64));
    order.truncate(number);
    order
}

/// Some of these indices, by chance.
fn drawn(random: &mut Random, from: &[usize], number: usize) -> Vec<usize> {
    let mut from = from.to_vec();
    random.shuffle(&mut from);
    from.truncate(number);
    from
}

#[test]
#[ignore = "asks the network 15,000 times"]
fn hiding_what_is_named_changes_more_than_hiding_at_random() {
    let inputs = Inputs {
        reference: sample().join("reference.fa"),
        reads: vec![sample().join("sample.bam")],
        regions: Vec::new().into(),
        sample: None,
    };
    // Errors of the reads become candidates, too.
    let evidence = EvidenceOptions {
        candidates: CandidateOptions {
            min_snp_lod: -30.0,
            ..CandidateOptions::default()
        },
        ..EvidenceOptions::default()
    };
    let source = EvidenceSource::open(&inputs, evidence, 2).unwrap();
    let options = CallingOptions {
        device: "cpu".into(),
        threads: 2,
        ..CallingOptions::default()
    };
    let explainer = Explainer::new(source, &options).unwrap();
    let (mut worker, mut classifier) = (explainer.worker().unwrap(), explainer.uncalibrated().unwrap());
    let (mut random, mut pileups) = (Random::new(&[11]), 0);
    let [mut reads, mut columns] = [(); 2].map(|()| Changes::default());
    for partition in explainer.caller.source.partitions() {
        let explained = worker.explain(partition).unwrap();
        for set in explained.candidates.iter().flat_map(|candidate| &candidate.sets) {
            if pileups == PILEUPS {
                break;
            }
            let mut occlusion = Occlusion::new(&mut classifier, &set.image, set.context).unwrap();
            let attribution = occlusion.attribution().unwrap();
            // Of columns, only those where any read differs: others change nothing.
            let all_columns: Vec<usize> = occlusion.columns();
            let all_reads: Vec<usize> = (0..attribution.reads.len()).collect();
            if all_reads.len() < 10 || all_columns.len() < 2 * COLUMNS {
                continue;
            }
            pileups += 1;
            let tenth = all_reads.len().div_ceil(10);
            let mut parts = vec![
                Part::Reads(greatest(&attribution.reads, tenth)),
                Part::Columns(greatest(&attribution.columns, COLUMNS)),
            ];
            for _ in 0..DRAWS {
                parts.push(Part::Reads(drawn(&mut random, &all_reads, tenth)));
                parts.push(Part::Columns(drawn(&mut random, &all_columns, COLUMNS)));
            }
            let effects = occlusion.effects(&parts).unwrap();
            let by_chance = |first: usize| -> Vec<f64> { effects[first..].iter().step_by(2).copied().collect() };
            reads.add(effects[0], &by_chance(2));
            columns.add(effects[1], &by_chance(3));
        }
    }
    for (name, changes) in [("reads", &reads), ("columns", &columns)] {
        let [named, by_chance, wins] = changes.figures();
        eprintln!(
            "{name}: log-odds change by {named:.3} without the named, by {by_chance:.3} at random; more in {:.1} %",
            100.0 * wins
        );
        assert!(pileups == PILEUPS && named > 1.5 * by_chance && wins > 0.65, "{name}");
    }
}
