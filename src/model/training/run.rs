//! The training loop.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use tch::{Device, Tensor};

use super::cascade_training::FittedCascade;
use super::checkpoint::{TrainingState, checkpoint_path};
use super::data_parallel::DataParallel;
use super::optimizer::Optimizer;
use super::{cascade_training, checkpoint, learning_curve};
use crate::model::artifact::{Calibration, Card, ElasticWeights, Epoch, Model, Training, Validated, importances};
use crate::model::calibration::{fit_temperatures, metrics, outcomes, trials};
use crate::model::cascade::CascadeThresholds;
use crate::model::feed::{Feed, TrainingBatch, TrainingItem, TrainingOptions, range_of};
use crate::model::network::{Network, Weights};
use crate::variants::VariantType;

/// One training run.
pub struct TrainingRun<'a> {
    pub training: Feed,
    pub validation: Feed,
    pub options: TrainingOptions,
    /// The model to write. It appears after the first epoch and is always the best model so far. The starting model
    /// counts: it stays if no epoch is better.
    pub output: &'a Path,
    /// The model to start from. None for random weights.
    pub init_from: Option<Model>,
    /// Whether to resume from the checkpoint beside `output`, if there is one.
    pub resume: bool,
    /// Steps between checkpoints within an epoch; 0 = only after each epoch.
    pub checkpoint_steps: u64,
    pub device: Device,
    pub notes: String,
}

