//! The training loop: epochs of gradient descent, checkpoints, log and curve.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use plotters::style::{BLACK, BLUE, RED};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::Device;

use super::gradient::Workers;
use super::lesson::Lesson;
use super::options::TrainingOptions;
use crate::model::{
    CurvePanel, Optimizer, Random, checkpoint_path, draw_panels, load_checkpoint, save_checkpoint, schedule,
};
use crate::output::write_file;
use crate::regulatory::model::{Card, Epoch, Examples, SequenceModel, Training};
use crate::regulatory::network::{Heads, Network};

/// One training run.
pub struct TrainingRun<'a> {
    pub options: TrainingOptions,
    /// The model to write. It appears after the first epoch, and is always the best so far.
    pub output: &'a Path,
    pub examples: Examples,
    pub tasks: Vec<String>,
    /// Bases of each sequence.
    pub length: usize,
    /// The model to start from. None for random weights.
    pub init_from: Option<SequenceModel>,
    /// Whether to resume from the checkpoint beside `output`, if there is one.
    pub resume: bool,
    pub threads: usize,
    pub device: Device,
    pub notes: String,
}

/// Progress reports of a training.
pub enum Event<'a> {
    /// Sequences learned in this epoch so far, and their mean loss.
    Batch { epoch: usize, learned: u64, loss: f64 },
    /// An epoch was validated; `best` if it is the best so far.
    Epoch { epoch: &'a Epoch, best: bool },
}

/// The progress of a training. Random numbers need no state: they come from seed, epoch and step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    options: TrainingOptions,
    examples: String,
    init_from: Option<String>,
    steps: u64,
    epochs: Vec<Epoch>,
    /// The best epoch and its score.
    best: Option<(usize, f64)>,
}

/// Trains, and writes model, card, checkpoint, log and curve. Returns the best model. On the CPU the weights depend only on
/// options and examples, not on the number of threads, and not on whether the run was interrupted and resumed.
pub fn train(run: &TrainingRun, lesson: &impl Lesson, tell: &mut dyn FnMut(Event)) -> Result<SequenceModel> {
    let mut trainer = Trainer::start(run, lesson)?;
    while !trainer.is_finished() {
        let training_loss = trainer.train_epoch(tell)?;
        trainer.validate(training_loss, tell)?;
    }
    SequenceModel::load(run.output)
}

struct Trainer<'a, L> {
    run: &'a TrainingRun<'a>,
    lesson: &'a L,
    network: Network,
    optimizer: Optimizer,
    workers: Workers,
    state: State,
    examples_per_second: f64,
}

impl<'a, L: Lesson> Trainer<'a, L> {
    fn start(run: &'a TrainingRun<'a>, lesson: &'a L) -> Result<Self> {
        let options = &run.options;
        let mut network = Network::random(&options.shape, lesson.heads(), options.seed, run.device)?;
        if let Some(model) = &run.init_from {
            let adopted = network.adopt(&model.weights()?)?;
            log::info!(
                "{} of {} weights come from {}",
                adopted.len(),
                network.weights().len(),
                model.card().name
            );
        }
        let mut trainer = Self {
            optimizer: Optimizer::new(network.weights(), None)?,
            workers: Workers::new(&network, run.threads, run.device)?,
            network,
            state: State {
                options: options.clone(),
                examples: run.examples.sha256.clone(),
                init_from: run.init_from.as_ref().map(SequenceModel::identity),
                steps: 0,
                epochs: Vec::new(),
                best: None,
            },
            examples_per_second: 0.0,
            run,
            lesson,
        };
        let path = checkpoint_path(run.output);
        if run.resume && path.is_file() {
            let (state, tensors): (State, _) = load_checkpoint(&path)?;
            state.check_same(&trainer.state)?;
            trainer
                .optimizer
                .restore(&tensors, state.steps)
                .with_context(|| format!("in {}", path.display()))?;
            trainer.state = State {
                options: options.clone(),
                ..state
            };
            let best = trainer.state.best.is_none() || SequenceModel::load(run.output).is_ok();
            ensure!(
                best,
                "--resume: {} is not the model that the checkpoint beside it belongs to; put it back, or train without \
                 --resume",
                run.output.display()
            );
        }
        Ok(trainer)
    }

