//! Windows away from peaks that match the positives in split, GC and repeats, as genNullSeqs of gkmSVM chooses them
//! (Ghandi et al., "gkmSVM: an R package for gapped-kmer SVM", Bioinformatics 32 (2016) 2205–2207).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use super::split::{Split, SplitRule};
use super::windows::{Content, WindowReader};
use crate::genome::{IntervalSet, Reference, Region};
use crate::model::Random;
use crate::regulatory::bases::unknown;

/// Windows that are drawn for each negative that is needed, and at least.
const DRAWN: usize = 30;
const LEAST_DRAWN: usize = 100_000;
/// Number of classes of GC and of repeats. A negative comes from the class of its positive, or the nearest one.
const CLASSES: usize = 50;

/// A window of the genome.
#[derive(Clone, Debug)]
pub struct Place {
    pub contig: String,
    pub start: u64,
    pub split: Split,
    pub content: Content,
}

/// Draws windows of `length` bases at random from `allowed`, without unknown bases, in the order of the genome.
pub fn draw(
    reference: &Reference,
    reader: &mut WindowReader,
    allowed: &IntervalSet,
    rule: &SplitRule,
    length: u64,
    wanted: usize,
    random: &mut Random,
) -> Result<Vec<Place>> {
    let room = |region: &Region| (region.len() + 1).saturating_sub(length);
    let mut regions: Vec<Region> = allowed.regions().filter(|region| room(region) > 0).collect();
    regions.sort_by_key(|region| (reference.contigs().position(&region.contig), region.start));
    let mut ends = Vec::with_capacity(regions.len());
    let mut total = 0;
    for region in &regions {
        total += room(region);
        ends.push(total);
    }
    ensure!(
        total > 0,
        "no window of {length} bases lies away from all peaks; use a smaller --length, or --negatives shuffled"
    );
    let count = (DRAWN * wanted).max(LEAST_DRAWN).min(total as usize);
    let chosen: BTreeSet<u64> = (0..count).map(|_| random.below(total as usize) as u64).collect();
    let mut places = Vec::new();
    for place in chosen {
        let index = ends.partition_point(|&end| end <= place);
        let region = &regions[index];
        let start = region.start + place - (ends[index] - room(region));
        let Some(split) = rule.of_window(&region.contig, start, start + length) else {
            continue;
        };
        let window = reader.read(&region.contig, start, start + length)?;
        if unknown(&window.codes) == 0.0 {
            places.push(Place {
                contig: region.contig.clone(),
                start,
                split,
                content: window.content(),
            });
        }
    }
    Ok(places)
}

fn class(content: Content) -> [i64; 2] {
    [content.gc, content.repeats].map(|x| ((x * CLASSES as f64) as i64).min(CLASSES as i64 - 1))
}

/// Chooses, for each positive, `each` drawn windows of the same split with the nearest content. No two overlap. Returns
/// the indexes of the windows with the index of their positive, and how many were not to be had.
pub fn matched(
    positives: &[(Split, Content)],
    drawn: &[Place],
    length: u64,
    each: usize,
    random: &mut Random,
) -> (Vec<(usize, usize)>, usize) {
    let mut classes: BTreeMap<(Split, [i64; 2]), Vec<usize>> = BTreeMap::new();
    for (index, place) in drawn.iter().enumerate() {
        classes
            .entry((place.split, class(place.content)))
            .or_default()
            .push(index);
    }
    classes.values_mut().for_each(|places| random.shuffle(places));
    let mut used: BTreeSet<(&str, u64)> = BTreeSet::new();
    let mut is_free = |place: usize| {
        let Place { contig, start, .. } = &drawn[place];
        let near = (contig.as_str(), (start + 1).saturating_sub(length))..(contig.as_str(), start + length);
        let free = used.range(near).next().is_none();
        if free {
            used.insert((contig, *start));
        }
        free
    };
    let mut order: Vec<usize> = (0..positives.len()).collect();
    random.shuffle(&mut order);
    let (mut chosen, mut missing) = (Vec::new(), 0);
    for _ in 0..each {
        for &positive in &order {
            let (split, content) = positives[positive];
            match nearest(&mut classes, split, class(content), &mut is_free) {
                Some(place) => chosen.push((place, positive)),
                None => missing += 1,
            }
        }
    }
    chosen.sort_unstable();
    (chosen, missing)
}

/// Takes a free window from the class, or from the nearest class that has one.
fn nearest(
    classes: &mut BTreeMap<(Split, [i64; 2]), Vec<usize>>,
    split: Split,
    [gc, repeats]: [i64; 2],
    is_free: &mut impl FnMut(usize) -> bool,
) -> Option<usize> {
    for distance in 0..2 * CLASSES as i64 {
        for by_gc in -distance..=distance {
            let rest = distance - by_gc.abs();
            let both = [rest, -rest];
            for by_repeats in &both[..if rest == 0 { 1 } else { 2 }] {
                let Some(places) = classes.get_mut(&(split, [gc + by_gc, repeats + by_repeats])) else {
                    continue;
                };
                while let Some(place) = places.pop() {
                    if is_free(place) {
                        return Some(place);
                    }
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(start: u64, split: Split, gc: f64, repeats: f64) -> Place {
        Place {
            contig: "c".into(),
            start,
            split,
            content: Content { gc, repeats },
        }
    }

    #[test]
    fn negatives_match_their_positives_and_do_not_overlap() {
        let mut random = Random::new(&[1]);
        let drawn: Vec<Place> = (0..4000)
            .map(|i| {
                let split = Split::ALL[random.below(2)];
                place(i * 50, split, random.uniform(), random.uniform() * 0.5)
            })
            .collect();
        let positives: Vec<_> = (0..300)
            .map(|i| {
                let content = Content {
                    gc: 0.3 + 0.4 * random.uniform(),
                    repeats: 0.1,
                };
                (Split::ALL[i % 2], content)
            })
            .collect();
        let (chosen, missing) = matched(&positives, &drawn, 100, 2, &mut random);
        assert_eq!((chosen.len(), missing), (600, 0));
        let starts: Vec<u64> = chosen.iter().map(|&(place, _)| drawn[place].start).collect();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 100));
        let error: f64 = chosen
            .iter()
            .map(|&(place, positive)| {
                assert_eq!(drawn[place].split, positives[positive].0);
                (drawn[place].content.gc - positives[positive].1.gc).abs()
            })
            .sum();
        assert!(error / 600.0 < 0.05, "{error}");
        // Without enough windows, some are missing.
        let (few, missing) = matched(&positives, &drawn[..100], 100, 1, &mut random);
        assert_eq!(few.len() + missing, 300);
        assert!(few.len() <= 50);
    }
}
