//! Short tasks on other threads, with ordered results.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::ordered::catch_panic;

/// Threads for short tasks.
#[derive(Clone)]
pub struct TaskPool(Arc<rayon::ThreadPool>);

impl TaskPool {
    pub fn new(threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
        Ok(Self(Arc::new(pool.context("cannot start threads")?)))
    }

    pub fn threads(&self) -> usize {
        self.0.current_num_threads()
    }
}

/// Tasks whose results come back in the order of the tasks.
pub struct OrderedTasks<T> {
    pool: TaskPool,
    results: VecDeque<Receiver<Result<T>>>,
}

impl<T: Send + 'static> OrderedTasks<T> {
    pub fn new(pool: TaskPool) -> Self {
        Self {
            pool,
            results: VecDeque::new(),
        }
    }

    /// Starts a task. A panic in it becomes an error.
    pub fn add(&mut self, task: impl FnOnce() -> Result<T> + Send + 'static) {
        let (send, result) = bounded(1);
        self.results.push_back(result);
        self.pool.0.spawn_fifo(move || {
            // Nobody waits for the result after an error.
            let _ = send.send(catch_panic(task));
        });
    }

    /// The next result, if it is known. Waits for it if more than `most` tasks have not been taken.
    pub fn next(&mut self, most: usize) -> Option<Result<T>> {
        let first = self.results.front()?;
        let result = match self.results.len() > most {
            true => first.recv().map_err(Into::into).flatten(),
            false => match first.try_recv() {
                Err(TryRecvError::Empty) => return None,
                result => result.map_err(Into::into).flatten(),
            },
        };
        self.results.pop_front();
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::bail;

    use super::*;

    #[test]
    fn results_come_in_order_and_a_panic_is_an_error() {
        let mut tasks = OrderedTasks::new(TaskPool::new(3).unwrap());
        for i in 0..100_u64 {
            tasks.add(move || {
                std::thread::sleep(Duration::from_micros(if i.is_multiple_of(7) { 500 } else { 5 }));
                Ok(i)
            });
        }
        let mut found = Vec::new();
        while found.len() < 90 {
            found.extend(tasks.next(10).transpose().unwrap());
        }
        while let Some(result) = tasks.next(0) {
            found.push(result.unwrap());
        }
        assert_eq!(found, (0..100).collect::<Vec<_>>());
        tasks.add(|| bail!("full"));
        tasks.add(|| panic!("task"));
        assert_eq!(tasks.next(0).unwrap().unwrap_err().to_string(), "full");
        assert!(tasks.next(0).unwrap().unwrap_err().to_string().contains("panicked"));
        assert!(tasks.next(0).is_none());
    }
}
