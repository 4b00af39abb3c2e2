//! The run record of `dvcall call`: what its records were made from, and what the run took.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::version::htslib;
use crate::calling::Caller;
use crate::cli::CallArgs;
use crate::examples::hex;
use crate::formats::{self, shown, without_secrets};
use crate::gates::Gates;
use crate::genome::{Contigs, IntervalSet, Reference};
use crate::model::libtorch_version;
use crate::reads::ReadCounts;
use crate::runtime::{peak_memory, process_cpu_time};
use crate::variants::CallSummary;

/// What a run of `dvcall call` was made from, and when it began.
pub struct RunRecord {
    pub origin: Origin,
    pub command: String,
    begun: Timestamp,
    started: Instant,
    /// What earlier runs took, with whose work this run goes on.
    earlier: Spent,
    threads: usize,
}

/// What a run took, with the earlier runs with whose work it went on.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Spent {
    /// When the first run began, in seconds since 1970.
    begun: i64,
    /// Number of earlier runs.
    resumed: u32,
    pub wall: Duration,
    pub cpu: Duration,
}

/// Everything that determines the records of a run.
#[derive(Debug, Serialize)]
pub struct Origin {
    versions: Versions,
    sample: String,
    reference: InputFile,
    reads: Vec<InputFile>,
    /// BED of the pseudoautosomal regions.
    par_regions: Option<InputFile>,
    /// VCF of given alleles.
    alleles: Option<InputFile>,
    /// Table of gates, and their BED files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<InputFile>,
    /// Name and checksums of each model.
    models: Vec<String>,
    regions: RegionsRecord,
    options: Value,
}

#[derive(Debug, Serialize)]
pub(super) struct Versions {
    dvcall: &'static str,
    htslib: String,
    libtorch: String,
}

/// An input file. The time of change is null for a URL, the size for a pipe.
#[derive(Debug, Serialize)]
pub(super) struct InputFile {
    path: PathBuf,
    bytes: Option<u64>,
    modified: Option<String>,
    /// SHA-256 of the header: that of the reads, or names and lengths of the reference's contigs.
    #[serde(skip_serializing_if = "Option::is_none")]
    header_sha256: Option<String>,
}

/// The called regions, after exclusion and padding.
#[derive(Debug, Serialize)]
pub(super) struct RegionsRecord {
    bases: u64,
    intervals: usize,
    /// SHA-256 of the intervals as lines of BED.
    sha256: String,
}

impl RunRecord {
    /// The record of a run that began at `started` and has opened its inputs.
    pub fn new(args: &CallArgs, caller: &Caller, gates: Option<&Gates>, started: Instant) -> Result<Self> {
        let begun = Timestamp::try_from(SystemTime::now() - started.elapsed()).context("the clock is wrong")?;
        Ok(Self {
            origin: Origin::new(args, caller, gates)?,
            command: command_line(),
            begun,
            started,
            earlier: Spent::default(),
            threads: args.input.threads(),
        })
    }

    /// Goes on with the work of an earlier run.
    pub fn go_on(&mut self, earlier: Spent) {
        self.begun = Timestamp::from_second(earlier.begun).unwrap_or(self.begun);
        self.earlier = Spent {
            resumed: earlier.resumed + 1,
            ..earlier
        };
    }

    pub fn spent(&self) -> Spent {
        Spent {
            begun: self.begun.as_second(),
            resumed: self.earlier.resumed,
            wall: self.earlier.wall + self.started.elapsed(),
            cpu: self.earlier.cpu + process_cpu_time(),
        }
    }

