//! A model: weights and their card.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tch::Device;

use super::card::Card;
use super::elastic_weights::ElasticWeights;
use super::pair::{check_pair, load_pair, save_pair};
use crate::examples::hex;
use crate::model::cascade::Cascade;
use crate::model::network::{Network, Weights, from_bytes, to_bytes};

/// Weights and their matching card. Cheap to clone and to share between threads.
#[derive(Clone)]
pub struct Model {
    card: Arc<Card>,
    card_text: Arc<[u8]>,
    weights: Arc<[u8]>,
}

impl Model {
    /// The built-in model.
    pub fn builtin() -> Result<Self> {
        Self::from_parts(
            include_bytes!("../../../models/wgs.safetensors"),
            include_bytes!("../../../models/wgs.json"),
        )
        .context("built-in model")
    }

    /// Reads `<model>.safetensors` and the card `<model>.json` beside it. Fails if the card does not fit this
    /// version or belongs to other weights.
    pub fn load(path: &Path) -> Result<Self> {
        load_pair(path, Self::from_parts)
    }

    fn from_parts(weights: &[u8], card_text: &[u8]) -> Result<Self> {
        let card = Card::parse(card_text)?;
        check_pair(weights, &card.weights_sha256)?;
        Ok(Self {
            card: card.into(),
            card_text: card_text.into(),
            weights: weights.into(),
        })
    }

    /// A model from the weights of network and cascade; adds their checksum to the card.
    pub fn new(weights: &Weights, card: Card) -> Result<Self> {
        let weights = to_bytes(weights, None)?;
        let checksum = hex(&Sha256::digest(&weights));
        Self::completed(weights.into(), checksum, card)
    }

    fn completed(weights: Arc<[u8]>, checksum: String, mut card: Card) -> Result<Self> {
        card.weights_sha256 = checksum;
        let card_text = serde_json::to_string_pretty(&card)? + "\n";
        Ok(Self {
            card: card.into(),
            card_text: card_text.into_bytes().into(),
            weights,
        })
    }

    /// Name and checksums of the weights and of the card (with the calibration).
    pub fn identity(&self) -> String {
        let card = hex(&Sha256::digest(&self.card_text));
        format!("{} sha256:{} card-sha256:{card}", self.name(), self.checksum())
    }

    /// Writes weights and card; see `save_pair`.
    pub fn save(&self, path: &Path) -> Result<()> {
        save_pair(path, &self.weights, &self.card_text, self.checksum())
    }

    /// The same weights with another card; sets the card's checksum of the weights.
    pub fn with_card(&self, card: Card) -> Result<Self> {
        Self::completed(self.weights.clone(), self.checksum().to_owned(), card)
    }

    pub fn card(&self) -> &Card {
        &self.card
    }

    pub fn name(&self) -> &str {
        &self.card.name
    }

    /// SHA-256 of the weights.
    pub fn checksum(&self) -> &str {
        &self.card.weights_sha256
    }

    /// A copy of the network on `device`.
    pub fn network(&self, device: Device) -> Result<Network> {
        Network::with_weights(&self.card.architecture, &self.weights()?, device).with_context(|| self.misfit())
    }

    /// The cascade. None if the model has no cascade.
    pub fn cascade(&self) -> Result<Option<Cascade>> {
        Cascade::from_weights(&self.weights()?, self.card.cascade).with_context(|| self.misfit())
    }

    /// The weights of network and cascade, and their importances.
    pub fn weights(&self) -> Result<Weights> {
        Ok(from_bytes(&self.weights, "").context("damaged weights")?.0)
    }

    /// Whether the model stores importances, so that fine-tuning can preserve what it learned.
    pub fn remembers(&self) -> Result<bool> {
        Ok(ElasticWeights::has_importances(&self.weights()?))
    }

    fn misfit(&self) -> String {
        format!("model {} does not fit its card", self.card.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::card_path;

    #[test]
    fn the_built_in_model_fits() {
        let model = Model::builtin().unwrap();
        assert!(model.network(Device::Cpu).is_ok() && model.cascade().is_ok());
        let file = hex(&Sha256::digest(include_bytes!("../../../models/wgs.json")));
        assert!(model.identity().ends_with(&format!("card-sha256:{file}")));
    }

    #[test]
    fn a_model_that_does_not_fit_is_refused_with_the_difference() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        let message = |find: &str, replace: &str| {
            let model = Model::builtin().unwrap();
            model.save(&path).unwrap();
            let card = std::fs::read_to_string(card_path(&path)).unwrap();
            assert!(card.contains(find), "{find}");
            std::fs::write(card_path(&path), card.replacen(find, replace, 1)).unwrap();
            let network = Model::load(&path).and_then(|m| m.network(Device::Cpu).map(|_| ()));
            format!("{:#}", network.unwrap_err())
        };
        assert!(message("221", "199").contains("shape [100, 199, 7]"));
        assert!(message("\"insert size\"", "\"haplotype\"").contains("haplotype"));
        assert!(message("\"hom_alt\"", "\"homozygous\"").contains("homozygous"));
        assert!(message("dvcall-model-1", "dvcall-model-0").contains("dvcall-model-0"));
        assert!(message("\"stem\": ", "\"stem\": 1").contains("stem.weight has shape"));
        assert!(message("\"weights_sha256\": \"", "\"weights_sha256\": \"0").contains("SHA-256 0"));
        assert!(message("\"threshold\": 0.995", "\"threshold\": 0.2").contains("threshold of 0.2"));
    }

    #[test]
    fn weights_that_are_not_finite_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        let model = Model::builtin().unwrap();
        for (name, number) in [("heads.bias", f32::NAN), ("cascade.mean", f32::INFINITY)] {
            let mut weights = model.weights().unwrap();
            let _ = weights
                .get_mut(name)
                .unwrap()
                .f_view([-1i64])
                .unwrap()
                .get(1)
                .fill_(f64::from(number));
            Model::new(&weights, model.card().clone()).unwrap().save(&path).unwrap();
            let refused = format!("{:#}", Model::load(&path).err().unwrap());
            assert!(
                refused.contains(&format!("number 1 of tensor {name} is {number}")),
                "{refused}"
            );
        }
    }
}
