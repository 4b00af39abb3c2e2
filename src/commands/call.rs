//! `dvcall call`: reads in, VCF out, in one pass.

use std::time::Instant;

use anyhow::Result;

use super::evidence::{Evidence, EvidenceSource, EvidenceWorker};
use super::ordered::for_each_ordered;
use super::progress::{peak_memory, progress_bar};
use super::staged::StagedFile;
use super::timings::{Stage, Stopwatch, Timings};
use crate::candidates::VariantType;
use crate::cli::CallArgs;
use crate::genome::Partition;
use crate::model::{Cascades, Genotyper, Inference, Model, parse_devices};
use crate::pileup::{self, PILEUP_SIZE};
use crate::reads::{Read, RealignedReadsWriter};
use crate::variants::{Call, CallSummary, OverlapResolver, VcfHeader, VcfWriter, call_genotype};

pub fn run(args: &CallArgs) -> Result<()> {
    let started = Instant::now();
    let source = EvidenceSource::open(&args.input, &args.evidence)?;
    let models = load_models(args)?;
    // Before the output is begun: without libtorch the process ends here, and what is begun would stay.
    let cascades = Cascades::of(&models)?.filter(|_| !args.no_cascade);
    let mut output = Output::create(args, &source, &models)?;
    let inference = Inference::new(models, &parse_devices(&args.device)?)?;
    Stopwatch::of_process(started).lap(&mut output.timings, Stage::StartUp, 1);

    let progress = progress_bar(source.regions.bases(), "bases");
    let worker = || Worker::new(&source, cascades.as_ref(), &inference, args.batch_size as usize);
    for_each_ordered(
        args.input.threads(),
        source.partitions().into_iter(),
        worker,
        Worker::call,
        |called| {
            progress.inc(called.partition.region.len());
            output.add(called)
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

/// One partition, called.
struct CalledPartition {
    partition: Partition,
    calls: Vec<Call>,
    /// Only where they are to be written.
    reads: Vec<Read>,
    timings: Timings,
}

/// One thread's readers and network.
struct Worker<'a> {
    evidence: EvidenceWorker<'a>,
    cascades: Option<&'a Cascades>,
    genotyper: Genotyper,
    keeps_reads: bool,
    /// Room for a batch of images.
    images: Vec<u8>,
}

impl<'a> Worker<'a> {
    fn new(
        source: &'a EvidenceSource,
        cascades: Option<&'a Cascades>,
        inference: &Inference,
        batch_size: usize,
    ) -> Result<Self> {
        let images = vec![0; batch_size * PILEUP_SIZE];
        Ok(Self {
            evidence: source.worker()?,
            cascades,
            genotyper: inference.genotyper()?,
            keeps_reads: source.realigned_reads.is_some(),
            images,
        })
    }

    fn call(&mut self, partition: Partition) -> Result<CalledPartition> {
        let mut evidence = self.evidence.partition(&partition)?;
        let mut timings = std::mem::take(&mut evidence.timings);
        let sets: Vec<_> = evidence.candidates.iter().map(pileup::allele_sets).collect();
        let probabilities = self.probabilities(&evidence, &sets, &mut timings)?;
        let mut probabilities = probabilities.as_slice();
        let calls = evidence.candidates.iter().zip(&sets).map(|(candidate, sets)| {
            let (own, rest) = probabilities.split_at(sets.len());
            probabilities = rest;
            call_genotype(candidate, sets, own)
        });
        let calls = calls.collect();
        Ok(CalledPartition {
            partition,
            calls,
            reads: if self.keeps_reads { evidence.reads } else { Vec::new() },
            timings,
        })
    }

    /// Genotype probabilities of each allele set of each candidate in turn.
    fn probabilities(
        &mut self,
        evidence: &Evidence,
        sets: &[Vec<Vec<usize>>],
        timings: &mut Timings,
    ) -> Result<Vec<[f32; 3]>> {
        let pileups = evidence.candidates.iter().zip(sets);
        let pileups = pileups.flat_map(|(c, sets)| sets.iter().map(move |set| (c, set, sets.len() == 1)));
        let mut probabilities = Vec::new();
        // Where in the probabilities the images that wait for the network belong, and their types.
        let mut waiting = Vec::new();
        for (candidate, set, alone) in pileups {
            let mut clock = Stopwatch::start();
            let variant_type = candidate.variant_type();
            let image = &mut self.images[waiting.len() * PILEUP_SIZE..][..PILEUP_SIZE];
            pileup::draw(candidate, set, &evidence.reads, &evidence.reference, image);
            clock.lap(timings, Stage::Pileups, 1);
            let cascades = self.cascades.filter(|_| alone);
            let decided = cascades.and_then(|cascades| cascades.decide(image, variant_type));
            clock.lap(timings, Stage::Cascade, usize::from(cascades.is_some()));
            if decided.is_none() {
                waiting.push((probabilities.len(), variant_type));
            }
            probabilities.push(decided.unwrap_or_default());
            if waiting.len() * PILEUP_SIZE == self.images.len() {
                self.ask_network(&mut waiting, &mut probabilities, timings)?;
            }
        }
        self.ask_network(&mut waiting, &mut probabilities, timings)?;
        Ok(probabilities)
    }

    /// Fills in the probabilities of the images that wait.
    fn ask_network(
        &mut self,
        waiting: &mut Vec<(usize, VariantType)>,
        probabilities: &mut [[f32; 3]],
        timings: &mut Timings,
    ) -> Result<()> {
        let mut clock = Stopwatch::start();
        let types: Vec<_> = waiting.iter().map(|(_, variant_type)| *variant_type).collect();
        let images: Vec<_> = self.images.chunks_exact(PILEUP_SIZE).take(waiting.len()).collect();
        let results = self.genotyper.genotype(&images, &types)?;
        for ((place, _), result) in waiting.drain(..).zip(results) {
            probabilities[place] = result;
        }
        clock.lap(timings, Stage::Network, types.len());
        Ok(())
    }
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
            command_line: std::env::args().collect::<Vec<_>>().join(" "),
        };
        let vcf = VcfWriter::create(&args.output, &header)?;
        Ok(Self {
            vcf,
            contig: String::new(),
            overlaps: OverlapResolver::default(),
            realigned_reads: source.realigned_reads_writer()?,
            min_quality: args.min_quality,
            summary: CallSummary::default(),
            timings: Timings::default(),
            timings_table: args.timings.as_deref().map(StagedFile::create).transpose()?,
            bases: source.regions.bases(),
        })
    }

    fn add(&mut self, called: CalledPartition) -> Result<()> {
        self.timings += called.timings;
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
