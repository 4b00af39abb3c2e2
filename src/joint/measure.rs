//! Measures the prior of a cohort on tiles all over its gVCFs. The tiles do not depend on `--regions`, so that runs over
//! parts of the genome give the same genotypes as one run.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::ops::Range;

use anyhow::Result;
use rustc_hash::FxHasher;

use super::allele::Allele;
use super::cohort::Cohort;
use super::evidence::{Alternates, Evidence};
use super::fit::{ClassLikelihoods, CohortPrior};
use super::posterior::copies_alone;
use super::prior::CopyLikelihoods;
use super::shares::Shares;
use super::window::SampleWindow;
use crate::runtime::for_each_ordered;

/// Length of a tile.
const TILE: u64 = 16_384;
/// Tiles times samples, about.
const TILES_OF_SAMPLES: usize = 8_000;
/// Fewest and most tiles.
const TILES: [usize; 2] = [16, 160];
/// Candidate alleles that the classes are fitted to, times samples, about.
const ALLELES_OF_SAMPLES: usize = 2_000_000;
/// Fewest and most of these alleles.
const ALLELES: [usize; 2] = [2_000, 12_000];

/// The sums of probabilities by type and kind of genotype, of one sample.
type Sums = [[f64; 4]; 3];

/// What a tile shows.
struct Tile {
    sums: Vec<Sums>,
    /// Candidate alleles, those of greatest hash left out.
    alleles: Vec<Allele>,
    windows: Vec<SampleWindow>,
}

impl Cohort {
    /// The prior of the cohort.
    pub fn measure(&self) -> Result<CohortPrior> {
        let shares = self
            .gvcfs
            .iter()
            .map(|gvcf| gvcf.holds_prior.then(Shares::default))
            .collect();
        let mut prior = CohortPrior::typical(shares);
        let tiles = self.tiles();
        let alleles = (ALLELES_OF_SAMPLES / self.gvcfs.len().max(1)).clamp(ALLELES[0], ALLELES[1]);
        let alleles_of_tile = alleles / tiles.len().max(1);
        self.for_each_tile(&tiles, alleles_of_tile, |tile| {
            for (shares, sums) in prior.shares.iter_mut().zip(&tile.sums) {
                if let Some(shares) = shares {
                    shares.add_all(sums);
                }
            }
            Ok(())
        })?;
        prior.shares.iter_mut().flatten().for_each(Shares::settle);
        let mut likelihoods = [Vec::new(), Vec::new()];
        let known = prior.clone();
        self.for_each_tile(&tiles, alleles_of_tile, |tile| {
            for allele in &tile.alleles {
                likelihoods[usize::from(!allele.is_snp())].push(class_likelihoods(allele, &tile.windows, &known));
            }
            Ok(())
        })?;
        prior.fit(&likelihoods);
        Ok(prior)
    }

    /// Tiles spread evenly over the stretches where the first gVCF has records.
    fn tiles(&self) -> Vec<(String, Range<u64>)> {
        // Bins by size. Writers of indexes join small bins that hold little, so the smallest size may have few.
        let mut by_size: BTreeMap<u64, Vec<(usize, Range<u64>)>> = BTreeMap::new();
        for (rank, contig) in self.reference.contigs().iter().enumerate() {
            for bin in self.gvcfs.iter().take(1).flat_map(|gvcf| gvcf.index.bins(&contig.name)) {
                let within = bin.start..bin.end.min(contig.length);
                by_size.entry(bin.end - bin.start).or_default().push((rank, within));
            }
        }
        let mut starts = BTreeSet::new();
        for bins in by_size.into_values() {
            if starts.len() >= TILES[0] {
                break;
            }
            for (rank, bin) in bins {
                let cells = (bin.start / TILE * TILE..bin.end).step_by(TILE as usize);
                starts.extend(cells.map(|start| (rank, start)));
            }
        }
        let starts: Vec<(usize, u64)> = starts.into_iter().collect();
        let wanted = (TILES_OF_SAMPLES / self.gvcfs.len().max(1)).clamp(TILES[0], TILES[1]);
        let count = wanted.min(starts.len());
        let chosen = (0..count).map(|rank| starts[rank * starts.len() / count]);
        let contigs: Vec<_> = self.reference.contigs().iter().collect();
        let tile = |(rank, start): (usize, u64)| {
            let contig = contigs[rank];
            (contig.name.clone(), start..(start + TILE).min(contig.length))
        };
        chosen.map(tile).filter(|(_, range)| range.start < range.end).collect()
    }

    fn for_each_tile(
        &self,
        tiles: &[(String, Range<u64>)],
        alleles: usize,
        consume: impl FnMut(Tile) -> Result<()>,
    ) -> Result<()> {
        for_each_ordered(
            self.options.threads,
            tiles.iter(),
            || self.reference.reader(),
            |reader, (contig, range)| {
                let loaded = self.load(reader, contig, range.clone())?;
                Ok(Tile {
                    sums: loaded.windows.iter().map(sums).collect(),
                    alleles: candidates(&loaded.windows, alleles),
                    windows: loaded.windows,
                })
            },
            consume,
        )
    }
}

fn sums(window: &SampleWindow) -> Sums {
    let mut shares = Shares::default();
    window
        .variants
        .iter()
        .filter(|variant| !variant.likelihoods.is_empty())
        .for_each(|variant| shares.add(variant));
    shares.counted()
}

/// The candidate alleles of all samples, whether they are called or not; if there are more than `most`, those of the
/// least hash, so that the choice does not follow the genome.
fn candidates(windows: &[SampleWindow], most: usize) -> Vec<Allele> {
    let all: BTreeSet<&Allele> = windows
        .iter()
        .flat_map(|window| &window.variants)
        .flat_map(|variant| variant.known())
        .map(|(_, a)| a)
        .collect();
    let hash = |allele: &Allele| {
        let mut hasher = FxHasher::default();
        allele.hash(&mut hasher);
        hasher.finish()
    };
    let mut all: Vec<(u64, &Allele)> = all.into_iter().map(|allele| (hash(allele), allele)).collect();
    all.sort();
    all.truncate(most);
    all.into_iter().map(|(_, allele)| allele.clone()).collect()
}

/// The likelihoods of all samples at an allele, by class.
fn class_likelihoods(allele: &Allele, windows: &[SampleWindow], prior: &CohortPrior) -> ClassLikelihoods {
    let mut sums = vec![0.0; prior.classes.len()];
    let alternates = Alternates::single(allele);
    for (window, shares) in windows.iter().zip(&prior.shares) {
        let evidence = Evidence::gather(&allele.range(), alternates, window, shares.as_ref());
        if evidence.reason.is_some() {
            continue;
        }
        let copies: CopyLikelihoods = copies_alone(&evidence);
        for (sum, likelihood) in sums.iter_mut().zip(prior.classes.likelihoods(&copies)) {
            *sum += likelihood.ln();
        }
    }
    sums
}
