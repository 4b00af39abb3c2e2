//! Sites of a cohort: which alleles share a record.
//!
//! The rules are those of GLnexus (Yun et al., "Accurate, scalable cohort variant calls using DeepVariant and GLnexus",
//! Bioinformatics 36 (2021) 5582–5589, and its wiki): alleles are taken by the number of their copies. An allele that
//! overlaps no site makes a new one, an allele that overlaps one site joins it, and an allele that overlaps several sites
//! is lost; it may get a record of its own.

use std::collections::BTreeMap;
use std::ops::Range;

use super::allele::Allele;
use super::discover::AlleleSupport;
use super::preset::UnifyOptions;

/// A record of the cohort: a place and its alternate alleles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub range: Range<u64>,
    /// Frequent alleles first.
    pub alternates: Vec<Allele>,
    /// For each alternate, the alleles that lie on one haplotype, if it is several.
    pub parts: Vec<Vec<Allele>>,
    pub support: Vec<AlleleSupport>,
    /// Copies of alleles that overlap the site and are not in it.
    pub lost_copies: u32,
    /// Alleles of sufficient quality that overlap the site and are not in it.
    pub lost: Vec<Allele>,
    /// Whether its only allele overlaps other sites.
    pub is_monoallelic: bool,
}

/// Numbers of alleles by their fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlleleCounts {
    /// In a site.
    pub unified: u64,
    /// Of too low quality, or too rare.
    pub filtered: u64,
    /// Overlaps several sites.
    pub lost: u64,
    /// Its site has the greatest number of alleles already.
    pub crowded: u64,
}

impl std::ops::AddAssign for AlleleCounts {
    fn add_assign(&mut self, other: Self) {
        self.unified += other.unified;
        self.filtered += other.filtered;
        self.lost += other.lost;
        self.crowded += other.crowded;
    }
}

/// Alleles that are connected by overlaps, and the sites made of them.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// From the first base of an allele to the last.
    pub range: Range<u64>,
    /// In order of their position; monoallelic records after the site at the same place.
    pub sites: Vec<Site>,
    pub counts: AlleleCounts,
}

type Supported = (Allele, AlleleSupport);

/// Divides alleles into clusters without overlap, and unifies each.
pub fn unify(alleles: BTreeMap<Allele, AlleleSupport>, options: &UnifyOptions) -> Vec<Cluster> {
    let mut clusters = Vec::new();
    let mut members: Vec<Supported> = Vec::new();
    let mut end = 0;
    for (allele, support) in alleles {
        if allele.start >= end && !members.is_empty() {
            clusters.push(unify_cluster(std::mem::take(&mut members), end, options));
        }
        end = end.max(allele.end);
        members.push((allele, support));
    }
    if !members.is_empty() {
        clusters.push(unify_cluster(members, end, options));
    }
    clusters
}

/// `members` are in order.
fn unify_cluster(members: Vec<Supported>, end: u64, options: &UnifyOptions) -> Cluster {
    let range = members[0].0.start..end;
    let mut counts = AlleleCounts::default();
    let (mut kept, mut left_out): (Vec<Supported>, Vec<Supported>) = (Vec::new(), Vec::new());
    for (allele, mut support) in members {
        let [one, two] = [options.min_quality_of_one, options.min_quality_of_two];
        let is_sure = support.qualities[0] >= one || support.qualities[1] >= two;
        // An allele of sufficient quality has a copy, even if each genotype with it is too uncertain to count.
        if one > 0 && support.qualities[0] >= one {
            support.copies = support.copies.max(1);
        }
        if two > 0 && support.qualities[1] >= two {
            support.copies = support.copies.max(2);
        }
        match is_sure && support.copies >= options.min_copies {
            true => kept.push((allele, support)),
            false => left_out.push((allele, support)),
        }
    }
    counts.filtered = left_out.len() as u64;
    match options.prefer_small {
        true => kept.sort_by(by_size),
        false => kept.sort_by(by_copies),
    }
    let mut sites: Vec<(Range<u64>, Vec<Supported>)> = Vec::new();
    let mut lost = Vec::new();
    for member in kept {
        let mut overlapping = (0..sites.len()).filter(|&site| member.0.overlaps(&sites[site].0));
        match (overlapping.next(), overlapping.next()) {
            (None, _) => sites.push((member.0.range(), vec![member])),
            (Some(_), Some(_)) => lost.push(member),
            (Some(site), None) if sites[site].1.len() + 1 >= options.max_alleles => {
                counts.crowded += 1;
                lost.push(member);
            }
            (Some(site), None) => {
                let (range, alleles) = &mut sites[site];
                *range = range.start.min(member.0.start)..range.end.max(member.0.end);
                alleles.push(member);
            }
        }
    }
    counts.unified = sites.iter().map(|(_, alleles)| alleles.len() as u64).sum();
    counts.lost = lost.len() as u64 - counts.crowded;
    let mut unified: Vec<Site> = Vec::new();
    for (range, alleles) in &sites {
        let is_over = |(allele, _): &&Supported| allele.overlaps(range);
        let others = lost.iter().chain(&left_out).filter(is_over);
        let lost_copies = others.map(|(_, support)| support.copies).sum();
        let lost = lost.iter().filter(is_over).map(|(allele, _)| allele.clone()).collect();
        unified.push(site(range.clone(), alleles.clone(), (lost, lost_copies), false));
    }
    if options.keep_lost_alleles {
        for member in &lost {
            let all = sites.iter().flat_map(|(_, alleles)| alleles).chain(&lost);
            let others = all.filter(|other| *other != member && other.0.overlaps(&member.0.range()));
            let others = others.map(|(allele, _)| allele.clone()).collect();
            unified.push(site(member.0.range(), vec![member.clone()], (others, 0), true));
        }
    }
    unified.sort_by_key(|site| (site.range.start, site.is_monoallelic, site.range.end));
    Cluster {
        range,
        sites: unified,
        counts,
    }
}

