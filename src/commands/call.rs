//! `dvcall call`: reads in, VCF out, in one pass.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::json;

use super::call_worker::{CalledPartition, Keeps, Worker, chunks};
use super::evidence::{EvidenceSource, realigned_outputs};
use super::left_out;
use super::ordered::for_each_ordered;
use super::progress::{Progress, peak_memory, print};
use super::timings::{Stage, Stopwatch, Timings};
use crate::cli::CallArgs;
use crate::library::Library;
use crate::model::{Cascades, Inference, Model, card_path, parse_devices};
use crate::output::{TextFile, VCF_INDEXES, check_inputs_are_kept, ends_with, indexes, put_in_place};
use crate::reads::{ReadCounts, RealignedReadsWriter};
use crate::variants::{Call, CallSummary, GvcfWriter, OverlapResolver, VcfHeader, VcfWriter, can_name_contig};

pub fn run(args: &CallArgs) -> Result<()> {
    let started = Instant::now();
    let (mut clock, mut timings) = (Stopwatch::of_process(started), Timings::default());
    check_outputs(args)?;
    let mut source = EvidenceSource::open(&args.input, &args.evidence)?;
    check_contig_names(&source)?;
    let models = load_models(args)?;
    models
        .iter()
        .for_each(|model| log::debug!("model {}", model.identity()));
    // Before the output is begun: without libtorch the process ends here, and what is begun would stay.
    let cascades: Option<Vec<_>> = models.iter().map(Model::cascade).collect::<Result<_>>()?;
    let cascades = cascades.map(Cascades::new).filter(|_| !args.no_cascade);
    clock.lap(&mut timings, Stage::StartUp, 0);
    let library = source.measure_library(args.input.threads())?;
    log::debug!("library: {library}");
    clock.lap(&mut timings, Stage::Library, library.bases as usize);
    let mut output = Output::create(args, &source, &library, &models)?;
    let inference = Inference::new(models, &parse_devices(&args.device)?)?;
    clock.lap(&mut timings, Stage::StartUp, 1);
    output.timings += timings;

    let mut progress = Progress::over(source.regions.bases());
    let keeps = Keeps {
        coverage: output.gvcf.is_some(),
        reads: output.realigned_reads.is_some(),
    };
    let batch_size = args.batch_size as usize;
    let worker = || {
        Worker::new(
            &source,
            cascades.as_ref(),
            &inference,
            library.noise(),
            batch_size,
            keeps,
        )
    };
    for_each_ordered(
        args.input.threads(),
        chunks(source.partitions(), args.input.threads(), keeps.reads).into_iter(),
        worker,
        Worker::call,
        |(called, timings)| {
            output.timings += timings;
            called.into_iter().try_for_each(|called| {
                progress.add(&called.partition);
                output.add(called)
            })
        },
    )?;
    progress.finish();
    output.finish(started)
}

fn load_models(args: &CallArgs) -> Result<Vec<Model>> {
    if args.model.is_empty() {
        return Ok(vec![Model::builtin()?]);
    }
    args.model.iter().map(|path| Model::load(path)).collect()
}

/// Contigs that are not called may have any name; they are left out of the header.
fn check_contig_names(source: &EvidenceSource) -> Result<()> {
    match source.regions.contigs().find(|contig| !can_name_contig(contig)) {
        None => Ok(()),
        Some(contig) => bail!(
            "reference {}: no VCF can hold the name of contig '{contig}' (VCF 4.3, section 1.4.7); give it another name in \
             reference and reads, or leave it out with --regions",
            source.reference.path().display()
        ),
    }
}

fn check_outputs(args: &CallArgs) -> Result<()> {
    let mut outputs = Vec::new();
    for (flag, vcf) in [("--output", Some(&args.output)), ("--gvcf", args.gvcf.as_ref())] {
        let files = vcf
            .into_iter()
            .flat_map(|vcf| std::iter::once(vcf.clone()).chain(indexes(vcf, index_kinds(vcf))));
        outputs.extend(files.map(|file| (flag, file)));
    }
    outputs.extend(args.timings.iter().map(|table| ("--timings", table.clone())));
    outputs.extend(args.summary.iter().map(|json| ("--summary", json.clone())));
    outputs.extend(realigned_outputs(&args.realigned));
    let cards: Vec<PathBuf> = args.model.iter().map(|model| card_path(model)).collect();
    let mut inputs = args.input.files();
    inputs.extend(args.model.iter().chain(&cards).map(PathBuf::as_path));
    check_inputs_are_kept(&outputs, &inputs)
}

/// The indexes that a VCF of this name may have: a bgzipped one has one of them.
fn index_kinds(vcf: &Path) -> &'static [&'static str] {
    match ends_with(vcf, &["gz", "bgz"]) {
        true => VCF_INDEXES,
        false => &[],
    }
}

/// Whether a VCF of this name is bgzipped.
fn is_bgzipped(vcf: &Path) -> Result<bool> {
    if ends_with(vcf, &["bcf"]) {
        bail!(
            "cannot write {}: calls are written as VCF; let the name end in .vcf.gz or .vcf",
            vcf.display()
        );
    }
    Ok(!index_kinds(vcf).is_empty())
}

