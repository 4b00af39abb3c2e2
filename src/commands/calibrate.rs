//! `dvcall calibrate`: fits a new calibration of a model to labelled shards. The weights stay the same.

use anyhow::Result;

use super::train::{check_output, check_unknown, open};
use crate::cli::CalibrateArgs;
use crate::model::{Model, parse_device, recalibrate};
use crate::runtime::counted;

pub fn run(args: &CalibrateArgs) -> Result<()> {
    let device = parse_device(&args.device)?;
    let examples = open(&args.examples)?;
    let output = check_output(&args.output, &["json"], args.model.as_deref())?;
    let model = match &args.model {
        Some(path) => Model::load(path)?,
        None => Model::builtin()?,
    };
    check_unknown(&model, &examples, "calibrate on")?;
    let count = counted(examples.labelled() as u64, "example");
    log::info!("{count} to calibrate on, {device:?}");
    let mut card = recalibrate(&model, &examples, device)?;
    if let Some(name) = args.output.file_stem() {
        card.name = name.to_string_lossy().into_owned();
    }
    let before = &model.card().calibration;
    for (name, correction, before) in [
        ("SNP", card.calibration.snp, before.snp),
        ("indel", card.calibration.indel, before.indel),
    ] {
        log::info!("{name}: {correction}");
        if correction == before {
            log::warn!("{name}: the examples do not support another calibration; the model's calibration stays");
        }
    }
    model.with_card(card)?.save(&output.place)
}