    /// The text of `--summary`: the results and this record.
    pub fn summary(&self, caller: &Caller, reads: &ReadCounts, records: &CallSummary) -> Result<String> {
        let (source, spent) = (&caller.source, self.spent());
        let seconds = |time: Duration| (time.as_secs_f64() * 1e3).round() / 1e3;
        let summary = json!({
            "dvcall": env!("CARGO_PKG_VERSION"),
            "sample": source.reads.sample(),
            "bases": source.regions.bases(),
            "reads": reads,
            "mates_on_other_contigs": source.rule_for_mates(),
            "library": caller.library,
            "library_sample": caller.library_sample,
            "depth": (source.depth * 10.0).round() / 10.0,
            "ploidy": caller.ploidy.to_string(),
            "sex": caller.ploidy.sex,
            "records": records,
            "origin": self.origin,
            "run": {
                "command": self.command,
                "started": whole_seconds(self.begun)?,
                "ended": whole_seconds(Timestamp::now())?,
                "threads": self.threads,
                "processors": std::thread::available_parallelism().map_or(1, usize::from),
                "wall_seconds": seconds(spent.wall),
                "cpu_seconds": seconds(spent.cpu),
                "peak_memory_bytes": peak_memory(),
                "resumed": spent.resumed,
            },
        });
        Ok(serde_json::to_string_pretty(&summary)?)
    }
}

impl Origin {
    fn new(args: &CallArgs, caller: &Caller, gates: Option<&Gates>) -> Result<Self> {
        let source = &caller.source;
        let reads = source.reads.files().iter();
        Ok(Self {
            versions: Versions::current(),
            sample: source.reads.sample().to_owned(),
            reference: InputFile::of_reference(&source.reference),
            reads: reads
                .map(|file| InputFile::new(file.path()).with_header(file.header()))
                .collect(),
            par_regions: args.ploidy.par_regions.as_deref().map(InputFile::new),
            alleles: args.alleles.as_deref().map(InputFile::new),
            gates: gates.map_or_else(Vec::new, |gates| {
                gates.files.iter().map(|file| InputFile::new(file)).collect()
            }),
            models: caller.models.clone(),
            regions: RegionsRecord::new(&source.regions),
            options: serde_json::to_value(args)?,
        })
    }
}

impl Versions {
    pub fn current() -> Self {
        Self {
            dvcall: env!("CARGO_PKG_VERSION"),
            htslib: htslib(),
            libtorch: libtorch_version(),
        }
    }
}

impl InputFile {
    pub fn of_reference(reference: &Reference) -> Self {
        Self::new(reference.path()).with_header(&table(reference.contigs()))
    }

    pub fn new(path: &Path) -> Self {
        let found = path.metadata().ok();
        // A pipe must not be opened again.
        let bytes = match &found {
            Some(found) => Some(found.len()).filter(|_| found.is_file()),
            None => formats::InputFile::open(path).and_then(|file| file.length()).ok(),
        };
        let modified = found.and_then(|found| found.modified().ok());
        let modified = modified.and_then(|time| Timestamp::try_from(time).ok());
        Self {
            path: shown(path),
            bytes,
            modified: modified.map(|time| time.to_string()),
            header_sha256: None,
        }
    }

    fn with_header(self, header: &str) -> Self {
        Self {
            header_sha256: Some(hex(&Sha256::digest(header))),
            ..self
        }
    }
}

impl RegionsRecord {
    pub fn new(regions: &IntervalSet) -> Self {
        let (mut intervals, mut digest) = (0, Sha256::new());
        for region in regions.regions() {
            digest.update(format!("{}\t{}\t{}\n", region.contig, region.start, region.end));
            intervals += 1;
        }
        Self {
            bases: regions.bases(),
            intervals,
            sha256: hex(&digest.finalize()),
        }
    }
}

/// Names and lengths of contigs, one on a line.
fn table(contigs: &Contigs) -> String {
    contigs.iter().map(|c| format!("{}\t{}\n", c.name, c.length)).collect()
}

fn whole_seconds(time: Timestamp) -> Result<String> {
    Ok(time.round(Unit::Second)?.to_string())
}

/// The command line as typed, with invalid UTF-8 replaced, and without the secrets of URLs.
pub fn command_line() -> String {
    let words: Vec<_> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    without_secrets(&words.join(" "))
}
