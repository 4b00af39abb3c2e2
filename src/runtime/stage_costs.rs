//! Cost of the stages of a run.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::output::{ReadyFile, TextFile};

/// A stage of `call`, in the order of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    StartUp,
    Library,
    Reading,
    Realignment,
    Candidates,
    /// Only for a gVCF.
    Coverage,
    Pileups,
    Cascade,
    Network,
    /// Text and compression of the records.
    Formatting,
    Writing,
    /// Indexes of the outputs, after the last record.
    Indexing,
}

impl Stage {
    const ALL: [Self; 12] = [
        Self::StartUp,
        Self::Library,
        Self::Reading,
        Self::Realignment,
        Self::Candidates,
        Self::Coverage,
        Self::Pileups,
        Self::Cascade,
        Self::Network,
        Self::Formatting,
        Self::Writing,
        Self::Indexing,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::StartUp => "start-up",
            Self::Library => "library",
            Self::Reading => "reading",
            Self::Realignment => "realignment",
            Self::Candidates => "candidates",
            Self::Coverage => "coverage",
            Self::Pileups => "pileups",
            Self::Cascade => "cascade",
            Self::Network => "network",
            Self::Formatting => "formatting",
            Self::Writing => "writing",
            Self::Indexing => "indexing",
        }
    }

    /// Name of the items that the stage works on.
    fn items(self) -> &'static str {
        match self {
            Self::StartUp => "runs",
            Self::Library => "bases",
            Self::Reading | Self::Realignment => "reads",
            Self::Candidates => "candidates",
            Self::Coverage => "positions",
            Self::Pileups | Self::Cascade | Self::Network => "pileups",
            Self::Formatting | Self::Writing => "records",
            Self::Indexing => "files",
        }
    }
}

/// Cost of one stage.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Cost {
    cpu: Duration,
    wall: Duration,
    items: u64,
}

/// Costs by stage, summed over partitions and threads.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct StageCosts([Cost; Stage::ALL.len()]);

impl StageCosts {
    /// Number of items that a stage worked on.
    pub fn items(&self, stage: Stage) -> u64 {
        self.0[stage as usize].items
    }

    /// Writes a table with a line for each stage, then a line for the whole run. `bases` is the size of the regions.
    pub fn write(&self, mut table: TextFile, bases: u64, cpu: Duration, wall: Duration) -> Result<ReadyFile> {
        table.line("stage\tcpu_seconds\twall_seconds\titems\tunit\tcpu_seconds_per_mb")?;
        let mut line = |name, cost: &Cost, unit| {
            let (cpu, wall) = (cost.cpu.as_secs_f64(), cost.wall.as_secs_f64());
            let rate = cpu * 1e6 / bases.max(1) as f64;
            table.line(&format!(
                "{name}\t{cpu:.3}\t{wall:.3}\t{}\t{unit}\t{rate:.3}",
                cost.items
            ))
        };
        for (stage, cost) in Stage::ALL.iter().zip(&self.0) {
            line(stage.name(), cost, stage.items())?;
        }
        let total = Cost {
            cpu,
            wall,
            items: bases,
        };
        line("total", &total, "bases")?;
        table.ready()
    }
}

impl std::ops::AddAssign for StageCosts {
    fn add_assign(&mut self, other: Self) {
        for (cost, other) in self.0.iter_mut().zip(other.0) {
            cost.cpu += other.cpu;
            cost.wall += other.wall;
            cost.items += other.items;
        }
    }
}

impl std::fmt::Display for StageCosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total: Duration = self.0.iter().map(|cost| cost.cpu).sum();
        write!(f, "CPU seconds   {:>9.1}  ", total.as_secs_f64())?;
        let parts = Stage::ALL.iter().zip(&self.0);
        let parts: Vec<_> = parts
            .map(|(stage, cost)| format!("{} {:.1}", stage.name(), cost.cpu.as_secs_f64()))
            .collect();
        write!(f, "{}", parts.join(", "))
    }
}

/// Measures CPU and wall time of successive stages, for one thread or the whole process.
pub struct Stopwatch {
    clock: libc::clockid_t,
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self::with_clock(libc::CLOCK_THREAD_CPUTIME_ID)
    }

    /// A stopwatch of all threads, started with the process, so that the first lap includes all earlier CPU time.
    pub fn of_process(started: Instant) -> Self {
        Self {
            clock: libc::CLOCK_PROCESS_CPUTIME_ID,
            wall: started,
            cpu: Duration::ZERO,
        }
    }

    fn with_clock(clock: libc::clockid_t) -> Self {
        Self {
            clock,
            wall: Instant::now(),
            cpu: cpu_time(clock),
        }
    }

    /// Adds the time since the start or the last lap to a stage that worked on `items` items.
    pub fn lap(&mut self, timings: &mut StageCosts, stage: Stage, items: usize) {
        let Self { wall, cpu, .. } = std::mem::replace(self, Self::with_clock(self.clock));
        let cost = &mut timings.0[stage as usize];
        cost.cpu += self.cpu - cpu;
        cost.wall += self.wall - wall;
        cost.items += items as u64;
    }
}

/// CPU time (user and system) of the whole process.
pub fn process_cpu_time() -> Duration {
    cpu_time(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU time (user and system) of this thread or of the whole process.
fn cpu_time(clock: libc::clockid_t) -> Duration {
    // SAFETY: clock_gettime only fills the struct.
    let time = unsafe {
        let mut time = std::mem::zeroed::<libc::timespec>();
        libc::clock_gettime(clock, &mut time);
        time
    };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
