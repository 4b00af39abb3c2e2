//! Makes a set of examples from peaks.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::background::{draw, matched};
use super::peaks::Peaks;
use super::prepare::{LeftOut, MOST_UNKNOWN, NamedFile, Negatives, PrepareOptions, add_shuffled};
use super::set::{Added, Example, ExampleSet, SetBuilder};
use super::split::{Split, SplitRule};
use super::windows::{Content, WindowReader};
use crate::genome::{IntervalSet, Reference, Region};
use crate::model::Random;
use crate::regulatory::bases::unknown;
use crate::runtime::counted;

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
    let tasks = read_tasks(reference, files)?;
    let mut left_out = LeftOut::default();
    let windows = centred_windows(reference, &tasks, options.length as u64, &mut left_out);
    let names: Vec<&str> = reference.contigs().iter().map(|contig| contig.name.as_str()).collect();
    let all_tasks = files.iter().map(|file| file.name.clone()).collect();
    let owned = names.iter().map(|&name| name.to_owned()).collect();
    let mut preparation = Preparation {
        reference,
        names,
        rule,
        options,
        reader: WindowReader::new(reference, repeats)?,
        builder: SetBuilder::new(options.length, all_tasks, owned, origin),
        left_out,
    };
    let positives = preparation.add_positives(&windows, &tasks)?;
    match options.negatives {
        Negatives::Shuffled => add_shuffled(
            &mut preparation.builder,
            positives.iter().map(|(example, _)| example),
            options,
            &mut preparation.left_out,
        ),
        Negatives::Matched => preparation.add_matched(&windows, &tasks, &positives)?,
    }
    preparation.left_out.report();
    Ok(preparation.builder.finish())
}

/// Reads the peaks of each file. Warns of peaks on contigs that the reference lacks.
fn read_tasks(reference: &Reference, files: &[NamedFile]) -> Result<Vec<Peaks>> {
    let read = |file: &NamedFile| {
        let peaks = Peaks::read(&file.path, reference.contigs())?;
        if peaks.elsewhere > 0 {
            let (path, count) = (file.path.display(), counted(peaks.elsewhere, "peak"));
            log::warn!("{path}: not used: {count} on contigs that the reference lacks");
        }
        Ok(peaks)
    };
    files.iter().map(read).collect()
}

/// A set of examples in the making.
struct Preparation<'a> {
    reference: &'a Reference,
    /// Of the contigs.
    names: Vec<&'a str>,
    rule: &'a SplitRule,
    options: &'a PrepareOptions,
    reader: WindowReader<'a>,
    builder: SetBuilder,
    left_out: LeftOut,
}

impl Preparation<'_> {
    fn length(&self) -> u64 {
        self.options.length as u64
    }

    fn region(&self, window: &Centred) -> Region {
        Region::new(self.names[window.contig], window.start, window.start + self.length())
    }

    /// Adds the windows as positives. Returns the added ones, with their content.
    fn add_positives(&mut self, windows: &[Centred], tasks: &[Peaks]) -> Result<Vec<(Example, Content)>> {
        let mut positives = Vec::new();
        for window in windows {
            let Some((example, content)) = self.positive(window, tasks)? else {
                continue;
            };
            let added = self.builder.add(example.clone());
            self.left_out.note(added);
            if added == Added::Yes {
                positives.push((example, content));
            }
        }
        let length = self.length();
        ensure!(
            !positives.is_empty(),
            "no window of {length} bases around a peak can be used; see the reasons above"
        );
        Ok(positives)
    }

    /// The example of a window, unless it is left out.
    fn positive(&mut self, window: &Centred, tasks: &[Peaks]) -> Result<Option<(Example, Content)>> {
        let Region { contig, start, end } = &self.region(window);
        let Some(split) = self.rule.of_window(contig, *start, *end) else {
            self.left_out.add("that reach from one split into another");
            return Ok(None);
        };
        let read = self.reader.read(contig, *start, *end)?;
        if unknown(&read.codes) > MOST_UNKNOWN {
            self.left_out.add("with more than a tenth of unknown bases");
            return Ok(None);
        }
        let (content, lie_in) = (read.content(), |peaks: &Peaks| {
            u8::from(peaks.lie_in(contig, *start, *end))
        });
        let example = Example {
            codes: read.codes,
            labels: tasks.iter().map(lie_in).collect(),
            split,
            place: Some((window.contig, *start)),
            repeats: read.repeats,
        };
        Ok(Some((example, content)))
    }

    /// Adds windows away from all peaks as negatives, with the content of the positives.
    fn add_matched(&mut self, windows: &[Centred], tasks: &[Peaks], positives: &[(Example, Content)]) -> Result<()> {
        let length = self.length();
        let allowed = self.background(windows, tasks, positives);
        let mut random = Random::new(&[self.options.seed, 1]);
        let wanted = positives.len() * self.options.each;
        let (reference, rule) = (self.reference, self.rule);
        let drawn = draw(reference, &mut self.reader, &allowed, rule, length, wanted, &mut random)?;
        let contents: Vec<(Split, Content)> = positives.iter().map(|(e, content)| (e.split, *content)).collect();
        let (chosen, missing) = matched(&contents, &drawn, length, self.options.each, &mut random);
        if missing > 0 {
            log::warn!("{missing} of {wanted} negatives were not to be had, because too few windows match");
        }
        for (index, positive) in chosen {
            let place = &drawn[index];
            let window = self.reader.read(&place.contig, place.start, place.start + length)?;
            let contig = reference.contigs().position(&place.contig);
            let added = self.builder.add(Example {
                codes: window.codes,
                labels: vec![0; positives[positive].0.labels.len()],
                split: place.split,
                place: contig.map(|contig| (contig, place.start)),
                repeats: window.repeats,
            });
            self.left_out.note(added);
        }
        Ok(())
    }

    /// The contigs of the positives without the neighbourhood of all peaks.
    fn background(&self, windows: &[Centred], tasks: &[Peaks], positives: &[(Example, Content)]) -> IntervalSet {
        let peaks = tasks.iter().flat_map(|peaks| &peaks.peaks);
        let peaks = peaks.map(|peak| peak.region.clone());
        let near = widened(
            peaks.chain(windows.iter().map(|window| self.region(window))),
            self.length(),
        );
        let is_used = |rank: usize| {
            positives
                .iter()
                .any(|(example, _)| example.place.is_some_and(|(r, _)| r == rank))
        };
        let contigs = self.reference.contigs().iter().enumerate();
        let used = contigs.filter(|(rank, _)| is_used(*rank));
        IntervalSet::from_regions(used.map(|(_, c)| Region::new(&c.name, 0, c.length))).without(&near)
    }
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
