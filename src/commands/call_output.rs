//! The outputs of `dvcall call`: pieces of VCF and gVCF, checkpoints, and the final report.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::journal::Journal;
use super::run_record::{RunRecord, Spent};
use crate::calling::{CallSink, CalledPartition, Caller, Extras};
use crate::cli::CallArgs;
use crate::evidence::report_exclusions;
use crate::formats::shown;
use crate::gates::Gates;
use crate::output::{OutputFile, TextFile, put_in_place};
use crate::reads::{ReadCounts, RealignedReadsWriter};
use crate::runtime::{Progress, Stage, StageCosts, Stopwatch, peak_memory, print, print_aside};
use crate::targets::{TargetFiles, Targets};
use crate::variants::{Call, CallFiles, CallSummary, CallWriter, Piece, RecordOptions, SavedStream, VcfHeader};

/// The output files and the counts for the final report.
pub struct CallOutput<'a> {
    args: &'a CallArgs,
    caller: &'a Caller,
    record: RunRecord,
    writer: CallWriter,
    /// None: the run cannot be resumed.
    journal: Option<Journal>,
    /// The piece that still gets partitions, and what it holds.
    piece: Piece,
    held: Held,
    /// What the pieces hold that are not written yet.
    waiting: VecDeque<Held>,
    /// What is written.
    progressed: Progressed,
    realigned_reads: Option<RealignedReadsWriter>,
    stage_table: Option<TextFile>,
    summary_json: Option<TextFile>,
    target_files: Option<TargetFiles>,
    progress: Progress,
    costs: StageCosts,
}

/// Where a run stands after a piece of its output.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Progressed {
    /// Number of finished partitions and bases.
    partitions: usize,
    bases: u64,
    reads: ReadCounts,
    records: CallSummary,
}

/// What a checkpoint tells another run.
#[derive(Serialize, Deserialize)]
struct Saved {
    progressed: Progressed,
    /// What the stages cost. Work that is done again counts again.
    costs: StageCosts,
    spent: Spent,
}

/// What calls are judged by, and where positions are counted.
pub struct Labels {
    pub gates: Option<Arc<Gates>>,
    pub targets: Option<Arc<Targets>>,
}

/// What a piece holds.
#[derive(Default)]
struct Held {
    partitions: usize,
    bases: u64,
    reads: ReadCounts,
}

impl<'a> CallOutput<'a> {
    /// Starts the outputs, or goes on with those of an earlier run.
    pub fn create(args: &'a CallArgs, caller: &'a Caller, mut record: RunRecord, labels: Labels) -> Result<Self> {
        let source = &caller.source;
        let output = Some(args.output.as_path()).filter(|_| !args.is_streamed());
        let mut files = CallFiles::lock(output, args.gvcf.as_deref())?;
        let journal = Journal::new(&record.origin, args.gvcf.as_deref())?;
        let (saved, streams) = journal.begin::<Saved>(&mut files, args.resume)?.unzip();
        let mut progress = Progress::over(source.regions.bases());
        let mut costs = StageCosts::default();
        let mut progressed = Progressed::default();
        if let Some(saved) = saved {
            progress.skip(saved.progressed.bases);
            record.go_on(saved.spent);
            (progressed, costs) = (saved.progressed, saved.costs);
        }
        let realigned_reads = source.realigned_reads_writer(args.realigned.realigned_reads.as_deref())?;
        Ok(Self {
            args,
            caller,
            writer: writer(args, caller, &record, labels, files, streams)?,
            record,
            journal: Some(journal).filter(|_| args.is_resumable()),
            piece: Piece::default(),
            held: Held::default(),
            waiting: VecDeque::new(),
            progressed,
            realigned_reads,
            stage_table: args.timings.as_deref().map(TextFile::create).transpose()?,
            summary_json: args.summary.as_deref().map(TextFile::create).transpose()?,
            target_files: args.target_report.as_deref().map(TargetFiles::create).transpose()?,
            progress,
            costs,
        })
    }

    /// Number of partitions that an earlier run has called.
    pub fn skipped(&self) -> usize {
        self.progressed.partitions
    }

    pub fn extras(&self) -> Extras {
        Extras {
            coverage: self.args.gvcf.is_some() || self.target_files.is_some(),
            reads: self.realigned_reads.is_some(),
        }
    }

    /// Hands the piece to the threads that make records.
    fn end_piece(&mut self) {
        self.writer.add(std::mem::take(&mut self.piece));
        self.waiting.push_back(std::mem::take(&mut self.held));
    }

    /// Writes the pieces that are ready, or all.
    fn write_pieces(&mut self, are_last: bool) -> Result<()> {
        while let Some(records) = self.writer.write_next(are_last)? {
            let held = self.waiting.pop_front().unwrap_or_default();
            self.progressed.partitions += held.partitions;
            self.progressed.bases += held.bases;
            self.progressed.reads += held.reads;
            self.progressed.records += records;
            if !are_last && self.journal.as_ref().is_some_and(Journal::is_due) {
                self.checkpoint()?;
            }
        }
        Ok(())
    }

