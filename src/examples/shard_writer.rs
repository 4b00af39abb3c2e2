//! Writes examples as shards.
//!
//! A shard is two files. `shard-00000.safetensors.zst` holds zstd-compressed safetensors: `image: u8 [N, 100, 221,
//! 7]`, `label: i64 [N]` (−1 = none) and `clipping: f32 [N, 4]` in the order of [`Clipping::to_array`].
//! `shard-00000.tsv` has one line for each example. To read the tensors in Python:
//!
//! ```python
//! import safetensors.numpy, zstandard
//! data = zstandard.ZstdDecompressor().decompress(open("shard-00000.safetensors.zst", "rb").read(), 1 << 31)
//! tensors = safetensors.numpy.load(data)  # {"image": ..., "label": ..., "clipping": ...}
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::digesting::Digesting;
use super::example::{Example, ROW_BYTES, filled_rows};
use super::manifest::{MANIFEST_NAME, Manifest, ShardEntry};
use super::places::Places;
use crate::library::Library;
use crate::pileup::{CHANNELS, Clipping, HEIGHT, WIDTH};

/// Examples in a shard. The writer holds this many in memory, without the empty rows; a reader decodes them at once.
const SHARD_EXAMPLES: usize = 1024;
/// A fast level. Pileups are so regular that higher levels gain little.
const ZSTD_LEVEL: i32 = 3;

/// The columns of a shard's table.
pub(super) const TSV_HEADER: &str = "index\tcontig\tposition\tref\talts\talt_allele_indices\ttype\tlabel";

/// Writes a shard set. The bytes depend only on the examples and their order.
pub struct ShardWriter {
    directory: PathBuf,
    pending: Vec<Example>,
    places: Places,
    manifest: Manifest,
}

impl ShardWriter {
    /// Starts a set in `directory`, which holds no other set; makes the folder if it is missing. The manifest
    /// stores `library` and `info`.
    pub fn create(directory: &Path, library: Library, info: Value) -> Result<Self> {
        // Does not create the parent folder: if a signal handler removed it, it must stay removed.
        if !directory.is_dir() {
            fs::create_dir(directory).with_context(|| format!("cannot make folder {}", directory.display()))?;
        }
        Ok(Self {
            directory: directory.to_owned(),
            pending: Vec::new(),
            places: Places::new(),
            manifest: Manifest::new(library, info),
        })
    }

    /// Adds an example. Fails if its image has another shape, or if a full shard cannot be written.
    pub fn push(&mut self, mut example: Example) -> Result<()> {
        if !example.image.len().is_multiple_of(ROW_BYTES) || example.image.len() > HEIGHT * ROW_BYTES {
            bail!(
                "{}:{}: an image of {} bytes is not a pileup of {HEIGHT} rows, {WIDTH} columns and {CHANNELS} channels",
                example.contig,
                example.position + 1,
                example.image.len()
            );
        }
        example.image.truncate(filled_rows(&example.image) * ROW_BYTES);
        example.image.shrink_to_fit();
        self.manifest
            .counts_mut(example.context.variant_type)
            .add(example.label);
        self.places.add(&example.contig, example.position);
        self.manifest.examples += 1;
        self.pending.push(example);
        if self.pending.len() == SHARD_EXAMPLES {
            self.write_shard()
        } else {
            Ok(())
        }
    }

    /// Writes the remaining examples and then the manifest, which completes the set.
    pub fn finish(mut self) -> Result<Manifest> {
        if !self.pending.is_empty() {
            self.write_shard()?;
        }
        self.manifest.places = self.places.finish();
        let text = serde_json::to_string_pretty(&self.manifest)? + "\n";
        write_file(&self.directory.join(MANIFEST_NAME), |out| {
            Ok(out.write_all(text.as_bytes())?)
        })?;
        Ok(self.manifest)
    }

    fn write_shard(&mut self) -> Result<()> {
        let name = format!("shard-{:05}", self.manifest.shards.len());
        let examples = std::mem::take(&mut self.pending);
        let sha256 = write_file(&self.directory.join(format!("{name}.safetensors.zst")), |out| {
            write_tensors(&examples, out)
        })?;
        let table_sha256 = write_file(&self.directory.join(format!("{name}.tsv")), |out| {
            write_table(&examples, out)
        })?;
        self.manifest.shards.push(ShardEntry {
            name,
            examples: examples.len() as u64,
            sha256,
            table_sha256,
        });
        Ok(())
    }
}

/// Labels and clipping come first, because the format orders tensors by falling alignment. Images are written row
/// by row, so that none is in memory twice.
fn write_tensors(examples: &[Example], out: &mut dyn Write) -> Result<()> {
    let (labels, image) = (8 * examples.len(), HEIGHT * ROW_BYTES);
    let clipping = labels + 4 * Clipping::LENGTH * examples.len();
    let mut header = json!({
        "label": {"dtype": "I64", "shape": [examples.len()], "data_offsets": [0, labels]},
        "clipping": {"dtype": "F32", "shape": [examples.len(), Clipping::LENGTH], "data_offsets": [labels, clipping]},
        "image": {"dtype": "U8", "shape": [examples.len(), HEIGHT, WIDTH, CHANNELS],
                  "data_offsets": [clipping, clipping + image * examples.len()]},
    })
    .to_string();
    header += &" ".repeat(header.len().next_multiple_of(8) - header.len());
    let total = 8 + header.len() + clipping + image * examples.len();

    let mut encoder = zstd::Encoder::new(out, ZSTD_LEVEL)?;
    encoder.set_pledged_src_size(Some(total as u64))?;
    encoder.include_contentsize(true)?;
    encoder.include_checksum(true)?;
    encoder.write_all(&(header.len() as u64).to_le_bytes())?;
    encoder.write_all(header.as_bytes())?;
    for example in examples {
        encoder.write_all(&example.label.map_or(-1, i64::from).to_le_bytes())?;
    }
    for value in examples.iter().flat_map(|e| e.context.clipping.to_array()) {
        encoder.write_all(&value.to_le_bytes())?;
    }
    for example in examples {
        encoder.write_all(&example.image)?;
        io::copy(
            &mut io::Read::take(io::repeat(0), (image - example.image.len()) as u64),
            &mut encoder,
        )?;
    }
    encoder.finish()?;
    Ok(())
}

fn write_table(examples: &[Example], out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{TSV_HEADER}")?;
    for (index, e) in examples.iter().enumerate() {
        let alternates: Vec<_> = e.alternates.iter().map(|a| String::from_utf8_lossy(a)).collect();
        let indices: Vec<_> = e.allele_indices.iter().map(usize::to_string).collect();
        writeln!(
            out,
            "{index}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            e.contig,
            e.position + 1,
            String::from_utf8_lossy(&e.reference),
            alternates.join(","),
            indices.join(","),
            e.context.variant_type.name(),
            e.label.map_or(-1, i64::from)
        )?;
    }
    Ok(())
}

/// Writes a new file. Returns its SHA-256.
fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<String> {
    let failed = || format!("cannot write {}", path.display());
    let mut out = Digesting::new(BufWriter::new(File::create_new(path).with_context(failed)?));
    write(&mut out).with_context(failed)?;
    out.flush().with_context(failed)?;
    Ok(out.finish())
}