fn site(range: Range<u64>, mut alleles: Vec<Supported>, lost: (Vec<Allele>, u32), is_monoallelic: bool) -> Site {
    alleles.sort_by(by_copies);
    let (alternates, support): (Vec<Allele>, Vec<AlleleSupport>) = alleles.into_iter().unzip();
    Site {
        range,
        parts: vec![Vec::new(); alternates.len()],
        alternates,
        support,
        lost_copies: lost.1,
        lost: lost.0,
        is_monoallelic,
    }
}

/// Frequent alleles first, then sure ones, then those that change the length least. Equal alleles stay in order.
fn by_copies(a: &Supported, b: &Supported) -> std::cmp::Ordering {
    let key = |(allele, support): &Supported| {
        let frequent = std::cmp::Reverse((support.copies, support.qualities[0]));
        (frequent, allele.length_change(), allele.clone())
    };
    key(a).cmp(&key(b))
}

/// Alleles over the fewest bases of the reference first.
fn by_size(a: &Supported, b: &Supported) -> std::cmp::Ordering {
    a.0.span().cmp(&b.0.span()).then_with(|| by_copies(a, b))
}

#[cfg(test)]
mod tests {
    use super::super::preset::Preset;
    use super::*;

    fn unified(alleles: &[(u64, u64, &str, u32, u32)], options: &UnifyOptions) -> Vec<Cluster> {
        let supported = alleles.iter().map(|&(start, end, bases, copies, quality)| {
            let allele = Allele {
                start,
                end,
                bases: bases.into(),
            };
            let support = AlleleSupport {
                qualities: [quality, 0],
                copies,
            };
            (allele, support)
        });
        unify(supported.collect(), options)
    }

    fn spelled(cluster: &Cluster) -> Vec<(Range<u64>, usize, bool)> {
        let sites = cluster.sites.iter();
        sites
            .map(|site| (site.range.clone(), site.alternates.len(), site.is_monoallelic))
            .collect()
    }

    #[test]
    fn a_long_deletion_over_two_sites_has_a_record_of_its_own() {
        let alleles = [
            (10, 14, "A", 4, 50),
            (12, 13, "C", 2, 50),
            (20, 21, "G", 3, 50),
            (13, 30, "T", 1, 50),
        ];
        let clusters = unified(&alleles, &Preset::Wgs.options());
        assert_eq!(clusters.len(), 1);
        assert_eq!(
            spelled(&clusters[0]),
            [(10..14, 2, false), (13..30, 1, true), (20..21, 1, false)]
        );
        assert_eq!((clusters[0].counts.unified, clusters[0].counts.lost), (3, 1));
        assert_eq!(clusters[0].sites[0].lost_copies, 1);
        // The frequent allele of a site comes first.
        assert_eq!(clusters[0].sites[0].support[0].copies, 4);
    }

    #[test]
    fn alleles_of_low_quality_and_beyond_the_limit_are_counted() {
        let mut options = Preset::Wgs.options();
        options.max_alleles = 3;
        let alleles = [
            (5, 6, "A", 9, 90),
            (5, 6, "C", 8, 90),
            (5, 6, "T", 7, 90),
            (5, 6, "TT", 6, 9),
            (9, 10, "A", 1, 90),
        ];
        let clusters = unified(&alleles, &options);
        let counts = clusters[0].counts;
        assert_eq!(
            (counts.unified, counts.filtered, counts.crowded, counts.lost),
            (2, 1, 1, 0)
        );
        assert_eq!(clusters[1].sites[0].range, 9..10);
    }
}
