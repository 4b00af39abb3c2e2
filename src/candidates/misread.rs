//! Long insertions that a read shows with an error.

/// Reference bases that an allele replaces, and its own.
pub(super) type Spelling = (Vec<u8>, Vec<u8>);

/// Inserted bases for each of which one may be misread.
const MISREAD_IN: usize = 10;

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
}
