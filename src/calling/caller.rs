//! Opens inputs and models, and calls every partition in genome order.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::spell::CalledAlleles;
use super::worker::{CalledPartition, Extras, Worker, chunks};
use crate::evidence::EvidenceSource;
use crate::genome::{PARTITION_FLANK, Partition};
use crate::library::{Library, LibrarySample};
use crate::model::{Cascades, Inference, Model, SampleEvidence, Tiers, parse_devices};
use crate::panel::{Panel, PanelRecord, within};
use crate::ploidy::{PloidyMap, PloidyOptions};
use crate::runtime::{Stage, StageCosts, Stopwatch, for_each_ordered};
use crate::variants::{Call, OverlapResolver};

/// Whether calls get tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierChoice {
    Off,
    /// If the only model has tiers.
    IfFitted,
    /// Fails without tiers.
    Required,
}

/// Options of the caller.
#[derive(Clone, Debug)]
pub struct CallingOptions {
    /// The caller averages the probabilities of these models. Empty: the built-in model.
    pub models: Vec<PathBuf>,
    /// Device of the network: `auto`, `cpu`, `cuda`, `cuda:N`, or several `cuda:N`, separated by commas.
    pub device: String,
    /// Pileups per batch of the network. Calls do not depend on it.
    pub batch_size: usize,
    /// Whether the cascade decides easy pileups without the pileup network.
    pub cascade: bool,
    /// Which reads the library is measured on. None: those of the whole file, or of the regions if it is at a URL.
    pub library_sample: Option<LibrarySample>,
    /// How many copies the sample has of each contig.
    pub ploidy: PloidyOptions,
    /// VCF or BCF whose alleles all get a call.
    pub alleles: Option<PathBuf>,
    /// Whether only the alleles of `alleles` get a call.
    pub only_alleles: bool,
    pub tiers: TierChoice,
    /// Number of worker threads. Calls do not depend on it.
    pub threads: usize,
}

impl Default for CallingOptions {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            device: "auto".to_owned(),
            batch_size: 128,
            cascade: true,
            library_sample: None,
            ploidy: PloidyOptions::default(),
            alleles: None,
            only_alleles: false,
            tiers: TierChoice::IfFitted,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// An evidence source and models, opened and checked.
pub struct Caller {
    pub source: EvidenceSource,
    pub library: Library,
    /// Which reads the library was measured on.
    pub library_sample: LibrarySample,
    pub ploidy: PloidyMap,
    /// The alleles that get a call in any case.
    pub panel: Option<Panel>,
    only_panel: bool,
    /// Gives calls their tiers.
    pub(super) tiers: Option<Tiers>,
    /// Name and checksum of each model.
    pub models: Vec<String>,
    /// Cost of opening the inputs and models.
    costs: StageCosts,
    pub(super) inference: Inference,
    pub(super) cascades: Option<Cascades>,
    pub(super) batch_size: usize,
    threads: usize,
}

impl Caller {
    /// Loads the models, and measures the library and the sex. `started` is the start of the run, for the stage costs.
    pub fn new(mut source: EvidenceSource, options: &CallingOptions, started: Instant) -> Result<Self> {
        let (mut clock, mut costs) = (Stopwatch::of_process(started), StageCosts::default());
        // While models load, torch would start a team of threads on all cores, which wait busily for one another.
        tch::set_num_threads(1);
        let devices = parse_devices(&options.device)?;
        let models = load(&options.models)?;
        let tiers = tiers(options.tiers, &models)?;
        let names: Vec<_> = models.iter().map(Model::identity).collect();
        names.iter().for_each(|name| log::debug!("model {name}"));
        let cascades: Option<Vec<_>> = models.iter().map(Model::cascade).collect::<Result<_>>()?;
        let cascades = cascades.map(Cascades::new).filter(|_| options.cascade);
        let read_panel = |path: &PathBuf| Panel::read(path, &source.reference, &source.regions);
        let panel = options.alleles.as_ref().map(read_panel).transpose()?;
        clock.lap(&mut costs, Stage::StartUp, 0);
        let library_sample = source.library_sample(options.library_sample);
        let library = source.measure_library(library_sample, options.threads)?;
        log::debug!("library: {library}");
        let sampled = (library_sample == LibrarySample::Regions).then_some(&source.regions);
        let (reference, reads) = (&source.reference, &source.reads);
        let ploidy = PloidyMap::new(&options.ploidy, reference, reads, &source.density, sampled)?;
        log::debug!("ploidy: {ploidy}");
        ploidy.warn_of_unknown_sex(&source.regions);
        clock.lap(&mut costs, Stage::Library, library.bases as usize);
        let inference = Inference::new(models, &devices)?;
        clock.lap(&mut costs, Stage::StartUp, 1);
        Ok(Self {
            source,
            library,
            library_sample,
            ploidy,
            panel,
            only_panel: options.only_alleles,
            tiers,
            models: names,
            costs,
            inference,
            cascades,
            batch_size: options.batch_size,
            threads: options.threads,
        })
    }

