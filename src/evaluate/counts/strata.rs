//! Confident regions and strata of records.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::record::Record;
use crate::evaluate::calls::SampleCall;

use crate::formats::check_whole;
use crate::genome::{Contig, Contigs, IntervalSet, Region};
use crate::output::controls;
use crate::variants::Extent;

/// The confident regions: the regions of the BED, and the extents of truth variants that begin in them. So an
/// insertion at the edge of a region is never half inside.
pub fn with_truth(confident: &IntervalSet, contig: &str, truth: &[SampleCall]) -> IntervalSet {
    let inside = truth.iter().filter(|c| confident.contains(contig, c.position));
    let places = inside.map(|call| {
        let alternates = call.alternates.iter().map(Vec::as_slice);
        let extent = Extent::new(call.position, &call.reference, alternates);
        Region::new(contig, extent.start, extent.end)
    });
    let given = confident
        .on(contig)
        .iter()
        .map(|&(start, end)| Region::new(contig, start, end));
    IntervalSet::from_regions(given.chain(places))
}

/// Subsets from the confident regions, with hap.py's names (superloci across an edge, and superloci wholly inside), and
/// subsets by ploidy.
pub const BUILT_IN: [&str; 4] = ["TS_boundary", CONTAINED, "haploid", "diploid"];
pub const CONTAINED: &str = "TS_contained";
/// Index of [`CONTAINED`] in the strata of a record.
pub const CONTAINED_RANK: u16 = 1;
/// Index of the subset of places with one copy. All others are in the next subset, which no record names.
pub const HAPLOID_RANK: u16 = 2;
pub const DIPLOID_RANK: u16 = 3;

/// Adds the built-in strata to the records of each superlocus.
pub fn mark_boundaries(records: &mut [Record]) {
    for group in records.chunk_by_mut(|a, b| a.locus.is_some() && a.locus == b.locus) {
        let inside = group.iter().filter(|r| r.confident).count();
        let rank = match inside {
            0 => continue,
            n if n < group.len() => 0,
            _ => CONTAINED_RANK,
        };
        group.iter_mut().for_each(|r| r.strata.insert(0, rank));
    }
}

/// A named set of regions.
#[derive(Clone, Debug)]
pub struct Stratum {
    pub name: String,
    pub regions: IntervalSet,
    /// The contigs of the BED that the reference lacks, for messages.
    pub unknown: String,
}

/// Reads a `name<TAB>bed` file; BED paths are relative to the file. Contigs that the reference lacks are ignored,
/// because strata cover whole genomes.
pub fn read_strata(path: &Path, contigs: &Contigs) -> Result<Vec<Stratum>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read stratification {}", path.display()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut strata: Vec<Stratum> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let Some((name, file)) = line.split_once('\t') else {
            bail!("{}: expected a name, a tab and the path of a BED file", place());
        };
        ensure!(
            strata.iter().all(|s| s.name != name),
            "{}: stratum '{name}' appears twice; rename or remove one",
            place()
        );
        ensure!(
            !BUILT_IN.contains(&name),
            "{}: stratum '{name}' has the name of a subset that dvcall counts itself; rename it",
            place()
        );
        let file = path.parent().unwrap_or(Path::new("")).join(PathBuf::from(file.trim()));
        check_whole(&file).with_context(place)?;
        let given = IntervalSet::from_bed(&file).with_context(place)?;
        let regions = IntervalSet::from_regions(given.regions().filter(|r| contigs.get(&r.contig).is_some()));
        let unknown = given.contigs().filter(|name| contigs.get(name).is_none());
        let unknown: Contigs = unknown
            .map(|name| Contig {
                name: name.to_owned(),
                length: 0,
            })
            .collect();
        regions
            .check_within(contigs)
            .with_context(|| format!("{}: {}", place(), file.display()))?;
        strata.push(Stratum {
            name: controls(name).into_owned(),
            regions,
            unknown: unknown.preview(),
        });
    }
    Ok(strata)
}

/// Reads a BED. Fails if a region lies outside of the reference.
pub fn read_bed(path: &Path, contigs: &Contigs) -> Result<IntervalSet> {
    check_whole(path)?;
    let set = IntervalSet::from_bed(path)?;
    set.check_within(contigs)
        .with_context(|| format!("in {}", path.display()))?;
    Ok(set)
}
