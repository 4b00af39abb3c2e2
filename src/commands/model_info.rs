//! `dvcall model-info`: prints the card of a model.

use anyhow::Result;

use crate::cli::ModelInfoArgs;
use crate::model::{Card, CascadeThresholds, DataSet, Metrics, Model, Tiers, Training};
use crate::runtime::print;

/// Most places of a set to print; the card has all.
const SHOWN_PLACES: usize = 8;

pub fn run(args: &ModelInfoArgs) -> Result<()> {
    let model = match &args.model {
        Some(path) => Model::load(path)?,
        None => Model::builtin()?,
    };
    print(describe(model.card()))
}

fn describe(card: &Card) -> String {
    let a = &card.architecture;
    let mut lines = vec![
        line("model", &card.name),
        line("weights SHA-256", &card.weights_sha256),
        line("dvcall version", &card.dvcall_version),
        line("pileup", format!("{:?}: {}", card.shape, card.channels.join(", "))),
        line("classes", card.classes.join(", ")),
        line(
            "network",
            format!(
                "stem {}, stages {:?} of {} blocks, hidden {}, central {} columns",
                a.stem, a.stages, a.blocks, a.hidden, a.columns
            ),
        ),
        line("cascade", describe_cascade(card.cascade.as_ref())),
        line(
            "calibration",
            [("SNP", card.calibration.snp), ("indel", card.calibration.indel)]
                .map(|(name, correction)| format!("{name} {correction}"))
                .join("; "),
        ),
    ];
    lines.extend(
        card.calibrated_on
            .iter()
            .map(|set| line("calibrated on", describe_set(set))),
    );
    lines.extend(card.tiers.iter().flat_map(describe_tiers));
    lines.extend(
        card.tiers_fitted_on
            .iter()
            .map(|set| line("tiers fitted on", describe_set(set))),
    );
    if !card.notes.is_empty() {
        lines.push(line("notes", &card.notes));
    }
    if let Some(training) = &card.training {
        lines.extend(describe_training(training));
    }
    lines.join("\n") + "\n"
}

/// The guard rails of the tiers, and what they gave for each type and depth.
fn describe_tiers(tiers: &Tiers) -> Vec<String> {
    let bands = [("SNP", &tiers.snp), ("indel", &tiers.indel)]
        .into_iter()
        .flat_map(|(name, fitted)| fitted.bands.iter().map(move |band| format!("{name}, {band}")));
    std::iter::once(format!("guard rails: {}", tiers.guard_rails))
        .chain(bands)
        .map(|text| line("tiers", text))
        .collect()
}

/// What is decided without the pileup network.
fn describe_cascade(cascade: Option<&CascadeThresholds>) -> String {
    match cascade {
        None => "none; the pileup network decides every candidate".to_owned(),
        Some(thresholds) => format!(
            "a small network on a summary of the pileup decides clear candidates with one alternate allele. {thresholds}"
        ),
    }
}

fn describe_training(training: &Training) -> Vec<String> {
    let mut lines = vec![
        line("libtorch version", &training.libtorch_version),
        line(
            "started from",
            training.init_from.as_deref().unwrap_or("random weights"),
        ),
        line(
            "epoch",
            match training.best_epoch {
                0 => format!("the start, because none of {} was better", training.epochs.len()),
                best => format!("{best} of {}", training.epochs.len()),
            },
        ),
    ];
    for (key, value) in training
        .settings
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "architecture")
    {
        lines.push(line(&key.replace('_', " "), value));
    }
    let sets =
        |name, sets: &[DataSet]| -> Vec<String> { sets.iter().map(|set| line(name, describe_set(set))).collect() };
    lines.extend(sets("trained on", &training.examples));
    lines.extend(sets("validated on", &training.validation));
    lines.extend(sets("learned before", &training.learned_before));
    let of_epoch = |epoch: usize| training.epochs.get(epoch).map(|epoch| (&epoch.snp, &epoch.indel));
    let best = match training.best_epoch.checked_sub(1) {
        Some(epoch) => of_epoch(epoch),
        None => training.start.as_ref().map(|start| (&start.snp, &start.indel)),
    };
    if let Some((snp, indel)) = best {
        lines.push(format!(
            "\n{:<6} {:>9} {:>8} {:>6} {:>6} {:>9} {:>9} {:>9} {:>13}",
            "type", "examples", "TP", "FP", "FN", "recall", "precision", "F1", "cross-entropy"
        ));
        let row = |name: &str, m: &Metrics| {
            format!(
                "{name:<6} {:>9} {:>8} {:>6} {:>6} {:>9.6} {:>9.6} {:>9.6} {:>13.6}",
                m.examples,
                m.true_positives,
                m.false_positives,
                m.false_negatives,
                m.recall,
                m.precision,
                m.f1,
                m.cross_entropy
            )
        };
        lines.extend([row("SNP", snp), row("INDEL", indel)]);
    }
    lines
}

fn describe_set(set: &DataSet) -> String {
    let (snp, indel) = (set.snp.labelled(), set.indel.labelled());
    let mut text = format!(
        "{} ({snp} SNP, {indel} indel examples), manifest SHA-256 {}",
        set.path, set.sha256
    );
    if !set.sample.is_empty() {
        text += &format!("; sample {}", set.sample);
    }
    if !set.reads.is_empty() {
        text += &format!(", reads SHA-256 {}", set.reads.join(" "));
    }
    let shown: Vec<_> = set.places.iter().take(SHOWN_PLACES).map(ToString::to_string).collect();
    if !shown.is_empty() {
        let more = set.places.len() - shown.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        text += &format!(", at {}{more}", shown.join(" "));
    }
    text
}

fn line(name: &str, value: impl std::fmt::Display) -> String {
    format!("{name:<18} {value}")
}
