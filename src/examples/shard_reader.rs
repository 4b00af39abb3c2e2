//! Reads shards back, one at a time.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::example::{Example, ROW_BYTES, filled_rows};
use super::manifest::Manifest;
use super::shard_writer::TSV_HEADER;
use crate::candidates::VariantType;
use crate::pileup::{CHANNELS, HEIGHT, WIDTH};

/// A finished shard set.
#[derive(Clone, Debug)]
pub struct ShardReader {
    directory: PathBuf,
    pub manifest: Manifest,
    /// SHA-256 of the manifest, which holds those of the shards: the checksum of the set.
    pub checksum: String,
}

impl ShardReader {
    /// Fails if the folder is no finished set, or one of another shape or channels.
    pub fn open(directory: &Path) -> Result<Self> {
        let (manifest, checksum) = Manifest::read(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            manifest,
            checksum,
        })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Number of shards.
    pub fn len(&self) -> usize {
        self.manifest.shards.len()
    }

    pub fn is_empty(&self) -> bool {
        self.manifest.shards.is_empty()
    }

    /// Decodes a shard; empty rows at the end of images are left out. Fails if it is missing, damaged or of another shape.
    pub fn read(&self, shard: usize) -> Result<Vec<Example>> {
        let entry = self.manifest.shards.get(shard).context("no such shard")?;
        let path = self.directory.join(format!("{}.safetensors.zst", entry.name));
        let damaged = || format!("damaged shard {}; make the examples again", path.display());
        let (images, labels) = read_tensors(&path).with_context(damaged)?;
        let mut examples = read_table(&self.directory.join(format!("{}.tsv", entry.name)))?;
        if images.len() != examples.len() || labels.len() != examples.len() || examples.len() as u64 != entry.examples {
            bail!("{}: tensors, table and manifest differ in length", damaged());
        }
        for ((example, image), label) in examples.iter_mut().zip(images).zip(labels) {
            example.image = image;
            example.label = u8::try_from(label).ok().filter(|&l| l <= 2);
        }
        Ok(examples)
    }
}

#[derive(Deserialize)]
struct Header {
    image: TensorHeader,
    label: TensorHeader,
}

#[derive(Deserialize)]
struct TensorHeader {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// Streams images and labels, in whichever order they lie, without holding the padded images.
fn read_tensors(path: &Path) -> Result<(Vec<Vec<u8>>, Vec<i64>)> {
    let file = File::open(path)?;
    let mut input = zstd::Decoder::new(BufReader::new(file))?;
    let mut size = [0; 8];
    input.read_exact(&mut size)?;
    let mut header = vec![0; usize::try_from(u64::from_le_bytes(size))?.min(1 << 20)];
    input.read_exact(&mut header)?;
    let header: Header = serde_json::from_slice(&header)?;
    let n = header.label.shape.first().copied().unwrap_or(0);
    if header.image.dtype != "U8" || header.image.shape != [n, HEIGHT, WIDTH, CHANNELS] || header.label.dtype != "I64" {
        bail!(
            "image {:?} {} and label {:?} {} where u8 [N, {HEIGHT}, {WIDTH}, {CHANNELS}] and i64 [N] should be",
            header.image.shape,
            header.image.dtype,
            header.label.shape,
            header.label.dtype
        );
    }
    let (mut images, mut labels) = (Vec::with_capacity(n), Vec::new());
    let labels_first = header.label.data_offsets < header.image.data_offsets;
    if labels_first {
        labels = read_labels(&mut input, n)?;
    }
    let mut image = vec![0; HEIGHT * ROW_BYTES];
    for _ in 0..n {
        input.read_exact(&mut image)?;
        images.push(image[..filled_rows(&image) * ROW_BYTES].to_vec());
    }
    if !labels_first {
        labels = read_labels(&mut input, n)?;
    }
    // To the end, so that the checksum of the compressed stream is seen.
    std::io::copy(&mut input, &mut std::io::sink())?;
    Ok((images, labels))
}

fn read_labels(input: &mut impl Read, n: usize) -> Result<Vec<i64>> {
    let mut bytes = vec![0; 8 * n];
    input.read_exact(&mut bytes)?;
    let labels = bytes
        .chunks_exact(8)
        .filter_map(|b| b.try_into().ok())
        .map(i64::from_le_bytes);
    Ok(labels.collect())
}

fn read_table(path: &Path) -> Result<Vec<Example>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines();
    if lines.next() != Some(TSV_HEADER) {
        bail!("{}: the first line should be: {TSV_HEADER}", path.display());
    }
    let line = |(i, line)| {
        parse_line(line).with_context(|| format!("{} line {}: not a line of a shard's table", path.display(), i + 2))
    };
    lines.enumerate().map(line).collect()
}