    /// Whether calls get tiers.
    pub fn has_tiers(&self) -> bool {
        self.tiers.is_some()
    }

    /// What tiers know of the whole sample.
    pub(super) fn sample_evidence(&self) -> SampleEvidence {
        SampleEvidence {
            noise: self.library.noise(),
            depth: self.source.depth,
        }
    }

    /// The library, and which reads it was measured on unless they are of the whole file.
    pub fn measured_library(&self) -> String {
        match self.library_sample {
            LibrarySample::Genome => self.library.to_string(),
            LibrarySample::Regions => format!("{}; from the regions only", self.library),
        }
    }

    /// Calls all regions in parallel, without the first `skipped` partitions, and passes partitions and calls to `sink`
    /// in genome order.
    pub fn run(&self, skipped: usize, extras: Extras, sink: &mut impl CallSink) -> Result<()> {
        sink.spent(self.costs);
        let mut partitions = self.source.partitions();
        partitions.retain(|partition| extras.coverage || !self.is_skipped(partition));
        let rest = partitions.split_off(skipped.min(partitions.len()));
        let mut buffer = CallBuffer::after(partitions.last(), self);
        let chunks = chunks(rest, self.threads, extras.reads);
        let worker = || Worker::new(self, extras);
        for_each_ordered(
            self.threads,
            chunks.into_iter(),
            worker,
            Worker::call,
            |(called, mut costs)| {
                let mut clock = Stopwatch::start();
                let calls = called.iter().map(|called| called.calls.len()).sum();
                called.into_iter().try_for_each(|called| buffer.add(called, sink))?;
                clock.lap(&mut costs, Stage::Writing, calls);
                sink.spent(costs);
                Ok(())
            },
        )?;
        buffer.finish(sink)
    }

    /// Whether the partition certainly gives no record, because it has no record of the panel.
    fn is_skipped(&self, partition: &Partition) -> bool {
        let panel = self.panel.as_ref().filter(|_| self.only_panel);
        panel.is_some_and(|panel| {
            let region = &partition.region;
            !panel.may_lie_within(&region.contig, region.start, region.end)
        })
    }

    /// Calls all regions, and passes the contig name and each call to `consume`, in genome order.
    pub fn for_each_call(&self, consume: impl FnMut(&str, &Call) -> Result<()>) -> Result<()> {
        self.run(0, Extras::default(), &mut Consumer(consume))
    }
}

/// Receives the caller's results in genome order.
pub trait CallSink {
    /// Receives the next partition. Its calls follow as soon as no later call can overlap them.
    fn partition(&mut self, called: CalledPartition) -> Result<()>;

    /// Receives the next call of a contig.
    fn call(&mut self, contig: &str, call: Call) -> Result<()>;

    /// Called when the sink has all calls of the partitions so far.
    fn flush(&mut self) -> Result<()>;

    /// Receives what the last partitions cost, and the opening before them.
    fn spent(&mut self, costs: StageCosts);
}

struct Consumer<F>(F);

impl<F: FnMut(&str, &Call) -> Result<()>> CallSink for Consumer<F> {
    fn partition(&mut self, _: CalledPartition) -> Result<()> {
        Ok(())
    }

