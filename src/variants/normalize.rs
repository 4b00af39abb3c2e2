//! Normalization: minimal, left-aligned alleles, so that each change of the sequence has one form.
//!
//! Source: Tan, Abecasis and Kang, "Unified representation of genetic variants", Bioinformatics 31 (2015) 2202–2204.

/// Trims the bases that all alleles share, first at the end, then at the start, but leaves at least one base in each
/// allele. Returns the new 0-based position.
pub fn trim(position: u64, alleles: &mut [Vec<u8>]) -> u64 {
    while alleles.iter().all(|a| a.len() > 1) && same(alleles, |a| a[a.len() - 1]) {
        alleles.iter_mut().for_each(|a| a.truncate(a.len() - 1));
    }
    let mut trimmed = 0;
    while alleles.iter().all(|a| a.len() > trimmed + 1) && same(alleles, |a| a[trimmed]) {
        trimmed += 1;
    }
    alleles.iter_mut().for_each(|a| drop(a.drain(..trimmed)));
    position + trimmed as u64
}

/// Trims alleles and shifts them as far left as possible. `base(p)` is the reference base at the 0-based position `p`.
/// `first` is the leftmost allowed position: 0, or the start of the available sequence. Returns the new position.
pub fn left_align(mut position: u64, alleles: &mut [Vec<u8>], first: u64, base: impl Fn(u64) -> u8) -> u64 {
    if alleles.windows(2).all(|pair| pair[0] == pair[1]) {
        return position;
    }
    loop {
        let shared_end = alleles.iter().all(|a| !a.is_empty()) && same(alleles, |a| a[a.len() - 1]);
        // An allele of one base needs a new base from the left before it can lose its base.
        let refill = alleles.iter().any(|a| a.len() == 1);
        if !shared_end || (refill && position == first) {
            break;
        }
        alleles.iter_mut().for_each(|a| a.truncate(a.len() - 1));
        if refill {
            position -= 1;
            alleles.iter_mut().for_each(|a| a.insert(0, base(position)));
        }
    }
    trim(position, alleles)
}

fn same(alleles: &[Vec<u8>], base: impl Fn(&[u8]) -> u8) -> bool {
    alleles.windows(2).all(|pair| base(&pair[0]) == base(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(reference: &str, position: u64, alleles: &[&str]) -> (u64, Vec<String>) {
        let mut alleles: Vec<_> = alleles.iter().map(|a| a.as_bytes().to_vec()).collect();
        let position = left_align(position, &mut alleles, 0, |p| reference.as_bytes()[p as usize]);
        (
            position,
            alleles.into_iter().map(|a| String::from_utf8(a).unwrap()).collect(),
        )
    }

    #[test]
    fn indels_move_to_the_left_of_their_repeat() {
        let reference = "GGGCACACACAGGG";
        // Five forms of one deletion of CA (Tan et al., figure 1).
        for (position, alleles) in [
            (7, ["CAC", "C"]),
            (6, ["ACA", "A"]),
            (3, ["CAC", "C"]),
            (2, ["GCA", "G"]),
            (1, ["GGCA", "GG"]),
        ] {
            assert_eq!(
                aligned(reference, position, &alleles),
                (2, vec!["GCA".into(), "G".into()])
            );
        }
        assert_eq!(aligned("TAAAAC", 4, &["A", "AA"]), (0, vec!["T".into(), "TA".into()]));
        assert_eq!(aligned("AAAAC", 3, &["A", "AA"]), (0, vec!["A".into(), "AA".into()]));
    }

    #[test]
    fn snps_lose_their_padding_and_multi_allelic_sites_keep_the_necessary_bases() {
        assert_eq!(aligned("ACGT", 0, &["ACG", "ATG"]), (1, vec!["C".into(), "T".into()]));
        assert_eq!(
            aligned("GCAA", 0, &["GCA", "G", "GCAA"]),
            (0, vec!["GCA".into(), "G".into(), "GCAA".into()])
        );
    }
}
