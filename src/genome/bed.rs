//! Parser of BED files.

use std::io::Read;

use anyhow::{Context, Result, bail};

use super::lines::for_each_line;
use super::region::Region;

/// Passes the intervals of a BED text to `keep`, in file order. Errors name the line.
pub(super) fn read(text: impl Read, mut keep: impl FnMut(Region) -> Result<()>) -> Result<()> {
    for_each_line(text, |line| {
        interval(line).and_then(|region| region.map_or(Ok(()), &mut keep))
    })
}

/// The interval of a line; none if it is empty, a comment or a header line of the UCSC browser.
pub fn interval(line: &str) -> Result<Option<Region>> {
    let mut fields = line.split('\t').map(str::trim);
    let (contig, start, end) = match (fields.next(), fields.next(), fields.next()) {
        // A contig may be named `track` or `browser`.
        (Some(contig), Some(start), Some(end)) if !is_header(line) || is_number(start) && is_number(end) => {
            (contig, start, end)
        }
        _ if line.trim().is_empty() || is_header(line) => return Ok(None),
        _ if line.starts_with('@') => {
            bail!("'{line}' is a line of a Picard interval list; convert the file with: picard IntervalListToBed")
        }
        _ if line.split_whitespace().nth(2).is_some() => {
            bail!("'{line}' has spaces where BED needs tabs; replace them with: sed -i 's/  */\\t/g'")
        }
        _ => bail!("'{line}': expected contig, start and end separated by tabs"),
    };
    let (start, end) = (position(start)?, position(end)?);
    if start > end {
        bail!("start {start} is greater than end {end}");
    }
    Ok(Some(Region::new(contig, start, end)))
}

/// Whether the line is a comment, or begins with the word `track` or `browser`.
fn is_header(line: &str) -> bool {
    let word = line.split([' ', '\t']).next().unwrap_or_default();
    line.starts_with('#') || ["track", "browser"].contains(&word.trim_end())
}

fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok()
}

fn position(text: &str) -> Result<u64> {
    text.parse().with_context(|| {
        format!("'{text}' is not a position (a whole number from 0 up); a line of column names must begin with '#'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Region>> {
        let mut regions = Vec::new();
        read(text.as_bytes(), |region| {
            regions.push(region);
            Ok(())
        })?;
        Ok(regions)
    }

    #[test]
    fn header_lines_are_recognized_by_their_first_word() {
        let bed = "#h\ntrack\nbrowser position chr1:1-2\ntrack name=x\nbrowser\thide\tall\n\n \t \nc\t5\t9\tname\r\n";
        assert_eq!(parse(bed).unwrap(), [Region::new("c", 5, 9)]);
        for contig in ["track7", "track", "browser", "browser_1", "tracks.2"] {
            let found = parse(&format!("{contig}\t0\t100\ttrack\n")).unwrap();
            assert_eq!(found, [Region::new(contig, 0, 100)]);
        }
    }

    #[test]
    fn bad_lines_are_refused_by_number() {
        let error = |text: &str| format!("{:#}", parse(text).unwrap_err());
        let cases = [
            ("c\t5\n", "line 1: 'c\t5'"),
            ("c\t1\t2\nc\t9\t5\n", "line 2: start 9"),
            ("c\tx\t5\n", "line 1: 'x' is not"),
            ("c\t-1\t5\n", "'-1' is not"),
            ("c\t1e3\t5\n", "'1e3' is not"),
            ("c\t1\t99999999999999999999\n", "'99999999999999999999' is not"),
            ("chrom\tstart\tend\nc\t1\t2\n", "begin with '#'"),
            ("c\t1\t2\nc 5 9\n", "line 2: 'c 5 9' has spaces"),
            ("\u{feff}c\t5\t9\n", "line 1: the file begins with a byte-order mark"),
            ("@HD\tVN:1.6\n", "interval list"),
        ];
        for (text, expected) in cases {
            assert!(error(text).contains(expected), "{}", error(text));
        }
        assert!(format!("{:#}", read(&b"c\t1\t2\n\xff\xfec\0"[..], |_| Ok(())).unwrap_err()).contains("line 2"));
        let refuse = |region: Region| if region.start > 5 { bail!("too far") } else { Ok(()) };
        let refused = read("c\t1\t2\nc\t6\t7\n".as_bytes(), refuse).unwrap_err();
        assert_eq!(format!("{refused:#}"), "line 2: too far");
    }
}