    fn is_finished(&self) -> bool {
        let done = self.state.epochs.len();
        let best = self.state.best.map_or(0, |(epoch, _)| epoch);
        done >= self.run.options.epochs || done - best >= self.run.options.patience.max(1)
    }

    /// How often an epoch passes over the examples: small sets more than once, so that validation is not most of the work.
    fn passes(&self) -> usize {
        self.run
            .options
            .epoch_examples
            .div_ceil(self.lesson.examples().max(1))
            .max(1)
    }

    /// The steps of all epochs.
    fn total_steps(&self) -> u64 {
        let steps = (self.passes() * self.lesson.examples()).div_ceil(self.run.options.batch_size);
        (steps * self.run.options.epochs) as u64
    }

    /// The ranks of layers that learn in this epoch (from 1), and the number of layers.
    fn least_depth(&self, epoch: usize) -> (usize, usize) {
        let layers = self.run.options.shape.layers(self.lesson.heads());
        let last = layers.iter().map(|layer| layer.depth).max().unwrap_or(0);
        let unfrozen = match self.run.options.unfreeze_epochs {
            0 => last,
            every => (epoch - 1) / every,
        };
        (last.saturating_sub(unfrozen), last)
    }

    /// Learns the examples of an epoch. Returns their mean loss.
    fn train_epoch(&mut self, tell: &mut dyn FnMut(Event)) -> Result<f64> {
        let (options, epoch, started) = (&self.run.options, self.state.epochs.len() + 1, Instant::now());
        let (least, last) = self.least_depth(epoch);
        let layers = options.shape.layers(self.lesson.heads());
        let depths = layers.iter().map(|layer| (layer.name.clone(), layer.depth));
        let depths: std::collections::BTreeMap<String, usize> = depths.collect();
        let learning: Vec<String> = depths
            .iter()
            .filter(|(_, depth)| **depth >= least)
            .map(|(name, _)| name.clone())
            .collect();
        let mut random = Random::new(&[options.seed, 1, epoch as u64]);
        let mut order: Vec<usize> = Vec::new();
        for _ in 0..self.passes() {
            let mut pass: Vec<usize> = (0..self.lesson.examples()).collect();
            random.shuffle(&mut pass);
            order.extend(pass);
        }
        let total = self.total_steps();
        let (mut loss, mut learned) = (0.0, 0);
        for batch in order.chunks(options.batch_size) {
            let keys = [options.seed ^ 0x5eed, self.state.steps];
            let (gradient, sum) = self.workers.gradient(self.lesson, batch, &learning, keys)?;
            let rate = options.learning_rate * schedule(options.warm_up, self.state.steps, total);
            let of_layer = |name: &str| {
                let depth = depths.get(name).copied().unwrap_or(last);
                rate * options.layer_rate.powi((last - depth) as i32)
            };
            self.optimizer.step(&gradient, &of_layer, options.step())?;
            self.state.steps += 1;
            loss += sum;
            learned += batch.len() as u64;
            tell(Event::Batch {
                epoch,
                learned,
                loss: loss / learned as f64,
            });
        }
        self.examples_per_second = learned as f64 / started.elapsed().as_secs_f64();
        Ok(loss / learned.max(1) as f64)
    }

    /// Validates the averaged weights, and writes all files of an epoch.
    fn validate(&mut self, training_loss: f64, tell: &mut dyn FnMut(Event)) -> Result<()> {
        let run = self.run;
        let averaged = Network::with_weights(
            self.network.shape(),
            self.network.heads(),
            &self.optimizer.average(),
            run.device,
        )?;
        let validated = self
            .lesson
            .validate(&mut Workers::new(&averaged, run.threads, run.device)?)?;
        let total = self.total_steps();
        let epoch = Epoch {
            epoch: self.state.epochs.len() + 1,
            training_loss,
            validation_loss: validated.loss,
            measure: validated.measure,
            learning_rate: run.options.learning_rate
                * schedule(run.options.warm_up, self.state.steps.saturating_sub(1), total),
            examples_per_second: self.examples_per_second,
        };
        ensure!(
            validated.score.is_finite(),
            "the validation loss is not finite; try a smaller --learning-rate"
        );
        let best = self.state.best.is_none_or(|(_, before)| validated.score > before);
        if best {
            self.state.best = Some((epoch.epoch, validated.score));
        }
        tell(Event::Epoch { epoch: &epoch, best });
        self.state.epochs.push(epoch);
        self.save_model(best.then_some(&averaged))?;
        save_checkpoint(&checkpoint_path(run.output), &self.state, &self.optimizer.state())?;
        write_log(
            &run.output.with_extension("log.csv"),
            &self.state.epochs,
            self.lesson.measure(),
        )?;
        draw_curve(&run.output.with_extension("svg"), &self.state.epochs, self.lesson)
    }

