//! Reads shards, one at a time.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::digesting::Digesting;
use super::example::{Example, ROW_BYTES, filled_rows};
use super::manifest::{Manifest, hex};
use super::shard_writer::TSV_HEADER;
use crate::pileup::{AlleleLengths, CHANNELS, Clipping, HEIGHT, PileupContext, WIDTH};
use crate::variants::VariantType;

/// Most examples that a shard may have: many times as many as [`super::shard_writer::ShardWriter`] writes.
const MOST_EXAMPLES: usize = 1 << 16;

/// A complete shard set.
#[derive(Clone, Debug)]
pub struct ShardReader {
    directory: PathBuf,
    pub manifest: Manifest,
    /// SHA-256 of the manifest. The manifest lists the checksums of the shards, so this is the checksum of the set.
    pub checksum: String,
}

impl ShardReader {
    /// Fails if the folder is not a complete set, or has another shape or other channels.
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

    /// Decodes a shard; leaves out empty rows at the end of images. Fails if the shard is missing, damaged or has
    /// another shape.
    pub fn read(&self, shard: usize) -> Result<Vec<Example>> {
        let entry = self.manifest.shards.get(shard).context("no such shard")?;
        let path = self.directory.join(format!("{}.safetensors.zst", entry.name));
        let damaged = || format!("damaged shard {}; make the examples again", path.display());
        let (tensors, sha256) = read_tensors(&path, entry.examples).with_context(damaged)?;
        ensure!(
            sha256 == entry.sha256,
            "{}: it is not the one that the manifest lists",
            damaged()
        );
        let (mut examples, table_sha256) = read_table(&self.directory.join(format!("{}.tsv", entry.name)))?;
        ensure!(
            entry.table_sha256 == table_sha256,
            "{}: its table is not the one that the manifest lists",
            damaged()
        );
        if tensors.images.len() != examples.len() {
            bail!("{}: its tensors and its table differ in length", damaged());
        }
        let noise = self.manifest.library.noise();
        let numbers = tensors.labels.into_iter().zip(tensors.clipping);
        for ((example, image), (label, clipping)) in examples.iter_mut().zip(tensors.images).zip(numbers) {
            example.image = image;
            example.label = u8::try_from(label).ok().filter(|&l| l <= 2);
            example.context.clipping = clipping;
            example.context.noise = noise;
        }
        Ok(examples)
    }
}

#[derive(Deserialize)]
struct Header {
    image: TensorHeader,
    label: TensorHeader,
    clipping: TensorHeader,
}

