//! Gradients and scores on several threads. They do not depend on the number of threads: examples go in groups of a fixed size, and
//! the results of groups are added in order.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use tch::{Device, Kind, Tensor};

use super::lesson::Lesson;
use crate::model::{Random, Weights};
use crate::regulatory::network::Network;

/// Examples that are evaluated together.
pub const GROUP: usize = 16;

/// A network for each thread; all share the memory of their weights.
pub struct Workers {
    networks: Vec<Network>,
}

impl Workers {
    /// One thread for a GPU, and otherwise this number.
    pub fn new(network: &Network, threads: usize, device: Device) -> Result<Self> {
        let threads = if device.is_cuda() { 1 } else { threads.max(1) };
        Ok(Self {
            networks: (0..threads).map(|_| network.replica()).collect::<Result<_>>()?,
        })
    }

    /// The results of `work` for the groups 0 to `groups`, in order.
    pub fn map<T: Send>(
        &mut self,
        groups: usize,
        work: impl Fn(&Network, usize) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let next = AtomicUsize::new(0);
        let share = |network: &Network| {
            let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&group| group < groups);
            let groups = std::iter::from_fn(take);
            groups
                .map(|group| Ok((group, work(network, group)?)))
                .collect::<Result<Vec<_>>>()
        };
        let threads = self.networks.len().min(groups.max(1));
        let (first, others) = self.networks.split_first_mut().context("no thread")?;
        let mut results = std::thread::scope(|scope| {
            let mut started = Vec::new();
            for network in others.iter_mut().take(threads - 1) {
                let share = &share;
                let run = move || {
                    tch::set_num_threads(1);
                    share(network)
                };
                let thread = std::thread::Builder::new().spawn_scoped(scope, run);
                started.push(thread.context("cannot start threads")?);
            }
            let mut results = share(first)?;
            for other in started {
                results.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            anyhow::Ok(results)
        })?;
        results.sort_by_key(|(group, _)| *group);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    /// The gradient of the mean loss of these examples for the weights in `learning`, and the sum of the losses.
    pub fn gradient(
        &mut self,
        lesson: &impl Lesson,
        examples: &[usize],
        learning: &[String],
        keys: [u64; 2],
    ) -> Result<(Weights, f64)> {
        let groups: Vec<&[usize]> = examples.chunks(GROUP).collect();
        let scale = 1.0 / examples.len() as f64;
        let results = self.map(groups.len(), |network, group| {
            let random = Random::new(&[keys[0], keys[1], group as u64]);
            let loss = lesson.loss(network, groups[group], random)?;
            let weights: Vec<&Tensor> = learning.iter().filter_map(|name| network.weights().get(name)).collect();
            let scaled = loss.f_mul_scalar(scale)?;
            let slopes =
                Tensor::f_run_backward(&[&scaled], &weights, false, false).context("cannot compute gradients")?;
            Ok((slopes, loss.f_double_value(&[])?))
        })?;
        let _no_grad = tch::no_grad_guard();
        let (mut sum, mut total) = (Weights::new(), 0.0);
        for (slopes, loss) in results {
            total += loss;
            for (name, slope) in learning.iter().zip(slopes) {
                match sum.get_mut(name) {
                    Some(sum) => drop(sum.f_add_(&slope)?),
                    None => drop(sum.insert(name.clone(), slope)),
                }
            }
        }
        Ok((sum, total))
    }

    /// Logits of sequences, by task.
    pub fn scores(&mut self, sequences: &[&[u8]]) -> Result<Vec<Vec<f32>>> {
        let groups: Vec<&[&[u8]]> = sequences.chunks(8 * GROUP).collect();
        let scores = self.map(groups.len(), |network, group| network.score(groups[group]))?;
        Ok(scores.concat())
    }
}

/// The sum of the binary cross-entropies of logits [n, tasks] and targets of the same shape.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (bound, other) = (logits.f_log_sigmoid()?, logits.f_neg()?.f_log_sigmoid()?);
    let of_bound = bound.f_mul(targets)?;
    let of_other = other.f_mul(&targets.f_neg()?.f_add_scalar(1.0)?)?;
    Ok(of_bound.f_add(&of_other)?.f_sum(Kind::Float)?.f_neg()?)
}