    /// Makes what is written safe, so that another run can go on from here.
    fn checkpoint(&mut self) -> Result<()> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let begun = Instant::now();
        let streams = self.writer.save()?;
        let saved = Saved {
            progressed: self.progressed.clone(),
            costs: self.costs,
            spent: self.record.spent(),
        };
        if !journal.write(begun, self.writer.files_mut(), &streams, saved)? {
            self.journal = None;
        }
        Ok(())
    }

    /// Writes and closes all outputs, puts them in place, and prints the report.
    pub fn finish(mut self) -> Result<()> {
        let mut clock = Stopwatch::start();
        if !self.piece.is_empty() {
            self.end_piece();
        }
        self.write_pieces(true)?;
        clock.lap(&mut self.costs, Stage::Writing, 0);
        self.progress.finish();
        let source = &self.caller.source;
        if let Err(error) = report_exclusions(&self.progressed.reads, source) {
            // Another run with the same options would end in the same way.
            self.writer.files_mut().iter_mut().for_each(OutputFile::release);
            return Err(error);
        }
        let report_of_targets = self.writer.take_targets();
        let (calls, formatting) = self.writer.close()?;
        let realigned = self.realigned_reads.map(RealignedReadsWriter::close).transpose()?;
        let mut costs = self.costs;
        costs += formatting;
        clock.lap(&mut costs, Stage::Indexing, calls.len());
        let (record, progressed) = (&self.record, &self.progressed);
        let summary = self.summary_json.map(|mut file| {
            file.line(&record.summary(self.caller, &progressed.reads, &progressed.records)?)?;
            file.ready()
        });
        let stages = self
            .stage_table
            .map(|table| costs.write(table, source.regions.bases(), record.spent().cpu, record.spent().wall));
        let mut tables = stages.into_iter().chain(summary).collect::<Result<Vec<_>>>()?;
        if let (Some(files), Some(mut report)) = (self.target_files, report_of_targets) {
            report.add_outside(&source.regions);
            tables.extend(files.write(&report)?);
        }
        put_in_place(realigned.into_iter().chain(tables).chain(calls).collect())?;
        report(self.args, self.caller, progressed, &costs, record)
    }
}

/// The writer of VCF and gVCF. With `streams`, goes on with the files of an earlier run.
fn writer(
    args: &CallArgs,
    caller: &Caller,
    record: &RunRecord,
    labels: Labels,
    files: CallFiles,
    streams: Option<[SavedStream; 2]>,
) -> Result<CallWriter> {
    let source = &caller.source;
    let header = VcfHeader {
        sample: source.reads.sample(),
        contigs: source.reference.contigs(),
        reference: &shown(source.reference.path()),
        models: caller.models.clone(),
        measured_library: caller.measured_library(),
        ploidy: caller.ploidy.to_string(),
        command_line: record.command.clone(),
        gates: labels.gates.as_deref(),
        tiers: caller.has_tiers(),
    };
    let options = RecordOptions {
        min_quality: args.min_quality,
        ref_calls: !args.no_ref_calls,
        ploidy_style: args.ploidy.ploidy_style,
        gates: labels.gates.clone(),
        targets: labels.targets,
    };
    CallWriter::create(files, &header, options, args.input.threads(), streams)
}

fn report(
    args: &CallArgs,
    caller: &Caller,
    progressed: &Progressed,
    costs: &StageCosts,
    record: &RunRecord,
) -> Result<()> {
    if !log::log_enabled!(log::Level::Info) {
        return Ok(());
    }
    let (pileups, network) = (costs.items(Stage::Pileups), costs.items(Stage::Network));
    let share = 100.0 * (pileups - network) as f64 / pileups.max(1) as f64;
    let text = format!(
        "{}\n{}\nmates on other contigs are {}\nlibrary       {}\nploidy        {}\n\
         pileups       {pileups:>9}  {share:.0} % decided by the cascade\n{costs}\n\
         wall time     {:>9.1} s, peak memory {:.0} MB\n",
        progressed.reads,
        progressed.records,
        caller.source.rule_for_mates(),
        caller.measured_library(),
        caller.ploidy,
        record.spent().wall.as_secs_f64(),
        peak_memory() as f64 / 1e6
    );
    match args.is_streamed() {
        true => print_aside(text),
        false => print(text),
    }
}

impl CallSink for CallOutput<'_> {
    fn partition(&mut self, called: CalledPartition) -> Result<()> {
        let region = &called.partition.region;
        if self.piece.may_end_before(region) {
            self.end_piece();
        }
        self.write_pieces(false)?;
        self.progress.add(&called.partition);
        if let Some(writer) = &mut self.realigned_reads {
            writer.write(&called.reads, region)?;
        }
        let bases = called.partition.bases();
        self.held.partitions += 1;
        self.held.bases += bases;
        self.held.reads += called.counts;
        self.piece.cover(region, bases, called.covered);
        Ok(())
    }

    fn call(&mut self, contig: &str, call: Call) -> Result<()> {
        self.piece.add(contig, call);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.piece.settle();
        Ok(())
    }

    fn spent(&mut self, costs: StageCosts) {
        self.costs += costs;
    }
}
