//! Completes long insertions that a read contains only in part.

/// An allele: the replaced reference bases and the alternate bases.
pub(super) type Spelling = (Vec<u8>, Vec<u8>);

/// Minimum length of a part: a shorter one matches a longer insertion by chance.
const MIN_PART: usize = 10;

/// Minimum number of reads that contain the whole insertion.
const WHOLE_READS: u32 = 2;

/// The index of the only whole insertion that starts or ends with the inserted bases of allele `part`. `whole` holds
/// the number of reads with each whole allele. None if two insertions match, as in a repeat, or if too few reads
/// contain the insertion.
pub(super) fn completed(part: usize, alleles: &[Spelling], whole: &[u32]) -> Option<usize> {
    let mut parts = (0..alleles.len()).filter(|&j| whole[j] > 0 && is_part(&alleles[part], &alleles[j]));
    let only = parts.next().filter(|_| parts.next().is_none());
    only.filter(|&j| whole[j] >= WHOLE_READS)
}

/// Whether the first allele contains the first or the last inserted bases of the second, a longer insertion.
fn is_part((reference, bases): &Spelling, (whole_reference, whole_bases): &Spelling) -> bool {
    let (Some(part), Some(inserted)) = (bases.get(reference.len()..), whole_bases.get(whole_reference.len()..)) else {
        return false;
    };
    let same_anchor =
        reference == whole_reference && bases.starts_with(reference) && whole_bases.starts_with(whole_reference);
    same_anchor
        && (MIN_PART..inserted.len()).contains(&part.len())
        && (inserted.starts_with(part) || inserted.ends_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_belongs_to_the_only_insertion_that_starts_or_ends_with_it() {
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
        // Only one read with the whole insertion, too few bases, and other bases.
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