    fn call(&mut self, contig: &str, call: Call) -> Result<()> {
        (self.0)(contig, &call)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn spent(&mut self, _: StageCosts) {}
}

/// Holds calls back until no later call can overlap them, and spells them as the panel does.
struct CallBuffer<'a> {
    caller: &'a Caller,
    contig: String,
    overlaps: OverlapResolver,
    resolved: Vec<Call>,
    /// See [`CalledPartition::outside`].
    outside: Vec<Call>,
    /// The records of the panel that the waiting and the next calls may have, up to `known`.
    records: Vec<PanelRecord>,
    known: u64,
    /// All records before this position of the contig are passed on.
    done: u64,
}

impl<'a> CallBuffer<'a> {
    /// The buffer after a partition whose calls are all passed on.
    fn after(last: Option<&Partition>, caller: &'a Caller) -> Self {
        Self {
            caller,
            contig: last.map_or_else(String::new, |last| last.region.contig.clone()),
            overlaps: OverlapResolver::default(),
            resolved: Vec::new(),
            outside: Vec::new(),
            records: Vec::new(),
            known: 0,
            done: last.map_or(0, |last| last.region.end),
        }
    }

    fn add(&mut self, mut called: CalledPartition, sink: &mut impl CallSink) -> Result<()> {
        let (calls, end) = (std::mem::take(&mut called.calls), called.partition.region.end);
        if called.partition.region.contig != self.contig {
            self.finish(sink)?;
            self.contig.clone_from(&called.partition.region.contig);
            (self.done, self.known) = (0, 0);
        }
        let new = called.records.drain(..).filter(|record| record.position >= self.known);
        self.records.extend(new);
        self.known = end + PARTITION_FLANK;
        self.outside.append(&mut called.outside);
        sink.partition(called)?;
        for call in calls {
            self.resolved.append(&mut self.overlaps.push(call));
        }
        self.resolved.append(&mut self.overlaps.release(end));
        match self.overlaps.is_holding() {
            true => Ok(()),
            false => {
                self.pass_on(end, sink)?;
                sink.flush()
            }
        }
    }

    /// Passes on the waiting calls at the end of a contig.
    fn finish(&mut self, sink: &mut impl CallSink) -> Result<()> {
        self.resolved.append(&mut self.overlaps.finish());
        self.pass_on(u64::MAX, sink)
    }

    /// Passes on the records before `end`.
    fn pass_on(&mut self, end: u64, sink: &mut impl CallSink) -> Result<()> {
        let mut calls = std::mem::take(&mut self.resolved);
        if self.caller.panel.is_some() {
            calls = self.spelled(calls, end);
        }
        self.outside.clear();
        self.records.retain(|record| record.position + PARTITION_FLANK >= end);
        self.done = end;
        calls.into_iter().try_for_each(|call| sink.call(&self.contig, call))
    }

    /// The records of the panel from `done` to `end`, and the calls of other alleles.
    fn spelled(&self, mut calls: Vec<Call>, end: u64) -> Vec<Call> {
        let own = calls.len();
        calls.extend(self.outside.iter().cloned());
        let alleles = CalledAlleles::new(&calls);
        let ploidy = |position| self.caller.ploidy.at(&self.contig, position);
        let records = within(&self.records, self.done, end);
        let mut spelled = Vec::new();
        if !self.caller.only_panel {
            // Records that begin outside may have normalized alleles here.
            let first = self.done.saturating_sub(PARTITION_FLANK);
            let near = within(&self.records, first, end.saturating_add(PARTITION_FLANK));
            let mut free = alleles.without(near.iter());
            free.truncate(own);
            spelled.extend(free.into_iter().flatten());
        }
        spelled.extend(
            records
                .iter()
                .map(|record| alleles.record(record, ploidy(record.position))),
        );
        spelled.sort_by_key(|call| call.position);
        spelled
    }
}

/// The tiers of the only model, if they are asked for.
fn tiers(choice: TierChoice, models: &[Model]) -> Result<Option<Tiers>> {
    let fitted = |model: &Model| model.card().tiers.clone();
    match (choice, models) {
        (TierChoice::Off, _) => return Ok(None),
        (TierChoice::IfFitted, [model]) => return Ok(fitted(model)),
        (TierChoice::IfFitted, _) => return Ok(None),
        (TierChoice::Required, _) => {}
    }
    let [model] = models else {
        bail!(
            "--tiers: tiers are fitted to one model, and {} are given; give one --model",
            models.len()
        );
    };
    let tiers = fitted(model).with_context(|| {
        format!(
            "--tiers: the model {} has no tiers; fit them with: dvcall calibrate --tiers",
            model.name()
        )
    })?;
    Ok(Some(tiers))
}

pub(super) fn load(models: &[PathBuf]) -> Result<Vec<Model>> {
    match models {
        [] => Ok(vec![Model::builtin()?]),
        paths => paths.iter().map(|path| Model::load(path)).collect(),
    }
}
