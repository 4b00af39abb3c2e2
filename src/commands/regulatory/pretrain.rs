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
    let reference = Reference::open(&args.reference)?;
    let contigs = reference.contigs();
    let regions = match args.regions.is_empty() {
        true => IntervalSet::from_regions(contigs.iter().map(|contig| Region::new(&contig.name, 0, contig.length))),
        false => gather("--regions", &args.regions, contigs)?,
    };
    let rule = SplitRule::new(&args.validation, &[], contigs, args.training.seed)?;
    let (length, most, seed) = (u64::from(args.length), args.most_windows as usize, args.training.seed);
    let windows = GenomeWindows::read(&reference, &regions, &rule, length, most, seed)?;
    let shape = args
        .training
        .shape
        .shape(args.training.architecture.unwrap_or(Architecture::Convolution));
    let lesson = Language::new(&windows, args.objective, &shape, seed)?;
    tch::set_num_threads(1);
    let mut digest = Sha256::new();
    windows
        .training
        .iter()
        .chain(&windows.validation)
        .for_each(|codes| digest.update(codes));
    let run = TrainingRun {
        options: args.training.options(shape)?,
        output: &output.place,
        examples: Examples {
            path: args.reference.display().to_string(),
            sha256: hex(&digest.finalize()),
            training: lesson.examples(),
            origin: json!({
                "regions": args.regions, "validation": args.validation, "objective": args.objective,
                "validation_windows": windows.validation.len(),
            }),
        },
        tasks: Vec::new(),
        length: args.length as usize,
        init_from: None,
        resume: args.training.resume,
        threads: args.training.threads(),
        device,
        notes: args.training.notes.clone(),
    };
    log::info!(
        "{} of {length} bases to learn from, {} to validate on, {device:?}, {}",
        counted(run.examples.training as u64, "window"),
        windows.validation.len(),
        counted(run.threads as u64, "thread"),
    );
    let mut progress = Progress::new(
        (run.examples.training as u64).max(run.options.epoch_examples as u64),
        lesson.measure(),
    );
    let model = train(&run, &lesson, &mut |event| progress.tell(event))?;
    progress.bar.finish_and_clear();
    let mut card = model.card().clone();
    let best = card
        .training
        .epochs
        .iter()
        .map(|epoch| epoch.measure)
        .fold(f64::INFINITY, f64::min);
    card.perplexity = vec![Perplexity {
        model: format!("this model ({:?} base)", args.objective).to_lowercase(),
        bases: windows.validation.iter().map(Vec::len).sum(),
        value: best,
    }];
    card.perplexity
        .extend(markov_perplexities(&windows.training, &windows.validation));
    let table: String = card
        .perplexity
        .iter()
        .map(|p| format!("{:<28} perplexity {:.4}\n", p.model, p.value))
        .collect();
    model.with_card(card)?.save(run.output)?;
    if log::log_enabled!(log::Level::Info) {
        print(table)?;
    }
    Ok(())
}
