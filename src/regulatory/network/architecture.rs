//! The architectures by name, and the shapes of their weights.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How features come from a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// One convolution, whose filters are motif detectors
    Convolution,
    /// Convolutions with narrow, middle and wide filters side by side
    Parallel,
    /// A convolution, then residual blocks of two convolutions, each of which sees twice as far
    Residual,
    /// A convolution, then a bidirectional LSTM
    Lstm,
}

/// Widths of the convolutions of [`Architecture::Parallel`], in halves of `width`.
const PARALLEL: [usize; 3] = [1, 2, 3];
/// Residual blocks, and the width of their filters. Block `b` has a dilation of 2^b.
pub const BLOCKS: usize = 3;
pub const BLOCK_WIDTH: usize = 5;
/// Positions that an LSTM takes together.
pub const LSTM_POOL: i64 = 4;

/// What a network predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Heads {
    /// Whether a sequence is bound, for each task.
    Tasks(usize),
    /// The base at each position.
    Bases,
}

/// The size of a network, as the model card stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    pub architecture: Architecture,
    /// Filters of the first convolution; of each of them in `parallel`.
    pub filters: usize,
    /// Bases that a filter of the first convolution sees.
    pub width: usize,
    /// Units of the hidden layer, and of each direction of an LSTM.
    pub hidden: usize,
}

/// A weight: its name, its shape, its initial variance times its inputs, and the rank of its layer from the sequence on.
pub struct Layer {
    pub name: String,
    pub shape: Vec<i64>,
    pub gain: f64,
    pub depth: usize,
}

impl Shape {
    pub fn new(architecture: Architecture) -> Self {
        let filters = match architecture {
            Architecture::Convolution => 64,
            Architecture::Parallel | Architecture::Residual | Architecture::Lstm => 32,
        };
        Self {
            architecture,
            filters,
            width: 15,
            hidden: 32,
        }
    }

    /// Fails if the sizes do not make a network.
    pub fn check(&self) -> Result<()> {
        let sizes = [self.filters, self.hidden];
        ensure!(
            sizes.iter().all(|size| (1..=4096).contains(size)) && (5..=51).contains(&self.width) && self.width % 2 == 1,
            "impossible sizes: {self:?}; filters and hidden units are 1 to 4096, the width of a filter is an odd number \
             from 5 to 51"
        );
        Ok(())
    }

    /// Names and widths of the convolutions on the sequence.
    pub fn first(&self) -> Vec<(String, usize)> {
        match self.architecture {
            Architecture::Parallel => PARALLEL
                .iter()
                .map(|&halves| (format!("first{halves}"), (self.width * halves / 2) | 1))
                .collect(),
            _ => vec![("first".to_owned(), self.width)],
        }
    }

    /// Features of each position.
    pub fn channels(&self) -> usize {
        match self.architecture {
            Architecture::Convolution | Architecture::Residual => self.filters,
            Architecture::Parallel => self.filters * PARALLEL.len(),
            Architecture::Lstm => 2 * self.hidden,
        }
    }

    /// Bases to the right of a position that its features see. None if they see all.
    pub fn reach(&self) -> Option<usize> {
        let first = self.first().iter().map(|(_, width)| width / 2).max().unwrap_or(0);
        match self.architecture {
            Architecture::Convolution | Architecture::Parallel => Some(first),
            Architecture::Residual => Some(first + (0..BLOCKS).map(|b| (2 << b) * (BLOCK_WIDTH / 2)).sum::<usize>()),
            Architecture::Lstm => None,
        }
    }

    /// All weights.
    pub fn layers(&self, heads: Heads) -> Vec<Layer> {
        let mut layers = Vec::new();
        let mut add = |name: &str, shape: &[usize], gain: f64, depth: usize| {
            let weight = |part: &str, shape: &[usize], gain| Layer {
                name: format!("{name}.{part}"),
                shape: shape.iter().map(|&d| d as i64).collect(),
                gain,
                depth,
            };
            layers.extend([weight("weight", shape, gain), weight("bias", &shape[..1], 0.0)]);
        };
        for (name, width) in self.first() {
            add(&name, &[self.filters, 4, width], 2.0, 0);
        }
        let mut depth = 1;
        match self.architecture {
            Architecture::Convolution | Architecture::Parallel => {}
            Architecture::Residual => {
                let size = [self.filters, self.filters, BLOCK_WIDTH];
                for block in 1..=BLOCKS {
                    add(&format!("block{block}.conv1"), &size, 2.0, depth);
                    // A block begins as the identity (Zhang et al., "Fixup initialization", ICLR 2019).
                    add(&format!("block{block}.conv2"), &size, 0.0, depth);
                    depth += 1;
                }
            }
            Architecture::Lstm => {
                for direction in ["forward", "backward"] {
                    let gates = 4 * self.hidden;
                    add(&format!("lstm.{direction}.input"), &[gates, self.filters], 1.0, depth);
                    add(&format!("lstm.{direction}.state"), &[gates, self.hidden], 1.0, depth);
                }
                depth += 1;
            }
        }
        match heads {
            Heads::Tasks(tasks) => {
                add("hidden", &[self.hidden, 2 * self.channels()], 2.0, depth);
                add("heads", &[tasks, self.hidden], 0.1, depth + 1);
            }
            Heads::Bases => add("base", &[4, self.channels(), 1], 0.1, depth),
        }
        layers
    }
}
