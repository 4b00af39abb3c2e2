//! The size of a network, as the model card stores it.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::pileup::WIDTH;

/// Hyper-parameters of [`super::forward::Network`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Number of central columns of the pileup that the network uses. Odd, at most 221.
    pub columns: usize,
    /// Filters of the 5×5 stem with stride 2.
    pub stem: usize,
    /// Filters of the residual stages; each after the first halves rows and columns.
    pub stages: Vec<usize>,
    /// Residual blocks in each stage.
    pub blocks: usize,
    /// Units of the layer between features and heads.
    pub hidden: usize,
}

impl Default for Architecture {
    fn default() -> Self {
        Self {
            columns: 161,
            stem: 16,
            stages: vec![16, 32, 64],
            blocks: 2,
            hidden: 128,
        }
    }
}

impl Architecture {
    /// Fails if the sizes do not make a network.
    pub fn check(&self) -> Result<()> {
        let sizes = [self.stem, self.blocks, self.hidden];
        if self.columns.is_multiple_of(2)
            || !(33..=WIDTH).contains(&self.columns)
            || self.stages.is_empty()
            || sizes.iter().chain(&self.stages).any(|&n| n == 0 || n > 4096)
        {
            bail!("the model card has impossible sizes: {self:?}; use another model");
        }
        Ok(())
    }

    /// First column that the network uses.
    pub fn first_column(&self) -> usize {
        (WIDTH - self.columns) / 2
    }
}