fn parse_line(line: &str) -> Option<Example> {
    let fields: Vec<_> = line.split('\t').collect();
    let &[_, contig, position, reference, alternates, indices, variant_type, _] = fields.as_slice() else {
        return None;
    };
    Some(Example {
        image: Vec::new(),
        label: None,
        contig: contig.into(),
        position: position.parse::<u64>().ok()?.checked_sub(1)?,
        reference: reference.into(),
        alternates: alternates.split(',').map(|a| a.as_bytes().to_vec()).collect(),
        allele_indices: indices.split(',').map(|i| i.parse().ok()).collect::<Option<_>>()?,
        variant_type: *VariantType::ALL.iter().find(|t| t.name() == variant_type)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::ShardWriter;
    use serde_json::json;

    fn example(i: usize) -> Example {
        let rows = 5 + i % 90;
        let mut image: Vec<u8> = (0..rows * ROW_BYTES).map(|b| (b * 31 + i) as u8).collect();
        *image.last_mut().unwrap() = 1;
        Example {
            image,
            label: [None, Some(0), Some(1), Some(2)][i % 4],
            contig: "chr20".into(),
            position: 10 * i as u64,
            reference: b"A".to_vec(),
            alternates: vec![b"AC".to_vec(), b"T".to_vec()],
            allele_indices: vec![0, 1],
            variant_type: VariantType::Indel,
        }
    }

    #[test]
    fn shards_are_read_as_they_were_written_and_their_bytes_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let directory = folder.path().join(name);
            let mut writer = ShardWriter::create(&directory, json!({"threshold": 2})).unwrap();
            (0..1100).for_each(|i| writer.push(example(i)).unwrap());
            writer.finish().unwrap();
            ShardReader::open(&directory).unwrap()
        };
        let (a, b) = (write("a"), write("b"));
        assert_eq!(a.checksum, b.checksum);
        assert_eq!(
            (a.len(), a.manifest.examples, a.manifest.indel.labelled()),
            (2, 1100, 825)
        );
        let read: Vec<_> = (0..2).flat_map(|s| a.read(s).unwrap()).collect();
        assert_eq!(read.len(), 1100);
        assert!(read.iter().enumerate().all(|(i, e)| *e == example(i)));
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ShardWriter::create(folder.path(), json!(null)).unwrap();
        assert!(ShardReader::open(folder.path()).is_err());
        writer.push(example(1)).unwrap();
        let mut odd = example(2);
        odd.image.push(1);
        assert!(writer.push(odd).unwrap_err().to_string().contains("chr20:21"));
        writer.finish().unwrap();
        let shard = folder.path().join("shard-00000.safetensors.zst");
        let bytes = std::fs::read(&shard).unwrap();
        std::fs::write(&shard, &bytes[..bytes.len() - 9]).unwrap();
        let error = format!("{:#}", ShardReader::open(folder.path()).unwrap().read(0).unwrap_err());
        assert!(
            error.contains("damaged shard") && error.contains("shard-00000"),
            "{error}"
        );
    }
}
