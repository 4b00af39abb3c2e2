//! The file of examples: one safetensors file with the bases, labels, splits and places of all examples.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rustc_hash::FxHashMap;
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::split::Split;
use crate::examples::hex;
use crate::output::{ReadyFile, ready_file};
use crate::regulatory::bases::canonical;

const KEY: &str = "dvcall-regulatory-examples";
const FORMAT: u32 = 1;

/// What the file says of all examples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetHeader {
    pub format: u32,
    /// Bases of each sequence.
    pub length: usize,
    pub tasks: Vec<String>,
    pub contigs: Vec<String>,
    /// What the examples were made from.
    pub origin: Value,
}

/// A sequence with its labels.
#[derive(Clone, Debug)]
pub struct Example {
    pub codes: Vec<u8>,
    /// For each task: 0 or 1.
    pub labels: Vec<u8>,
    pub split: Split,
    /// Rank of the contig in the header, and 0-based start. None for a sequence without a place.
    pub place: Option<(usize, u64)>,
    /// The fraction of bases in repeats, where it is known.
    pub repeats: f64,
}

impl Example {
    /// Whether it is a positive of any task.
    pub fn is_positive(&self) -> bool {
        self.labels.contains(&1)
    }
}

/// All examples.
#[derive(Clone, Debug)]
pub struct ExampleSet {
    pub header: SetHeader,
    pub examples: Vec<Example>,
    /// SHA-256 of the file; empty before it is written.
    pub checksum: String,
}

/// Whether an example was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    Yes,
    /// The sequence, or its reverse complement, is in this split already.
    Repeated,
    /// The sequence, or its reverse complement, is in another split.
    InOtherSplit,
}

/// Collects examples. A sequence and its reverse complement count as one: they are added once, to one split.
pub struct SetBuilder {
    set: ExampleSet,
    seen: FxHashMap<[u8; 16], Split>,
}

impl SetBuilder {
    pub fn new(length: usize, tasks: Vec<String>, contigs: Vec<String>, origin: Value) -> Self {
        let header = SetHeader {
            format: FORMAT,
            length,
            tasks,
            contigs,
            origin,
        };
        Self {
            set: ExampleSet {
                header,
                examples: Vec::new(),
                checksum: String::new(),
            },
            seen: FxHashMap::default(),
        }
    }

    pub fn add(&mut self, example: Example) -> Added {
        let digest = Sha256::digest(canonical(&example.codes));
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        match self.seen.insert(key, example.split) {
            Some(split) if split == example.split => Added::Repeated,
            Some(split) => {
                self.seen.insert(key, split);
                Added::InOtherSplit
            }
            None => {
                self.set.examples.push(example);
                Added::Yes
            }
        }
    }

    pub fn finish(self) -> ExampleSet {
        self.set
    }
}

struct Part {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for &Part {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }
    fn data_len(&self) -> usize {
        self.data.len()
    }
}

impl ExampleSet {
    /// The examples of a split, by index.
    pub fn of(&self, split: Split) -> Vec<usize> {
        let indexes = 0..self.examples.len();
        indexes.filter(|&index| self.examples[index].split == split).collect()
    }