#[derive(Deserialize)]
struct TensorHeader {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// The tensors of a shard, all with the same number of examples.
struct Tensors {
    images: Vec<Vec<u8>>,
    labels: Vec<i64>,
    clipping: Vec<Clipping>,
}

/// Reads the tensors of `examples` examples, in any order in the file, and the SHA-256 of the file. Streams the images,
/// so that the padded images never are in memory. Memory depends on the bytes read, not on the sizes in the header.
fn read_tensors(path: &Path, examples: u64) -> Result<(Tensors, String)> {
    let file = Digesting::new(File::open(path)?);
    let mut input = zstd::Decoder::new(BufReader::new(file))?;
    let mut size = [0; 8];
    input.read_exact(&mut size)?;
    let mut header = vec![0; usize::try_from(u64::from_le_bytes(size))?.min(1 << 20)];
    input.read_exact(&mut header)?;
    let Header { image, label, clipping } = serde_json::from_slice(&header)?;
    let n = label.shape.first().copied().unwrap_or(0);
    ensure!(
        n as u64 == examples,
        "it has {n} examples, but the manifest lists {examples}"
    );
    ensure!(
        n <= MOST_EXAMPLES,
        "it has {n} examples, but at most {MOST_EXAMPLES} are allowed"
    );
    image.check("image", "U8", &[n, HEIGHT, WIDTH, CHANNELS])?;
    label.check("label", "I64", &[n])?;
    clipping.check("clipping", "F32", &[n, Clipping::LENGTH])?;
    let mut tensors = Tensors {
        images: Vec::new(),
        labels: Vec::new(),
        clipping: Vec::new(),
    };
    let mut order = [&image, &label, &clipping];
    order.sort_by_key(|tensor| tensor.data_offsets);
    for tensor in order {
        match tensor.dtype.as_str() {
            "U8" => read_images(&mut input, n, &mut tensors.images)?,
            "I64" => tensors.labels = numbers(&mut input, n, i64::from_le_bytes)?,
            _ => {
                let values = numbers(&mut input, n * Clipping::LENGTH, f32::from_le_bytes)?;
                let by_example = values.as_chunks::<{ Clipping::LENGTH }>().0;
                tensors
                    .clipping
                    .extend(by_example.iter().copied().map(Clipping::from_array));
            }
        }
    }
    // Read to the end, so that zstd verifies the checksum of the compressed stream.
    io::copy(&mut input, &mut io::sink())?;
    let mut rest = input.finish();
    io::copy(&mut rest, &mut io::sink())?;
    Ok((tensors, rest.into_inner().into_inner().finish()))
}

impl TensorHeader {
    fn check(&self, name: &str, dtype: &str, shape: &[usize]) -> Result<()> {
        let Self {
            dtype: found,
            shape: size,
            ..
        } = self;
        ensure!(
            found == dtype && size == shape,
            "tensor {name} is {found} {size:?}, but {dtype} {shape:?} is expected"
        );
        Ok(())
    }
}

fn read_images(input: &mut impl Read, n: usize, images: &mut Vec<Vec<u8>>) -> Result<()> {
    let mut image = vec![0; HEIGHT * ROW_BYTES];
    for _ in 0..n {
        input.read_exact(&mut image)?;
        images.push(image[..filled_rows(&image) * ROW_BYTES].to_vec());
    }
    Ok(())
}

fn numbers<T, const SIZE: usize>(input: &mut impl Read, n: usize, number: fn([u8; SIZE]) -> T) -> Result<Vec<T>> {
    let mut bytes = Vec::new();
    input.take((SIZE * n) as u64).read_to_end(&mut bytes)?;
    ensure!(bytes.len() == SIZE * n, "it is truncated");
    Ok(bytes.as_chunks().0.iter().copied().map(number).collect())
}

/// The examples of a shard's table without images, and the SHA-256 of the file.
fn read_table(path: &Path) -> Result<(Vec<Example>, String)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines();
    if lines.next() != Some(TSV_HEADER) {
        bail!(
            "damaged table {}: the first line must be {TSV_HEADER:?}; make the examples again",
            path.display()
        );
    }
    let line = |(i, line)| {
        parse_line(line).with_context(|| {
            format!(
                "damaged table {}, line {}: it does not fit the header; make the examples again",
                path.display(),
                i + 2
            )
        })
    };
    let examples = lines.enumerate().map(line).collect::<Result<_>>()?;
    Ok((examples, hex(&Sha256::digest(&text))))
}

