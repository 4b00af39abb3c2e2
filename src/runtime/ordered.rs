//! Parallel work with ordered results and bounded memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use crossbeam_channel::bounded;

/// Maximum number of items per thread that are in work or wait for output. It is large enough that no worker waits for
/// a slow item, and small enough to limit memory.
const WINDOW: usize = 16;

/// Runs `work` on every item, on `threads` threads of a rayon pool, each with its own state from `worker`. Passes the
/// results to `consume` on the calling thread, in the order of the items. The first error or panic ends the run.
pub fn for_each_ordered<I, W, T: Send>(
    threads: usize,
    items: impl Iterator<Item = I> + Send,
    worker: impl Fn() -> Result<W> + Sync,
    work: impl Fn(&mut W, I) -> Result<T> + Sync,
    mut consume: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    // Starts no thread without work, because each thread has its own readers and network.
    let threads = items.size_hint().1.map_or(threads, |items| threads.min(items)).max(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start threads")?;
    let items = Mutex::new(items.enumerate());
    let stop = AtomicBool::new(false);
    let (permit, permits) = bounded(threads * WINDOW);
    for _ in 0..threads * WINDOW {
        permit.send(())?;
    }
    let (send, results) = bounded(threads * WINDOW);

    let run = |send: &crossbeam_channel::Sender<(usize, Result<T>)>| -> Result<()> {
        let mut state = worker()?;
        while !stop.load(Ordering::Relaxed) && permits.recv().is_ok() {
            let Some((index, item)) = items.lock().ok().and_then(|mut items| items.next()) else {
                break;
            };
            let result = catch_panic(|| work(&mut state, item));
            if send.send((index, result)).is_err() {
                break;
            }
        }
        Ok(())
    };
    let (run, stop, pool) = (&run, &stop, &pool);
    std::thread::scope(|scope| {
        let all = move || {
            pool.broadcast(|_| {
                let outcome = run(&send.clone());
                stop.fetch_or(outcome.is_err(), Ordering::Relaxed);
                outcome
            })
        };
        let workers = std::thread::Builder::new()
            .spawn_scoped(scope, all)
            .context("cannot start threads")?;
        let consumed = consume_in_order(results, permit, &mut consume);
        stop.store(true, Ordering::Relaxed);
        let started = workers.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        started.into_iter().collect::<Result<()>>()?;
        consumed
    })
}

/// Converts a panic to an error. The panic's message is already printed.
pub(super) fn catch_panic<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(_) => bail!("a thread has panicked; this is a fault of dvcall; please report it with the lines above"),
    }
}

/// Passes on results in the order of the items. Dropping `permit` on return lets waiting workers end.
fn consume_in_order<T>(
    results: crossbeam_channel::Receiver<(usize, Result<T>)>,
    permit: crossbeam_channel::Sender<()>,
    consume: &mut impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let mut waiting = std::collections::BTreeMap::new();
    let mut next = 0;
    for (index, result) in results {
        waiting.insert(index, result?);
        while let Some(ready) = waiting.remove(&next) {
            consume(ready)?;
            next += 1;
            permit.send(())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_from_any_number_of_threads() {
        for threads in [1, 2, 7] {
            let mut seen = Vec::new();
            let slow_start = |_: &mut (), i: u64| {
                std::thread::sleep(std::time::Duration::from_micros(if i.is_multiple_of(7) {
                    300
                } else {
                    10
                }));
                Ok(i * 2)
            };
            for_each_ordered(
                threads,
                0..500u64,
                || Ok(()),
                slow_start,
                |x| {
                    seen.push(x);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(seen, (0..500).map(|i| i * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_anywhere_ends_the_run() {
        let work = |_: &mut (), i: u32| if i == 40 { bail!("item 40") } else { Ok(i) };
        let error = for_each_ordered(2, 0..1_000_000, || Ok(()), work, |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "item 40");
        let error = for_each_ordered(
            2,
            0..1_000_000u32,
            || Ok(()),
            |_, i| Ok(i),
            |i| if i == 9 { bail!("full") } else { Ok(()) },
        );
        assert_eq!(error.unwrap_err().to_string(), "full");
        let error = for_each_ordered(
            2,
            0..10u32,
            || -> Result<()> { bail!("no reader") },
            |_, i| Ok(i),
            |_| Ok(()),
        );
        assert_eq!(error.unwrap_err().to_string(), "no reader");
        let work = |_: &mut (), i: u32| if i == 40 { panic!("item 40") } else { Ok(i) };
        let error = for_each_ordered(2, 0..1_000_000, || Ok(()), work, |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("panicked"));
    }
}