/// Progress reports of a training.
pub enum TrainingEvent<'a> {
    /// The cascade was fitted, or came from the starting model or the checkpoint.
    Cascade(&'a CascadeThresholds),
    /// The starting model was validated.
    Start(&'a Validated),
    /// A batch was learned. Counts of the epoch's examples so far, drawn and learned from, and their mean loss.
    Batch {
        epoch: usize,
        drawn: u64,
        examples: u64,
        loss: f64,
    },
    /// An epoch was validated; `best` if it is the best so far.
    Epoch { epoch: &'a Epoch, best: bool },
}

/// Trains, and writes model, card, log and learning curve. Returns the card of the best epoch. `tell` receives
/// progress.
///
/// On the CPU the weights depend only on options and shards, whether or not the run was interrupted and resumed.
pub fn train(run: &TrainingRun, tell: &mut dyn FnMut(TrainingEvent)) -> Result<Card> {
    let mut trainer = Trainer::start(run)?;
    if let Some(cascade) = &trainer.progress.cascade {
        tell(TrainingEvent::Cascade(cascade));
    }
    if let Some(start) = &trainer.progress.start {
        tell(TrainingEvent::Start(start));
    }
    while !trainer.finished() {
        trainer.train_epoch(tell)?;
        trainer.validate(tell)?;
    }
    Ok(Model::load(run.output)?.card().clone())
}

struct Trainer<'a> {
    run: &'a TrainingRun<'a>,
    network: Network,
    cascade: Option<FittedCascade>,
    optimizer: Optimizer,
    progress: TrainingState,
    replicas: DataParallel,
    examples_per_second: f64,
}

impl<'a> Trainer<'a> {
    fn start(run: &'a TrainingRun<'a>) -> Result<Self> {
        let architecture = &run.options.architecture;
        let mut network = match &run.init_from {
            Some(model) => model.network(run.device)?,
            None => {
                let random = Network::random(architecture, run.options.seed)?;
                Network::with_weights(architecture, &random.weights(), run.device)?
            }
        };
        if network.range_weights().is_empty() {
            network = network.within(Some(range_of(&run.training, &run.options)?), run.device)?;
        }
        let type_weights = VariantType::ALL.map(|t| type_weight(&run.training, t, run.options.type_balance));
        let replicas = DataParallel::new(&network, &run.options, type_weights, run.device)?;
        let mut trainer = Self {
            optimizer: Optimizer::new(&network.weights(), elastic_weights(run)?)?,
            network,
            cascade: None,
            progress: TrainingState {
                options: run.options.clone(),
                examples: run.training.data_sets(),
                validation: run.validation.data_sets(),
                init_from: run.init_from.as_ref().map(|m| m.checksum().to_owned()),
                calibration: run.init_from.as_ref().map(|m| m.card().calibration),
                believed_before: run.init_from.as_ref().and_then(|m| m.card().cascade),
                cascade: None,
                steps: 0,
                drawn: 0,
                loss_sum: 0.0,
                loss_examples: 0,
                start: None,
                epochs: Vec::new(),
                best: None,
            },
            replicas,
            examples_per_second: 0.0,
            run,
        };
        let path = checkpoint_path(run.output);
        if run.resume && path.is_file() {
            let (progress, state) = checkpoint::load::<TrainingState>(&path)?;
            progress.check_same_run(&trainer.progress)?;
            progress.check_best(run.output)?;
            trainer
                .optimizer
                .restore(&state, progress.steps)
                .with_context(|| format!("in {}", path.display()))?;
            trainer.cascade = FittedCascade::new(&state, progress.cascade)?;
            trainer.progress = TrainingState {
                options: run.options.clone(),
                ..progress
            };
        } else {
            trainer.cascade = trainer.fit_cascade()?;
            trainer.progress.cascade = trainer.cascade.as_ref().map(|c| *c.cascade.card());
            if let Some(start) = &run.init_from {
                trainer.validate_start(start)?;
            }
        }
        Ok(trainer)
    }

    fn fit_cascade(&self) -> Result<Option<FittedCascade>> {
        let run = self.run;
        match &run.init_from {
            Some(model) if model.card().cascade.is_some() => cascade_training::refit_thresholds(model, &run.training),
            _ => cascade_training::fit(&run.training, &run.options),
        }
    }

    /// Validates the starting model as it is, and writes it as the best so far.
    fn validate_start(&mut self, start: &Model) -> Result<()> {
        let run = self.run;
        let outcomes = outcomes(&start.network(run.device)?, None, &run.validation, run.device)?;
        let calibration = &start.card().calibration;
        let validated = Validated {
            snp: metrics(&outcomes, VariantType::Snp, &calibration.snp),
            indel: metrics(&outcomes, VariantType::Indel, &calibration.indel),
        };
        self.progress.start = Some(validated);
        self.progress.best = Some((0, validated.score()));
        let mut card = start.card().clone();
        card.name = self.name();
        if !run.notes.is_empty() {
            card.notes.clone_from(&run.notes);
        }
        card.training = Some(self.record()?);
        start.with_card(card)?.save(run.output)
    }

    /// Whether all epochs are done, or too many epochs passed since the best.
    fn finished(&self) -> bool {
        let done = self.progress.epochs.len();
        let best = self.progress.best.map_or(0, |(epoch, _)| epoch);
        done >= self.run.options.epochs || done - best >= self.run.options.patience.max(1)
    }

    fn train_epoch(&mut self, tell: &mut dyn FnMut(TrainingEvent)) -> Result<()> {
        let (options, epoch) = (&self.run.options, self.progress.epochs.len() + 1);
        let start = (Instant::now(), self.progress.loss_examples);
        let cascade = self.cascade.as_ref().map(|c| &c.cascade);
        for batch in self.run.training.shuffled(options, cascade, epoch, self.progress.drawn) {
            let TrainingBatch { items, drawn } = batch?;
            let loss = self.learn(&items, self.learning_rate())?;
            self.progress.loss_sum += loss;
            self.progress.loss_examples += items.len() as u64;
            self.progress.drawn = drawn;
            self.progress.steps = self.optimizer.steps();
            tell(TrainingEvent::Batch {
                epoch,
                drawn,
                examples: self.progress.loss_examples,
                loss: self.progress.loss_sum / self.progress.loss_examples as f64,
            });
            if self.run.checkpoint_steps > 0 && self.progress.steps.is_multiple_of(self.run.checkpoint_steps) {
                self.save_checkpoint()?;
            }
        }
        self.examples_per_second = (self.progress.loss_examples - start.1) as f64 / start.0.elapsed().as_secs_f64();
        Ok(())
    }

    /// Depends on the examples drawn, because the number of steps is not known in advance.
    fn learning_rate(&self) -> f64 {
        let (all, epochs) = (self.run.training.labelled(), self.progress.epochs.len() as u64);
        let drawn = epochs * all + self.progress.drawn;
        let options = &self.run.options;
        options.learning_rate_at(drawn, all * options.epochs as u64)
    }

    /// Takes one step. Returns the sum of the examples' losses.
    fn learn(&mut self, items: &[TrainingItem], learning_rate: f64) -> Result<f64> {
        let (gradient, loss) = self.replicas.gradient(items)?;
        self.optimizer
            .step(&gradient, &|_| learning_rate, (&self.run.options).into())?;
        Ok(loss)
    }

    /// Validates and calibrates the averaged weights, and writes all files of an epoch.
    fn validate(&mut self, tell: &mut dyn FnMut(TrainingEvent)) -> Result<()> {
        let averaged = self.optimizer.averaged(&self.network, self.run.device)?;
        let cascade = self.cascade.as_ref().map(|c| &*c.cascade);
        let outcomes = outcomes(&averaged, cascade, &self.run.validation, self.run.device)?;
        // The validation examples are too few to fit the frequency of variants, so everything but the temperatures
        // stays.
        let before = self.run.init_from.as_ref().map(Model::card);
        let calibration = fit_temperatures(&outcomes, &before.map(|card| card.calibration).unwrap_or_default());
        let trials = trials(&outcomes, &calibration);
        let believed_before = before.and_then(|card| card.cascade.as_ref());
        let thresholds = cascade.map(|_| cascade_training::thresholds_beside_network(&trials, believed_before));
        let snp = metrics(&outcomes, VariantType::Snp, &calibration.snp);
        let indel = metrics(&outcomes, VariantType::Indel, &calibration.indel);
        let epoch = Epoch {
            epoch: self.progress.epochs.len() + 1,
            training_loss: self.progress.loss_sum / self.progress.loss_examples.max(1) as f64,
            snp,
            indel,
            learning_rate: self.learning_rate(),
            examples_per_second: self.examples_per_second,
        };
        let score = Validated {
            snp: epoch.snp,
            indel: epoch.indel,
        }
        .score();
        let best = self.progress.best.is_none_or(|(_, before)| score > before);
        if best {
            self.progress.best = Some((epoch.epoch, score));
        }
        tell(TrainingEvent::Epoch { epoch: &epoch, best });
        if let Some(cascade) = thresholds.as_ref().filter(|_| best) {
            tell(TrainingEvent::Cascade(cascade));
        }
        self.progress.epochs.push(epoch);
        (self.progress.drawn, self.progress.loss_sum, self.progress.loss_examples) = (0, 0.0, 0);
        self.save_model(best.then_some((&averaged, calibration, thresholds)))?;
        self.save_checkpoint()?;
        learning_curve::write(&self.run.output.with_extension("log.csv"), &self.progress.epochs)?;
        learning_curve::draw(&self.run.output.with_extension("svg"), &self.progress.epochs)
    }

    fn save_checkpoint(&self) -> Result<()> {
        let mut state = self.optimizer.state();
        state.extend(self.cascade_weights());
        checkpoint::save(&checkpoint_path(self.run.output), &self.progress, &state)
    }

    fn cascade_weights(&self) -> Weights {
        let shared = |(name, tensor): (&String, &Tensor)| (name.clone(), tensor.shallow_clone());
        self.cascade.iter().flat_map(|c| &c.weights).map(shared).collect()
    }

    /// The name of the model to write.
    fn name(&self) -> String {
        self.run
            .output
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// The training so far, for the card.
    fn record(&self) -> Result<Training> {
        let (run, progress) = (self.run, &self.progress);
        let start = run.init_from.as_ref().map(Model::card);
        Ok(Training {
            settings: serde_json::to_value(&run.options)?,
            examples: progress.examples.clone(),
            validation: progress.validation.clone(),
            learned_before: start.map_or_else(Vec::new, Card::learned),
            init_from: progress.init_from.clone(),
            libtorch_version: crate::model::libtorch_version(),
            best_epoch: progress.best.map_or(0, |(epoch, _)| epoch),
            start: progress.start,
            epochs: progress.epochs.clone(),
        })
    }

    /// Importance of each weight for all training so far.
    fn importances(&self) -> Result<Weights> {
        let options = &self.run.options;
        let before = match &self.run.init_from {
            Some(model) if options.remember > 0.0 => model.weights()?,
            _ => Weights::new(),
        };
        let squares = self.optimizer.squares()?;
        let examples = self.run.training.labelled();
        // A set smaller than the batch size makes one batch.
        let batch_size = examples.min(options.batch_size as u64);
        importances(&before, &squares, batch_size, examples)
    }

    /// Writes a new best model, or adds the epoch to the card of the current best.
    fn save_model(&self, best: Option<(&Network, Calibration, Option<CascadeThresholds>)>) -> Result<()> {
        let before = self.run.init_from.as_ref().map(Model::card);
        let mut card = match best {
            Some((_, calibration, cascade)) => {
                let mut card = Card::new(&self.name(), self.run.options.architecture.clone());
                card.calibration = calibration;
                card.calibrated_on = before.map_or_else(Vec::new, |card| card.calibrated_on.clone());
                card.cascade = cascade;
                card.notes.clone_from(&self.run.notes);
                card
            }
            None => Model::load(self.run.output)?.card().clone(),
        };
        card.training = Some(self.record()?);
        match best {
            Some((network, ..)) => {
                let mut weights = network.weights();
                weights.extend(network.range_weights());
                weights.extend(self.cascade_weights());
                weights.extend(self.importances()?);
                Model::new(&weights, card)?.save(self.run.output)
            }
            None => Model::load(self.run.output)?.with_card(card)?.save(self.run.output),
        }
    }
}

/// The elastic weights of the starting model, if there are any.
fn elastic_weights(run: &TrainingRun) -> Result<Option<ElasticWeights>> {
    let (strength, examples) = (run.options.remember, run.training.labelled());
    match &run.init_from {
        Some(model) if strength > 0.0 => ElasticWeights::new(&model.weights()?, examples, strength, run.device),
        _ => Ok(None),
    }
}

/// Weight of a type: (mean number of examples of a type / number of examples of this type) to the power of `balance`.
fn type_weight(feed: &Feed, variant_type: VariantType, balance: f64) -> f32 {
    let mean = feed.labelled() as f64 / VariantType::ALL.len() as f64;
    (mean / feed.labelled_of_type(variant_type).max(1) as f64).powf(balance) as f32
}
