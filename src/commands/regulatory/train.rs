//! `dvcall regulatory train`: trains a sequence model.

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;

use crate::cli::RegulatoryTrainArgs;
use crate::commands::train::check_output;
use crate::model::parse_device;
use crate::regulatory::{
    Architecture, Classify, Event, ExampleSet, Examples, Lesson, SequenceModel, Split, TaskResult, TrainingOptions,
    TrainingRun, Workers, evaluate, train,
};
use crate::runtime::{counted, print, progress_bar};

/// Extensions of the files beside a model.
pub(super) const BESIDE: [&str; 4] = ["json", "checkpoint.safetensors", "log.csv", "svg"];

pub fn run(args: &RegulatoryTrainArgs) -> Result<()> {
    let device = parse_device(&args.training.device)?;
    let set = ExampleSet::read(&args.examples)?;
    let output = check_output(&args.training.output, &BESIDE, args.init_from.as_deref())?;
    let init_from = args.init_from.as_deref().map(SequenceModel::load).transpose()?;
    let options = options(args, init_from.as_ref())?;
    let lesson = Classify::new(&set, &options)?;
    tch::set_num_threads(1);
    let run = TrainingRun {
        options,
        output: &output.place,
        examples: Examples {
            path: args.examples.display().to_string(),
            sha256: set.checksum.clone(),
            training: lesson.examples(),
            origin: set.header.origin.clone(),
        },
        tasks: set.header.tasks.clone(),
        length: set.header.length,
        init_from,
        resume: args.training.resume,
        threads: args.training.threads(),
        device,
        notes: args.training.notes.clone(),
    };
    log::info!(
        "{} of {} bases to train on, {}, {device:?}, {}",
        counted(run.examples.training as u64, "sequence"),
        run.length,
        counted(run.tasks.len() as u64, "task"),
        counted(run.threads as u64, "thread"),
    );
    let mut progress = Progress::new(
        (run.examples.training as u64).max(run.options.epoch_examples as u64),
        lesson.measure(),
    );
    let model = train(&run, &lesson, &mut |event| progress.tell(event))?;
    progress.bar.finish_and_clear();
    let mut workers = Workers::new(&model.network(device)?, run.threads, device)?;
    let mut card = model.card().clone();
    card.validation = evaluate(&set, Split::Validation, &mut workers)?;
    card.test = evaluate(&set, Split::Test, &mut workers)?;
    let table = table(&card.validation, &card.test);
    model.with_card(card)?.save(run.output)?;
    if log::log_enabled!(log::Level::Info) {
        print(table)?;
    }
    Ok(())
}

fn options(args: &RegulatoryTrainArgs, init_from: Option<&SequenceModel>) -> Result<TrainingOptions> {
    let shape = match init_from {
        Some(model) => model.card().shape.clone(),
        None => args
            .training
            .shape
            .shape(args.training.architecture.unwrap_or(Architecture::Convolution)),
    };
    if let (Some(model), Some(wanted)) = (init_from, args.training.architecture) {
        ensure!(
            model.card().shape.architecture == wanted,
            "--architecture: the model of --init-from has another architecture ({:?}); leave --architecture out",
            model.card().shape.architecture
        );
    }
    ensure!(
        init_from.is_none() || !args.training.shape.is_given(),
        "--filters, --width, --hidden: the network has the size of the model of --init-from; leave the flags out"
    );
    let options = TrainingOptions {
        dropout: args.dropout,
        layer_rate: args.layer_rate.unwrap_or(if init_from.is_some() { 0.5 } else { 1.0 }),
        unfreeze_epochs: args.unfreeze_epochs.unwrap_or(u32::from(init_from.is_some())) as usize,
        most_examples: args.most_examples as usize,
        ..args.training.options(shape)?
    };
    for (name, value, least, most) in [
        ("--dropout", options.dropout, 0.0, 0.95),
        ("--layer-rate", options.layer_rate, 0.001, 1.0),
    ] {
        ensure!(
            (least..=most).contains(&value),
            "{name} {value}: expected a number from {least} to {most}"
        );
    }
    options
        .shape
        .check()
        .context("the flags give a network that cannot be made")?;
    Ok(options)
}

/// The results of each task, as a table.
fn table(validation: &[TaskResult], test: &[TaskResult]) -> String {
    let mut table = format!(
        "{:<16} {:<10} {:>9} {:>9}  {:<24} {:<24}\n",
        "task", "split", "positives", "negatives", "AUROC", "AUPRC"
    );
    for (split, results) in [("validation", validation), ("test", test)] {
        for r in results {
            table += &format!(
                "{:<16} {split:<10} {:>9} {:>9}  {:<24} {:<24}\n",
                r.task,
                r.positives,
                r.negatives,
                r.auroc.to_string(),
                r.auprc.to_string()
            );
        }
    }
    table
}

/// A bar over the sequences of an epoch, and a line for each epoch.
pub(super) struct Progress {
    pub bar: ProgressBar,
    measure: &'static str,
}

impl Progress {
    pub fn new(examples: u64, measure: &'static str) -> Self {
        Self {
            bar: progress_bar(examples, "sequences"),
            measure,
        }
    }

    pub fn tell(&mut self, event: Event) {
        match event {
            Event::Batch { epoch, learned, loss } => {
                self.bar.set_position(learned);
                self.bar.set_message(format!("epoch {epoch}, loss {loss:.4}"));
            }
            Event::Epoch { epoch: e, best } => {
                let best = if best { "; best so far" } else { "" };
                let line = format!(
                    "epoch {}: loss {:.4}, on validation {:.4}; {} {:.4}; {:.0} sequences/s{best}",
                    e.epoch, e.training_loss, e.validation_loss, self.measure, e.measure, e.examples_per_second
                );
                self.bar.suspend(|| log::info!("{line}"));
                self.bar.reset();
            }
        }
    }
}
