//! Haplotypes with several variants of a site.
//!
//! A deletion of one sample may join variants of another sample to one site. If that sample has two of them on one
//! haplotype, the site needs an allele with both; otherwise the genotype would be lost.

use std::collections::BTreeSet;

use super::allele::Allele;
use super::discover::AlleleSupport;
use super::unify::Site;
use super::window::{SampleWindow, Variant};
use crate::genome::Sequence;

/// Adds the haplotypes that samples may have, up to the greatest number of alleles.
pub fn add_compounds(site: &mut Site, windows: &[SampleWindow], sequence: &Sequence, max_alleles: usize) {
    if site.is_monoallelic || site.alternates.len() < 2 {
        return;
    }
    let sets: BTreeSet<Vec<Allele>> = windows.iter().flat_map(|window| sets_of(site, window)).collect();
    for parts in sets {
        let compound = joined(&parts, sequence);
        if site.alternates.len() + 1 >= max_alleles || site.alternates.contains(&compound) {
            continue;
        }
        site.support.push(AlleleSupport {
            qualities: quality_of(site, &parts),
            copies: 1,
        });
        site.alternates.push(compound);
        site.parts.push(parts);
    }
}

/// The weakest of the parts.
fn quality_of(site: &Site, parts: &[Allele]) -> [u32; 2] {
    let of_part = |part: &Allele| {
        let rank = site.alternates.iter().position(|own| own == part);
        rank.map_or([0; 2], |rank| site.support[rank].qualities)
    };
    parts.iter().map(of_part).min().unwrap_or_default()
}

/// The sets of alleles that may lie on one haplotype of a sample: those of all copies, and each other one with them.
fn sets_of(site: &Site, window: &SampleWindow) -> Vec<Vec<Allele>> {
    let variants: Vec<&Variant> = window.variants_over(&site.range).collect();
    if variants.len() < 2 {
        return Vec::new();
    }
    let (mut of_all, mut of_some): (Vec<Allele>, Vec<Allele>) = (Vec::new(), Vec::new());
    for variant in variants {
        for (index, allele) in variant.known().filter(|(_, allele)| site.alternates.contains(allele)) {
            match variant
                .genotype
                .iter()
                .filter(|called| **called == Some(index as u8))
                .count()
            {
                0 => {}
                copies if copies == variant.genotype.len() => of_all.push(allele.clone()),
                _ => of_some.push(allele.clone()),
            }
        }
    }
    let mut sets = vec![of_all.clone()];
    if of_all.is_empty() {
        sets.push(of_some);
    } else {
        sets.extend(of_some.into_iter().map(|other| [&of_all[..], &[other]].concat()));
    }
    let fits = |set: &Vec<Allele>| {
        let pairs = || (0..set.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        set.len() > 1 && pairs().all(|(a, b)| set[a].fits_with(&set[b]))
    };
    sets.retain(fits);
    sets.iter_mut().for_each(|set| set.sort());
    sets
}

/// The allele with all these changes of the reference.
fn joined(parts: &[Allele], sequence: &Sequence) -> Allele {
    let start = parts.iter().map(|part| part.start).min().unwrap_or(0);
    let end = parts.iter().map(|part| part.end).max().unwrap_or(0);
    let mut edits: Vec<(u64, u64, &[u8])> = parts
        .iter()
        .map(|part| match part.bases.split_first() {
            Some((anchor, inserted)) if part.length_change() > 0 && *anchor == sequence.base(part.start) => {
                (part.start + 1, part.end, inserted)
            }
            _ => (part.start, part.end, &part.bases[..]),
        })
        .collect();
    edits.sort();
    let (mut bases, mut next) = (Vec::new(), start);
    for (from, to, changed) in edits {
        bases.extend_from_slice(sequence.slice(next, from));
        bases.extend_from_slice(changed);
        next = to;
    }
    bases.extend_from_slice(sequence.slice(next, end));
    Allele { start, end, bases }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_joined_to_one_allele() {
        let sequence = Sequence::new(100, b"ACGTACGTAC".to_vec());
        let allele = |start, end, bases: &str| Allele {
            start,
            end,
            bases: bases.into(),
        };
        // A SNP at the base before a deletion, and an insertion behind it.
        let parts = [allele(102, 105, "G"), allele(102, 103, "T"), allele(106, 107, "GAA")];
        assert_eq!(joined(&parts, &sequence), allele(102, 107, "TCGAA"));
    }
}
