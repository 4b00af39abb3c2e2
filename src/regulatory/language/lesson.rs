//! Learns bases: those that are masked, from both sides, or the next one, from the bases before it.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::windows::GenomeWindows;
use crate::model::Random;
use crate::regulatory::bases::UNKNOWN;
use crate::regulatory::network::{Heads, Network, Shape, one_hot};
use crate::regulatory::training::{Lesson, Validated, Workers};

/// The fraction of masked bases.
const MASKED: f64 = 0.15;
/// Windows that are validated together.
const GROUP: usize = 32;

/// What a language model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// A base that is masked, from the bases on both sides
    Masked,
    /// The next base, from the bases before it; not for lstm, which reads both ways
    Next,
}

/// Windows to learn from.
pub struct Language<'a> {
    windows: &'a GenomeWindows,
    objective: Objective,
    /// Bases to the right of a position that its features see.
    reach: usize,
    seed: u64,
}

impl<'a> Language<'a> {
    /// Fails if the architecture cannot predict every base.
    pub fn new(windows: &'a GenomeWindows, objective: Objective, shape: &Shape, seed: u64) -> Result<Self> {
        let length = windows.training.first().map_or(0, Vec::len);
        let reach = shape.reach();
        ensure!(
            reach.is_some(),
            "--architecture lstm: its features are those of several bases together, so it cannot predict each base; \
             pretrain convolution, parallel or residual"
        );
        let reach = reach.unwrap_or(0);
        ensure!(
            length > reach + 1,
            "--length {length}: the network looks {reach} bases ahead; give at least {}",
            2 * (reach + 1)
        );
        Ok(Self {
            windows,
            objective,
            reach,
            seed,
        })
    }

    /// The sum of the losses of windows, and the number of predicted bases.
    fn predict(&self, network: &Network, windows: &[&[u8]], mut random: Random) -> Result<(Tensor, f64)> {
        let device = network.weights().values().next().map_or(Device::Cpu, Tensor::device);
        let length = windows.first().map_or(0, |codes| codes.len());
        let mut seen: Vec<Vec<u8>> = windows.iter().map(|codes| codes.to_vec()).collect();
        let shift = self.reach + 1;
        // The base to predict at each position; UNKNOWN where there is none.
        let mut targets: Vec<u8> = Vec::with_capacity(windows.len() * length);
        for (codes, seen) in windows.iter().zip(&mut seen) {
            for position in 0..length {
                targets.push(match self.objective {
                    Objective::Masked if random.uniform() < MASKED => {
                        seen[position] = UNKNOWN;
                        codes[position]
                    }
                    Objective::Masked => UNKNOWN,
                    Objective::Next => codes.get(position + shift).copied().unwrap_or(UNKNOWN),
                });
            }
        }
        let seen: Vec<&[u8]> = seen.iter().map(Vec::as_slice).collect();
        let logits = network.bases(&one_hot(&seen, device)?)?;
        let chunks: Vec<&[u8]> = targets.chunks(length.max(1)).collect();
        let targets = one_hot(&chunks, device)?;
        let count = targets.f_sum(Kind::Float)?.f_double_value(&[])?;
        let likelihood = logits.f_log_softmax(1, Kind::Float)?.f_mul(&targets)?;
        Ok((likelihood.f_sum(Kind::Float)?.f_neg()?, count))
    }

    fn window(&self, rank: usize) -> &[u8] {
        &self.windows.training[rank]
    }
}

impl Lesson for Language<'_> {
    fn heads(&self) -> Heads {
        Heads::Bases
    }

    fn examples(&self) -> usize {
        self.windows.training.len()
    }

    fn measure(&self) -> &'static str {
        "perplexity"
    }

    fn loss(&self, network: &Network, examples: &[usize], random: Random) -> Result<Tensor> {
        let windows: Vec<&[u8]> = examples.iter().map(|&rank| self.window(rank)).collect();
        let (loss, count) = self.predict(network, &windows, random)?;
        // The loss of a window is the mean over its bases.
        Ok(loss.f_mul_scalar(examples.len() as f64 / count.max(1.0))?)
    }

    fn validate(&self, workers: &mut Workers) -> Result<Validated> {
        let windows: Vec<&[u8]> = self.windows.validation.iter().map(Vec::as_slice).collect();
        let groups: Vec<&[&[u8]]> = windows.chunks(GROUP).collect();
        let sums = workers.map(groups.len(), |network, group| {
            let _no_grad = tch::no_grad_guard();
            let random = Random::new(&[self.seed, 7, group as u64]);
            let (loss, count) = self.predict(network, groups[group], random)?;
            Ok((loss.f_double_value(&[])?, count))
        })?;
        let (loss, count) = sums
            .iter()
            .fold((0.0, 0.0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
        let loss = loss / f64::max(count, 1.0);
        Ok(Validated {
            loss,
            measure: loss.exp(),
            score: -loss,
        })
    }
}
