//! Corrects sequencing errors in long indels of reads.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Indel;

/// One misread base is allowed per this many inserted or deleted bases.
const MISREAD_IN: usize = 10;

/// Replaces the bases of each long indel of nearby reads by its most likely bases without sequencing errors.
///
/// The longer an insertion is, the more reads misread one of its bases, each read another one. So an indel that only
/// one read shows becomes the most frequent indel of the same position and length that differs in few bases. If no two
/// reads agree, base qualities decide. In a deletion, only the base before it can be misread.
pub fn correct_read_errors<'a>(indels: impl Iterator<Item = &'a mut Indel>) {
    let mut long: Vec<&mut Indel> = indels.filter(|indel| length(indel) >= MISREAD_IN).collect();
    let key = |indel: &Indel| (indel.position, indel.bases.len());
    long.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.reference.cmp(&b.reference)));
    for alike in long.chunk_by_mut(|a, b| key(a) == key(b) && a.reference == b.reference) {
        for (i, bases) in corrections(alike) {
            alike[i].bases = bases;
        }
    }
}

/// The index and corrected bases of each misread indel. The indels in `alike` differ only in their bases.
fn corrections(alike: &[&mut Indel]) -> Vec<(usize, Vec<u8>)> {
    let mut seen: BTreeMap<&[u8], usize> = BTreeMap::new();
    alike
        .iter()
        .for_each(|indel| *seen.entry(&indel.bases).or_default() += 1);
    if alike.len() == 1 || seen.values().all(|&reads| reads > 1) {
        return Vec::new();
    }
    let consensus = consensus(alike);
    let corrected = |indel: &Indel| {
        let others = seen
            .iter()
            .filter(|&(bases, &reads)| reads > 1 && is_misread(indel, bases));
        let frequent = others.max_by_key(|&(bases, reads)| (reads, Reverse(bases)));
        let bases = frequent.map_or(&consensus[..], |(bases, _)| bases);
        is_misread(indel, bases).then(|| bases.to_vec())
    };
    let singles = alike
        .iter()
        .enumerate()
        .filter(|(_, indel)| seen[&indel.bases[..]] == 1);
    singles.filter_map(|(i, indel)| Some((i, corrected(indel)?))).collect()
}

/// Number of inserted or deleted bases.
fn length(indel: &Indel) -> usize {
    indel.bases.len().abs_diff(indel.reference.len())
}

/// Whether the indel may be `bases` with a few misread bases.
fn is_misread(indel: &Indel, bases: &[u8]) -> bool {
    let differing = indel.bases.iter().zip(bases).filter(|(a, b)| a != b).count();
    differing * MISREAD_IN <= length(indel)
}

/// The base with the greatest sum of qualities at each index; the first in the alphabet on ties.
fn consensus(alike: &[&mut Indel]) -> Vec<u8> {
    let best = |index: usize| {
        let total = |base: &u8| -> u32 {
            let seen = alike.iter().filter(|indel| indel.bases[index] == *base);
            seen.map(|indel| u32::from(indel.base_quals[index])).sum()
        };
        *b"TGCA".iter().max_by_key(|base| total(base)).unwrap_or(&b'A')
    };
    (0..alike[0].bases.len()).map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insertion(bases: &str, quality: u8) -> Indel {
        Indel {
            position: 100,
            reference: b"G".to_vec(),
            bases: bases.into(),
            quality,
            base_quals: vec![quality; bases.len()],
            is_whole: true,
        }
    }

    fn corrected(indels: &[Indel]) -> Vec<String> {
        let mut found = indels.to_vec();
        correct_read_errors(found.iter_mut());
        found
            .into_iter()
            .map(|indel| String::from_utf8(indel.bases).unwrap())
            .collect()
    }

    #[test]
    fn a_single_read_with_few_other_bases_gets_the_most_frequent_indel() {
        let found = |bases: &[(&str, usize)]| {
            let all: Vec<Indel> = bases.iter().flat_map(|(b, n)| vec![insertion(b, 30); *n]).collect();
            corrected(&all)
        };
        let [a, b, c] = [
            "GATTGACCGTATTGGCCAATT",
            "GATTGACCGTATTCGCCAATA",
            "GATTGACCGTATTGGCCAATA",
        ];
        assert_eq!(found(&[(a, 3), (b, 1), (c, 2)]), [a, a, a, a, c, c]);
        assert_eq!(found(&[(a, 2), (b, 1), (c, 3)]), [a, a, c, c, c, c]);
        // Three differing bases of twenty, another length, and short indels are kept.
        let three = "GATTCACCGTATTCGCCAATA";
        assert_eq!(found(&[(a, 2), (three, 1)]), [a, a, three]);
        assert_eq!(found(&[(a, 2), (&a[1..], 1)]), [a, a, &a[1..]]);
        assert_eq!(found(&[("GATTGA", 2), ("GATTCA", 1)]), ["GATTGA", "GATTGA", "GATTCA"]);
        // Ten inserted bases allow one misread base; nine do not.
        assert_eq!(found(&[("GATTGACCGTA", 2), ("GATTGACCCTA", 1)]), ["GATTGACCGTA"; 3]);
        assert_eq!(found(&[("GATTGACCG", 2), ("GATTGACCC", 1)])[2], "GATTGACCC");
    }

    #[test]
    fn qualities_decide_if_no_reads_agree() {
        let whole = "GATTGACCGTATTGGCCAATT";
        let misread = |changes: &[(usize, char)]| {
            let mut read = insertion(whole, 30);
            for &(index, base) in changes {
                (read.bases[index], read.base_quals[index]) = (base as u8, 11);
            }
            read
        };
        let [a, b, c] = [&[(3, 'A')][..], &[(9, 'C')], &[(3, 'G'), (20, 'G')]].map(misread);
        assert_eq!(corrected(&[a.clone(), b.clone()]), [whole; 2]);
        assert_eq!(corrected(&[a.clone(), b, c]), [whole; 3]);
        // A single indel, or one that differs in more bases, is kept.
        assert_eq!(corrected(std::slice::from_ref(&a))[0].as_bytes(), a.bases);
        let other = insertion("GCTTACCCATAGTGTCCAACT", 10);
        assert_eq!(
            corrected(&[insertion(whole, 30), other.clone()])[1].as_bytes(),
            other.bases
        );
    }

    #[test]
    fn only_the_base_before_a_long_deletion_can_be_misread() {
        let deletion = |deleted: &str, before: &str, quality| Indel {
            reference: deleted.into(),
            ..insertion(before, quality)
        };
        let long = "GATTGACCGTA";
        assert_eq!(
            corrected(&[deletion(long, "G", 30), deletion(long, "C", 11)]),
            ["G", "G"]
        );
        assert_eq!(
            corrected(&[
                deletion(long, "G", 30),
                deletion(long, "C", 11),
                deletion(long, "C", 11)
            ]),
            ["C", "C", "C"]
        );
        assert_eq!(
            corrected(&[deletion("GATT", "G", 30), deletion("GATT", "C", 11)]),
            ["G", "C"]
        );
    }
}
