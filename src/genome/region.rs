//! A region of one contig, and the parser of `--regions`.

use std::fmt;

use anyhow::{Result, bail};

use super::contigs::Contigs;

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

    /// Reads the spellings that docs/regions.md lists: `contig`, `contig:start-end`, `{contig}:start..end` and others, 1-based
    /// inclusive. A contig whose name holds a colon is tried whole first.
    pub fn parse(text: &str, contigs: &Contigs) -> Result<Self> {
        let (name, range) = name_and_range(text, contigs)?;
        let Some(contig) = contigs.get(name) else {
            match contigs.likely_name(name) {
                Some(other) => bail!("region '{text}': the reference has no contig '{name}', but it has '{other}'"),
                None => bail!(
                    "region '{text}': the reference has no contig '{name}'; it has {}",
                    contigs.preview()
                ),
            }
        };
        let Some(range) = range else {
            return Ok(Self::new(name, 0, contig.length));
        };
        let Some((start, end)) = parse_range(range) else {
            bail!("region '{text}': expected contig:start-end, for example {name}:10,000,000-10,100,000");
        };
        let end = end.unwrap_or(contig.length.max(start));
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

/// The contig's name and the text of the range, if there is one. Fails if both the whole text and its part before the last colon
/// may be the contig.
fn name_and_range<'a>(text: &'a str, contigs: &Contigs) -> Result<(&'a str, Option<&'a str>)> {
    let is_contig = |name: &str| contigs.get(name).is_some();
    if let Some((name, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}'))
        && !is_contig(text)
    {
        return match (rest, rest.strip_prefix(':')) {
            ("", _) => Ok((name, None)),
            (_, Some(range)) => Ok((name, Some(range))),
            _ => bail!("region '{text}': expected a colon after {{{name}}}"),
        };
    }
    let parts = text.rsplit_once(':');
    let has_range = parts.is_some_and(|(_, range)| parse_range(range).is_some());
    match parts {
        Some((name, range)) if is_contig(text) && is_contig(name) && has_range => bail!(
            "region '{text}': the reference has the contigs '{text}' and '{name}'; write {{{text}}} or {{{name}}}:{range}"
        ),
        Some((name, range)) if !is_contig(text) && (is_contig(name) || has_range) => Ok((name, Some(range))),
        _ => Ok((text, None)),
    }
}

/// Start and end, 1-based inclusive; no end is that of the contig. None if it is no range.
fn parse_range(range: &str) -> Option<(u64, Option<u64>)> {
    let number = |text: &str| {
        let digits = text.replace(',', "");
        let is_number = text.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| is_number)
    };
    match range.split_once("..").or_else(|| range.split_once('-')) {
        // One base, as in bcftools and GATK. In samtools it is all from there on.
        None => number(range).map(|position| (position, Some(position))),
        Some(("", end)) => Some((1, Some(number(end)?))),
        Some((start, "")) => Some((number(start)?, None)),
        Some((start, end)) => Some((number(start)?, Some(number(end)?))),
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}", self.contig, self.start + 1, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::contigs::Contig;
    use super::*;

    fn contigs() -> Contigs {
        let contig = |&(name, length): &(&str, u64)| Contig {
            name: name.into(),
            length,
        };
        let all = [
            ("chr20", 1000),
            ("20", 2_000_000),
            ("HLA-A*01:01", 500),
            ("HLA-A*01:01:01", 400),
            ("chrUn:100", 300),
            ("x", 50),
            ("x:1-10", 60),
            ("{odd}", 70),
        ];
        all.iter().map(contig).collect()
    }

    #[test]
    fn regions_are_read_as_people_write_them() {
        let table = [
            ("chr20", ("chr20", 0, 1000)),
            ("chr20:1-10", ("chr20", 0, 10)),
            ("chr20:10-10", ("chr20", 9, 10)),
            ("chr20:1000", ("chr20", 999, 1000)),
            ("chr20:1,000", ("chr20", 999, 1000)),
            ("chr20:500-", ("chr20", 499, 1000)),
            ("chr20:1000-", ("chr20", 999, 1000)),
            ("chr20:-10", ("chr20", 0, 10)),
            ("chr20:990-5000", ("chr20", 989, 1000)),
            ("20:1,000,000-1,000,100", ("20", 999_999, 1_000_100)),
            ("20:1000000-1,000,100", ("20", 999_999, 1_000_100)),
            ("20:11..20", ("20", 10, 20)),
            ("20:1,000,000..1,000,100", ("20", 999_999, 1_000_100)),
            ("20:1999999..", ("20", 1_999_998, 2_000_000)),
            ("20:..20", ("20", 0, 20)),
            ("{chr20}", ("chr20", 0, 1000)),
            ("{chr20}:7-8", ("chr20", 6, 8)),
            ("HLA-A*01:01", ("HLA-A*01:01", 0, 500)),
            ("HLA-A*01:01:2-3", ("HLA-A*01:01", 1, 3)),
            ("{HLA-A*01:01}:1-100", ("HLA-A*01:01", 0, 100)),
            ("{HLA-A*01:01}", ("HLA-A*01:01", 0, 500)),
            ("{HLA-A*01:01}:01", ("HLA-A*01:01", 0, 1)),
            ("{HLA-A*01:01:01}", ("HLA-A*01:01:01", 0, 400)),
            ("chrUn:100", ("chrUn:100", 0, 300)),
            ("chrUn:100:100", ("chrUn:100", 99, 100)),
            ("{x}:1-10", ("x", 0, 10)),
            ("{x:1-10}", ("x:1-10", 0, 60)),
            ("x:1-10:5-6", ("x:1-10", 4, 6)),
            ("x:2-10", ("x", 1, 10)),
            ("{odd}", ("{odd}", 0, 70)),
        ];
        for (text, (contig, start, end)) in table {
            let region = Region::parse(text, &contigs());
            assert_eq!(region.unwrap(), Region::new(contig, start, end), "{text}");
        }
        assert_eq!(Region::new("chr20", 10, 20).to_string(), "chr20:11-20");
    }

    #[test]
    fn bad_regions_say_what_is_wrong() {
        let message = |s: &str| format!("{:#}", Region::parse(s, &contigs()).unwrap_err());
        let table = [
            ("chr21:1-10", "no contig 'chr21'; it has chr20"),
            ("chrM", "no contig 'chrM'"),
            ("chrx:1-10", "it has 'x'"),
            ("HLA-B*07:02", "no contig 'HLA-B*07'"),
            ("HLA-A*01:01:01", "write {HLA-A*01:01:01} or {HLA-A*01:01}:01"),
            ("x:1-10", "write {x:1-10} or {x}:1-10"),
            ("{chr20", "no contig '{chr20'"),
            ("{chr20}1-5", "expected a colon after {chr20}"),
            ("{chr21}:1-5", "no contig 'chr21'"),
            ("chr20:", "expected contig:start-end"),
            ("chr20:-", "expected contig:start-end"),
            ("chr20:a-b", "expected contig:start-end"),
            ("chr20:+1-5", "expected contig:start-end"),
            ("chr20:1-5-9", "expected contig:start-end"),
            ("chr20:1-99999999999999999999", "expected contig:start-end"),
            ("chr20:0-10", "at least 1"),
            ("chr20:0", "at least 1"),
            ("chr20:20-10", "not beyond the end"),
            ("chr20:2000-3000", "beyond the end of chr20"),
            ("chr20:2000-", "beyond the end of chr20"),
            ("chr20:2000", "beyond the end of chr20"),
        ];
        for (text, expected) in table {
            assert!(message(text).contains(expected), "{text}: {}", message(text));
        }
    }
}
