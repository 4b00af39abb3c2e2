//! `dvcall regulatory pretrain`: trains a language model of the genome.

use anyhow::Result;
use serde_json::json;

use super::train::{BESIDE, Progress};
use crate::cli::PretrainArgs;
use crate::commands::train::check_output;
use crate::examples::hex;
use crate::genome::{IntervalSet, Reference, Region, gather};
use crate::model::parse_device;
use crate::output::check_inputs_are_kept;
use crate::regulatory::{
    Architecture, Examples, GenomeWindows, Language, Lesson, Perplexity, SplitRule, TrainingRun, markov_perplexities,
    train,
};
use crate::runtime::{counted, print};
use sha2::{Digest, Sha256};

pub fn run(args: &PretrainArgs) -> Result<()> {
    let device = parse_device(&args.training.device)?;
    check_inputs_are_kept(&[("--output", args.training.output.clone())], &[&args.reference])?;
    let output = check_output(&args.training.output, &BESIDE, None)?;
    let windows = read_windows(args)?;
    let architecture = args.training.architecture.unwrap_or(Architecture::Convolution);
    let shape = args.training.shape.shape(architecture);
    let lesson = Language::new(&windows, args.objective, &shape, args.training.seed)?;
    tch::set_num_threads(1);
    let run = TrainingRun {
        options: args.training.options(shape)?,
        output: &output.place,
        examples: examples(args, &windows, lesson.examples()),
        tasks: Vec::new(),
        length: args.length as usize,
        init_from: None,
        resume: args.training.resume,
        threads: args.training.threads(),
        device,
        notes: args.training.notes.clone(),
    };
    let training = run.examples.training as u64;
    log::info!(
        "{} of {} bases to learn from, {} to validate on, {device:?}, {}",
        counted(training, "window"),
        args.length,
        windows.validation.len(),
        counted(run.threads as u64, "thread"),
    );
    let mut progress = Progress::new(training.max(run.options.epoch_examples as u64), lesson.measure());
    let model = train(&run, &lesson, &mut |event| progress.tell(event))?;
    progress.bar.finish_and_clear();
    let mut card = model.card().clone();
    let best = card
        .training
        .epochs
        .iter()
        .map(|epoch| epoch.measure)
        .fold(f64::INFINITY, f64::min);
    card.perplexity = perplexities(args, &windows, best);
    let line = |p: &Perplexity| format!("{:<28} perplexity {:.4}\n", p.model, p.value);
    let table: String = card.perplexity.iter().map(line).collect();
    model.with_card(card)?.save(run.output)?;
    if log::log_enabled!(log::Level::Info) {
        print(table)?;
    }
    Ok(())
}

fn read_windows(args: &PretrainArgs) -> Result<GenomeWindows> {
    let reference = Reference::open(&args.reference)?;
    let contigs = reference.contigs();
    let regions = match args.regions.is_empty() {
        true => IntervalSet::from_regions(contigs.iter().map(|contig| Region::new(&contig.name, 0, contig.length))),
        false => gather("--regions", &args.regions, contigs)?,
    };
    let (most, seed) = (args.most_windows as usize, args.training.seed);
    let rule = SplitRule::new(&args.validation, &[], contigs, seed)?;
    GenomeWindows::read(&reference, &regions, &rule, u64::from(args.length), most, seed)
}

/// What the card says about the windows.
fn examples(args: &PretrainArgs, windows: &GenomeWindows, training: usize) -> Examples {
    let mut digest = Sha256::new();
    let all = windows.training.iter().chain(&windows.validation);
    all.for_each(|codes| digest.update(codes));
    Examples {
        path: args.reference.display().to_string(),
        sha256: hex(&digest.finalize()),
        training,
        origin: json!({
            "regions": args.regions, "validation": args.validation, "objective": args.objective,
            "validation_windows": windows.validation.len(),
        }),
    }
}

/// The perplexity `own` of the model, and the perplexities of Markov chains on the same windows.
fn perplexities(args: &PretrainArgs, windows: &GenomeWindows, own: f64) -> Vec<Perplexity> {
    let own = Perplexity {
        model: format!("this model ({:?} base)", args.objective).to_lowercase(),
        bases: windows.validation.iter().map(Vec::len).sum(),
        value: own,
    };
    let chains = markov_perplexities(&windows.training, &windows.validation);
    std::iter::once(own).chain(chains).collect()
}
