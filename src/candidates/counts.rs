//! Counts the reads of each allele.
//!
//! Two passes keep this fast. The first pass only marks the positions where an allele could be frequent enough. The
//! second pass examines all reads over these few positions.

use rustc_hash::FxHashMap;

use super::clean_read::is_clean;
use super::part::{self, Spelling};
use crate::genome::{Region, Sequence, differences};
use crate::reads::{Indel, Read, correct_read_errors, indels};

/// The least probability of a reading error, whatever a base quality says.
const LEAST_ERROR: f64 = 1e-3;

/// One alternate allele and the reads that carry it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlleleCount {
    /// Reference bases that the allele replaces, from the site's position on.
    pub reference: Vec<u8>,
    pub bases: Vec<u8>,
    /// Indices of reads that carry the allele with sufficient base quality, in ascending order.
    pub reads: Vec<u32>,
    /// Fragments that carry the allele; see [`SiteCounts::depth`].
    pub depth: u32,
    /// Log10 of the probability that all these fragments are reading errors.
    pub log10_error: f64,
    /// Number of reads that carry the allele with insufficient base quality.
    pub low_quality_reads: u32,
    /// Whether a clean read carries the allele: its only indel, with few other differences.
    pub in_clean_read: bool,
}

impl AlleleCount {
    pub fn is_snp(&self) -> bool {
        self.reference.len() == 1 && self.bases.len() == 1
    }
}

/// The allele counts of one position.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteCounts {
    /// 0-based.
    pub position: u64,
    /// Fragments with a usable base, or an indel anchored here. Overlapping mates count once; if they disagree, the
    /// base of higher quality counts.
    pub depth: u32,
    pub reference_depth: u32,
    /// Alternate alleles, in byte order of reference and bases.
    pub alleles: Vec<AlleleCount>,
}

/// Thresholds that make a position suspicious: `reads` with the same mismatch or with an indel, or, if a clean read
/// shows an indel, `indel_reads` with an indel. Qualities must reach `base_quality`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspicion {
    pub reads: u32,
    pub indel_reads: u32,
    pub base_quality: u8,
}

/// All alleles of reads in `region`, for sites where at least one allele differs from the reference. `reads` are
/// ordered by start; `sequence` covers all relevant parts of them.
pub fn count_alleles(reads: &[Read], sequence: &Sequence, region: &Region, min_base_quality: u8) -> Vec<SiteCounts> {
    let suspicion = Suspicion {
        reads: 1,
        indel_reads: 1,
        base_quality: 0,
    };
    count_suspicious(reads, sequence, region, min_base_quality, suspicion)
}

/// Like [`count_alleles`], for suspicious positions only.
pub(super) fn count_suspicious(
    reads: &[Read],
    sequence: &Sequence,
    region: &Region,
    min_base_quality: u8,
    suspicion: Suspicion,
) -> Vec<SiteCounts> {
    count_sites(reads, sequence, min_base_quality, |indels, clean| {
        suspicious_sites(reads, indels, clean, sequence, region, suspicion)
    })
}

/// Like [`count_alleles`], for the given positions: ascending, without repeats, with known reference bases.
pub(super) fn count_at(
    reads: &[Read],
    sequence: &Sequence,
    positions: &[u64],
    min_base_quality: u8,
) -> Vec<SiteCounts> {
    let sites = positions.iter().map(|&position| ObservedSite::new(position, sequence));
    count_sites(reads, sequence, min_base_quality, |_, _| sites.collect())
}

/// The counts of the sites that `choose` returns from the indels of each read, and from whether each read is clean.
fn count_sites(
    reads: &[Read],
    sequence: &Sequence,
    min_base_quality: u8,
    choose: impl FnOnce(&[Vec<Indel>], &[bool]) -> Vec<ObservedSite>,
) -> Vec<SiteCounts> {
    let mut indels: Vec<Vec<Indel>> = reads.iter().map(|read| indels(read, sequence)).collect();
    correct_read_errors(indels.iter_mut().flatten());
    let with_indels = || reads.iter().zip(&indels);
    let clean: Vec<bool> = with_indels()
        .map(|(read, indels)| is_clean(read, indels, sequence, min_base_quality))
        .collect();
    let mut sites = choose(&indels, &clean);
    for (number, (read, indels)) in with_indels().enumerate() {
        observe(number as u32, read, indels, &mut sites);
    }
    sites.iter_mut().for_each(ObservedSite::complete_parts);
    let mates = overlapping_mates(reads);
    sites
        .into_iter()
        .map(|site| site.count(&mates, &clean, min_base_quality))
        .collect()
}

