//! `dvcall validate`: calls and scores benchmark sets, and compares them with the accepted state.

use std::fmt;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use jiff::{Timestamp, Unit};
use serde_json::Value;

use super::{call, evaluate};
use crate::cli::{Cli, Command, ValidateArgs};
use crate::output::{VCF_INDEXES, check_inputs_are_kept, indexes, write_file};
use crate::report::{Report, SampleChoice};
use crate::runtime::{counted, print};
use crate::validation::{
    Breakdown, History, Inputs, Page, Plan, PlannedSet, Quality, Repeat, Run, RunState, State, TierScore, TypeScore,
    errors_of, findings, records_digest, sha256_of, write_page,
};

/// The outcome is worse than the accepted state. The process ends with [`Worse::EXIT_CODE`].
#[derive(Debug)]
pub struct Worse(String);

impl Worse {
    pub const EXIT_CODE: i32 = 3;
}

impl fmt::Display for Worse {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Worse {}

pub fn run(args: &ValidateArgs) -> Result<()> {
    let plan = Plan::read(&args.plan)?;
    let outputs = ["validation.json", "validation.html"].map(|name| ("--output", args.output.join(name)));
    check_inputs_are_kept(&outputs, &[&args.plan, &plan.accepted, &plan.history])?;
    let accepted = State::read(&plan.accepted)?;
    let mut history = History::read(&plan.history)?;
    fs::create_dir_all(&args.output).with_context(|| format!("cannot make {}", args.output.display()))?;
    // An outcome of an earlier validation must not stand beside the calls of this one.
    for (_, output) in &outputs {
        remove(output)?;
    }
    let (mut states, mut breakdowns) = (Vec::new(), Vec::new());
    for run in plan.runs() {
        let validation = Validation {
            plan: &plan,
            args,
            set: run.set,
            name: run.name(),
        };
        log::info!("{}: calling and scoring", validation.name);
        let state = validation
            .state(&run)
            .with_context(|| format!("run '{}'", validation.name))?;
        breakdowns.push(Breakdown::read(&validation.file(".scores.extended.csv"))?);
        states.push(state);
    }
    let date = Timestamp::now().round(Unit::Second)?.to_string();
    let state = State::new(&plan.name, date, states);
    let found = findings(&state, accepted.as_ref(), plan.significance);
    let failures: Vec<String> = (found.iter().filter(|finding| finding.is_failure))
        .map(|finding| format!("{}: {}", finding.run, finding.text))
        .collect();
    history.add(&state, failures.is_empty());
    let page = Page {
        plan: &plan,
        state: &state,
        accepted: accepted.as_ref().map(|state| state.date.as_str()),
        findings: &found,
        history: &history,
        breakdowns: &breakdowns,
    };
    let mut html = Vec::new();
    write_page(&mut html, &page)?;
    write_file(&args.output.join("validation.html"), &html)?;
    state.write(&args.output.join("validation.json"))?;
    history.write(&plan.history)?;
    tell(args, &plan, state, accepted.is_some(), &failures)
}

/// Prints the outcome, and accepts it if asked for. Fails if something got worse and is not accepted.
fn tell(args: &ValidateArgs, plan: &Plan, state: State, is_compared: bool, failures: &[String]) -> Result<()> {
    for failure in failures {
        log::warn!("{failure}");
    }
    log::info!("wrote {}", args.output.join("validation.html").display());
    if args.accept {
        state.without_commands().write(&plan.accepted)?;
        return print(format!("accepted: {}\n", plan.accepted.display()));
    }
    match (failures.is_empty(), is_compared) {
        (false, _) => bail!(Worse(format!(
            "{} is worse than the accepted state in {}; see {}, and accept it with --accept if it is right",
            plan.name,
            counted(failures.len() as u64, "point"),
            args.output.join("validation.html").display()
        ))),
        (true, true) => print("passed: no worse than the accepted state\n".to_owned()),
        (true, false) => print("no accepted state to compare with; accept this one with --accept\n".to_owned()),
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// One run of a validation.
struct Validation<'a> {
    plan: &'a Plan,
    args: &'a ValidateArgs,
    set: &'a PlannedSet,
    name: String,
}

impl Validation<'_> {
    fn file(&self, ending: &str) -> PathBuf {
        self.args.output.join(format!("{}{ending}", self.name))
    }

    /// Calls, scores, and collects what came of it.
    fn state(&self, run: &Run) -> Result<RunState> {
        let (mut commands, mut inputs, mut quality) = (Vec::new(), self.inputs()?, Quality::default());
        let (calls, mut repeats) = (self.calls(), Vec::new());
        if self.set.calls.is_none() {
            let call = self.call_command(run, &calls, self.args.threads);
            run_call(&call)?;
            commands.push(call.join(" "));
            self.add_summary(&mut inputs, &mut quality)?;
        }
        let records = records_digest(&calls)?;
        if run.fraction.is_none() {
            for &threads in &self.set.repeats {
                let same = self.repeat(run, threads)? == records;
                repeats.push(Repeat { threads, same });
            }
        }
        let (evaluate, tiers) = (self.evaluate_command(&calls)?, self.file(".scores.tiers.csv"));
        // Calls without tiers write no table, and leave that of an earlier validation.
        remove(&tiers)?;
        run_evaluate(&evaluate)?;
        commands.push(evaluate.join(" "));
        add_figures(&mut quality, &calls, self.set.sample.as_ref())?;
        Ok(RunState {
            name: self.name.clone(),
            commands,
            inputs,
            records,
            repeats,
            tiers: TierScore::read(&tiers)?,
            scores: scores(&Breakdown::read(&self.file(".scores.extended.csv"))?),
            quality,
            errors: errors_of(&self.file(".scores.vcf.gz"))?,
        })
    }

    fn calls(&self) -> PathBuf {
        self.set.calls.clone().unwrap_or_else(|| self.file(".calls.vcf.gz"))
    }

    /// Checksums of the files that are read whole.
    fn inputs(&self) -> Result<Inputs> {
        let set = self.set;
        let mut inputs = Inputs::new();
        let files = [
            ("reference", Some(self.plan.reference_of(set)?)),
            ("truth", Some(set.truth.as_path())),
            ("confident regions", set.confident.as_deref()),
            ("strata", set.stratification.as_deref()),
            ("gates", set.gates.as_deref()),
        ];
        for (kind, file) in files {
            if let Some(file) = file {
                inputs.insert(kind.to_owned(), sha256_of(file)?);
            }
        }
        Ok(inputs)
    }

    /// Checksums and figures from the summary of `dvcall call`.
    fn add_summary(&self, inputs: &mut Inputs, quality: &mut Quality) -> Result<()> {
        let path = self.file(".summary.json");
        let file = fs::File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let summary: Value = serde_json::from_reader(BufReader::new(file))?;
        let origin = &summary["origin"];
        let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let list = |values: &Value, of: &dyn Fn(&Value) -> String| -> String {
            let all: Vec<String> = values.as_array().into_iter().flatten().map(of).collect();
            all.join(" ")
        };
        let of_reads = |reads: &Value| format!("{} ({} bytes)", words(&reads["header_sha256"]), reads["bytes"]);
        inputs.insert("reads".into(), list(&origin["reads"], &of_reads));
        inputs.insert("model".into(), list(&origin["models"], &words));
        inputs.insert("regions".into(), words(&origin["regions"]["sha256"]));
        quality.depth = summary["depth"].as_f64();
        quality.library_errors = summary["library"]["systematic_errors"].as_f64().map(|rate| rate * 1e4);
        Ok(())
    }

    fn call_command(&self, run: &Run, output: &Path, threads: Option<u16>) -> Vec<String> {
        let set = self.set;
        let mut words = self.words("call");
        for reads in &set.reads {
            words.extend(["--reads".into(), reads.display().to_string()]);
        }
        words.extend(["--output".into(), output.display().to_string()]);
        words.extend(["--summary".into(), self.file(".summary.json").display().to_string()]);
        let flags = [
            ("--sample", set.sample.clone()),
            ("--gates", set.gates.as_ref().map(|gates| gates.display().to_string())),
            ("--threads", threads.map(|threads| threads.to_string())),
            ("--downsample", run.fraction.map(|fraction| fraction.to_string())),
        ];
        words.extend(given(flags));
        words.extend(self.plan.call.iter().chain(&set.call).cloned());
        words
    }

    fn evaluate_command(&self, calls: &Path) -> Result<Vec<String>> {
        let set = self.set;
        let mut words = self.words("evaluate");
        words.extend(["--truth".into(), set.truth.display().to_string()]);
        words.extend(["--query".into(), format!("{}={}", self.name, calls.display())]);
        words.extend(["--output".into(), self.file(".scores").display().to_string()]);
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        words.extend(given([
            ("--confident", path(&set.confident)),
            ("--stratification", path(&set.stratification)),
            ("--gates", path(&set.gates)),
            ("--threads", self.args.threads.map(|threads| threads.to_string())),
        ]));
        words.extend(self.plan.evaluate.iter().chain(&set.evaluate).cloned());
        Ok(words)
    }

    /// The words that both commands begin with.
    fn words(&self, command: &str) -> Vec<String> {
        let reference = self.set.reference.as_ref().or(self.plan.reference.as_ref());
        let mut words = vec!["dvcall".to_owned(), command.to_owned()];
        words.extend(given([("--ref", reference.map(|path| path.display().to_string()))]));
        for region in &self.set.regions {
            words.extend(["--regions".into(), region.clone()]);
        }
        words
    }

    /// Calls again with so many threads, and returns the digest of the records.
    fn repeat(&self, run: &Run, threads: u16) -> Result<String> {
        let calls = self.file(".repeat.vcf.gz");
        run_call(&self.call_command(run, &calls, Some(threads)))?;
        let digest = records_digest(&calls)?;
        indexes(&calls, VCF_INDEXES)
            .chain([calls.clone()])
            .try_for_each(|file| remove(&file))?;
        Ok(digest)
    }
}

/// The flags that have a value.
fn given<const N: usize>(flags: [(&str, Option<String>); N]) -> impl Iterator<Item = String> {
    flags
        .into_iter()
        .filter_map(|(flag, value)| Some([flag.to_owned(), value?]))
        .flatten()
}

fn parsed(words: &[String]) -> Result<Command> {
    let cli = Cli::try_parse_from(words);
    let cli = cli.map_err(|error| anyhow::anyhow!("{}", error.render().to_string().trim().replace('\n', " ")));
    Ok(cli
        .with_context(|| format!("in the plan: {}", words.join(" ")))?
        .command)
}

fn run_call(words: &[String]) -> Result<()> {
    match parsed(words)? {
        Command::Call(args) => call::run(&args),
        _ => bail!("in the plan: {} is no call", words.join(" ")),
    }
}

fn run_evaluate(words: &[String]) -> Result<()> {
    match parsed(words)? {
        Command::Evaluate(args) => evaluate::run(&args),
        _ => bail!("in the plan: {} is no evaluation", words.join(" ")),
    }
}

/// The counts of all variants of each type.
fn scores(rows: &[Breakdown]) -> Vec<TypeScore> {
    let whole = rows.iter().filter(|row| row.is_whole());
    let score = |row: &Breakdown| TypeScore {
        variant_type: row.variant_type.clone(),
        truth: row.truth,
        found: row.found(),
        missed: row.missed,
        wrong: row.wrong,
    };
    whole.map(score).collect()
}

/// Figures of the calls that pass.
fn add_figures(quality: &mut Quality, calls: &Path, sample: Option<&String>) -> Result<()> {
    let names: Vec<String> = sample.into_iter().cloned().collect();
    let choice = match names.is_empty() {
        true => SampleChoice::First(1),
        false => SampleChoice::Named(&names),
    };
    let report = Report::read(calls, &choice)?;
    if let Some(sample) = report.samples.first() {
        quality.ti_tv = sample.passed.ti_tv();
        quality.het_hom = sample.passed.total().het_hom();
        quality.low_gq = sample.passed.genotype_quality.quantile(0.1).map(|gq| gq as f64);
        quality.median_gq = sample.passed.genotype_quality.median().map(|gq| gq as f64);
    }
    Ok(())
}
