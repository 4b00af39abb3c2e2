//! A file of regions: what it is taken for, and what it holds.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::bed;
use super::contigs::Contigs;
use super::interval_list;
use super::intervals::{IntervalSet, check_within, open_whole};
use super::lines::for_each_line;
use super::region::Region;

/// What a file of regions is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bed,
    IntervalList,
    List,
}

impl Kind {
    /// What the name says, `.gz` and `.bgz` aside.
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").or(name.strip_suffix(".bgz")).unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "bed" => Some(Self::Bed),
            "interval_list" => Some(Self::IntervalList),
            "list" | "intervals" => Some(Self::List),
            _ => None,
        }
    }

    /// What a line looks like; none if it is empty or a comment.
    fn of_line(line: &str) -> Option<Self> {
        let has_columns = line.split_whitespace().nth(1).is_some();
        match bed::interval(line) {
            Ok(None) => None,
            Err(_) if !has_columns => Some(Self::List),
            _ => Some(Self::Bed),
        }
    }

    /// The region of a line, if it has one.
    fn region(self, line: &str, contigs: &Contigs) -> Result<Option<Region>> {
        let interval = match self {
            Self::Bed => bed::interval(line)?,
            Self::IntervalList => interval_list::interval(line, contigs)?,
            Self::List => return listed(line, contigs),
        };
        interval.iter().try_for_each(|region| check_within(region, contigs))?;
        Ok(interval)
    }

    fn described(self) -> &'static str {
        match self {
            Self::Bed => "BED (positions count from 0, the end is not included)",
            Self::IntervalList => "a Picard interval list (positions count from 1, the end is included)",
            Self::List => "a list of regions, one a line (positions count from 1, the end is included)",
        }
    }
}

/// The region of a line of a list.
fn listed(line: &str, contigs: &Contigs) -> Result<Option<Region>> {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    if text.contains(char::is_whitespace) {
        bail!(
            "'{text}' has columns, but a list has one region a line; let the file's name end in .bed if positions count from 0, or \
             in .interval_list if they count from 1"
        );
    }
    Region::parse(text, contigs).map(Some)
}

/// What a file holds.
pub(super) struct RegionFile {
    pub intervals: IntervalSet,
    /// None: it has neither a name that tells nor a line.
    pub kind: Option<Kind>,
    /// Whether the name or a header told what it is.
    is_told: bool,
    /// Regions without a base.
    empty: usize,
}

impl RegionFile {
    /// Reads a file, plain or compressed, of the kind that its name, its header or its first line tells.
    pub fn read(path: &Path, contigs: &Contigs) -> Result<Self> {
        let text = open_whole(path)?;
        let mut kind = Kind::of_name(path);
        let (mut is_told, mut has_regions, mut empty) = (kind.is_some(), false, 0);
        let intervals = IntervalSet::collect(|keep| {
            for_each_line(text, |line| {
                if !has_regions && interval_list::is_header(line) {
                    (kind, is_told) = (Some(Kind::IntervalList), true);
                }
                kind = kind.or_else(|| Kind::of_line(line));
                let region = kind.map_or(Ok(None), |kind| kind.region(line, contigs))?;
                has_regions |= region.is_some();
                empty += usize::from(region.as_ref().is_some_and(Region::is_empty));
                region.map_or(Ok(()), &mut *keep)
            })
        });
        Ok(Self {
            intervals: intervals.with_context(|| format!("cannot read {}", path.display()))?,
            kind,
            is_told,
            empty,
        })
    }

