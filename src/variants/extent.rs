//! Where a record changes the reference.

use super::edit::Edit;
use crate::genome::IntervalSet;

/// The reference interval that a record's alternates touch. An insertion touches the bases on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// 0-based half-open.
    pub start: u64,
    pub end: u64,
    /// Whether every alternate is a pure insertion. Such a record is in a region only if both bases are.
    pub insertion: bool,
}

impl Extent {
    /// The hull of all alternates; each is trimmed on the right, then on the left.
    pub fn new<'a>(position: u64, reference: &[u8], alternates: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hull: Option<Self> = None;
        for alternate in alternates {
            // A spanning deletion removes the reference bases.
            let bases = if alternate.iter().all(u8::is_ascii_alphabetic) {
                alternate
            } else {
                b""
            };
            let change = Edit::between(position, reference, bases, true);
            let (start, end) = match change.is_insertion() {
                true => (change.start.saturating_sub(1), change.start + 1),
                false => (change.start, change.end),
            };
            hull = Some(hull.map_or(
                Self {
                    start,
                    end,
                    insertion: change.is_insertion(),
                },
                |h| Self {
                    start: h.start.min(start),
                    end: h.end.max(end),
                    insertion: h.insertion && change.is_insertion(),
                },
            ));
        }
        hull.unwrap_or(Self {
            start: position,
            end: position + reference.len() as u64,
            insertion: false,
        })
    }

    pub fn is_in(&self, set: &IntervalSet, contig: &str) -> bool {
        match self.insertion {
            true => set.covers(contig, self.start, self.end),
            false => set.overlaps(contig, self.start, self.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    #[test]
    fn an_insertion_needs_both_flanking_bases() {
        let set = IntervalSet::from_regions([Region::new("c", 10, 20)]);
        let inside = |position, reference: &str, alternate: &str| {
            Extent::new(position, reference.as_bytes(), [alternate.as_bytes()]).is_in(&set, "c")
        };
        assert!(inside(18, "A", "AT") && !inside(19, "A", "AT") && !inside(9, "A", "AT") && inside(10, "A", "AT"));
        assert!(inside(19, "A", "T") && !inside(20, "A", "T"));
        assert!(
            inside(8, "AAC", "A") && !inside(7, "AAC", "A"),
            "a deletion is inside with one base"
        );
    }
}
