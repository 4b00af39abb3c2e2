//! Peak files: BED, narrowPeak and broadPeak.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::genome::{Contigs, IntervalSet, Region, bed_interval, check_within, for_each_line, open_whole};

/// Columns of a narrowPeak file. The last holds the summit, relative to the start.
const NARROW_PEAK: usize = 10;

/// A peak and its summit. Without a summit in the file, the middle takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peak {
    pub region: Region,
    pub summit: u64,
}

/// The peaks of a file on contigs of the reference, sorted.
pub struct Peaks {
    pub peaks: Vec<Peak>,
    /// The summits of each contig, sorted.
    summits: BTreeMap<String, Vec<u64>>,
    regions: IntervalSet,
    /// Number of peaks on contigs that the reference lacks.
    pub elsewhere: u64,
}

impl Peaks {
    /// Reads a file, plain or compressed, in any order of lines. Fails if a peak reaches beyond its contig, or if the
    /// reference has no contig of the file.
    pub fn read(path: &Path, contigs: &Contigs) -> Result<Self> {
        let peaks = Self::parse(path, contigs);
        peaks.with_context(|| format!("cannot read peaks {}", path.display()))
    }

    fn parse(path: &Path, contigs: &Contigs) -> Result<Self> {
        let (mut peaks, mut elsewhere, mut unknown) = (Vec::new(), 0, None);
        for_each_line(open_whole(path)?, |line| {
            let Some(region) = bed_interval(line)? else {
                return Ok(());
            };
            let known = check_within(&region, contigs);
            if contigs.get(&region.contig).is_none() {
                elsewhere += 1;
                unknown = unknown.take().or(known.err());
                return Ok(());
            }
            known?;
            ensure!(!region.is_empty(), "the peak holds no base");
            peaks.push(Peak {
                summit: summit(line, &region)?,
                region,
            });
            Ok(())
        })?;
        match unknown {
            Some(error) if peaks.is_empty() => return Err(error),
            _ if peaks.is_empty() => bail!("the file holds no peak"),
            _ => {}
        }
        let rank = |peak: &Peak| contigs.position(&peak.region.contig);
        peaks.sort_by(|a, b| {
            let key = |peak: &Peak| (rank(peak), peak.region.start, peak.region.end, peak.summit);
            key(a).cmp(&key(b))
        });
        let mut summits: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for peak in &peaks {
            summits.entry(peak.region.contig.clone()).or_default().push(peak.summit);
        }
        summits.values_mut().for_each(|summits| summits.sort_unstable());
        Ok(Self {
            regions: IntervalSet::from_regions(peaks.iter().map(|peak| peak.region.clone())),
            summits,
            peaks,
            elsewhere,
        })
    }
}

impl Peaks {
    /// Whether a summit lies in the window, or a peak over its middle.
    pub fn lie_in(&self, contig: &str, start: u64, end: u64) -> bool {
        let summits = self.summits.get(contig).map_or(&[][..], Vec::as_slice);
        let first = summits.partition_point(|&summit| summit < start);
        summits.get(first).is_some_and(|&summit| summit < end) || self.regions.contains(contig, start.midpoint(end))
    }
}

/// The position of the summit. A narrowPeak file with -1 has none.
fn summit(line: &str, region: &Region) -> Result<u64> {
    let middle = region.start + region.len() / 2;
    let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
    if columns.len() != NARROW_PEAK {
        return Ok(middle);
    }
    match columns[NARROW_PEAK - 1].parse::<i64>() {
        Ok(-1) => Ok(middle),
        Ok(offset) if (0..region.len() as i64).contains(&offset) => Ok(region.start + offset as u64),
        _ => bail!(
            "the summit '{}' in column 10 is not a base of the peak, counted from its start; a narrowPeak file has -1 \
             where it does not know",
            columns[NARROW_PEAK - 1]
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Contig;

    fn read(text: &str) -> Result<Peaks> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("p.narrowPeak");
        std::fs::write(&path, text)?;
        let contig = |name: &str| Contig {
            name: name.into(),
            length: 1000,
        };
        Peaks::read(&path, &["c", "d"].map(contig).into_iter().collect())
    }

    #[test]
    fn summits_come_from_the_file_or_are_the_middle() {
        let text = "d\t10\t20\ntrack x\nc\t100\t200\tp\t0\t.\t1\t1\t1\t7\nc\t50\t60\tp\t0\t.\t1\t1\t1\t-1\nx\t1\t2\n";
        let peaks = read(text).unwrap();
        let summits: Vec<u64> = peaks.peaks.iter().map(|peak| peak.summit).collect();
        assert_eq!((summits, peaks.elsewhere), (vec![55, 107, 15], 1));
        let lie_in = |start, end| peaks.lie_in("c", start, end);
        assert!(lie_in(100, 108) && lie_in(180, 200) && !lie_in(60, 100) && !lie_in(190, 300));
    }

    #[test]
    fn bad_peaks_are_refused_by_line() {
        let error = |text: &str| format!("{:#}", read(text).err().unwrap());
        assert!(error("c\t1\t2\nc\t990\t1001\n").contains("line 2: interval c:990-1001 ends beyond the end of c"));
        assert!(
            error("chrc\t1\t2\n").contains("contig 'chrc' is not in the reference, which has c, d; did you mean 'c'?")
        );
        assert!(error("#\n").contains("p.narrowPeak: the file holds no peak"));
        assert!(error("c\t9\t9\n").contains("line 1: the peak holds no base"));
        assert!(error("c\t1\t9\tp\t0\t.\t1\t1\t1\t8\n").contains("line 1: the summit '8'"));
    }
}
