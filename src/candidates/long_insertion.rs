//! Long insertions that a read shows with an error, or only in part.

/// Reference bases that an allele replaces, and its own.
pub(super) type Spelling = (Vec<u8>, Vec<u8>);

/// Inserted bases for each of which one may be misread.
const MISREAD_IN: usize = 10;

/// Fewest inserted bases of a part: fewer are those of a longer insertion by chance.
const LEAST_PART: usize = 10;

/// Fewest reads that must show an insertion whole.
const WHOLE_READS: u32 = 2;

/// For each allele of a site, the one that it counts as, mostly itself, by how many reads show each.
///
/// The longer an insertion is, the more reads misread some base of it, each another. So what one read alone shows counts as the
/// most frequent insertion of that length from which it differs in few bases.
pub(super) fn joined(alleles: &[Spelling], shown: &[u32]) -> Vec<usize> {
    let of = |i: usize| {
        let others = (0..alleles.len()).filter(|&j| shown[j] > 1 && is_misread(&alleles[i], &alleles[j]));
        let frequent = others.max_by_key(|&j| (shown[j], std::cmp::Reverse(&alleles[j].1)));
        frequent.filter(|_| shown[i] == 1).unwrap_or(i)
    };
    (0..alleles.len()).map(of).collect()
}

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

/// Whether an allele is another, an insertion, with few of its bases misread.
fn is_misread((reference, bases): &Spelling, (of_reference, of_bases): &Spelling) -> bool {
    let differing = || bases.iter().zip(of_bases).filter(|(a, b)| a != b).count();
    let is_insertion = bases.len() > reference.len();
    let is_alike = reference == of_reference && bases.len() == of_bases.len();
    is_insertion && is_alike && differing() * MISREAD_IN <= bases.len() - reference.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_read_of_few_other_bases_joins_the_most_frequent() {
        let alleles = |bases: &[&str]| {
            bases
                .iter()
                .map(|b| (b"G".to_vec(), b.as_bytes().to_vec()))
                .collect::<Vec<_>>()
        };
        let long = [
            "GATTGACCGTATTGGCCAATT",
            "GATTGACCGTATTCGCCAATA",
            "GATTGACCGTATTGGCCAATA",
        ];
        assert_eq!(joined(&alleles(&long), &[3, 1, 2]), [0, 0, 2]);
        assert_eq!(joined(&alleles(&long), &[2, 1, 3]), [0, 2, 2]);
        assert_eq!(joined(&alleles(&long), &[1, 1, 1]), [0, 1, 2]);
        // Three of twenty bases, another length, and short ones.
        let other = ["GATTGACCGTATTGGCCAATT", "GATTCACCGTATTCGCCAATA", "GATTGACCGTATTGGCCAAT"];
        assert_eq!(joined(&alleles(&other), &[3, 1, 1]), [0, 1, 2]);
        assert_eq!(joined(&alleles(&["GATTGA", "GATTCA", "T"]), &[3, 1, 1]), [0, 1, 2]);
        // One misread of ten that are inserted, but not of nine.
        assert_eq!(joined(&alleles(&["GATTGACCGTA", "GATTGACCCTA"]), &[2, 1]), [0, 0]);
        assert_eq!(joined(&alleles(&["GATTGACCGT", "GATTGACCCT"]), &[2, 1]), [0, 1]);
    }

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