    /// Tells what the file is taken for.
    pub fn log(&self, flag: &str, path: &Path) {
        let path = path.display();
        let Some(kind) = self.kind.filter(|_| self.intervals.bases() > 0) else {
            log::warn!("{flag} {path}: it holds no base");
            return;
        };
        let told = format!(
            "{flag} {path}: {} bases, taken as {}",
            self.intervals.bases(),
            kind.described()
        );
        if kind == Kind::Bed && self.empty > 0 {
            log::warn!(
                "{told}; {} of its intervals hold no base, as start and end are the same: if positions count from 1, let the file's name end \
                 in .interval_list",
                self.empty
            );
        } else if kind == Kind::Bed && !self.is_told {
            log::warn!("{told}; if positions count from 1, let the file's name end in .interval_list");
        } else {
            log::info!("{told}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contigs::Contig;
    use super::*;

    fn read(name: &str, text: &str) -> Result<RegionFile> {
        let contig = |name: &str| Contig {
            name: name.into(),
            length: 1000,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let contigs = ["c", "@x", "track", "HLA-A*01:01"].map(contig).into_iter().collect();
        RegionFile::read(&path, &contigs)
    }

    #[test]
    fn names_headers_and_lines_tell_what_a_file_is() {
        const HEADER: &str = "@HD\tVN:1.6\n@SQ\tSN:c\tLN:1000\n@SQ\tSN:elsewhere\tLN:5\n";
        let with_header = |lines: &str| format!("{HEADER}{lines}");
        let table = [
            ("x.bed", "c\t4\t9\r\n", Kind::Bed, "c:5-9"),
            ("X.BED", "#h\ntrack x\nc\t4\t9\n", Kind::Bed, "c:5-9"),
            ("x.bed", "@x\t4\t9\n", Kind::Bed, "@x:5-9"),
            ("x.bed", &with_header("c\t4\t9\t+\tname\n"), Kind::IntervalList, "c:4-9"),
            ("x.interval_list", "c\t4\t9\t+\tname\r\n\n", Kind::IntervalList, "c:4-9"),
            (
                "x.interval_list",
                &with_header("c\t4\t9\t-\t.\n"),
                Kind::IntervalList,
                "c:4-9",
            ),
            ("x.list", "#h\n\nc:4-9\r\n", Kind::List, "c:4-9"),
            ("x.list", "{HLA-A*01:01}:4-9\n", Kind::List, "HLA-A*01:01:4-9"),
            ("x.list", "track\n", Kind::List, "track:1-1000"),
            ("x.intervals", " c:4..9 \n", Kind::List, "c:4-9"),
            (
                "x.list",
                &with_header("c\t4\t9\t+\tname\n"),
                Kind::IntervalList,
                "c:4-9",
            ),
            ("x", "#h\n\nc:4-9\n", Kind::List, "c:4-9"),
            ("x.txt", "c\t4\t9\n", Kind::Bed, "c:5-9"),
            ("x.txt", "track\t4\t9\n", Kind::Bed, "track:5-9"),
            ("x.txt", &with_header("c\t4\t9\t+\tname\n"), Kind::IntervalList, "c:4-9"),
        ];
        for (name, text, kind, region) in table {
            let file = read(name, text).unwrap();
            let regions: Vec<_> = file.intervals.regions().map(|region| region.to_string()).collect();
            assert_eq!(
                (file.kind, regions),
                (Some(kind), vec![region.to_owned()]),
                "{name} {text}"
            );
            assert_eq!(
                file.is_told,
                !(name == "x" || name == "x.txt" && kind == Kind::Bed),
                "{name} {text}"
            );
        }
        let none = read("x.txt", "# nothing\n\n").unwrap();
        assert!(none.kind.is_none() && none.intervals.is_empty());
        assert_eq!(read("x.bed", "c\t4\t4\nc\t6\t6\nc\t7\t9\n").unwrap().empty, 2);
    }

    #[test]
    fn bad_lines_are_refused_by_number() {
        let table = [
            ("x.list", "c:1-5\nc 1 5\n", "line 2: 'c 1 5' has columns"),
            ("x.list", "c:1-5\nd:1\n", "line 2: region 'd:1'"),
            (
                "x.list",
                "\u{feff}c:1-5\n",
                "line 1: the file begins with a byte-order mark",
            ),
            (
                "x.interval_list",
                "c\t5\n",
                "line 1: 'c\t5': expected contig, start, end",
            ),
            ("x.interval_list", "c\t0\t5\t+\tn\n", "count from 1"),
            ("x.interval_list", "c\t1\tx\t+\tn\n", "whole numbers from 1 up"),
            ("x.interval_list", "c\t9\t5\t+\tn\n", "start 9 is beyond end 5"),
            ("x.interval_list", "c\t9\t1001\t+\tn\n", "ends beyond the end of c"),
            (
                "x.interval_list",
                "d\t1\t5\t+\tn\n",
                "contig 'd' is not in the reference",
            ),
            (
                "x.interval_list",
                "@SQ\tSN:c\tLN:999\n",
                "made for another reference: its contig c has 999 bases",
            ),
            (
                "x.bed",
                "c\t1\t5\n@HD\tVN:1\n",
                "line 2: '@HD\tVN:1' is a line of a Picard interval list",
            ),
            ("x.txt", "c\t100\n", "line 1: 'c\t100': expected contig, start and end"),
        ];
        for (name, text, expected) in table {
            let error = format!("{:#}", read(name, text).err().unwrap());
            assert!(error.contains(expected) && error.contains(name), "{text}: {error}");
        }
    }
}
