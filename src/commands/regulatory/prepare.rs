//! `dvcall regulatory prepare`: makes examples from peaks or sequences.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::cli::PrepareArgs;
use crate::genome::{IntervalSet, Reference};
use crate::output::{check_inputs_are_kept, ends_with, put_in_place, ready_file};
use crate::regulatory::{
    ExampleSet, NamedFile, PrepareOptions, SplitRule, from_peaks, from_sequences, match_table, read_fasta, read_table,
};
use crate::runtime::print;

/// Length of windows around peaks.
const WINDOW: usize = 500;

pub fn run(args: &PrepareArgs) -> Result<()> {
    ensure!(
        ends_with(&args.output, &["safetensors"]),
        "--output {}: the name of a set of examples must end in .safetensors",
        args.output.display()
    );
    let peaks = named("--peaks", &args.peaks)?;
    let single = args.table.iter().chain(&args.sequences).cloned().collect::<Vec<_>>();
    let single = named(if args.table.is_some() { "--table" } else { "--sequences" }, &single)?.pop();
    let table = args.output.with_extension("match.tsv");
    let outputs = [("--output", args.output.clone()), ("--output", table.clone())];
    let inputs = args.files().chain(peaks.iter().chain(&single).map(|file| &file.path));
    check_inputs_are_kept(&outputs, &inputs.map(|path| path.as_path()).collect::<Vec<&Path>>())?;
    let options = PrepareOptions {
        length: args.length.map_or(WINDOW, |length| length as usize),
        negatives: args.negatives,
        each: args.negatives_per_positive as usize,
        seed: args.seed,
    };
    let set = match &single {
        None => of_peaks(args, &peaks, &options)?,
        Some(file) => of_sequences(args, file, &options)?,
    };
    let matches = match_table(&set);
    put_in_place(vec![ready_file(&table, matches.as_bytes())?, set.ready(&args.output)?])?;
    if log::log_enabled!(log::Level::Info) {
        print(matches)?;
    }
    Ok(())
}

/// Files with the names of their tasks, none of which repeats.
fn named(flag: &str, texts: &[String]) -> Result<Vec<NamedFile>> {
    let files: Vec<NamedFile> = texts
        .iter()
        .map(|text| NamedFile::parse(text).with_context(|| format!("{flag} {text}")))
        .collect::<Result<_>>()?;
    for (rank, file) in files.iter().enumerate() {
        ensure!(
            files[..rank].iter().all(|other| other.name != file.name),
            "{flag}: two files have the task name '{}'; give each its own as NAME=FILE",
            file.name
        );
    }
    Ok(files)
}

fn of_peaks(args: &PrepareArgs, peaks: &[NamedFile], options: &PrepareOptions) -> Result<ExampleSet> {
    let path = args.reference.as_deref().context("--peaks needs --ref")?;
    let reference = Reference::open(path)?;
    let repeats = args.repeats.as_deref().map(IntervalSet::from_bed).transpose()?;
    let rule = SplitRule::new(&args.validation, &args.test, reference.contigs(), args.seed)?;
    let origin = json!({
        "reference": path, "peaks": peaks, "repeats": args.repeats, "negatives": args.negatives,
        "negatives_per_positive": options.each, "validation": args.validation, "test": args.test, "seed": args.seed,
    });
    from_peaks(&reference, peaks, repeats.as_ref(), &rule, options, origin)
}

fn of_sequences(args: &PrepareArgs, file: &NamedFile, options: &PrepareOptions) -> Result<ExampleSet> {
    let (sequences, test) = match &args.table {
        Some(_) => (
            read_table(&file.path)?,
            args.test_table.as_deref().map(read_table).transpose()?,
        ),
        None => {
            let mut sequences = read_fasta(&file.path, true)?;
            if let Some(background) = &args.background {
                sequences.extend(read_fasta(background, false)?);
            }
            (sequences, None)
        }
    };
    let origin = json!({
        "sequences": file, "background": args.background, "test": args.test_table,
        "negatives_per_positive": options.each, "seed": args.seed,
    });
    let length = args.length.map(|length| length as usize);
    from_sequences(&file.name, &sequences, test.as_deref(), length, options, origin)
}
