//! `dvcall evaluate`: scores call sets against a truth VCF.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use crate::cli::EvaluateArgs;
use crate::evaluate::{
    EvaluatedCallSet, Evaluation, EvaluationFiles, GivenUp, Named, Options, Query, ScoreField, Subset, aligned,
    by_ploidy, check_prefix, comparison,
};
use crate::formats::{is_input, shown};
use crate::output::{Lock, OutputFile, check_inputs_are_kept};
use crate::runtime::{counted, print};
use crate::variants::{ExcludedCalls, VariantReader};

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
    let _locks = check_outputs(args, &sets)?;
    let evaluation = Evaluation::open(options(args))?;
    let draft = EvaluationFiles::create(&args.output)?;
    let queries: Vec<Query> = sets.iter().map(CallSetArg::query).collect();
    let runs = evaluation.run(&queries, Some(&draft.annotated()))?;
    warn_of_truth(args, &evaluation, &runs);
    runs.iter().for_each(|run| warn(args, run));
    let named: Vec<Named> = (sets.into_iter().zip(&runs))
        .map(|(set, run)| Named {
            name: set.name,
            run,
            seconds: set.seconds,
        })
        .collect();
    let files = draft.finish(&evaluation, &named)?;
    let (headings, rows) = comparison(&named);
    for file in files {
        log::info!("wrote {}", file.display());
    }
    let mut text = aligned(&headings, &rows);
    if let Some((headings, rows)) = by_ploidy(&named) {
        text += &format!("\n{}", aligned(&headings, &rows));
    }
    print(text)
}

/// Fails early if an output cannot be written, or if another run writes it. Returns the locks of all outputs.
fn check_outputs(args: &EvaluateArgs, sets: &[CallSetArg]) -> Result<Vec<Arc<Lock>>> {
    let outputs = check_prefix(&args.output)?;
    let outputs: Vec<_> = outputs.into_iter().map(|output| ("--output", output)).collect();
    let paths = [&args.reference, &args.truth].into_iter();
    let paths = paths
        .chain(&args.confident)
        .chain(&args.stratification)
        .chain(&args.gates);
    let mut inputs: Vec<&Path> = paths
        .chain(sets.iter().map(|set| &set.path))
        .map(PathBuf::as_path)
        .collect();
    inputs.extend(args.regions.files());
    check_inputs_are_kept(&outputs, &inputs)?;
    outputs
        .iter()
        .map(|(_, output)| Ok(OutputFile::create(output)?.lock()))
        .collect()
}

fn options(args: &EvaluateArgs) -> Options {
    Options {
        reference: args.reference.clone(),
        truth: args.truth.clone(),
        confident: args.confident.clone(),
        regions: args.regions.choice(),
        stratification: args.stratification.clone(),
        gates: args.gates.clone(),
        truth_sample: args.truth_sample.clone(),
        use_filtered_truth: args.use_filtered_truth,
        phased: args.phased,
        score: args.score.clone(),
        score_step: args.score_step,
        ..Options::default()
    }
}

struct CallSetArg {
    name: String,
    path: PathBuf,
    sample: Option<String>,
    sample_flag: &'static str,
    seconds: Option<f64>,
}

impl CallSetArg {
    fn query(&self) -> Query {
        Query {
            path: self.path.clone(),
            sample: self.sample.clone(),
            sample_flag: self.sample_flag,
        }
    }
}

/// The query, followed by the `--compare` call sets.
fn call_sets(args: &EvaluateArgs) -> Result<Vec<CallSetArg>> {
    let mut sets: Vec<CallSetArg> = Vec::new();
    for (index, text) in std::iter::once(&args.query).chain(&args.compare).enumerate() {
        let (name, path) = named(text);
        if sets.iter().any(|s| s.name == name) {
            bail!("two call sets are named '{name}'; give one another name with --query or --compare NAME=VCF");
        }
        let own = args.compare_sample.iter().find(|s| s.0 == name && index > 0);
        let sample = match own {
            Some((_, sample)) => Some(sample.clone()),
            None if index == 0 => args.sample.clone(),
            None => shared_sample(&path, args.sample.as_deref())?,
        };
        sets.push(CallSetArg {
            sample_flag: if index == 0 {
                "--sample"
            } else {
                "--compare-sample NAME=SAMPLE"
            },
            seconds: args.runtime.iter().find(|r| r.0 == name).map(|r| r.1),
            name,
            path,
            sample,
        });
    }
    let check = |flag: &str, name: &str, sets: &[CallSetArg]| -> Result<()> {
        let names: Vec<_> = sets.iter().map(|s| s.name.as_str()).collect();
        ensure!(
            names.contains(&name),
            "{flag} {name}: no call set has this name; the names are {}",
            names.join(", ")
        );
        Ok(())
    };
    args.runtime.iter().try_for_each(|r| check("--runtime", &r.0, &sets))?;
    let mut compared = args.compare_sample.iter();
    compared.try_for_each(|s| check("--compare-sample", &s.0, &sets[1..]))?;
    Ok(sets)
}

