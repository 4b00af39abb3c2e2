//! `dvcall calibrate`: a model and labelled shards in, the same weights with a new calibration out.

use anyhow::{Result, ensure};

use super::train::{check_output, open};
use crate::cli::CalibrateArgs;
use crate::model::{Feed, Model, parse_device, recalibrate};

pub fn run(args: &CalibrateArgs) -> Result<()> {
    let examples = open(&args.examples)?;
    let output = check_output(&args.output, &["json"], args.model.as_deref())?;
    let model = match &args.model {
        Some(path) => Model::load(path)?,
        None => Model::builtin()?,
    };
    check_unknown(&model, &examples)?;
    let device = parse_device(&args.device)?;
    log::info!("{} examples to calibrate by, {device:?}", examples.labelled());
    let mut card = recalibrate(&model, &examples, device)?;
    if let Some(name) = args.output.file_stem() {
        card.name = name.to_string_lossy().into_owned();
    }
    for (name, correction) in [("SNP", card.calibration.snp), ("indel", card.calibration.indel)] {
        log::info!("{name}: {correction}");
    }
    model.with_card(card).save(&output)
}

/// Fails if the model knows these examples: what it says of them is surer than what it says of others.
fn check_unknown(model: &Model, examples: &Feed) -> Result<()> {
    let learned = model.card().training.iter().flat_map(|training| &training.examples);
    let sets = examples.data_sets();
    for set in learned {
        ensure!(
            sets.iter().all(|s| s.sha256 != set.sha256),
            "{} was learned from to make {}; calibrate by examples that were not",
            set.path,
            model.name()
        );
    }
    Ok(())
}
