//! The two files of a model: weights, and the card beside them, which holds the checksum of the weights.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::examples::hex;
use crate::model::network::check_finite;
use crate::output::{folder_of, put_in_place, ready_file};

/// The card's path: `x.safetensors` has `x.json`.
pub fn card_path(weights: &Path) -> PathBuf {
    weights.with_extension("json")
}

/// Fails if the weights do not have this checksum, or hold a number that is not finite.
pub fn check_pair(weights: &[u8], checksum: &str) -> Result<()> {
    let found = hex(&Sha256::digest(weights));
    ensure!(
        checksum == found,
        "the card belongs to weights with SHA-256 {checksum}, but the file has {found}; copy both files again"
    );
    check_finite(weights).context("damaged weights")
}

/// Makes a model of weights and card, in this order.
pub fn load_pair<M>(path: &Path, make: impl Fn(&[u8], &[u8]) -> Result<M>) -> Result<M> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let pair = read(path).and_then(|weights| Ok((weights, read(&card_path(path))?)));
    let model = pair.and_then(|(weights, card)| {
        make(&weights, &card).with_context(|| format!("cannot use model {}", path.display()))
    });
    // Where saving was interrupted, the weights that the card names are in their interim file.
    let interim = || {
        let card = std::fs::read(card_path(path)).ok()?;
        let weights = std::fs::read(interim_path(path, &checksum_of(&card)?)?).ok()?;
        make(&weights, &card).ok()
    };
    model.or_else(|error| interim().ok_or(error))
}

/// Writes weights and card. After a kill at any time, [`load_pair`] finds the old or the new pair. The new weights keep
/// an interim name until the card is in place; then they replace the old weights.
pub fn save_pair(path: &Path, weights: &[u8], card: &[u8], checksum: &str) -> Result<()> {
    let weights = ready_file(path, weights)?;
    let card = ready_file(&card_path(path), card)?;
    let interim = interim_path(path, checksum).context("the weights have no checksum")?;
    put_in_place(vec![weights.with_interim(interim), card])
}

/// Completes an interrupted save: renames the interim weights that the card names, and removes other interim
/// weights. No other process may write the model at the same time.
pub fn finish_saving(path: &Path) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let card = std::fs::read(card_path(path)).ok();
    let named = card.and_then(|card| checksum_of(&card));
    for entry in std::fs::read_dir(folder_of(path)).with_context(failed)? {
        let found = entry.with_context(failed)?.path();
        if !is_interim(&found, path) {
            continue;
        }
        let checksum = hex(&Sha256::digest(std::fs::read(&found).with_context(failed)?));
        match named.as_ref() == Some(&checksum) {
            true => std::fs::rename(&found, path),
            false => std::fs::remove_file(&found),
        }
        .with_context(failed)?;
    }
    Ok(())
}

/// The checksum of the weights that a card names.
fn checksum_of(card: &[u8]) -> Option<String> {
    let card: Value = serde_json::from_slice(card).ok()?;
    Some(card.get("weights_sha256")?.as_str()?.to_owned())
}

/// Name of new weights until they replace the old: `x.safetensors` has `x.interim-0123456789abcdef.safetensors`,
/// with the start of their checksum. None if `checksum` is not a checksum.
fn interim_path(weights: &Path, checksum: &str) -> Option<PathBuf> {
    let digits = checksum
        .get(..16)
        .filter(|_| checksum.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some(weights.with_extension(format!("interim-{digits}.safetensors")))
}

/// Whether `file` has an interim name for `weights`.
fn is_interim(file: &Path, weights: &Path) -> bool {
    let stem = file.file_stem().map(Path::new);
    let digits = stem.and_then(|stem| stem.extension()?.to_str()?.strip_prefix("interim-"));
    digits
        .and_then(|digits| interim_path(weights, digits))
        .is_some_and(|name| name.file_name() == file.file_name())
}
