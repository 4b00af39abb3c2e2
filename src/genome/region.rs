//! A region of one contig, and the parser of `--regions`.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::contigs::Contigs;
use super::intervals::IntervalSet;

/// A region of a contig, 0-based half-open. Its text form is 1-based inclusive, as in `samtools`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    pub contig: String,
    pub start: u64,
    pub end: u64,
}

impl Region {
    pub fn new(contig: impl Into<String>, start: u64, end: u64) -> Self {
        Self {
            contig: contig.into(),
            start,
            end,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Length in bases.
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    pub fn contains(&self, position: u64) -> bool {
        (self.start..self.end).contains(&position)
    }

    /// Parses `contig`, `contig:start-end`, `contig:start-` or `contig:position` (1-based inclusive; thousands
    /// separators allowed). The whole text is tried as a contig name first, because names may contain colons.
    pub fn parse(text: &str, contigs: &Contigs) -> Result<Self> {
        if let Some(contig) = contigs.get(text) {
            return Ok(Self::new(text, 0, contig.length));
        }
        let (name, range) = text.rsplit_once(':').unwrap_or((text, ""));
        let Some(contig) = contigs.get(name) else {
            match contigs.likely_name(name) {
                Some(other) => bail!("region '{text}': the reference has no contig '{name}', but it has '{other}'"),
                None => bail!(
                    "region '{text}': the reference has no contig '{name}'; it has {}",
                    contigs.preview()
                ),
            }
        };
        let (start, end) = parse_range(range, contig.length).with_context(|| {
            format!("region '{text}': expected contig:start-end, for example {name}:10,000,000-10,100,000")
        })?;
        if start == 0 || start > end {
            bail!("region '{text}': start must be at least 1 and not beyond the end");
        }
        if start > contig.length {
            bail!(
                "region '{text}' starts beyond the end of {name}, which has {} bases",
                contig.length
            );
        }
        Ok(Self::new(name, start - 1, end.min(contig.length)))
    }
}

fn parse_range(range: &str, length: u64) -> Result<(u64, u64)> {
    let number = |s: &str| s.replace(',', "").parse::<u64>();
    Ok(match range.split_once('-') {
        Some((start, "")) => (number(start)?, length),
        Some((start, end)) => (number(start)?, number(end)?),
        None => (number(range)?, number(range)?),
    })
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}", self.contig, self.start + 1, self.end)
    }
}

/// Converts `--regions` values (region strings and BED files) to sorted, merged intervals. Without values, returns all
/// contigs.
pub fn resolve_regions(values: &[String], contigs: &Contigs) -> Result<IntervalSet> {
    if values.is_empty() {
        return Ok(IntervalSet::from_regions(
            contigs.iter().map(|c| Region::new(&c.name, 0, c.length)),
        ));
    }
    let mut regions = Vec::new();
    for value in values {
        if contigs.get(value).is_none() && Path::new(value).is_file() {
            let bed = IntervalSet::from_bed_within(Path::new(value), contigs)?;
            if bed.bases() == 0 {
                log::warn!("--regions {value}: the file has no bases, so it adds no region");
            }
            regions.extend(bed.regions());
        } else if value.ends_with(".bed") || value.ends_with(".bed.gz") {
            bail!("--regions {value}: no such file");
        } else {
            regions.push(Region::parse(value, contigs)?);
        }
    }
    // Output is in the order of the reference, whatever the order of the values.
    regions.sort_by_key(|r| contigs.position(&r.contig));
    Ok(IntervalSet::from_regions(regions))
}

#[cfg(test)]
mod tests {
    use super::super::contigs::Contig;
    use super::*;

    fn contigs() -> Contigs {
        let contig = |name: &str, length| Contig {
            name: name.into(),
            length,
        };
        Contigs::new(vec![contig("chr20", 1000), contig("HLA-A*01:01", 500)])
    }

    #[test]
    fn regions_are_typed_one_based_inclusive() {
        let parse = |s: &str| Region::parse(s, &contigs()).unwrap();
        assert_eq!(parse("chr20"), Region::new("chr20", 0, 1000));
        assert_eq!(parse("chr20:1-10"), Region::new("chr20", 0, 10));
        assert_eq!(parse("chr20:1,000"), Region::new("chr20", 999, 1000));
        assert_eq!(parse("chr20:500-"), Region::new("chr20", 499, 1000));
        assert_eq!(parse("chr20:990-5000"), Region::new("chr20", 989, 1000));
        assert_eq!(parse("HLA-A*01:01"), Region::new("HLA-A*01:01", 0, 500));
        assert_eq!(parse("HLA-A*01:01:2-3"), Region::new("HLA-A*01:01", 1, 3));
        assert_eq!(parse("chr20:11-20").to_string(), "chr20:11-20");
    }

    #[test]
    fn bad_regions_say_what_is_wrong() {
        let message = |s: &str| format!("{:#}", Region::parse(s, &contigs()).unwrap_err());
        assert!(message("20:1-10").contains("it has 'chr20'"));
        assert!(message("chrM").contains("no contig 'chrM'"));
        assert!(message("chr20:0-10").contains("at least 1"));
        assert!(message("chr20:20-10").contains("not beyond the end"));
        assert!(message("chr20:2000-3000").contains("beyond the end of chr20"));
        assert!(message("chr20:a-b").contains("expected contig:start-end"));
    }
}
