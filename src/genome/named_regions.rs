//! Regions with names, such as genes and exons, from a BED.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::bed;
use super::contigs::Contigs;
use super::intervals::{check_within, open_whole};
use super::lines::for_each_line;
use super::region::Region;

/// Most regions of a file. The limit is necessary because a small compressed file can hold any number.
const MOST_REGIONS: usize = 1 << 22;

/// The regions of a BED and their names, in file order; a region without a name has its place as its name. Fails if a
/// region lies outside of the reference, or if there is none.
pub fn read_named_regions(path: &Path, contigs: &Contigs) -> Result<Vec<(String, Region)>> {
    let failed = || format!("cannot read {}", path.display());
    let text = open_whole(path).with_context(failed)?;
    let mut regions = Vec::new();
    let read = for_each_line(text, |line| {
        let Some(region) = bed::interval(line)?.filter(|region| !region.is_empty()) else {
            return Ok(());
        };
        check_within(&region, contigs)?;
        ensure!(regions.len() < MOST_REGIONS, "more than {MOST_REGIONS} regions");
        let name = line.split('\t').nth(3).map(str::trim).filter(|name| !name.is_empty());
        let name = name.map_or_else(|| region.to_string(), str::to_owned);
        regions.push((name, region));
        Ok(())
    });
    read.with_context(failed)?;
    ensure!(
        !regions.is_empty(),
        "{}: it holds no region with a base",
        path.display()
    );
    Ok(regions)
}

#[cfg(test)]
mod tests {
    use super::super::contigs::Contig;
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, Region)>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("targets.bed");
        std::fs::write(&path, text)?;
        let contig = Contig {
            name: "c".into(),
            length: 100,
        };
        read_named_regions(&path, &std::iter::once(contig).collect())
    }

    #[test]
    fn regions_have_names_or_their_places() {
        let regions = read("#h\nc\t5\t9\tBRCA1\t0\t+\nc\t4\t4\tempty\nc\t0\t7\r\nc\t2\t8\t \n").unwrap();
        let names: Vec<_> = regions
            .iter()
            .map(|(name, region)| (name.as_str(), region.start))
            .collect();
        assert_eq!(names, [("BRCA1", 5), ("c:1-7", 0), ("c:3-8", 2)]);
    }

    #[test]
    fn regions_outside_of_the_reference_are_refused() {
        for (text, expected) in [
            ("c\t5\t101\tx\n", "line 1: interval c:5-101 ends beyond"),
            ("c\t5\t9\nd\t5\t9\n", "line 2: contig 'd'"),
            ("#nothing\n", "no region"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(expected) && error.contains("targets.bed"), "{error}");
        }
    }
}
