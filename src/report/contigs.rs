//! Contigs with an own line in the report, and the parts of the genome for the sex check.

use std::ops::Range;

use crate::genome::{pseudoautosomal_regions, short_name};

/// Contigs with an own line. All others share one line, so that memory is bounded for drafts of many contigs.
const OWN_LINES: usize = 40;

/// A part of the genome for the sex check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SexRegion {
    Autosomes,
    X,
    Y,
}

impl SexRegion {
    pub const ALL: [Self; 3] = [Self::Autosomes, Self::X, Self::Y];

    fn of(contig: &str) -> Option<Self> {
        match short_name(contig) {
            "X" => Some(Self::X),
            "Y" => Some(Self::Y),
            number => number.parse::<u8>().ok().map(|_| Self::Autosomes),
        }
    }
}

/// The lines of the report: the header's longest contigs, X, Y and the mitochondrion have their own, then contigs that
/// the header does not name.
#[derive(Clone, Debug)]
pub struct ContigLines {
    /// Names and, where known, lengths, in the order of the header or of the records.
    pub own: Vec<(String, Option<u64>)>,
}

impl ContigLines {
    pub fn new<'a>(header: impl Iterator<Item = (&'a str, Option<u64>)>) -> Self {
        let mut own: Vec<(usize, &str, Option<u64>)> = header
            .enumerate()
            .map(|(rank, (name, length))| (rank, name, length))
            .collect();
        own.sort_by_key(|(_, name, length)| {
            let is_small_and_known = matches!(short_name(name), "M" | "MT" | "X" | "Y");
            (!is_small_and_known, std::cmp::Reverse(*length))
        });
        own.truncate(OWN_LINES);
        own.sort_by_key(|(rank, ..)| *rank);
        let own = own
            .into_iter()
            .map(|(_, name, length)| (name.to_owned(), length))
            .collect();
        Self { own }
    }

    /// The place of a contig.
    pub fn place(&mut self, contig: &str) -> ContigPlace {
        let mut rank = self.own.iter().position(|(name, _)| name == contig);
        if rank.is_none() && self.own.len() < OWN_LINES {
            rank = Some(self.own.len());
            self.own.push((contig.to_owned(), None));
        }
        let length = rank.and_then(|rank| self.own[rank].1);
        ContigPlace {
            rank: rank.unwrap_or(OWN_LINES),
            sex_region: SexRegion::of(contig),
            pseudoautosomal: length.and_then(|length| pseudoautosomal_regions(contig, length)),
        }
    }

    /// Whether a part of X or Y is left out of the sex check as pseudoautosomal; none without this contig.
    pub fn pseudoautosomal_is_known(&self, contig: &str) -> Option<bool> {
        let (name, length) = self.own.iter().find(|(name, _)| short_name(name) == contig)?;
        Some(length.is_some_and(|length| pseudoautosomal_regions(name, length).is_some()))
    }
}

/// What the records of a contig have in common.
#[derive(Clone, Debug)]
pub struct ContigPlace {
    /// Rank of its line; [`OWN_LINES`] for the line of all others.
    pub rank: usize,
    sex_region: Option<SexRegion>,
    pseudoautosomal: Option<&'static [Range<u64>; 2]>,
}

impl ContigPlace {
    pub fn has_own_line(&self) -> bool {
        self.rank < OWN_LINES
    }

    /// The part of the genome for the sex check; none in pseudoautosomal regions.
    pub fn sex_region(&self, position: u64) -> Option<SexRegion> {
        let mut regions = self.pseudoautosomal.into_iter().flatten();
        self.sex_region
            .filter(|_| !regions.any(|region| region.contains(&position)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_contigs_and_the_mitochondrion_have_own_lines() {
        let names: Vec<String> = (1..=60).map(|n| format!("s{n}")).chain(["chrM".into()]).collect();
        let lengths = (1..=60).chain([3]).map(Some);
        let mut lines = ContigLines::new(names.iter().map(String::as_str).zip(lengths));
        assert_eq!(
            (lines.own.len(), &lines.own[39].0[..], &lines.own[0].0[..]),
            (40, "chrM", "s22")
        );
        assert!(!lines.place("s21").has_own_line() && lines.place("chrM").rank == 39);
        let mut lines = ContigLines::new(std::iter::empty());
        assert_eq!(
            (lines.place("b").rank, lines.place("a").rank, lines.place("b").rank),
            (0, 1, 0)
        );
    }

    #[test]
    fn pseudoautosomal_regions_belong_to_no_part() {
        let header = [("chr7", None), ("chrX", Some(156_040_895)), ("chrY", Some(5))];
        let mut lines = ContigLines::new(header.into_iter());
        let x = lines.place("chrX");
        assert_eq!(
            (x.sex_region(2_781_478), x.sex_region(2_781_479)),
            (None, Some(SexRegion::X))
        );
        assert_eq!(lines.place("chrY").sex_region(20_000), Some(SexRegion::Y));
        assert_eq!(lines.place("chr7").sex_region(1), Some(SexRegion::Autosomes));
        assert_eq!(lines.place("chrUn").sex_region(1), None);
        let known = ["X", "Y", "Z"].map(|name| lines.pseudoautosomal_is_known(name));
        assert_eq!(known, [Some(true), Some(false), None]);
    }
}