    /// Writes a new best model, or adds the epoch to the card of the best.
    fn save_model(&self, best: Option<&Network>) -> Result<()> {
        let run = self.run;
        let name = run.output.file_stem().unwrap_or_default().to_string_lossy();
        let training = Training {
            settings: serde_json::to_value(&run.options)?,
            examples: run.examples.clone(),
            init_from: self.state.init_from.clone(),
            libtorch_version: crate::model::libtorch_version(),
            best_epoch: self.state.best.map_or(0, |(epoch, _)| epoch),
            epochs: self.state.epochs.clone(),
        };
        let mut card = Card::new(
            &name,
            &run.options.shape,
            self.lesson.heads(),
            &run.tasks,
            run.length,
            training,
        );
        card.notes.clone_from(&run.notes);
        match best {
            Some(network) => SequenceModel::new(network.weights(), card)?.save(run.output),
            None => SequenceModel::load(run.output)?.with_card(card)?.save(run.output),
        }
    }
}

impl State {
    /// Fails if a training with the settings of `other` cannot resume from here. More epochs are allowed.
    fn check_same(&self, other: &Self) -> Result<()> {
        ensure!(
            self.examples == other.examples,
            "--resume: the examples are not those of the checkpoint; use the same --examples, or train without --resume"
        );
        let value = |state: &Self| -> Result<Value> {
            let mut value = serde_json::to_value(&state.options)?;
            value["init_from"] = serde_json::to_value(&state.init_from)?;
            value["patience"] = 0.into();
            Ok(value)
        };
        let (before, now) = (value(self)?, value(other)?);
        for (key, before) in before.as_object().into_iter().flatten() {
            if now[key] != *before {
                bail!(
                    "--resume: {key} was {before} when the checkpoint was written and is {} now; use the same settings, or \
                     train without --resume",
                    now[key]
                );
            }
        }
        Ok(())
    }
}

fn write_log(path: &Path, epochs: &[Epoch], measure: &str) -> Result<()> {
    let mut text = format!(
        "epoch,training_loss,validation_loss,{},learning_rate,examples_per_second\n",
        measure.to_lowercase()
    );
    for e in epochs {
        text += &format!(
            "{},{:.6},{:.6},{:.6},{:.3e},{:.1}\n",
            e.epoch, e.training_loss, e.validation_loss, e.measure, e.learning_rate, e.examples_per_second
        );
    }
    write_file(path, text.as_bytes())
}

/// Draws the losses, and 1 − AUROC or the perplexity.
fn draw_curve(path: &Path, epochs: &[Epoch], lesson: &impl Lesson) -> Result<()> {
    let line = |value: &dyn Fn(&Epoch) -> f64| -> Vec<(u64, f64)> {
        epochs.iter().map(|e| (e.epoch as u64, value(e).max(1e-5))).collect()
    };
    let is_area = matches!(lesson.heads(), Heads::Tasks(_));
    let title = if is_area {
        "1 - AUROC on validation"
    } else {
        "perplexity on validation"
    };
    let measure = line(&|e| if is_area { 1.0 - e.measure } else { e.measure });
    let losses = vec![
        ("training", BLACK, line(&|e| e.training_loss)),
        ("validation", BLUE, line(&|e| e.validation_loss)),
    ];
    draw_panels(
        path,
        &[
            CurvePanel {
                title: "loss",
                lines: losses,
            },
            CurvePanel {
                title,
                lines: vec![("validation", RED, measure)],
            },
        ],
    )
}
