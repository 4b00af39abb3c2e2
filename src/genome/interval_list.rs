//! Lines of a Picard interval list: a header as in SAM, then contig, start, end (1-based inclusive), strand and name.

use anyhow::{Result, bail, ensure};

use super::contigs::Contigs;
use super::region::Region;

/// Whether it is a header line of SAM, such as `@SQ`. A contig's name may begin with `@`, too.
pub(super) fn is_header(line: &str) -> bool {
    let word = line.split('\t').next().unwrap_or_default();
    matches!(word, "@HD" | "@SQ" | "@RG" | "@PG" | "@CO")
}

/// The interval of a line; none if it is empty or of the header. Fails if the header is of another reference.
pub(super) fn interval(line: &str, contigs: &Contigs) -> Result<Option<Region>> {
    if is_header(line) {
        check_length(line, contigs)?;
        return Ok(None);
    }
    if line.trim().is_empty() {
        return Ok(None);
    }
    let mut fields = line.split('\t').map(str::trim);
    let (Some(contig), Some(start), Some(end)) = (fields.next(), fields.next(), fields.next()) else {
        bail!("'{line}': expected contig, start, end, strand and name separated by tabs");
    };
    let (Ok(first), Ok(last)) = (start.parse::<u64>(), end.parse::<u64>()) else {
        bail!("'{line}': start and end must be whole numbers from 1 up");
    };
    ensure!(
        first > 0,
        "'{line}': positions of an interval list count from 1; if these count from 0, let the file's name end in .bed"
    );
    // An empty interval ends before it starts.
    ensure!(first - 1 <= last, "start {first} is beyond end {last}");
    Ok(Some(Region::new(contig, first - 1, last)))
}

/// Fails if the line says that a contig of the reference has another length.
fn check_length(line: &str, contigs: &Contigs) -> Result<()> {
    let field = |tag: &str| line.split('\t').find_map(|field| field.strip_prefix(tag));
    let (Some(name), Some(length)) = (field("SN:"), field("LN:")) else {
        return Ok(());
    };
    match contigs.get(name) {
        Some(contig) if line.starts_with("@SQ") && contig.length.to_string() != length.trim() => bail!(
            "it was made for another reference: its contig {name} has {length} bases, that of the reference {}",
            contig.length
        ),
        _ => Ok(()),
    }
}
