//! `dvcall train`: trains a model on shards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::training_progress::TrainingProgress;
use crate::cli::{RecipeArgs, TrainArgs};
use crate::examples::ShardReader;
use crate::model::{
    Architecture, DataSet, Feed, Model, Shared, TrainingOptions, TrainingRun, card_path, finish_saving, parse_device,
    train,
};
use crate::output::{Lock, OutputFile, check_inputs_are_kept, place_of_file};
use crate::runtime::counted;

/// Extensions of the files beside a model.
const BESIDE: [&str; 4] = ["json", "checkpoint.safetensors", "log.csv", "svg"];

pub fn run(args: &TrainArgs) -> Result<()> {
    let device = parse_device(&args.device)?;
    let (training, validation) = (open(&args.examples)?, open(&args.validation)?);
    let output = check_output(&args.output, &BESIDE, args.init_from.as_deref())?;
    check_apart(&training, &validation)?;
    warn_of_mixed_rules([&training, &validation]);
    let init_from = args.init_from.as_deref().map(Model::load).transpose()?;
    if let Some(model) = &init_from
        && args.recipe.remember > 0.0
        && !model.remembers()?
    {
        log::warn!(
            "{} holds no weight importances, so --remember has no effect: the model may forget what it learned",
            model.name()
        );
    }
    if let Some(model) = &init_from {
        check_unknown(model, &validation, "validate on")?;
    }
    // The threads divide the examples of a batch, so each layer uses one thread.
    tch::set_num_threads(1);

    let run = TrainingRun {
        options: options(args, init_from.as_ref())?,
        training,
        validation,
        output: &output.place,
        init_from,
        resume: args.resume,
        checkpoint_steps: args.checkpoint_steps,
        device,
        notes: args.notes.clone(),
    };
    log::info!(
        "{} to train on, {} to validate on, {device:?}, {}",
        counted(run.training.labelled() as u64, "example"),
        run.validation.labelled(),
        counted(run.options.threads as u64, "thread"),
    );
    let mut progress = TrainingProgress::new(run.training.labelled());
    let card = train(&run, &mut |event| progress.tell(event))?;
    progress.finish();
    let output = args.output.display();
    match card.training.map_or(0, |t| t.best_epoch) {
        0 => log::warn!("{output} holds the starting model, because no epoch was better on --validation"),
        epoch => log::info!("{output} holds the model of epoch {epoch}"),
    }
    Ok(())
}

/// Opens shards.
pub(super) fn open(sets: &[PathBuf]) -> Result<Feed> {
    Feed::new(sets.iter().map(|set| ShardReader::open(set)).collect::<Result<_>>()?)
}

fn options(args: &TrainArgs, init_from: Option<&Model>) -> Result<TrainingOptions> {
    let RecipeArgs {
        columns,
        stem,
        ref stages,
        blocks,
        hidden,
        ..
    } = args.recipe;
    let recipe = &args.recipe;
    let architecture = Architecture {
        columns,
        stem,
        stages: stages.clone(),
        blocks,
        hidden,
    };
    let defaults = match init_from {
        Some(_) => TrainingOptions::fine_tuning(),
        None => TrainingOptions::default(),
    };
    let options = TrainingOptions {
        // Fine-tuning does not change the size of the network.
        architecture: init_from.map_or(architecture, |m| m.card().architecture.clone()),
        seed: args.seed,
        epochs: args.epochs.map_or(defaults.epochs, |epochs| epochs as usize),
        batch_size: args.batch_size as usize,
        learning_rate: args.learning_rate.unwrap_or(defaults.learning_rate),
        warm_up: recipe.warm_up,
        weight_decay: recipe.weight_decay,
        remember: recipe.remember,
        label_smoothing: recipe.label_smoothing,
        average_decay: recipe.average_decay,
        type_balance: recipe.type_balance,
        patience: args.patience as usize,
        augment: !recipe.no_augment,
        easy_examples: recipe.easy_examples,
        shuffle_buffer: recipe.shuffle_buffer,
        threads: args.threads.map_or_else(available_threads, usize::from),
        mixed_precision: !recipe.full_precision,
        ..defaults
    };
    options.architecture.check()?;
    for (name, value, least, most) in [
        ("--learning-rate", options.learning_rate, 1e-9, 1.0),
        ("--warm-up", options.warm_up, 0.0, 0.999),
        ("--weight-decay", options.weight_decay, 0.0, 10.0),
        ("--remember", options.remember, 0.0, 1e6),
        ("--label-smoothing", options.label_smoothing, 0.0, 0.499),
        ("--average-decay", options.average_decay, 0.0, 0.999_999),
        ("--type-balance", options.type_balance, 0.0, 2.0),
        ("--easy-examples", options.easy_examples, 0.0, 1.0),
    ] {
        ensure!(
            (least..=most).contains(&value),
            "{name} {value}: expected a number from {least} to {most}"
        );
    }
    Ok(options)
}

fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The path of an output model. Its files are locked as long as this value lives.
pub(super) struct ModelOutput {
    pub place: PathBuf,
    _locks: Vec<Arc<Lock>>,
}

