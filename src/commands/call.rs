//! `dvcall call`: reads in, VCF out, in one pass.

use std::time::Instant;

use anyhow::Result;

use super::call_worker::{CalledPartition, Worker, chunks};
use super::evidence::EvidenceSource;
use super::ordered::for_each_ordered;
use super::progress::{peak_memory, progress_bar};
use super::staged::{StagedFile, make_room};
use super::timings::{Stage, Stopwatch, Timings};
use crate::cli::CallArgs;
use crate::model::{Cascades, Inference, Model, parse_devices};
use crate::reads::RealignedReadsWriter;
use crate::variants::{Call, CallSummary, OverlapResolver, VcfHeader, VcfWriter};

pub fn run(args: &CallArgs) -> Result<()> {
    let started = Instant::now();
    let source = EvidenceSource::open(&args.input, &args.evidence)?;
    let models = load_models(args)?;
    // Before the output is begun: without libtorch the process ends here, and what is begun would stay.
    let cascades: Option<Vec<_>> = models.iter().map(Model::cascade).collect::<Result<_>>()?;
    let cascades = cascades.map(Cascades::new).filter(|_| !args.no_cascade);
    let mut output = Output::create(args, &source, &models)?;
    let inference = Inference::new(models, &parse_devices(&args.device)?)?;
    Stopwatch::of_process(started).lap(&mut output.timings, Stage::StartUp, 1);

    let progress = progress_bar(source.regions.bases(), "bases");
    let keeps_reads = output.realigned_reads.is_some();
    let batch_size = args.batch_size as usize;
    let worker = || Worker::new(&source, cascades.as_ref(), &inference, batch_size, keeps_reads);
    for_each_ordered(
        args.input.threads(),
        chunks(source.partitions(), args.input.threads(), keeps_reads).into_iter(),
        worker,
        Worker::call,
        |(called, timings)| {
            output.timings += timings;
            called.into_iter().try_for_each(|called| {
                progress.inc(called.partition.region.len());
                output.add(called)
            })
        },
    )?;
    progress.finish_and_clear();
    output.finish(started)
}

fn load_models(args: &CallArgs) -> Result<Vec<Model>> {
    if args.model.is_empty() {
        return Ok(vec![Model::builtin()?]);
    }
    args.model.iter().map(|path| Model::load(path)).collect()
}

/// As it was typed, but for what is no UTF-8.
fn command_line() -> String {
    let words: Vec<_> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}

/// The VCF and what is told at the end.
struct Output {
    vcf: VcfWriter,
    /// Contig of the calls that are held back.
    contig: String,
    overlaps: OverlapResolver,
    realigned_reads: Option<RealignedReadsWriter>,
    min_quality: f64,
    summary: CallSummary,
    timings: Timings,
    /// Where the timings are to be written, if anywhere.
    timings_table: Option<StagedFile>,
    bases: u64,
}

impl Output {
    fn create(args: &CallArgs, source: &EvidenceSource, models: &[Model]) -> Result<Self> {
        let header = VcfHeader {
            sample: source.reads.sample(),
            contigs: source.reference.contigs(),
            reference: source.reference.path(),
            models: models
                .iter()
                .map(|m| (m.name().to_owned(), m.checksum().to_owned()))
                .collect(),
            command_line: command_line(),
        };
        make_room(&args.output)?;
        let vcf = VcfWriter::create(&args.output, &header)?;
        Ok(Self {
            vcf,
            contig: String::new(),
            overlaps: OverlapResolver::default(),
            realigned_reads: source.realigned_reads_writer(args.realigned.realigned_reads.as_deref())?,
            min_quality: args.min_quality,
            summary: CallSummary::default(),
            timings: Timings::default(),
            timings_table: args.timings.as_deref().map(StagedFile::create).transpose()?,
            bases: source.regions.bases(),
        })
    }

    fn add(&mut self, called: CalledPartition) -> Result<()> {
        let mut clock = Stopwatch::start();
        if let Some(writer) = &mut self.realigned_reads {
            writer.write(&called.reads, &called.partition.region)?;
        }
        if called.partition.region.contig != self.contig {
            let rest = self.overlaps.finish();
            self.write(&rest)?;
            self.contig.clone_from(&called.partition.region.contig);
        }
        let records = called.calls.len();
        for call in called.calls {
            let settled = self.overlaps.push(call);
            self.write(&settled)?;
        }
        clock.lap(&mut self.timings, Stage::Writing, records);
        Ok(())
    }

    fn write(&mut self, calls: &[Call]) -> Result<()> {
        for call in calls {
            let filter = call.filter(self.min_quality);
            self.summary.add(call, filter);
            self.vcf.write(&self.contig, call, filter)?;
        }
        Ok(())
    }

    fn finish(mut self, started: Instant) -> Result<()> {
        let mut clock = Stopwatch::start();
        let rest = self.overlaps.finish();
        self.write(&rest)?;
        self.vcf.finish()?;
        if let Some(writer) = self.realigned_reads {
            writer.finish()?;
        }
        clock.lap(&mut self.timings, Stage::Writing, 0);
        if let Some(table) = self.timings_table {
            self.timings.write(table, self.bases, started)?;
        }
        if log::log_enabled!(log::Level::Info) {
            println!("{}", self.summary);
            let (pileups, network) = (self.timings.items(Stage::Pileups), self.timings.items(Stage::Network));
            let share = 100.0 * (pileups - network) as f64 / pileups.max(1) as f64;
            println!("pileups       {pileups:>9}  {share:.0} % decided by the cascade");
            println!("{}", self.timings);
            let memory = peak_memory() as f64 / 1e6;
            println!(
                "wall time     {:>9.1} s, peak memory {memory:.0} MB",
                started.elapsed().as_secs_f64()
            );
        }
        Ok(())
    }
}
