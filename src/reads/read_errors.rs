//! Long indels that reads show with errors.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Indel;

/// Inserted or deleted bases for each of which one may be misread.
const MISREAD_IN: usize = 10;

/// Makes each indel of the reads of a stretch what it is without errors of the reads, mostly itself.
///
/// The longer an insertion is, the more reads misread some base of it, each another. So what one read alone shows counts as the
/// most frequent indel of that place and length from which it differs in few bases. If no two reads agree, the qualities of
/// their bases decide. Of a deletion, the only base that can be misread is the one before.
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

/// Which of some indels, which differ in nothing but their bases, are misread, and their right bases.
fn corrections(alike: &[&mut Indel]) -> Vec<(usize, Vec<u8>)> {
    let mut shown: BTreeMap<&[u8], usize> = BTreeMap::new();
    alike
        .iter()
        .for_each(|indel| *shown.entry(&indel.bases).or_default() += 1);
    if alike.len() == 1 || shown.values().all(|&reads| reads > 1) {
        return Vec::new();
    }
    let consensus = consensus(alike);
    let right = |indel: &Indel| {
        let others = shown
            .iter()
            .filter(|&(bases, &reads)| reads > 1 && is_misread(indel, bases));
        let frequent = others.max_by_key(|&(bases, reads)| (reads, Reverse(bases)));
        let bases = frequent.map_or(&consensus[..], |(bases, _)| bases);
        is_misread(indel, bases).then(|| bases.to_vec())
    };
    let singles = alike
        .iter()
        .enumerate()
        .filter(|(_, indel)| shown[&indel.bases[..]] == 1);
    singles.filter_map(|(i, indel)| Some((i, right(indel)?))).collect()
}

/// Inserted or deleted bases.
fn length(indel: &Indel) -> usize {
    indel.bases.len().abs_diff(indel.reference.len())
}

/// Whether the bases of an indel are others with a few misread.
fn is_misread(indel: &Indel, bases: &[u8]) -> bool {
    let differing = indel.bases.iter().zip(bases).filter(|(a, b)| a != b).count();
    differing * MISREAD_IN <= length(indel)
}

/// The base at each place for which the sum of the qualities is greatest; of equals, the first in the alphabet.
fn consensus(alike: &[&mut Indel]) -> Vec<u8> {
    let best = |place: usize| {
        let total = |base: &u8| -> u32 {
            let shown = alike.iter().filter(|indel| indel.bases[place] == *base);
            shown.map(|indel| u32::from(indel.base_quals[place])).sum()
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

    fn right(indels: &[Indel]) -> Vec<String> {
        let mut found = indels.to_vec();
        correct_read_errors(found.iter_mut());
        found
            .into_iter()
            .map(|indel| String::from_utf8(indel.bases).unwrap())
            .collect()
    }

    #[test]
    fn one_read_of_few_other_bases_shows_the_most_frequent() {
        let found = |bases: &[(&str, usize)]| {
            let all: Vec<Indel> = bases.iter().flat_map(|(b, n)| vec![insertion(b, 30); *n]).collect();
            right(&all)
        };
        let [a, b, c] = [
            "GATTGACCGTATTGGCCAATT",
            "GATTGACCGTATTCGCCAATA",
            "GATTGACCGTATTGGCCAATA",
        ];
        assert_eq!(found(&[(a, 3), (b, 1), (c, 2)]), [a, a, a, a, c, c]);
        assert_eq!(found(&[(a, 2), (b, 1), (c, 3)]), [a, a, c, c, c, c]);
        // Three of twenty bases, another length, and short ones.
        let three = "GATTCACCGTATTCGCCAATA";
        assert_eq!(found(&[(a, 2), (three, 1)]), [a, a, three]);
        assert_eq!(found(&[(a, 2), (&a[1..], 1)]), [a, a, &a[1..]]);
        assert_eq!(found(&[("GATTGA", 2), ("GATTCA", 1)]), ["GATTGA", "GATTGA", "GATTCA"]);
        // One misread of ten that are inserted, but not of nine.
        assert_eq!(found(&[("GATTGACCGTA", 2), ("GATTGACCCTA", 1)]), ["GATTGACCGTA"; 3]);
        assert_eq!(found(&[("GATTGACCG", 2), ("GATTGACCC", 1)])[2], "GATTGACCC");
    }

    #[test]
    fn qualities_decide_where_no_reads_agree() {
        let whole = "GATTGACCGTATTGGCCAATT";
        let misread = |places: &[(usize, char)]| {
            let mut read = insertion(whole, 30);
            for &(place, base) in places {
                (read.bases[place], read.base_quals[place]) = (base as u8, 11);
            }
            read
        };
        let [a, b, c] = [&[(3, 'A')][..], &[(9, 'C')], &[(3, 'G'), (20, 'G')]].map(misread);
        assert_eq!(right(&[a.clone(), b.clone()]), [whole; 2]);
        assert_eq!(right(&[a.clone(), b, c]), [whole; 3]);
        // Alone, or among such as differ in more bases, it stays.
        assert_eq!(right(std::slice::from_ref(&a))[0].as_bytes(), a.bases);
        let other = insertion("GCTTACCCATAGTGTCCAACT", 10);
        assert_eq!(right(&[insertion(whole, 30), other.clone()])[1].as_bytes(), other.bases);
    }

    #[test]
    fn of_a_long_deletion_only_the_base_before_can_be_misread() {
        let deletion = |deleted: &str, before: &str, quality| Indel {
            reference: deleted.into(),
            ..insertion(before, quality)
        };
        let long = "GATTGACCGTA";
        assert_eq!(right(&[deletion(long, "G", 30), deletion(long, "C", 11)]), ["G", "G"]);
        assert_eq!(
            right(&[
                deletion(long, "G", 30),
                deletion(long, "C", 11),
                deletion(long, "C", 11)
            ]),
            ["C", "C", "C"]
        );
        assert_eq!(
            right(&[deletion("GATT", "G", 30), deletion("GATT", "C", 11)]),
            ["G", "C"]
        );
    }
}
