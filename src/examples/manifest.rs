//! The description of a shard set: `manifest.json`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::places::Place;
use crate::library::Library;
use crate::pileup::{CHANNEL_NAMES, CHANNELS, HEIGHT, WIDTH};
use crate::variants::VariantType;

pub const MANIFEST_NAME: &str = "manifest.json";
const FORMAT: &str = "dvcall-shards-2";

/// Number of examples of one variant type by label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCounts {
    pub hom_ref: u64,
    pub het: u64,
    pub hom_alt: u64,
    pub unlabelled: u64,
}

impl LabelCounts {
    pub fn add(&mut self, label: Option<u8>) {
        *match label {
            Some(0) => &mut self.hom_ref,
            Some(1) => &mut self.het,
            Some(_) => &mut self.hom_alt,
            None => &mut self.unlabelled,
        } += 1;
    }

    pub fn labelled(&self) -> u64 {
        self.hom_ref + self.het + self.hom_alt
    }
}

/// One shard of the set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardEntry {
    /// File name without `.safetensors.zst` and `.tsv`.
    pub name: String,
    pub examples: u64,
    /// SHA-256 of the compressed tensors.
    pub sha256: String,
    /// SHA-256 of the table.
    pub table_sha256: String,
}

/// The contents of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: String,
    pub shape: [usize; 3],
    pub channels: Vec<String>,
    pub dvcall_version: String,
    pub examples: u64,
    pub snp: LabelCounts,
    pub indel: LabelCounts,
    pub shards: Vec<ShardEntry>,
    /// Where the examples are. Empty for older sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// The library of the reads.
    pub library: Library,
    /// How the set was made: thresholds, input files with checksums, and how the inputs were made.
    pub info: Value,
}

impl Manifest {
    pub fn new(library: Library, info: Value) -> Self {
        Self {
            format: FORMAT.into(),
            shape: [HEIGHT, WIDTH, CHANNELS],
            channels: CHANNEL_NAMES.map(str::to_owned).to_vec(),
            dvcall_version: env!("CARGO_PKG_VERSION").into(),
            examples: 0,
            snp: LabelCounts::default(),
            indel: LabelCounts::default(),
            shards: Vec::new(),
            places: Vec::new(),
            library,
            info,
        }
    }

    pub fn counts_mut(&mut self, variant_type: VariantType) -> &mut LabelCounts {
        match variant_type {
            VariantType::Snp => &mut self.snp,
            VariantType::Indel => &mut self.indel,
        }
    }

    pub fn labelled(&self) -> u64 {
        self.snp.labelled() + self.indel.labelled()
    }

    /// Reads over a base of the sample, around its median read. 0 for sets of earlier versions.
    pub fn depth(&self) -> f64 {
        self.info["depth"].as_f64().unwrap_or(0.0)
    }

    /// Reads the manifest of a shard set. Returns it with its SHA-256. Fails if the folder holds no manifest, or
    /// one of another shape.
    pub fn read(directory: &Path) -> Result<(Self, String)> {
        let path = directory.join(MANIFEST_NAME);
        let text = std::fs::read(&path).with_context(|| {
            format!(
                "{} is not a complete set of examples: cannot read {MANIFEST_NAME}",
                directory.display()
            )
        })?;
        let manifest: Self = serde_json::from_slice(&text)
            .with_context(|| format!("damaged manifest {}; make the examples again", path.display()))?;
        let fits = Self::new(Library::TYPICAL, Value::Null);
        if manifest.format != fits.format || manifest.shape != fits.shape || manifest.channels != fits.channels {
            bail!(
                "{}: shards of format {} with shape {:?} and channels {} do not fit this version, which needs {}, \
                 {:?} and {}; make the examples again",
                path.display(),
                manifest.format,
                manifest.shape,
                manifest.channels.join(","),
                fits.format,
                fits.shape,
                fits.channels.join(","),
            );
        }
        manifest
            .check_shards()
            .with_context(|| format!("damaged manifest {}; make the examples again", path.display()))?;
        Ok((manifest, hex(&Sha256::digest(&text))))
    }

    /// Fails if a shard's name is not a plain file name or occurs twice, or if the numbers of examples do not add up.
    fn check_shards(&self) -> Result<()> {
        let mut names = BTreeSet::new();
        let mut listed = 0_u64;
        for ShardEntry { name, examples, .. } in &self.shards {
            let is_plain = Path::new(name).file_name() == Some(OsStr::new(name)) && !name.contains(char::is_control);
            ensure!(is_plain, "{name:?} is not the name of a shard in its folder");
            ensure!(names.insert(name), "shard {name} is named twice");
            listed = listed.saturating_add(*examples);
        }
        ensure!(
            listed == self.examples,
            "it lists {} examples, but its shards have {listed}",
            self.examples
        );
        Ok(())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
