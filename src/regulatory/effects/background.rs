//! Random variants, whose effects tell how rare an effect is.

use anyhow::{Result, ensure};

use super::allele::{Alleles, BLOCK, CLASSES, LENGTHS, haplotype_window};
use crate::genome::Reference;
use crate::model::Random;
use crate::regulatory::bases::UNKNOWN;
use crate::regulatory::examples::WindowReader;
use crate::regulatory::training::Workers;

/// Bases that are substituted in a random block.
const BLOCK_LENGTH: usize = 3;
/// Places that are drawn for each that is needed, because unknown bases lie at many.
const TRIES: usize = 200;

/// The sizes of the effects of random variants, by class and task, sorted.
pub struct Background {
    sizes: Vec<Vec<Vec<f32>>>,
}

impl Background {
    /// Draws `count` places of the reference, and makes one variant of each class there.
    pub fn draw(reference: &Reference, workers: &mut Workers, length: usize, count: usize, seed: u64) -> Result<Self> {
        let mut random = Random::new(&[seed, 4]);
        let mut variants: Vec<Vec<[Vec<u8>; 2]>> = vec![Vec::new(); CLASSES];
        for stretch in stretches(reference, 3 * length, count, &mut random)? {
            for (class, variants) in variants.iter_mut().enumerate() {
                variants.extend(variant(&stretch, length, class, &mut random));
            }
        }
        let mut sizes = Vec::new();
        for variants in &variants {
            let sequences: Vec<&[u8]> = variants.iter().flatten().map(Vec::as_slice).collect();
            let scores = workers.scores(&sequences)?;
            let tasks = scores.first().map_or(0, Vec::len);
            let of_task = |task: usize| {
                let mut sizes: Vec<f32> = scores
                    .chunks_exact(2)
                    .map(|pair| (pair[1][task] - pair[0][task]).abs())
                    .collect();
                sizes.sort_by(f32::total_cmp);
                sizes
            };
            sizes.push((0..tasks).map(of_task).collect());
        }
        Ok(Self { sizes })
    }

    /// The fraction of random variants of the class whose effect is at least as large, with this variant counted in.
    pub fn p_value(&self, class: usize, task: usize, effect: f32) -> f64 {
        let sizes = self
            .sizes
            .get(class)
            .and_then(|tasks| tasks.get(task))
            .map_or(&[][..], Vec::as_slice);
        let less = sizes.partition_point(|&size| size < effect.abs());
        (1 + sizes.len() - less) as f64 / (1 + sizes.len()) as f64
    }
}

/// Stretches of the reference without unknown bases.
fn stretches(reference: &Reference, length: usize, count: usize, random: &mut Random) -> Result<Vec<Vec<u8>>> {
    let long: Vec<_> = reference
        .contigs()
        .iter()
        .filter(|contig| contig.length >= length as u64)
        .collect();
    let total: u64 = long.iter().map(|contig| contig.length).sum();
    ensure!(
        total > 0,
        "no contig of the reference has {length} bases, which random variants need"
    );
    let mut reader = WindowReader::new(reference, None)?.with_stretch(length as u64);
    let mut found = Vec::new();
    for _ in 0..TRIES * count {
        if found.len() == count {
            break;
        }
        let mut place = random.below(total as usize) as u64;
        let Some(contig) = long.iter().find(|contig| {
            let is_here = place < contig.length;
            if !is_here {
                place -= contig.length;
            }
            is_here
        }) else {
            continue;
        };
        if place + length as u64 <= contig.length {
            let codes = reader.read(&contig.name, place, place + length as u64)?.codes;
            if !codes.contains(&UNKNOWN) {
                found.push(codes);
            }
        }
    }
    ensure!(
        found.len() == count,
        "the reference has too few known bases for {count} random variants; use the whole reference, or a lower --random"
    );
    Ok(found)
}

/// The windows of both alleles of a random variant of a class, near the middle of a stretch of three windows.
fn variant(stretch: &[u8], length: usize, class: usize, random: &mut Random) -> Option<[Vec<u8>; 2]> {
    let near = length..2 * length - BLOCK_LENGTH;
    let (start, alleles) = if class < BLOCK {
        let offset = random.below(near.len());
        let mut places = near.clone().cycle().skip(offset).take(near.len());
        let of_base = |place: usize| {
            let mut bases = (0..4).filter_map(|base| {
                let alleles = Alleles {
                    reference: vec![stretch[place]],
                    alternate: vec![base],
                };
                (base != stretch[place] && alleles.class() == class).then_some((place, alleles))
            });
            bases.next_back()
        };
        places.find_map(of_base)?
    } else {
        let start = near.start + random.below(near.len());
        let bases = |count: usize, random: &mut Random| (0..count).map(|_| random.below(4) as u8).collect::<Vec<u8>>();
        if class == BLOCK {
            let reference = stretch[start..start + BLOCK_LENGTH].to_vec();
            let shift = |base: &u8, random: &mut Random| (base + 1 + random.below(3) as u8) % 4;
            let alternate = reference.iter().map(|base| shift(base, random)).collect();
            (start, Alleles { reference, alternate })
        } else {
            let rank = class - BLOCK - 1;
            let (least, most) = LENGTHS[rank % LENGTHS.len()];
            let size = least + random.below(most - least + 1);
            let is_deletion = rank >= LENGTHS.len();
            let reference = stretch[start..start + 1 + if is_deletion { size } else { 0 }].to_vec();
            let mut alternate = vec![stretch[start]];
            if !is_deletion {
                alternate.extend(bases(size, random));
            }
            (start, Alleles { reference, alternate })
        }
    };
    let (left, right) = (&stretch[..start], &stretch[start + alleles.reference.len()..]);
    let window = |allele: &[u8]| haplotype_window(left, allele, right, length);
    Some([window(&alleles.reference), window(&alleles.alternate)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_variants_are_of_their_class() {
        let mut random = Random::new(&[1]);
        let stretch: Vec<u8> = (0..150).map(|_| random.below(4) as u8).collect();
        for class in 0..CLASSES {
            for _ in 0..20 {
                let [reference, alternate] = variant(&stretch, 50, class, &mut random).unwrap();
                assert_eq!((reference.len(), alternate.len()), (50, 50));
                let differ = reference.iter().zip(&alternate).filter(|(a, b)| a != b).count();
                match class {
                    0..BLOCK => assert_eq!(differ, 1),
                    BLOCK => assert_eq!(differ, BLOCK_LENGTH),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn p_values_count_effects_that_are_as_large() {
        let background = Background {
            sizes: vec![vec![vec![0.1, 0.2, 0.2, 0.4]]],
        };
        let p = |effect| background.p_value(0, 0, effect);
        assert_eq!([p(0.5), p(-0.2), p(0.0)], [0.2, 0.8, 1.0]);
        assert_eq!(background.p_value(3, 0, 1.0), 1.0);
    }
}
