//! Makes a set of examples from peaks, or from sequences.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use super::background::{draw, matched};
use super::peaks::Peaks;
use super::set::{Added, Example, ExampleSet, SetBuilder};
use super::shuffle::shuffle_dinucleotides;
use super::split::{Split, SplitRule, of_sequence};
use super::text::{LabelledSequence, fitted};
use super::windows::{Content, WindowReader};
use crate::genome::{IntervalSet, Reference, Region};
use crate::model::Random;
use crate::regulatory::bases::{UNKNOWN, canonical, unknown};
use crate::runtime::counted;

/// The largest fraction of unknown bases in a positive.
const MOST_UNKNOWN: f64 = 0.1;

/// What takes the place of sequences that are not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Negatives {
    /// Windows of the reference away from all peaks, with the GC and the repeats of the positives
    Matched,
    /// The positives with their bases in random order, which keeps their dinucleotides
    Shuffled,
}

/// A file with the name of its task.
#[derive(Clone, Debug, Serialize)]
pub struct NamedFile {
    pub name: String,
    pub path: PathBuf,
}

/// How examples are made.
pub struct PrepareOptions {
    pub length: usize,
    pub negatives: Negatives,
    /// Number of negatives for each positive.
    pub each: usize,
    pub seed: u64,
}

/// How many sequences were left out, by reason.
#[derive(Default)]
struct LeftOut(BTreeMap<&'static str, u64>);

impl LeftOut {
    fn add(&mut self, reason: &'static str) {
        *self.0.entry(reason).or_default() += 1;
    }

    fn report(&self) {
        for (reason, &count) in &self.0 {
            log::warn!("left out: {} {reason}", counted(count, "sequence"));
        }
    }

    /// Counts an example that was not added.
    fn note(&mut self, added: Added) {
        match added {
            Added::Yes => {}
            Added::Repeated => self.add("that came before, on this or the other strand"),
            Added::InOtherSplit => self.add("that another split has, on this or the other strand"),
        }
    }
}

/// A window around a summit.
struct Centred {
    contig: usize,
    start: u64,
}

/// Makes examples from the peaks of one or several files, each of which is a task.
pub fn from_peaks(
    reference: &Reference,
    files: &[NamedFile],
    repeats: Option<&IntervalSet>,
    rule: &SplitRule,
    options: &PrepareOptions,
    origin: Value,
) -> Result<ExampleSet> {
    let contigs = reference.contigs();
    let length = options.length as u64;
    let mut left_out = LeftOut::default();
    let tasks: Vec<Peaks> = files
        .iter()
        .map(|file| Peaks::read(&file.path, contigs))
        .collect::<Result<_>>()?;
    for (file, peaks) in files.iter().zip(&tasks) {
        if peaks.elsewhere > 0 {
            let count = counted(peaks.elsewhere, "peak");
            log::warn!(
                "{}: not used: {count} on contigs that the reference lacks",
                file.path.display()
            );
        }
    }
    let windows = centred_windows(reference, &tasks, length, &mut left_out);
    let names: Vec<String> = contigs.iter().map(|contig| contig.name.clone()).collect();
    let all_tasks = files.iter().map(|file| file.name.clone()).collect();
    let mut builder = SetBuilder::new(options.length, all_tasks, names.clone(), origin);
    let mut reader = WindowReader::new(reference, repeats)?;
    let (mut positives, mut windows_of_peaks) = (Vec::new(), Vec::new());
    for Centred { contig, start } in windows {
        let name = &names[contig];
        windows_of_peaks.push(Region::new(name, start, start + length));
        let Some(split) = rule.of_window(name, start, start + length) else {
            left_out.add("that reach from one split into another");
            continue;
        };
        let window = reader.read(name, start, start + length)?;
        if unknown(&window.codes) > MOST_UNKNOWN {
            left_out.add("with more than a tenth of unknown bases");
            continue;
        }
        let content = window.content();
        let lie_in = |peaks: &Peaks| u8::from(peaks.lie_in(name, start, start + length));
        let labels = tasks.iter().map(lie_in).collect();
        let example = Example {
            codes: window.codes,
            labels,
            split,
            place: Some((contig, start)),
            repeats: window.repeats,
        };
        let added = builder.add(example.clone());
        left_out.note(added);
        if added == Added::Yes {
            positives.push((example, content));
        }
    }
    ensure!(
        !positives.is_empty(),
        "no window of {length} bases around a peak can be used; see the reasons above"
    );
    match options.negatives {
        Negatives::Shuffled => add_shuffled(&mut builder, positives.iter().map(|p| &p.0), options, &mut left_out),
        Negatives::Matched => {
            let peaks = tasks
                .iter()
                .flat_map(|peaks| &peaks.peaks)
                .map(|peak| peak.region.clone());
            let near = widened(peaks.chain(windows_of_peaks), length);
            let used = contigs
                .iter()
                .filter(|c| positives.iter().any(|(e, _)| names_contig(e, &names, &c.name)));
            let allowed = IntervalSet::from_regions(used.map(|c| Region::new(&c.name, 0, c.length))).without(&near);
            add_matched(
                &mut builder,
                reference,
                &mut reader,
                &allowed,
                rule,
                &positives,
                options,
                &mut left_out,
            )?;
        }
    }
    left_out.report();
    Ok(builder.finish())
}

fn names_contig(example: &Example, names: &[String], contig: &str) -> bool {
    example.place.is_some_and(|(rank, _)| names[rank] == contig)
}

/// Windows around all summits, in the order of the genome. A summit that is in the window before it gets none.
fn centred_windows(reference: &Reference, tasks: &[Peaks], length: u64, left_out: &mut LeftOut) -> Vec<Centred> {
    let contigs = reference.contigs();
    let peaks = tasks.iter().flat_map(|peaks| &peaks.peaks);
    let mut summits: Vec<(usize, u64)> = peaks
        .filter_map(|peak| Some((contigs.position(&peak.region.contig)?, peak.summit)))
        .collect();
    summits.sort_unstable();
    let lengths: Vec<u64> = contigs.iter().map(|contig| contig.length).collect();
    let mut windows: Vec<Centred> = Vec::new();
    for (contig, summit) in summits {
        let Some(start) = summit
            .checked_sub(length / 2)
            .filter(|start| start + length <= lengths[contig])
        else {
            left_out.add("that reach beyond the end of a contig");
            continue;
        };
        let is_seen = |last: &Centred| last.contig == contig && summit < last.start + length;
        if !windows.last().is_some_and(is_seen) {
            windows.push(Centred { contig, start });
        }
    }
    windows
}

/// The regions with `margin` bases on both sides.
fn widened(regions: impl Iterator<Item = Region>, margin: u64) -> IntervalSet {
    IntervalSet::from_regions(regions.map(|r| Region::new(r.contig, r.start.saturating_sub(margin), r.end + margin)))
}

#[allow(clippy::too_many_arguments)]
fn add_matched(
    builder: &mut SetBuilder,
    reference: &Reference,
    reader: &mut WindowReader,
    allowed: &IntervalSet,
    rule: &SplitRule,
    positives: &[(Example, Content)],
    options: &PrepareOptions,
    left_out: &mut LeftOut,
) -> Result<()> {
    let length = options.length as u64;
    let mut random = Random::new(&[options.seed, 1]);
    let wanted = positives.len() * options.each;
    let drawn = draw(reference, reader, allowed, rule, length, wanted, &mut random)?;
    let contents: Vec<(Split, Content)> = positives.iter().map(|(e, content)| (e.split, *content)).collect();
    let (chosen, missing) = matched(&contents, &drawn, length, options.each, &mut random);
    if missing > 0 {
        log::warn!(
            "{} of {wanted} negatives were not to be had, because too few windows match",
            missing
        );
    }
    for (index, positive) in chosen {
        let place = &drawn[index];
        let window = reader.read(&place.contig, place.start, place.start + length)?;
        let added = builder.add(Example {
            codes: window.codes,
            labels: vec![0; positives[positive].0.labels.len()],
            split: place.split,
            place: reference
                .contigs()
                .position(&place.contig)
                .map(|contig| (contig, place.start)),
            repeats: window.repeats,
        });
        left_out.note(added);
    }
    Ok(())
}

fn add_shuffled<'a>(
    builder: &mut SetBuilder,
    positives: impl Iterator<Item = &'a Example>,
    options: &PrepareOptions,
    left_out: &mut LeftOut,
) {
    for (index, positive) in positives.enumerate() {
        let mut random = Random::new(&[options.seed, 2, index as u64]);
        for _ in 0..options.each {
            left_out.note(builder.add(Example {
                codes: shuffle_dinucleotides(&positive.codes, &mut random),
                labels: vec![0; positive.labels.len()],
                place: None,
                ..positive.clone()
            }));
        }
    }
}