/// Parses `NAME=VCF` or `VCF`. If the whole text is the path of an existing file, it holds no name.
fn named(text: &OsStr) -> (String, PathBuf) {
    let path = Path::new(text);
    match text.to_str().and_then(|text| text.split_once('=')) {
        Some((name, path)) if !name.is_empty() && !is_input(Path::new(text)) => (name.to_owned(), path.into()),
        _ => (stem(&shown(path)), path.to_owned()),
    }
}

/// The query's sample, if the file holds it among several samples.
fn shared_sample(path: &Path, sample: Option<&str>) -> Result<Option<String>> {
    let Some(sample) = sample else { return Ok(None) };
    let reader = VariantReader::open(path)?;
    let samples = reader.samples();
    Ok(samples.iter().find(|s| samples.len() > 1 && *s == sample).cloned())
}

/// The file name without folder, `.vcf` and `.gz`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    stem.strip_suffix(".vcf").unwrap_or(stem).to_owned()
}

/// Warns of truth records and strata that are not compared.
fn warn_of_truth(args: &EvaluateArgs, evaluation: &Evaluation, runs: &[EvaluatedCallSet]) {
    let Some(run) = runs.first() else { return };
    warn_of_left_out(&format!("truth {}", args.truth.display()), &run.truth_left_out);
    for (name, contigs) in evaluation.strata_elsewhere() {
        log::warn!("stratum '{name}' is not counted: all its contigs are missing in the reference ({contigs})");
    }
    let subsets = evaluation.subsets(run);
    let elsewhere: Vec<&str> = evaluation.strata_elsewhere().map(|(name, _)| name).collect();
    let is_empty = |subset: &&Subset| subset.is_empty_stratum() && !elsewhere.contains(&subset.name.as_str());
    let empty: Vec<String> = subsets
        .iter()
        .filter(is_empty)
        .map(|s| format!("'{}'", s.name))
        .collect();
    if !empty.is_empty() {
        log::warn!("strata without a base in the confident regions: {}", empty.join(", "));
    }
}

fn warn_of_left_out(file: &str, left_out: &ExcludedCalls) {
    for (reason, calls, first) in left_out.reasons() {
        let calls = counted(calls, "call");
        log::warn!(
            "{file}: not compared: {calls} {}; the first is at {first}",
            reason.described()
        );
    }
}

/// Warns of calls of a call set that are not compared.
fn warn(args: &EvaluateArgs, run: &EvaluatedCallSet) {
    let query = run.query.display();
    warn_of_left_out(&query.to_string(), &run.left_out);
    if args.score != ScoreField::Qual && run.scored == 0 && run.called > 0 {
        log::warn!(
            "{query}: no call has a number in {}, so there are no curves; give another field with --score",
            args.score.name()
        );
    }
    if run.without_truth > 0 {
        let calls = counted(run.without_truth as u64, "call");
        log::warn!("{query}: not compared: {calls} on contigs without truth");
    }
    if !run.given_up.is_empty() {
        const SHOWN: usize = 5;
        let sum = |count: fn(&GivenUp) -> usize| run.given_up.iter().map(count).sum::<usize>();
        let mut places: Vec<String> = run.given_up.iter().take(SHOWN).map(|g| g.region.to_string()).collect();
        if run.given_up.len() > SHOWN {
            places.push(format!(
                "and {} more (too_complex in the metrics)",
                run.given_up.len() - SHOWN
            ));
        }
        log::warn!(
            "{query}: not compared, because of too many ways to combine them: {} of truth and {} of the query at {}",
            counted(sum(|g| g.truth) as u64, "call"),
            counted(sum(|g| g.query) as u64, "call"),
            places.join(", ")
        );
    }
}
