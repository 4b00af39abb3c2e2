//! The paths that a search still has to continue. Of paths in the same state, only the best is kept.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::fingerprint::SideFingerprints;
use super::path::{Path, SearchInputs, State};

/// A path, ordered by the variants before it.
pub struct Ordered(Path);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.compare(&other.0)
    }
}

/// The paths, by what makes two states the same.
pub enum OpenPaths {
    /// The same variants are before both. This is vcfeval's rule, and quick to compare.
    ByVariants(BTreeSet<Ordered>),
    /// The same sequences are before both. In a repeat, many choices of variants give the same sequence.
    BySequence(BTreeMap<State, Box<Path>>, Box<[SideFingerprints; 2]>),
}

impl OpenPaths {
    pub fn by_variants() -> Self {
        Self::ByVariants(BTreeSet::new())
    }

    /// Compares by sequence, from the state of a synchronised path on.
    pub fn by_sequence(from: &Path) -> Self {
        let start = from.query.position().max(0) as u64;
        let fingerprints = [&from.query, &from.truth].map(|side| SideFingerprints::new(start, side.decided));
        Self::BySequence(BTreeMap::new(), Box::new(fingerprints))
    }

    pub fn are_by_variants(&self) -> bool {
        matches!(self, Self::ByVariants(_))
    }

    pub fn len(&self) -> usize {
        match self {
            Self::ByVariants(paths) => paths.len(),
            Self::BySequence(paths, _) => paths.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the path that is least far.
    pub fn pop_first(&mut self) -> Option<Path> {
        match self {
            Self::ByVariants(paths) => paths.pop_first().map(|Ordered(path)| path),
            Self::BySequence(paths, _) => paths.pop_first().map(|(_, path)| *path),
        }
    }

    /// Adds a path, if none in its state is as good.
    pub fn keep(&mut self, path: Path, inputs: &SearchInputs) {
        match self {
            Self::ByVariants(paths) => {
                let path = Ordered(path);
                match paths.get(&path) {
                    Some(other) if !path.0.is_better(&other.0) => {}
                    _ => {
                        paths.replace(path);
                    }
                }
            }
            Self::BySequence(paths, fingerprints) => {
                let state = path.state(inputs, fingerprints);
                match paths.get_mut(&state) {
                    Some(other) if !path.is_better(other) => {}
                    Some(other) => **other = path,
                    None => {
                        paths.insert(state, Box::new(path));
                    }
                }
            }
        }
    }
}