/// Makes examples of one task from sequences. Those of `test` test, and the others train or validate. Without `test`,
/// a tenth of `sequences` tests. A split without negatives gets shuffled positives.
pub fn from_sequences(
    task: &str,
    sequences: &[LabelledSequence],
    test: Option<&[LabelledSequence]>,
    length: Option<usize>,
    options: &PrepareOptions,
    origin: Value,
) -> Result<ExampleSet> {
    let all = test.unwrap_or_default().iter().chain(sequences);
    let first = all.clone().next().map_or(0, |sequence| sequence.codes.len());
    if length.is_none()
        && let Some(other) = all.clone().find(|sequence| sequence.codes.len() != first)
    {
        bail!(
            "the sequences have different lengths, such as {first} and {}; give --length to cut or pad them around \
             their middle",
            other.codes.len()
        );
    }
    let length = length.unwrap_or(first);
    ensure!(length > 0, "the first sequence has no base");
    ensure!(
        all.clone().any(|s| s.is_bound),
        "no sequence is bound, so there is nothing to learn"
    );
    let mut left_out = LeftOut::default();
    let mut builder = SetBuilder::new(length, vec![task.to_owned()], Vec::new(), origin);
    for (group, split) in [(test.unwrap_or_default(), Some(Split::Test)), (sequences, None)] {
        let mut positives = Vec::new();
        for LabelledSequence { codes, is_bound } in group {
            let codes = fitted(codes, length, UNKNOWN);
            if unknown(&codes) > MOST_UNKNOWN {
                left_out.add("with more than a tenth of unknown bases");
                continue;
            }
            let by_chance = || of_sequence(&canonical(&codes), options.seed, test.is_none());
            let example = Example {
                labels: vec![u8::from(*is_bound)],
                split: split.unwrap_or_else(by_chance),
                place: None,
                repeats: 0.0,
                codes,
            };
            let added = builder.add(example.clone());
            left_out.note(added);
            if added == Added::Yes && *is_bound {
                positives.push(example);
            }
        }
        if group.iter().all(|sequence| sequence.is_bound) {
            add_shuffled(&mut builder, positives.iter(), options, &mut left_out);
        }
    }
    left_out.report();
    let set = builder.finish();
    ensure!(
        set.examples.iter().any(Example::is_positive),
        "no bound sequence can be used; see the reasons above"
    );
    Ok(set)
}

impl NamedFile {
    /// Parses `NAME=FILE` or `FILE`, whose name up to the first dot names the task.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) if !name.contains('/') => (name.to_owned(), PathBuf::from(path)),
            _ => {
                let path = PathBuf::from(text);
                let file = path
                    .file_name()
                    .context("not the name of a file")?
                    .to_string_lossy()
                    .into_owned();
                (file.split('.').next().unwrap_or_default().to_owned(), path)
            }
        };
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        ensure!(
            !name.is_empty() && name.chars().all(is_allowed),
            "'{name}' cannot name a task; give NAME=FILE, with a name of letters, digits, '_', '-' and '.'"
        );
        Ok(Self { name, path })
    }
}