/// As it was typed, but for what is no UTF-8.
fn command_line() -> String {
    let words: Vec<_> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}

/// The VCF and what is told at the end.
struct Output<'a> {
    args: &'a CallArgs,
    source: &'a EvidenceSource,
    vcf: VcfWriter,
    gvcf: Option<GvcfWriter>,
    /// Contig of the calls that are held back.
    contig: String,
    overlaps: OverlapResolver,
    realigned_reads: Option<RealignedReadsWriter>,
    summary: CallSummary,
    /// Of the reads in the regions.
    counts: ReadCounts,
    measured: Library,
    timings: Timings,
    /// Where the timings are to be written, if anywhere.
    timings_table: Option<TextFile>,
    /// Where the summary is to be written, if anywhere.
    summary_json: Option<TextFile>,
    bases: u64,
}

impl<'a> Output<'a> {
    fn create(args: &'a CallArgs, source: &'a EvidenceSource, library: &Library, models: &[Model]) -> Result<Self> {
        let header = VcfHeader {
            sample: source.reads.sample(),
            contigs: source.reference.contigs(),
            reference: source.reference.path(),
            models: models.iter().map(Model::identity).collect(),
            measured_library: library.to_string(),
            command_line: command_line(),
        };
        let create_gvcf = |gvcf| GvcfWriter::create(gvcf, is_bgzipped(gvcf)?, &header);
        Ok(Self {
            args,
            source,
            vcf: VcfWriter::create(&args.output, is_bgzipped(&args.output)?, &header)?,
            gvcf: args.gvcf.as_deref().map(create_gvcf).transpose()?,
            contig: String::new(),
            overlaps: OverlapResolver::default(),
            realigned_reads: source.realigned_reads_writer(args.realigned.realigned_reads.as_deref())?,
            summary: CallSummary::default(),
            counts: ReadCounts::default(),
            measured: *library,
            timings: Timings::default(),
            timings_table: args.timings.as_deref().map(TextFile::create).transpose()?,
            summary_json: args.summary.as_deref().map(TextFile::create).transpose()?,
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
        self.counts += called.counts;
        if let Some(gvcf) = &mut self.gvcf {
            gvcf.cover(&self.contig, called.covered)?;
        }
        for call in called.calls {
            let settled = self.overlaps.push(call);
            self.write(&settled)?;
        }
        let settled = self.overlaps.release(called.partition.region.end);
        self.write(&settled)?;
        if let Some(gvcf) = self.gvcf.as_mut().filter(|_| !self.overlaps.is_holding()) {
            gvcf.settle()?;
        }
        clock.lap(&mut self.timings, Stage::Writing, records);
        Ok(())
    }

    fn write(&mut self, calls: &[Call]) -> Result<()> {
        for call in calls {
            let filter = call.filter(self.args.min_quality);
            self.summary.add(call, filter);
            self.vcf.write(&self.contig, call, filter)?;
            if let Some(gvcf) = &mut self.gvcf {
                gvcf.write(&self.contig, call, filter)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, started: Instant) -> Result<()> {
        left_out::tell(&self.counts, self.source)?;
        let mut clock = Stopwatch::start();
        let rest = self.overlaps.finish();
        self.write(&rest)?;
        let (vcf, gvcf) = (self.vcf.close()?, self.gvcf.map(GvcfWriter::close).transpose()?);
        let reads = self.realigned_reads.map(RealignedReadsWriter::close).transpose()?;
        clock.lap(&mut self.timings, Stage::Writing, 0);
        let fill = |table| self.timings.write(table, self.bases, started);
        let timings = self.timings_table.map(fill).transpose()?;
        let told = json!({
            "dvcall": env!("CARGO_PKG_VERSION"),
            "sample": self.source.reads.sample(),
            "bases": self.bases,
            "reads": self.counts,
            "mates_on_other_contigs": self.source.rule_for_mates(),
            "library": self.measured,
            "records": self.summary,
        });
        let tell = |mut json: TextFile| {
            json.line(&serde_json::to_string_pretty(&told)?)?;
            json.ready()
        };
        let summary = self.summary_json.map(tell).transpose()?;
        let tables = timings.into_iter().chain(summary);
        put_in_place(reads.into_iter().chain(tables).chain(gvcf).chain([vcf]).collect())?;
        if log::log_enabled!(log::Level::Info) {
            let (pileups, network) = (self.timings.items(Stage::Pileups), self.timings.items(Stage::Network));
            let share = 100.0 * (pileups - network) as f64 / pileups.max(1) as f64;
            print(format_args!(
                "{}\n{}\nmates on other contigs are {}\nlibrary       {}\npileups       {pileups:>9}  {share:.0} % decided by the cascade\n{}\n\
                 wall time     {:>9.1} s, peak memory {:.0} MB\n",
                self.counts,
                self.summary,
                self.source.rule_for_mates(),
                self.measured,
                self.timings,
                started.elapsed().as_secs_f64(),
                peak_memory() as f64 / 1e6
            ))?;
        }
        Ok(())
    }
}
