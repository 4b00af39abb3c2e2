//! The ordered contigs of a reference or an alignment file.

use rustc_hash::FxHashMap;

/// One reference sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contig {
    pub name: String,
    /// Length in bases.
    pub length: u64,
}

/// Contigs in file order, with access by name.
#[derive(Clone, Debug, Default)]
pub struct Contigs {
    list: Vec<Contig>,
    index: FxHashMap<String, usize>,
}

impl Contigs {
    pub fn new(list: Vec<Contig>) -> Self {
        let index = list.iter().enumerate().map(|(i, c)| (c.name.clone(), i)).collect();
        Self { list, index }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Contig> {
        self.list.iter()
    }

    pub fn get(&self, name: &str) -> Option<&Contig> {
        self.position(name).map(|i| &self.list[i])
    }

    /// 0-based rank of a contig in file order, which is also the order of records in a VCF.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The contig whose name differs from `name` only by the prefix `chr`, the most common cause of a mismatch.
    pub fn likely_name(&self, name: &str) -> Option<&str> {
        let other = name
            .strip_prefix("chr")
            .map_or_else(|| format!("chr{name}"), str::to_owned);
        self.get(&other).map(|c| c.name.as_str())
    }

    /// The first few names, for messages.
    pub fn preview(&self) -> String {
        let names: Vec<_> = self.list.iter().take(4).map(|c| c.name.as_str()).collect();
        let more = if self.list.len() > 4 { ", …" } else { "" };
        format!("{}{more}", names.join(", "))
    }
}

impl FromIterator<Contig> for Contigs {
    fn from_iter<I: IntoIterator<Item = Contig>>(iter: I) -> Self {
        Self::new(iter.into_iter().collect())
    }
}
