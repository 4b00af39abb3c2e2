//! `dvcall call`: calls variants from aligned reads and writes VCF and gVCF.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};

use super::run_record::RunRecord;
use crate::calling::{CallSink, CalledPartition, Caller, Extras};
use crate::cli::CallArgs;
use crate::evidence::{EvidenceSource, report_exclusions};
use crate::formats::shown;
use crate::model::card_path;
use crate::output::{TextFile, check_inputs_are_kept, indexes, put_in_place};
use crate::reads::{ReadCounts, RealignedReadsWriter};
use crate::runtime::{Progress, Stage, StageCosts, Stopwatch, peak_memory, print, print_aside};
use crate::variants::{Call, CallSummary, Filter, GvcfWriter, VariantFormat, VcfHeader, VcfWriter, can_name_contig};

pub fn run(args: &CallArgs) -> Result<()> {
    let started = Instant::now();
    check_outputs(args)?;
    let source = EvidenceSource::open(&args.input.inputs(), args.evidence.options(), args.input.threads())?;
    check_contig_names(&source)?;
    let caller = Caller::new(source, &args.options(), started)?;
    let record = RunRecord::new(args, &caller, started)?;
    let mut output = CallOutput::create(args, &caller, &record)?;
    let extras = Extras {
        coverage: output.gvcf.is_some(),
        reads: output.realigned_reads.is_some(),
    };
    let costs = caller.run(extras, &mut output)?;
    output.finish(costs, started)
}

/// Fails if the name of a called contig is not valid in a VCF. Other contigs may have any name, because the header
/// omits those with an invalid name.
fn check_contig_names(source: &EvidenceSource) -> Result<()> {
    match source.regions.contigs().find(|contig| !can_name_contig(contig)) {
        None => Ok(()),
        Some(contig) => bail!(
            "reference {}: a VCF cannot hold the contig name '{contig}' (VCF 4.3, section 1.4.7); rename the contig in \
             reference and reads, or leave it out with --regions",
            source.reference.path().display()
        ),
    }
}

fn check_outputs(args: &CallArgs) -> Result<()> {
    let mut outputs = Vec::new();
    let output = Some(&args.output).filter(|_| !args.is_streamed());
    for (flag, vcf) in [("--output", output), ("--gvcf", args.gvcf.as_ref())] {
        let files = vcf
            .into_iter()
            .flat_map(|vcf| std::iter::once(vcf.clone()).chain(indexes(vcf, VariantFormat::of_name(vcf).indexes())));
        outputs.extend(files.map(|file| (flag, file)));
    }
    outputs.extend(args.timings.iter().map(|table| ("--timings", table.clone())));
    outputs.extend(args.summary.iter().map(|json| ("--summary", json.clone())));
    outputs.extend(args.realigned.outputs());
    let cards: Vec<PathBuf> = args.model.iter().map(|model| card_path(model)).collect();
    let mut inputs = args.input.files();
    inputs.extend(args.ploidy.par_regions.as_deref());
    inputs.extend(args.alleles.as_deref());
    inputs.extend(args.model.iter().chain(&cards).map(PathBuf::as_path));
    check_inputs_are_kept(&outputs, &inputs)
}

/// The output files and the counts for the final report.
struct CallOutput<'a> {
    args: &'a CallArgs,
    caller: &'a Caller,
    record: &'a RunRecord,
    vcf: VcfWriter,
    gvcf: Option<GvcfWriter>,
    realigned_reads: Option<RealignedReadsWriter>,
    stage_table: Option<TextFile>,
    summary_json: Option<TextFile>,
    progress: Progress,
    summary: CallSummary,
    /// Reads in the regions.
    reads: ReadCounts,
}

