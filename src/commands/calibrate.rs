//! `dvcall calibrate`: fits a new calibration of a model to labelled shards. The weights stay the same.

use anyhow::{Result, bail};
use tch::Device;

use super::train::{check_output, check_unknown, open};
use crate::cli::CalibrateArgs;
use crate::model::{Card, DataSet, DepthBand, Feed, Model, fit_tiers, parse_device, recalibrate};
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
    let mut card = match args.tiers {
        true => with_tiers(&model, &examples, device)?,
        false => recalibrate(&model, &examples, device)?,
    };
    if let Some(name) = args.output.file_stem() {
        card.name = name.to_string_lossy().into_owned();
    }
    if !args.tiers {
        tell_calibration(&model, &card);
    }
    model.with_card(card)?.save(&output.place)
}

/// The model's card with tiers that are fitted to these examples.
fn with_tiers(model: &Model, examples: &Feed, device: Device) -> Result<Card> {
    let mut card = model.card().clone();
    let sets = examples.data_sets();
    let is_calibrated_on = |set: &DataSet| card.calibrated_on.iter().any(|other| other.sha256 == set.sha256);
    if let Some(set) = sets.iter().find(|set| is_calibrated_on(set)) {
        bail!(
            "{} was calibrated on {}; fit tiers on other examples",
            model.name(),
            set.path
        );
    }
    let tiers = fit_tiers(model, examples, device)?;
    for (name, fitted) in [("SNP", &tiers.snp), ("indel", &tiers.indel)] {
        fitted.bands.iter().for_each(|band| tell_band(name, band));
    }
    (card.tiers, card.tiers_fitted_on) = (Some(tiers), sets);
    Ok(card)
}

fn tell_band(name: &str, band: &DepthBand) {
    match band.confirm {
        None => log::warn!("{name}, {band}"),
        Some(_) => log::info!("{name}, {band}"),
    }
}

fn tell_calibration(model: &Model, card: &Card) {
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
}