/// The allele of one read at a site.
struct ReadObservation {
    read: u32,
    quality: u8,
    /// Index into the site's alleles; None for the reference.
    allele: Option<usize>,
    /// Whether the read continues on both sides of the allele.
    is_whole: bool,
    is_indel: bool,
    /// Whether the read ends here, so it cannot show an indel.
    is_last: bool,
}

struct ObservedSite {
    position: u64,
    reference_base: u8,
    alleles: Vec<Spelling>,
    /// In the order of the reads.
    observations: Vec<ReadObservation>,
}

/// First pass: the suspicious positions of the region with a known reference base.
fn suspicious_sites(
    reads: &[Read],
    indels: &[Vec<Indel>],
    clean: &[bool],
    sequence: &Sequence,
    region: &Region,
    suspicion: Suspicion,
) -> Vec<ObservedSite> {
    // Counts of A, C, T and G (bits 1 and 2 of the letters), of indels, and of indels in clean reads.
    let mut counts = vec![[0u16; 6]; region.len() as usize];
    let mut mark = |position: u64, kind: usize, quality: u8| {
        if quality >= suspicion.base_quality && region.contains(position) {
            let count = &mut counts[(position - region.start) as usize][kind];
            *count = count.saturating_add(1);
        }
    };
    for ((read, indels), &clean) in reads.iter().zip(indels).zip(clean) {
        for (position, index, length) in read.matches() {
            let skipped = region.start.saturating_sub(position).min(length as u64) as usize;
            let end = (region.end.saturating_sub(position).min(length as u64) as usize).max(skipped);
            let expected = sequence.slice(position + skipped as u64, position + end as u64);
            let bases = &read.bases[index + skipped..index + end];
            for offset in differences(bases, expected) {
                let base = bases[offset];
                if base != b'N' {
                    let offset = skipped + offset;
                    mark(
                        position + offset as u64,
                        usize::from(base >> 1 & 3),
                        read.quals[index + offset],
                    );
                }
            }
        }
        for indel in indels {
            mark(indel.position, 4, indel.quality);
            if clean {
                mark(indel.position, 5, indel.quality);
            }
        }
    }
    let enough = |n: u16, needed: u32| u32::from(n) >= needed.max(1);
    let suspicious = |[all @ .., clean]: &[u16; 6]| {
        let indels = all[4];
        let are_indels_enough = *clean > 0 && enough(indels, suspicion.indel_reads);
        are_indels_enough || all.iter().any(|&n| enough(n, suspicion.reads))
    };
    let positions = (region.start..).zip(&counts).filter(|(_, count)| suspicious(count));
    positions
        .map(|(position, _)| ObservedSite::new(position, sequence))
        .filter(|site| site.reference_base != b'N')
        .collect()
}

/// Second pass: adds a read's alleles to the sites that it covers. At the anchor of an indel, the allele is the indel.
fn observe(number: u32, read: &Read, indels: &[Indel], sites: &mut [ObservedSite]) {
    let end = read.end();
    for (position, index, length) in read.matches() {
        let first = sites.partition_point(|site| site.position < position);
        for site in sites[first..]
            .iter_mut()
            .take_while(|s| s.position < position + length as u64)
        {
            let at = index + (site.position - position) as usize;
            let base = read.bases[at];
            if base != b'N' && indels.iter().all(|indel| indel.position != site.position) {
                let allele = (base != site.reference_base).then(|| site.allele(&[site.reference_base], &[base]));
                site.observations.push(ReadObservation {
                    read: number,
                    quality: read.quals[at],
                    allele,
                    is_whole: true,
                    is_indel: false,
                    is_last: site.position + 1 == end,
                });
            }
        }
    }
    for indel in indels {
        if let Ok(found) = sites.binary_search_by_key(&indel.position, |site| site.position) {
            let allele = sites[found].allele(&indel.reference, &indel.bases);
            sites[found].observations.push(ReadObservation {
                read: number,
                quality: indel.quality,
                allele: Some(allele),
                is_whole: indel.is_whole,
                is_indel: true,
                is_last: false,
            });
        }
    }
}

impl ObservedSite {
    fn new(position: u64, sequence: &Sequence) -> Self {
        Self {
            position,
            reference_base: sequence.base(position),
            alleles: Vec::new(),
            observations: Vec::new(),
        }
    }

