//! `dvcall evaluate`: scores a call set against truth.

use anyhow::Result;

use crate::cli::EvaluateArgs;

pub fn run(_args: &EvaluateArgs) -> Result<()> {
    Ok(())
}
