//! Random sequences with the same dinucleotides (Altschul and Erickson, "Significance of nucleotide sequence
//! alignments", Mol. Biol. Evol. 2 (1985) 526–538).

use crate::model::Random;

const LETTERS: usize = 5;

/// A sequence with as many of each dinucleotide, and the same first and last letter. Each such sequence is equally likely.
pub fn shuffle_dinucleotides(codes: &[u8], random: &mut Random) -> Vec<u8> {
    let (Some(&first), Some(&last)) = (codes.first(), codes.last()) else {
        return Vec::new();
    };
    // Each letter is a vertex, and each dinucleotide an edge. An Eulerian path is a sequence.
    let mut edges: [Vec<u8>; LETTERS] = Default::default();
    codes
        .windows(2)
        .for_each(|pair| edges[usize::from(pair[0])].push(pair[1]));
    let lasts = loop {
        let lasts = edges
            .each_ref()
            .map(|edges| (!edges.is_empty()).then(|| random.below(edges.len())));
        if reach_the_end(&edges, &lasts, last) {
            break lasts;
        }
    };
    for (letter, (edges, chosen)) in edges.iter_mut().zip(lasts).enumerate() {
        let Some(chosen) = chosen else { continue };
        if letter == usize::from(last) {
            random.shuffle(edges);
            continue;
        }
        // The chosen edge leaves its vertex last.
        let edge = edges.remove(chosen);
        random.shuffle(edges);
        edges.push(edge);
    }
    let mut shuffled = vec![first];
    let mut next = edges.map(Vec::into_iter);
    let mut at = first;
    while let Some(letter) = next[usize::from(at)].next() {
        shuffled.push(letter);
        at = letter;
    }
    shuffled
}

/// Whether the chosen last edges lead from each vertex to the end.
fn reach_the_end(edges: &[Vec<u8>; LETTERS], lasts: &[Option<usize>; LETTERS], end: u8) -> bool {
    (0..LETTERS).filter(|&from| lasts[from].is_some()).all(|from| {
        let mut at = from;
        for _ in 0..LETTERS {
            if at == usize::from(end) {
                return true;
            }
            let Some(chosen) = lasts[at] else { return false };
            at = usize::from(edges[at][chosen]);
        }
        at == usize::from(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regulatory::bases::encode;

    fn dinucleotides(codes: &[u8]) -> Vec<[u8; 2]> {
        let mut pairs: Vec<[u8; 2]> = codes.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn dinucleotides_stay_and_the_order_changes() {
        let mut random = Random::new(&[1]);
        for text in ["ACGTTGCATGCATGACCGATNNACGATCGTTTAGCA", "AAAAAAA", "AC", "A", ""] {
            let codes = encode(text.as_bytes());
            for _ in 0..50 {
                let shuffled = shuffle_dinucleotides(&codes, &mut random);
                assert_eq!(shuffled.len(), codes.len());
                assert_eq!(dinucleotides(&shuffled), dinucleotides(&codes), "{text}");
            }
        }
        let codes = encode(b"ACGTTGCATGCATGACCGATACGATCGTTTAGCA");
        let differ = (0..100).filter(|_| shuffle_dinucleotides(&codes, &mut random) != codes);
        assert!(differ.count() > 95);
    }

    #[test]
    fn every_order_is_equally_likely() {
        // The sequences with the dinucleotides of ACAGA: ACAGA and AGACA.
        let (codes, mut random) = (encode(b"ACAGA"), Random::new(&[2]));
        let same = (0..2000)
            .filter(|_| shuffle_dinucleotides(&codes, &mut random) == codes)
            .count();
        assert!((900..1100).contains(&same), "{same}");
    }
}