    /// Index of an allele. Adds the allele if it is new.
    fn allele(&mut self, reference: &[u8], bases: &[u8]) -> usize {
        let known = self.alleles.iter().position(|(r, b)| r == reference && b == bases);
        known.unwrap_or_else(|| {
            self.alleles.push((reference.to_vec(), bases.to_vec()));
            self.alleles.len() - 1
        })
    }

    /// Assigns reads that end inside a long insertion to the complete insertion.
    fn complete_parts(&mut self) {
        let mut whole = vec![0; self.alleles.len()];
        let observed = self.observations.iter().filter(|o| o.is_whole);
        observed.filter_map(|o| o.allele).for_each(|allele| whole[allele] += 1);
        for observation in self.observations.iter_mut().filter(|o| !o.is_whole) {
            let part = observation.allele.as_mut();
            part.into_iter()
                .for_each(|part| *part = part::completed(*part, &self.alleles, &whole).unwrap_or(*part));
        }
    }

    fn count(self, mates: &FxHashMap<u32, u32>, clean: &[bool], min_base_quality: u8) -> SiteCounts {
        let mut counts = SiteCounts {
            position: self.position,
            depth: 0,
            reference_depth: 0,
            alleles: Vec::with_capacity(self.alleles.len()),
        };
        counts
            .alleles
            .extend(self.alleles.into_iter().map(|(reference, bases)| AlleleCount {
                reference,
                bases,
                reads: Vec::new(),
                depth: 0,
                log10_error: 0.0,
                low_quality_reads: 0,
                in_clean_read: false,
            }));
        let usable = |o: &ReadObservation| o.quality >= min_base_quality;
        let observations = &self.observations;
        let mate_of = |o: &ReadObservation| {
            let mate = mates.get(&o.read)?;
            let found = observations.binary_search_by_key(mate, |other| other.read).ok()?;
            Some(&observations[found]).filter(|mate| usable(mate))
        };
        for observation in observations {
            let allele = observation.allele.and_then(|i| counts.alleles.get_mut(i));
            if !usable(observation) {
                allele.into_iter().for_each(|a| a.low_quality_reads += 1);
                continue;
            }
            // For two mates, the base of higher quality counts; the first mate on ties. A mate that ends here gives no
            // evidence against an indel.
            let is_uninformative = |o: &ReadObservation, mate: &ReadObservation| o.is_last && mate.is_indel;
            let rank = |o: &ReadObservation, mate| (is_uninformative(o, mate), std::cmp::Reverse(o.quality), o.read);
            let is_chosen = mate_of(observation).is_none_or(|mate| rank(observation, mate) < rank(mate, observation));
            let fragment = u32::from(is_chosen);
            counts.depth += fragment;
            match allele {
                Some(allele) => {
                    allele.reads.push(observation.read);
                    allele.depth += fragment;
                    allele.log10_error += f64::from(fragment) * log10_error(observation.quality);
                    allele.in_clean_read |= clean[observation.read as usize];
                }
                None => counts.reference_depth += fragment,
            }
        }
        counts
            .alleles
            .retain(|a| !a.reads.is_empty() || a.low_quality_reads > 0);
        counts
            .alleles
            .sort_unstable_by(|a, b| (&a.reference, &a.bases).cmp(&(&b.reference, &b.bases)));
        counts
    }
}

fn log10_error(quality: u8) -> f64 {
    (-f64::from(quality) / 10.0).max(LEAST_ERROR.log10())
}

/// Maps each read to its mate if both alignments share a position. `reads` are ordered by start. Insert sizes separate
/// fragments that share a name by mistake.
pub(super) fn overlapping_mates(reads: &[Read]) -> FxHashMap<u32, u32> {
    let mut mates = FxHashMap::default();
    let mut seen: FxHashMap<&[u8], u32> = FxHashMap::default();
    seen.reserve(reads.len());
    for (number, read) in reads.iter().enumerate() {
        let number = number as u32;
        if let Some(first) = seen.insert(&read.name, number) {
            let mate = &reads[first as usize];
            let lengths = [mate, read].map(|read| read.insert_size.unsigned_abs());
            let same_fragment = lengths[0] == lengths[1] || lengths.contains(&0);
            if mate.second_of_pair != read.second_of_pair && mate.end() > read.start && same_fragment {
                mates.insert(first, number);
                mates.insert(number, first);
            }
        }
    }
    mates
}
