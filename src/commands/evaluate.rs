//! `dvcall evaluate`: scores call sets against truth.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::outputs::{check_inputs_are_kept, make_room};
use super::progress::print;
use crate::benchmark::{Evaluation, Named, Options, Run, ScoreField, aligned, check_prefix, comparison, write_all};
use crate::cli::{EvaluateArgs, ScoreArg};

pub fn run(args: &EvaluateArgs) -> Result<()> {
    let mut threads = rayon::ThreadPoolBuilder::new();
    if let Some(count) = args.threads {
        threads = threads.num_threads(count.get());
    }
    let pool = threads.build().context("cannot start threads")?;
    pool.install(|| evaluate(args))
}

fn evaluate(args: &EvaluateArgs) -> Result<()> {
    let sets = call_sets(args)?;
    check_outputs(args, &sets)?;
    let evaluation = Evaluation::open(options(args))?;
    let mut runs = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        let sample = args.sample.as_deref().filter(|_| index == 0);
        log::debug!("comparing {} with {}", set.path.display(), args.truth.display());
        let run = evaluation.run(set.path.clone(), sample)?;
        warn(&run);
        runs.push(run);
    }
    let named: Vec<Named> = (sets.into_iter().zip(&runs))
        .map(|(set, run)| Named {
            name: set.name,
            run,
            seconds: set.seconds,
        })
        .collect();
    let files = write_all(&args.output, &evaluation, &named)?;
    let (headings, rows) = comparison(&named);
    for file in files {
        log::info!("wrote {}", file.display());
    }
    print(aligned(&headings, &rows))
}

fn check_outputs(args: &EvaluateArgs, sets: &[CallSetArg]) -> Result<()> {
    let outputs = check_prefix(&args.output)?;
    outputs.iter().try_for_each(|output| make_room(output).map(drop))?;
    let outputs: Vec<_> = outputs.into_iter().map(|output| ("--output", output)).collect();
    let paths = [&args.reference, &args.truth].into_iter();
    let paths = paths.chain(&args.confident).chain(&args.stratification);
    let mut inputs: Vec<&Path> = paths
        .chain(sets.iter().map(|set| &set.path))
        .map(PathBuf::as_path)
        .collect();
    inputs.extend(args.regions.iter().map(Path::new));
    check_inputs_are_kept(&outputs, &inputs)
}

fn options(args: &EvaluateArgs) -> Options {
    Options {
        reference: args.reference.clone(),
        truth: args.truth.clone(),
        confident: args.confident.clone(),
        regions: args.regions.clone(),
        stratification: args.stratification.clone(),
        truth_sample: args.truth_sample.clone(),
        phased: args.phased,
        score: match args.score {
            ScoreArg::Qual => ScoreField::Qual,
            ScoreArg::Gq => ScoreField::Gq,
        },
        ..Options::default()
    }
}

struct CallSetArg {
    name: String,
    path: PathBuf,
    seconds: Option<f64>,
}

/// The query and the call sets beside it, by their names.
fn call_sets(args: &EvaluateArgs) -> Result<Vec<CallSetArg>> {
    let query = (stem(&args.query), args.query.clone());
    let others = args.compare.iter().map(|text| match text.split_once('=') {
        Some((name, path)) => (name.to_owned(), PathBuf::from(path)),
        None => (stem(Path::new(text)), PathBuf::from(text)),
    });
    let mut sets: Vec<CallSetArg> = Vec::new();
    for (name, path) in std::iter::once(query).chain(others) {
        if sets.iter().any(|s| s.name == name) {
            bail!("two call sets are named '{name}'; give one another name with --compare NAME=VCF");
        }
        let seconds = args.runtime.iter().find(|r| r.0 == name).map(|r| r.1);
        sets.push(CallSetArg { name, path, seconds });
    }
    for (name, _) in &args.runtime {
        if sets.iter().all(|s| s.name != *name) {
            let known: Vec<_> = sets.iter().map(|s| s.name.as_str()).collect();
            bail!(
                "--runtime {name}: no call set of this name; there are {}",
                known.join(", ")
            );
        }
    }
    Ok(sets)
}

/// The name of a file without folder and endings.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    stem.strip_suffix(".vcf").unwrap_or(stem).to_owned()
}

fn warn(run: &Run) {
    let query = run.query.display();
    if run.without_truth > 0 {
        log::warn!(
            "{query}: {} calls are on contigs without truth and are not scored",
            run.without_truth
        );
    }
    if run.polyploid > 0 {
        log::warn!(
            "{query}: {} calls have more than two alleles and are not scored",
            run.polyploid
        );
    }
    if let Some(first) = run.too_dense.first() {
        log::warn!(
            "{query}: {} stretches are too dense to search and were compared by spelling; the first is {first}",
            run.too_dense.len()
        );
    }
}
