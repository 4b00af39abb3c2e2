//! The outputs of `dvcall joint`: the cohort VCF, checkpoints, and the summary.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::journal::Journal;
use super::run_record::{InputFile, RegionsRecord, Versions};
use crate::cli::JointArgs;
use crate::joint::{Cohort, CohortSummary, JointPiece};
use crate::output::{TextFile, put_in_place};
use crate::runtime::Progress;
use crate::variants::{CallFiles, LineWriter, SavedStream};

/// The output files, and what is written.
pub struct JointOutput {
    vcf: LineWriter,
    /// None: the run cannot be resumed.
    journal: Option<Journal>,
    json: Option<TextFile>,
    saved: Saved,
    started: Instant,
    progress: Progress,
}

/// What a checkpoint tells another run.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Saved {
    /// Number of finished pieces and bases.
    pieces: usize,
    bases: u64,
    summary: CohortSummary,
    /// What earlier runs took.
    wall: Duration,
}

/// Everything that determines the records.
#[derive(Serialize)]
struct Origin<'a> {
    versions: Versions,
    samples: Vec<&'a str>,
    reference: InputFile,
    gvcfs: Vec<InputFile>,
    pedigree: Option<InputFile>,
    regions: RegionsRecord,
    options: Value,
}

impl JointOutput {
    /// Starts the outputs, or goes on with those of an earlier run. `started` is the start of this run.
    pub fn create(
        args: &JointArgs,
        cohort: &Cohort,
        gvcfs: &[PathBuf],
        header: String,
        started: Instant,
    ) -> Result<Self> {
        let input = |path: &PathBuf| InputFile::new(path);
        let origin = Origin {
            versions: Versions::current(),
            samples: cohort.samples(),
            reference: InputFile::of_reference(&cohort.reference),
            gvcfs: gvcfs.iter().map(input).collect(),
            pedigree: args.pedigree.as_ref().map(input),
            regions: RegionsRecord::new(&cohort.regions),
            options: serde_json::to_value(args)?,
        };
        let journal = Journal::new(&origin, None)?;
        let mut files = CallFiles::lock(Some(&args.output), None)?;
        let (saved, streams) = journal.begin::<Saved>(&mut files, args.resume)?.unzip();
        let saved = saved.unwrap_or_default();
        let stream = streams.map(|[vcf, _]| vcf);
        let mut progress = Progress::over(cohort.regions.bases());
        progress.skip(saved.bases);
        Ok(Self {
            vcf: LineWriter::create(files, header, cohort.reference.contigs(), 1, stream)?,
            journal: Some(journal),
            json: args.summary.as_deref().map(TextFile::create).transpose()?,
            saved,
            started,
            progress,
        })
    }

    /// Number of pieces that an earlier run has genotyped.
    pub fn skipped(&self) -> usize {
        self.saved.pieces
    }

    pub fn add(&mut self, piece: JointPiece) -> Result<()> {
        self.vcf.write(piece.lines.concat())?;
        for partition in &piece.partitions {
            self.progress.add(partition);
            self.saved.bases += partition.bases();
        }
        self.saved.summary += piece.summary;
        self.saved.pieces += 1;
        match self.journal.as_ref().is_some_and(Journal::is_due) {
            true => self.checkpoint(),
            false => Ok(()),
        }
    }

    /// Makes what is written safe, so that another run can go on from here.
    fn checkpoint(&mut self) -> Result<()> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let begun = Instant::now();
        let streams = [self.vcf.save()?, SavedStream::default()];
        let saved = Saved {
            wall: self.saved.wall + self.started.elapsed(),
            ..self.saved.clone()
        };
        if !journal.write(begun, self.vcf.files_mut(), &streams, saved)? {
            self.journal = None;
        }
        Ok(())
    }

    /// Writes and closes all outputs, and puts them in place. Returns the counts, and what all runs took.
    pub fn finish(mut self, cohort: &Cohort) -> Result<(CohortSummary, Duration)> {
        self.progress.finish();
        let summary = self.saved.summary;
        let json = self.json.map(|mut file| {
            let text = json!({
                "dvcall": env!("CARGO_PKG_VERSION"),
                "samples": cohort.samples(),
                "bases": cohort.regions.bases(),
                "records": summary,
            });
            file.line(&serde_json::to_string_pretty(&text)?)?;
            file.ready()
        });
        let vcf = self.vcf.close()?;
        put_in_place(json.transpose()?.into_iter().chain(vcf).collect())?;
        Ok((summary, self.saved.wall + self.started.elapsed()))
    }
}