    /// The file, ready to be put in place.
    pub fn ready(&self, path: &Path) -> Result<ReadyFile> {
        let (n, header) = (self.examples.len(), &self.header);
        let bytes = |of: &dyn Fn(&Example) -> Vec<u8>| self.examples.iter().flat_map(of).collect::<Vec<u8>>();
        let place = |example: &Example| {
            example
                .place
                .map_or((-1, -1), |(contig, start)| (contig as i32, start as i64))
        };
        let part = |dtype, shape: &[usize], data| Part {
            dtype,
            shape: shape.to_vec(),
            data,
        };
        let parts = [
            (
                "bases",
                part(Dtype::U8, &[n, header.length], bytes(&|e| e.codes.clone())),
            ),
            (
                "contigs",
                part(Dtype::I32, &[n], bytes(&|e| place(e).0.to_le_bytes().to_vec())),
            ),
            (
                "labels",
                part(Dtype::U8, &[n, header.tasks.len()], bytes(&|e| e.labels.clone())),
            ),
            (
                "repeats",
                part(Dtype::F32, &[n], bytes(&|e| (e.repeats as f32).to_le_bytes().to_vec())),
            ),
            ("splits", part(Dtype::U8, &[n], bytes(&|e| vec![e.split as u8]))),
            (
                "starts",
                part(Dtype::I64, &[n], bytes(&|e| place(e).1.to_le_bytes().to_vec())),
            ),
        ];
        let parts = parts.iter().map(|(name, part)| (*name, part));
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::to_string(header)?)]);
        ready_file(path, &safetensors::serialize(parts, Some(metadata))?)
    }

    /// Reads a file. Fails if it is of another kind, or damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&bytes).with_context(|| {
            format!(
                "{} is not a set of examples; make one with: dvcall regulatory prepare",
                path.display()
            )
        })
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).context("not a safetensors file")?;
        let text = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
        let header: SetHeader = serde_json::from_str(text.context("it holds other tensors")?)?;
        ensure!(
            header.format == FORMAT,
            "its format is {}, but this version reads {FORMAT}",
            header.format
        );
        let tensors = SafeTensors::deserialize(bytes)?;
        let data = |name: &str| Ok::<_, anyhow::Error>(tensors.tensor(name)?.data());
        let (bases, labels, splits) = (data("bases")?, data("labels")?, data("splits")?);
        let (contigs, starts, repeats) = (data("contigs")?, data("starts")?, data("repeats")?);
        let (n, length, tasks) = (splits.len(), header.length, header.tasks.len());
        let sizes = [bases.len(), labels.len(), contigs.len(), starts.len(), repeats.len()];
        ensure!(
            sizes == [n * length, n * tasks, 4 * n, 8 * n, 4 * n] && length > 0 && tasks > 0,
            "its tensors do not fit together"
        );
        let (contigs, starts, repeats) = (contigs.as_chunks().0, starts.as_chunks().0, repeats.as_chunks().0);
        let example = |i: usize| -> Result<Example> {
            let split = Split::ALL.get(usize::from(splits[i]));
            let contig = i32::from_le_bytes(contigs[i]);
            Ok(Example {
                codes: bases[i * length..(i + 1) * length].to_vec(),
                labels: labels[i * tasks..(i + 1) * tasks].to_vec(),
                split: *split.with_context(|| format!("example {i} has split {}", splits[i]))?,
                place: (contig >= 0).then(|| (contig as usize, i64::from_le_bytes(starts[i]) as u64)),
                repeats: f64::from(f32::from_le_bytes(repeats[i])),
            })
        };
        let examples = (0..n).map(example).collect::<Result<Vec<_>>>()?;
        if let Some(code) = bases.iter().find(|&&code| code > 4) {
            bail!("it has a base {code}");
        }
        Ok(Self {
            header,
            examples,
            checksum: hex(&Sha256::digest(bytes)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::put_in_place;
    use crate::regulatory::bases::{encode, reverse_complement};

    fn example(text: &str, label: u8, split: Split) -> Example {
        Example {
            codes: encode(text.as_bytes()),
            labels: vec![label],
            split,
            place: Some((0, 7)),
            repeats: 0.25,
        }
    }

    #[test]
    fn strands_stay_in_one_split_and_a_file_is_read_as_it_was_written() {
        let mut builder = SetBuilder::new(4, vec!["T".into()], vec!["c".into()], Value::Null);
        let forward = example("ACCC", 1, Split::Test);
        let mut reverse = example("ACCC", 1, Split::Training);
        reverse.codes = reverse_complement(&reverse.codes);
        assert_eq!(builder.add(forward.clone()), Added::Yes);
        assert_eq!(builder.add(reverse.clone()), Added::InOtherSplit);
        assert_eq!(builder.add(reverse), Added::InOtherSplit);
        assert_eq!(builder.add(forward), Added::Repeated);
        assert_eq!(builder.add(example("ANCT", 0, Split::Training)), Added::Yes);
        let set = builder.finish();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        put_in_place(vec![set.ready(&path).unwrap()]).unwrap();
        let read = ExampleSet::read(&path).unwrap();
        assert_eq!(format!("{:?}", read.examples), format!("{:?}", set.examples));
        assert_eq!((read.of(Split::Test), read.of(Split::Training)), (vec![0], vec![1]));
        assert_eq!(read.header.tasks, ["T"]);
        std::fs::write(&path, b"no set").unwrap();
        let error = format!("{:#}", ExampleSet::read(&path).err().unwrap());
        assert!(error.contains("not a set of examples; make one with"), "{error}");
    }
}