/// Checks the outputs before hours of work. Fails if the model or a file beside it cannot be written, if another run
/// writes it, or if it would replace the model `start`. `beside` holds the extensions of the files beside the model.
pub(super) fn check_output(output: &Path, beside: &[&str], start: Option<&Path>) -> Result<ModelOutput> {
    ensure!(
        output.extension().is_some_and(|e| e == "safetensors"),
        "--output {}: the name of a model must end in .safetensors",
        output.display()
    );
    let place = place_of_file(output)?;
    let mut outputs = vec![("--output", place.clone())];
    outputs.extend(beside.iter().map(|ending| ("--output", place.with_extension(ending))));
    let inputs: Vec<PathBuf> = start
        .iter()
        .flat_map(|model| [model.to_path_buf(), card_path(model)])
        .collect();
    check_inputs_are_kept(&outputs, &inputs.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let locks = outputs.iter().map(|(_, file)| Ok(OutputFile::create(file)?.lock()));
    let _locks = locks.collect::<Result<_>>()?;
    check_card(&card_path(&place))?;
    finish_saving(&place)?;
    Ok(ModelOutput { place, _locks })
}

/// Fails if the card would replace a file that is not a model card.
fn check_card(card: &Path) -> Result<()> {
    let text = std::fs::read(card).unwrap_or_default();
    let is_card = serde_json::from_slice(&text).is_ok_and(|card: Value| card.get("weights_sha256").is_some());
    ensure!(
        is_card || !card.exists(),
        "--output: the model's card would replace {}, which is not a model card; choose another name",
        card.display()
    );
    Ok(())
}

/// Fails if training and validation share a set or reads, because the validation figures would be meaningless.
fn check_apart(training: &Feed, validation: &Feed) -> Result<()> {
    match shared(&training.data_sets(), validation) {
        Some((set, _, Shared::Examples)) => {
            bail!(
                "{} is in both --examples and --validation; leave it out of one",
                set.path
            )
        }
        Some((set, other, Shared::Reads(place))) => bail!(
            "--examples {} and --validation {} are of the same reads at {place}; make one of them of other regions",
            set.path,
            other.path
        ),
        Some((set, other, Shared::Sample(place))) => log::warn!(
            "--examples {} and --validation {} are of the same sample at {place}: validation may tell too few errors",
            set.path,
            other.path
        ),
        None => {}
    }
    Ok(())
}

/// Fails if the model was trained on these examples or reads, because a model is overconfident on what it learned.
pub(super) fn check_unknown(model: &Model, examples: &Feed, purpose: &str) -> Result<()> {
    let name = model.name();
    match shared(&model.card().learned(), examples) {
        Some((set, _, Shared::Examples)) => bail!("{name} was trained on {}; {purpose} other examples", set.path),
        Some((set, other, Shared::Reads(place))) => bail!(
            "{name} was trained on the reads of {} at {place}, in {}; {purpose} examples of other regions",
            other.path,
            set.path
        ),
        Some((_, other, Shared::Sample(place))) => log::warn!(
            "{name} was trained on the sample of {} at {place}: it may be surer there than elsewhere",
            other.path
        ),
        None => {}
    }
    Ok(())
}

/// The pair of sets that share most: first a set that was learned from, then one of the examples.
fn shared(learned: &[DataSet], examples: &Feed) -> Option<(DataSet, DataSet, Shared)> {
    let examples = examples.data_sets();
    let pairs = learned
        .iter()
        .flat_map(|set| examples.iter().map(move |other| (set, other)));
    let shared = pairs.filter_map(|(set, other)| Some((set, other, set.shares(other)?)));
    let (set, other, shared) = shared.min_by_key(|(.., shared)| match shared {
        Shared::Examples => 0,
        Shared::Reads(_) => 1,
        Shared::Sample(_) => 2,
    })?;
    Some((set.clone(), other.clone(), shared))
}

/// Warns if sets were made with different rules, because a model meets only one choice of them in `call`.
fn warn_of_mixed_rules(feeds: [&Feed; 2]) {
    const RULES: [&str; 3] = ["thresholds", "keep_duplicates", "realigned"];
    let mut sets = feeds.into_iter().flat_map(Feed::manifests);
    let Some((first, expected)) = sets.next() else { return };
    let differing = sets.find_map(|(set, manifest)| {
        let differs = |rule: &&str| manifest.info[*rule] != expected.info[*rule];
        Some((set, manifest, RULES.into_iter().find(differs)?))
    });
    if let Some((set, manifest, rule)) = differing {
        log::warn!(
            "the examples were made with different rules: {} has {rule} {}, {} has {}; make them again with the options \
             of the calls to come, unless the mixture is wanted",
            first.display(),
            expected.info[rule],
            set.display(),
            manifest.info[rule]
        );
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn the_default_network_has_the_size_of_the_built_in_model() {
        let words = "dvcall train --examples e --validation v --output m.safetensors";
        let Command::Train(args) = Cli::parse_from(words.split(' ')).command else {
            panic!("no training");
        };
        let built_in = Model::builtin().unwrap().card().architecture.clone();
        assert_eq!(options(&args, None).unwrap().architecture, built_in);
        assert_eq!(Architecture::default(), built_in);
    }
}