fn parse_line(line: &str) -> Option<Example> {
    let fields: Vec<_> = line.split('\t').collect();
    let &[_, contig, position, reference, alternates, indices, variant_type, _] = fields.as_slice() else {
        return None;
    };
    let alternates: Vec<_> = alternates.split(',').map(|a| a.as_bytes().to_vec()).collect();
    let allele_indices: Vec<usize> = indices.split(',').map(|i| i.parse().ok()).collect::<Option<_>>()?;
    let lengths = alternates.iter().map(Vec::as_slice);
    let lengths = AlleleLengths::measure(reference.as_bytes(), lengths, &allele_indices);
    Some(Example {
        image: Vec::new(),
        label: None,
        contig: contig.into(),
        position: position.parse::<u64>().ok()?.checked_sub(1)?,
        reference: reference.into(),
        alternates,
        allele_indices,
        context: PileupContext {
            lengths,
            ..(*VariantType::ALL.iter().find(|t| t.name() == variant_type)?).into()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::shard_writer::ShardWriter;
    use super::*;
    use crate::library::Library;
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
            context: PileupContext {
                variant_type: VariantType::Indel,
                lengths: AlleleLengths {
                    set: [0, 1],
                    ..Default::default()
                },
                clipping: Clipping::from_array([0.25, 0.5, i as f32, 1e-3]),
                noise: -2f32.ln(),
            },
        }
    }

    #[test]
    fn shards_round_trip_and_their_bytes_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library {
            systematic_errors: 0.75e-4,
            bases: 1_000_000,
        };
        let write = |name: &str| {
            let directory = folder.path().join(name);
            let mut writer = ShardWriter::create(&directory, library, json!({"threshold": 2})).unwrap();
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
    fn shard_names_are_plain_file_names_without_repeats() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ShardWriter::create(folder.path(), Library::TYPICAL, json!(null)).unwrap();
        writer.push(example(1)).unwrap();
        writer.finish().unwrap();
        let path = folder.path().join("manifest.json");
        let whole: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let error = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut manifest = whole.clone();
            change(&mut manifest);
            std::fs::write(&path, manifest.to_string()).unwrap();
            format!("{:#}", ShardReader::open(folder.path()).unwrap_err())
        };
        let absolute = folder.path().join("shard-00000").display().to_string();
        for name in [
            &absolute,
            "../a/shard-00000",
            "a/shard-00000",
            "./shard-00000",
            "shard-00000/",
            "..",
            ".",
            "",
            "a\u{1b}",
            "a\0",
        ] {
            let error = error(&|manifest| manifest["shards"][0]["name"] = name.into());
            assert!(
                error.contains(&format!("{name:?} is not the name of a shard")),
                "{error}"
            );
        }
        let error = error(&|manifest| {
            manifest["shards"] = vec![whole["shards"][0].clone(); 2].into();
            manifest["examples"] = 2.into();
        });
        assert!(error.contains("shard-00000 is named twice"), "{error}");
    }

    #[test]
    fn sizes_are_checked_before_memory_is_allocated() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ShardWriter::create(folder.path(), Library::TYPICAL, json!(null)).unwrap();
        writer.push(example(1)).unwrap();
        writer.finish().unwrap();
        let path = folder.path().join("shard-00000.safetensors.zst");
        let bytes = zstd::decode_all(File::open(&path).unwrap()).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let text = String::from_utf8(bytes[8..8 + header].to_vec()).unwrap();
        for claimed in [0, 2, MOST_EXAMPLES + 1, 1_000_000_000_000, 1 << 62] {
            let text = text.replace("\"shape\":[1", &format!("\"shape\":[{claimed}"));
            let claims = [
                &(text.len() as u64).to_le_bytes(),
                text.as_bytes(),
                &bytes[8 + header..],
            ]
            .concat();
            std::fs::write(&path, zstd::encode_all(claims.as_slice(), 0).unwrap()).unwrap();
            // Also where the manifest claims the same number.
            for listed in [1, claimed as u64] {
                let mut shards = ShardReader::open(folder.path()).unwrap();
                shards.manifest.shards[0].examples = listed;
                let error = format!("{:#}", shards.read(0).unwrap_err());
                assert!(error.contains("damaged shard"), "{error}");
            }
        }
    }

    #[test]
    fn errors_name_the_damaged_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ShardWriter::create(folder.path(), Library::TYPICAL, json!(null)).unwrap();
        assert!(ShardReader::open(folder.path()).is_err());
        writer.push(example(1)).unwrap();
        let mut odd = example(2);
        odd.image.push(1);
        assert!(writer.push(odd).unwrap_err().to_string().contains("chr20:21"));
        writer.finish().unwrap();
        let shard = folder.path().join("shard-00000.safetensors.zst");
        let other = tempfile::tempdir().unwrap();
        let mut writer = ShardWriter::create(other.path(), Library::TYPICAL, json!(null)).unwrap();
        writer.push(example(3)).unwrap();
        writer.finish().unwrap();
        let swapped = ShardReader::open(other.path()).unwrap();
        std::fs::copy(&shard, other.path().join("shard-00000.safetensors.zst")).unwrap();
        let error = format!("{:#}", swapped.read(0).unwrap_err());
        assert!(error.contains("not the one that the manifest lists"), "{error}");
        let table = folder.path().join("shard-00000.tsv");
        let text = std::fs::read_to_string(&table).unwrap();
        std::fs::write(&table, text.replace("INDEL", "SNP")).unwrap();
        let relabelled = ShardReader::open(folder.path()).unwrap();
        let error = format!("{:#}", relabelled.read(0).unwrap_err());
        assert!(error.contains("its table is not the one"), "{error}");
        let bytes = std::fs::read(&shard).unwrap();
        std::fs::write(&shard, &bytes[..bytes.len() - 9]).unwrap();
        let error = format!("{:#}", ShardReader::open(folder.path()).unwrap().read(0).unwrap_err());
        assert!(
            error.contains("damaged shard") && error.contains("shard-00000"),
            "{error}"
        );
    }
}