impl<'a> CallOutput<'a> {
    fn create(args: &'a CallArgs, caller: &'a Caller, record: &'a RunRecord) -> Result<Self> {
        let source = &caller.source;
        let header = VcfHeader {
            sample: source.reads.sample(),
            contigs: source.reference.contigs(),
            reference: &shown(source.reference.path()),
            models: caller.models.clone(),
            measured_library: caller.library.to_string(),
            ploidy: caller.ploidy.to_string(),
            ploidy_style: args.ploidy.ploidy_style,
            command_line: record.command.clone(),
        };
        let vcf = match args.is_streamed() {
            true => VcfWriter::on_standard_output(&header)?,
            false => VcfWriter::create(&args.output, &header)?,
        };
        Ok(Self {
            args,
            caller,
            record,
            vcf,
            gvcf: args
                .gvcf
                .as_deref()
                .map(|gvcf| GvcfWriter::create(gvcf, &header))
                .transpose()?,
            realigned_reads: source.realigned_reads_writer(args.realigned.realigned_reads.as_deref())?,
            stage_table: args.timings.as_deref().map(TextFile::create).transpose()?,
            summary_json: args.summary.as_deref().map(TextFile::create).transpose()?,
            progress: Progress::over(source.regions.bases()),
            summary: CallSummary::default(),
            reads: ReadCounts::default(),
        })
    }

    fn finish(mut self, mut costs: StageCosts, started: Instant) -> Result<()> {
        let source = &self.caller.source;
        self.progress.finish();
        report_exclusions(&self.reads, source)?;
        let mut clock = Stopwatch::start();
        let (vcf, gvcf) = (self.vcf.close()?, self.gvcf.map(GvcfWriter::close).transpose()?);
        let realigned = self.realigned_reads.map(RealignedReadsWriter::close).transpose()?;
        clock.lap(&mut costs, Stage::Writing, 0);
        let summary = self.summary_json.map(|mut file| {
            file.line(&self.record.summary(self.caller, &self.reads, &self.summary)?)?;
            file.ready()
        });
        let summary = summary.transpose()?;
        let write_costs = |table| costs.write(table, source.regions.bases(), started);
        let stages = self.stage_table.map(write_costs).transpose()?;
        let tables = stages.into_iter().chain(summary);
        let files = realigned.into_iter().chain(tables).chain(gvcf.flatten()).chain(vcf);
        put_in_place(files.collect())?;
        if !log::log_enabled!(log::Level::Info) {
            return Ok(());
        }
        let (pileups, network) = (costs.items(Stage::Pileups), costs.items(Stage::Network));
        let share = 100.0 * (pileups - network) as f64 / pileups.max(1) as f64;
        let text = format!(
            "{}\n{}\nmates on other contigs are {}\nlibrary       {}\nploidy        {}\n\
             pileups       {pileups:>9}  {share:.0} % decided by the cascade\n{costs}\n\
             wall time     {:>9.1} s, peak memory {:.0} MB\n",
            self.reads,
            self.summary,
            source.rule_for_mates(),
            self.caller.library,
            self.caller.ploidy,
            started.elapsed().as_secs_f64(),
            peak_memory() as f64 / 1e6
        );
        match self.args.is_streamed() {
            true => print_aside(text),
            false => print(text),
        }
    }
}

impl CallSink for CallOutput<'_> {
    fn partition(&mut self, called: CalledPartition) -> Result<()> {
        let region = &called.partition.region;
        self.progress.add(&called.partition);
        self.reads += called.counts;
        if let Some(writer) = &mut self.realigned_reads {
            writer.write(&called.reads, region)?;
        }
        match &mut self.gvcf {
            Some(gvcf) => {
                let mut pieces = called.covered.into_iter();
                pieces.try_for_each(|covered| gvcf.cover(&region.contig, covered))
            }
            None => Ok(()),
        }
    }

    fn call(&mut self, contig: &str, call: &Call) -> Result<()> {
        let filter = call.filter(self.args.min_quality);
        self.summary.add(call, filter);
        if filter != Filter::RefCall || !self.args.no_ref_calls {
            self.vcf.write(contig, call, filter)?;
        }
        match &mut self.gvcf {
            Some(gvcf) => gvcf.write(contig, call, filter),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.gvcf.as_mut().map_or(Ok(()), GvcfWriter::settle)
    }
}
