//! What examples from peaks and from sequences share: options, the names of tasks, what is left out, shuffled negatives.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

use super::set::{Added, Example, SetBuilder};
use super::shuffle::shuffle_dinucleotides;
use crate::model::Random;
use crate::runtime::counted;

/// The largest fraction of unknown bases in a positive.
pub(super) const MOST_UNKNOWN: f64 = 0.1;

/// What takes the place of sequences that are not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Negatives {
    /// Windows of the reference away from all peaks, with the GC and the repeats of the positives
    Matched,
    /// The positives with their bases in random order, which keeps their dinucleotides
    Shuffled,
}

/// A file with the name of its task.
#[derive(Clone, Debug, Serialize)]
pub struct NamedFile {
    pub name: String,
    pub path: PathBuf,
}

/// How examples are made.
pub struct PrepareOptions {
    pub length: usize,
    pub negatives: Negatives,
    /// Number of negatives for each positive.
    pub each: usize,
    pub seed: u64,
}

/// How many sequences were left out, by reason.
#[derive(Default)]
pub(super) struct LeftOut(BTreeMap<&'static str, u64>);

impl LeftOut {
    pub(super) fn add(&mut self, reason: &'static str) {
        *self.0.entry(reason).or_default() += 1;
    }

    pub(super) fn report(&self) {
        for (reason, &count) in &self.0 {
            log::warn!("left out: {} {reason}", counted(count, "sequence"));
        }
    }

    /// Counts an example that was not added.
    pub(super) fn note(&mut self, added: Added) {
        match added {
            Added::Yes => {}
            Added::Repeated => self.add("that came before, on this or the other strand"),
            Added::InOtherSplit => self.add("that another split has, on this or the other strand"),
        }
    }
}

/// Adds the positives with their bases in random order as negatives.
pub(super) fn add_shuffled<'a>(
    builder: &mut SetBuilder,
    positives: impl Iterator<Item = &'a Example>,
    options: &PrepareOptions,
    left_out: &mut LeftOut,
) {
    for (index, positive) in positives.enumerate() {
        let mut random = Random::new(&[options.seed, 2, index as u64]);
        for _ in 0..options.each {
            left_out.note(builder.add(Example {
                codes: shuffle_dinucleotides(&positive.codes, &mut random),
                labels: vec![0; positive.labels.len()],
                place: None,
                ..positive.clone()
            }));
        }
    }
}

impl NamedFile {
    /// Parses `NAME=FILE` or `FILE`, whose name up to the first dot names the task.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) if !name.contains('/') => (name.to_owned(), PathBuf::from(path)),
            _ => {
                let path = PathBuf::from(text);
                let file = path
                    .file_name()
                    .context("not the name of a file")?
                    .to_string_lossy()
                    .into_owned();
                (file.split('.').next().unwrap_or_default().to_owned(), path)
            }
        };
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        ensure!(
            !name.is_empty() && name.chars().all(is_allowed),
            "'{name}' cannot name a task; give NAME=FILE, with a name of letters, digits, '_', '-' and '.'"
        );
        Ok(Self { name, path })
    }
}
