//! Long insertions that a read shows only in part.

/// Reference bases that an allele replaces, and its own.
pub(super) type Spelling = (Vec<u8>, Vec<u8>);

/// Fewest inserted bases of a part: fewer are those of a longer insertion by chance.
const LEAST_PART: usize = 10;

/// Fewest reads that must show an insertion whole.
const WHOLE_READS: u32 = 2;

/// The insertion that a read shows which ends within `part`: the one that begins or ends with the part's bases, if enough reads show it
/// `whole` and no read shows another such. In a repeat, a part is of all lengths.
pub(super) fn completed(part: usize, alleles: &[Spelling], whole: &[u32]) -> Option<usize> {
    let mut parts = (0..alleles.len()).filter(|&j| whole[j] > 0 && is_part(&alleles[part], &alleles[j]));
    let only = parts.next().filter(|_| parts.next().is_none());
    only.filter(|&j| whole[j] >= WHOLE_READS)
}

/// Whether an allele has the first or the last inserted bases of another, an insertion.
fn is_part((reference, bases): &Spelling, (of_reference, of_bases): &Spelling) -> bool {
    let (Some(shown), Some(inserted)) = (bases.get(reference.len()..), of_bases.get(of_reference.len()..)) else {
        return false;
    };
    let is_of_site = reference == of_reference && bases.starts_with(reference) && of_bases.starts_with(of_reference);
    is_of_site
        && (LEAST_PART..inserted.len()).contains(&shown.len())
        && (inserted.starts_with(shown) || inserted.ends_with(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_of_the_only_insertion_that_begins_or_ends_so() {
        let alleles: Vec<Spelling> = [
            "GATTGACCGTATTGGCCAATT",
            "GATTGACCGTATT",
            "GTATTGGCCAATT",
            "GATTGACCGT",
            "GTTTTTTTTTTTT",
        ]
        .map(|bases| (b"G".to_vec(), bases.as_bytes().to_vec()))
        .into();
        let completed = |part, whole: u32| completed(part, &alleles, &[whole, 0, 0, 0, 9]);
        assert_eq!(completed(1, 2), Some(0));
        assert_eq!(completed(2, 2), Some(0));
        // One read alone shows it whole; too few bases; others.
        assert_eq!(completed(1, 1), None);
        assert_eq!(completed(3, 2), None);
        assert_eq!(completed(4, 2), None);
        assert_eq!(completed(0, 2), None);
        let repeat: Vec<Spelling> = [24, 28, 20]
            .map(|n| (b"G".to_vec(), [&b"G"[..], &b"ACTT".repeat(n / 4)].concat()))
            .into();
        assert_eq!(super::completed(2, &repeat, &[9, 1, 0]), None);
        assert_eq!(super::completed(2, &repeat, &[9, 0, 0]), Some(0));
    }
}
