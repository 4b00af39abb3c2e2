//! Reference bases around calls, and the check of REF against them.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};

use super::call::SampleCall;
use crate::genome::{Contig, IntervalSet, Reference, Region, Sequence};

/// Calls up to this far outside the regions are read too, so that different representations across a region's edge
/// match.
const CONTEXT: u64 = 5_000;

/// The regions, extended by the context on both sides.
pub fn with_context(regions: &IntervalSet) -> IntervalSet {
    IntervalSet::from_regions(
        regions
            .regions()
            .map(|r| Region::new(r.contig, r.start.saturating_sub(CONTEXT), r.end.saturating_add(CONTEXT))),
    )
}

/// The part of a contig that spans all calls, with context on both sides.
pub fn sequence_under(reference: &Reference, contig: &Contig, lists: &[&[SampleCall]]) -> Result<Sequence> {
    let calls = || lists.iter().copied().flatten();
    let start = calls().map(|c| c.position).min().unwrap_or(0).saturating_sub(CONTEXT);
    let end = calls().map(SampleCall::end).max().unwrap_or(0).saturating_add(CONTEXT);
    let end = end.min(contig.length);
    let start = start.min(end);
    Ok(Sequence::new(
        start,
        reference.reader()?.fetch(&contig.name, start, end)?,
    ))
}

/// The part of a contig between the Ns at its ends.
pub fn known_span(reference: &Reference, contig: &Contig) -> Result<Region> {
    const STEP: u64 = 1 << 18;
    let reader = reference.reader()?;
    let is_known = |b: &u8| *b != b'N';
    let (mut start, mut end) = (0, contig.length);
    while start < end {
        let bases = reader.fetch(&contig.name, start, (start + STEP).min(end))?;
        let skipped = bases.iter().position(is_known);
        start += skipped.unwrap_or(bases.len()) as u64;
        if skipped.is_some() {
            break;
        }
    }
    while end > start {
        let bases = reader.fetch(&contig.name, end.saturating_sub(STEP).max(start), end)?;
        let skipped = bases.iter().rev().position(is_known);
        end -= skipped.unwrap_or(bases.len()) as u64;
        if skipped.is_some() {
            break;
        }
    }
    Ok(Region::new(&contig.name, start, end))
}

/// Fails if a call's REF differs from the reference. N matches any base.
pub fn check_reference(calls: &[SampleCall], sequence: &Sequence, contig: &Contig, file: &Path) -> Result<()> {
    for call in calls {
        let here = || format!("{}, {}:{}", file.display(), contig.name, call.position + 1);
        ensure!(
            call.end() <= contig.length,
            "{}: the record extends beyond the end of {}, which has {} bases; use the VCF's own reference",
            here(),
            contig.name,
            contig.length
        );
        let bases = sequence.slice(call.position, call.end());
        let differs = |(a, b): (&u8, &u8)| a != b && *b != b'N' && b"ACGT".contains(a);
        if let Some(at) = call.reference.iter().zip(bases).position(differs) {
            return Err(anyhow!(
                "REF '{}' is not the reference's '{}' (base {}); if the VCF was made with another reference, use it",
                String::from_utf8_lossy(&call.reference),
                String::from_utf8_lossy(bases),
                at + 1
            ))
            .with_context(here);
        }
    }
    Ok(())
}
