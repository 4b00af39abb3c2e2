//! Whether attributions name what the network looks at.

mod common;

use common::sample;
use dvcall::calling::{CallingOptions, Explainer, Occlusion, Part};
use dvcall::candidates::CandidateOptions;
use dvcall::evidence::{EvidenceOptions, EvidenceSource, Inputs};
use dvcall::model::Random;

/// Pileups that are looked at.
const PILEUPS: usize = 200;
/// Random choices for each pileup.
const DRAWS: usize = 5;
/// Columns and channels that are hidden together. Of the reads, a tenth is.
const COLUMNS: usize = 3;
const CHANNELS: usize = 2;

/// How much the log-odds of the genotype fall when the parts that speak most for it are hidden, and when as many
/// random parts are.
#[derive(Default)]
struct Falls {
    named: Vec<f64>,
    random: Vec<f64>,
}

impl Falls {
    fn add(&mut self, named: f64, random: &[f64]) {
        self.named.push(named);
        self.random.push(random.iter().sum::<f64>() / random.len() as f64);
    }

    /// Mean fall without the named, mean fall without the random, and the share of the pileups where it is greater without the
    /// named.
    fn figures(&self) -> [f64; 3] {
        let mean = |falls: &[f64]| falls.iter().sum::<f64>() / falls.len() as f64;
        let pairs = self.named.iter().zip(&self.random);
        let wins = pairs.filter(|(named, random)| named > random).count();
        [
            mean(&self.named),
            mean(&self.random),
            wins as f64 / self.named.len() as f64,
        ]
    }
}

/// The indices that speak most for the genotype.
fn greatest(effects: &[f64], number: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..effects.len()).collect();
    order.sort_by(|&a, &b| effects[b].total_cmp(&effects[a]));
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
    let [mut reads, mut columns, mut channels] = [(); 3].map(|()| Falls::default());
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
            let of_columns: Vec<f64> = all_columns.iter().map(|&column| attribution.columns[column]).collect();
            let named_columns = greatest(&of_columns, COLUMNS).into_iter().map(|rank| all_columns[rank]);
            let tenth = all_reads.len().div_ceil(10);
            let mut parts = vec![
                Part::Reads(greatest(&attribution.reads, tenth)),
                Part::Columns(named_columns.collect()),
                Part::Channels(greatest(&attribution.channels, CHANNELS)),
            ];
            let all_channels: Vec<usize> = (0..attribution.channels.len()).collect();
            for _ in 0..DRAWS {
                parts.push(Part::Reads(drawn(&mut random, &all_reads, tenth)));
                parts.push(Part::Columns(drawn(&mut random, &all_columns, COLUMNS)));
                parts.push(Part::Channels(drawn(&mut random, &all_channels, CHANNELS)));
            }
            let effects = occlusion.effects(&parts).unwrap();
            let by_chance = |first: usize| -> Vec<f64> { effects[first..].iter().step_by(3).copied().collect() };
            reads.add(effects[0], &by_chance(3));
            columns.add(effects[1], &by_chance(4));
            channels.add(effects[2], &by_chance(5));
        }
    }
    for (name, falls) in [("reads", &reads), ("columns", &columns), ("channels", &channels)] {
        let [named, by_chance, wins] = falls.figures();
        eprintln!(
            "{name}: log-odds fall by {named:.3} without the named, by {by_chance:.3} at random; more in {:.1} %",
            100.0 * wins
        );
        assert!(pileups == PILEUPS && named > 1.5 * by_chance && wins > 0.85, "{name}");
    }
}
