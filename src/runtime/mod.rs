//! Parallel work and tasks with ordered results, progress messages, and the cost of each stage.

mod ordered;
mod progress;
mod stage_costs;
mod tasks;

pub(crate) use ordered::for_each_ordered;
pub use progress::DATED;
pub(crate) use progress::{
    LineClock, Progress, counted, done_and_to_go, peak_memory, print, print_aside, progress_bar,
};
pub(crate) use stage_costs::{Stage, StageCosts, Stopwatch, process_cpu_time};
pub(crate) use tasks::{OrderedTasks, TaskPool};
