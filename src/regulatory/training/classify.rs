//! Learns the labels of sequences.

use anyhow::{Result, ensure};
use tch::Tensor;

use super::gradient::{Workers, cross_entropy};
use super::lesson::{Lesson, Validated};
use super::options::TrainingOptions;
use crate::model::Random;
use crate::regulatory::examples::{Example, ExampleSet, Split};
use crate::regulatory::metrics::TaskResult;
use crate::regulatory::network::{Heads, Network, one_hot};

/// Examples to train and to validate on.
pub struct Classify<'a> {
    set: &'a ExampleSet,
    training: Vec<usize>,
    validation: Vec<usize>,
    dropout: f64,
}

impl<'a> Classify<'a> {
    /// Fails if a split lacks examples.
    pub fn new(set: &'a ExampleSet, options: &TrainingOptions) -> Result<Self> {
        let mut training = set.of(Split::Training);
        if options.most_examples > 0 && training.len() > options.most_examples {
            // Positives and negatives alternate in no order, so any of them are a fair choice.
            Random::new(&[options.seed, 3]).shuffle(&mut training);
            training.truncate(options.most_examples);
            training.sort_unstable();
        }
        let validation = set.of(Split::Validation);
        for (split, indexes) in [(Split::Training, &training), (Split::Validation, &validation)] {
            let positives = indexes
                .iter()
                .filter(|&&index| set.examples[index].is_positive())
                .count();
            ensure!(
                positives > 0 && positives < indexes.len(),
                "the set has {positives} positives among the {} examples of {}; training needs some and some others",
                indexes.len(),
                split.name()
            );
        }
        Ok(Self {
            set,
            training,
            validation,
            dropout: options.dropout,
        })
    }

    fn example(&self, rank: usize) -> &Example {
        &self.set.examples[self.training[rank]]
    }
}

impl Lesson for Classify<'_> {
    fn heads(&self) -> Heads {
        Heads::Tasks(self.set.header.tasks.len())
    }

    fn examples(&self) -> usize {
        self.training.len()
    }

    fn measure(&self) -> &'static str {
        "AUROC"
    }

    fn loss(&self, network: &Network, examples: &[usize], random: Random) -> Result<Tensor> {
        let codes: Vec<&[u8]> = examples
            .iter()
            .map(|&rank| self.example(rank).codes.as_slice())
            .collect();
        let device = network
            .weights()
            .values()
            .next()
            .map_or(tch::Device::Cpu, Tensor::device);
        let logits = network.tasks(&one_hot(&codes, device)?, Some((self.dropout, random)))?;
        let labels = examples
            .iter()
            .flat_map(|&rank| self.example(rank).labels.iter().map(|&label| f32::from(label)));
        let targets = Tensor::f_from_slice(&labels.collect::<Vec<f32>>())?.f_view_as(&logits)?;
        cross_entropy(&logits, &targets.f_to_device(device)?)
    }

    fn validate(&self, workers: &mut Workers) -> Result<Validated> {
        let (results, loss) = measure(self.set, &self.validation, workers)?;
        let measured = results.iter().map(|result| result.auroc.value);
        let mean = measured.sum::<f64>() / results.len().max(1) as f64;
        Ok(Validated {
            loss,
            measure: mean,
            // The loss decides where areas are equal.
            score: mean - 1e-3 * loss,
        })
    }
}

/// What a network reaches on a split, and its mean loss there.
pub fn evaluate(set: &ExampleSet, split: Split, workers: &mut Workers) -> Result<Vec<TaskResult>> {
    Ok(measure(set, &set.of(split), workers)?.0)
}

fn measure(set: &ExampleSet, indexes: &[usize], workers: &mut Workers) -> Result<(Vec<TaskResult>, f64)> {
    let codes: Vec<&[u8]> = indexes
        .iter()
        .map(|&index| set.examples[index].codes.as_slice())
        .collect();
    let scores = workers.scores(&codes)?;
    let (mut results, mut loss) = (Vec::new(), 0.0);
    for (task, name) in set.header.tasks.iter().enumerate() {
        let logits: Vec<f32> = scores.iter().map(|scores| scores[task]).collect();
        let labels: Vec<bool> = indexes
            .iter()
            .map(|&index| set.examples[index].labels[task] == 1)
            .collect();
        let losses = logits.iter().zip(&labels).map(|(&logit, &bound)| {
            let signed = f64::from(if bound { -logit } else { logit });
            signed.max(0.0) + (-signed.abs()).exp().ln_1p()
        });
        loss += losses.sum::<f64>() / (indexes.len() * set.header.tasks.len()).max(1) as f64;
        results.extend(TaskResult::new(name, &logits, &labels));
    }
    Ok((results, loss))
}
