//! The sex chromosomes and the mitochondrial genome of a reference.

use crate::genome::{Contig, Contigs, IntervalSet, Region, sex_chromosome};

/// Usual names of the mitochondrial genome.
const MITOCHONDRIAL_NAMES: [&str; 4] = ["MT", "chrM", "M", "chrMT"];
/// Lengths of the human mitochondrial genome: the revised Cambridge sequence, and that of hg19.
const MITOCHONDRIAL_LENGTHS: [u64; 2] = [16_569, 16_571];

/// Minimum length of a contig that its name makes mitochondrial. The smallest known mitochondrial genomes, of Plasmodium,
/// have 6 kb; shorter contigs are fragments or other circles.
const SHORTEST_MITOCHONDRIAL: u64 = 5_000;

/// Minimum length of an autosome. The shortest one, chromosome 21, has 45 Mb or more; decoys have at most 36 Mb.
const SHORTEST_AUTOSOME: u64 = 40_000_000;

/// Which contigs are X and Y.
#[derive(Clone, Debug, Default)]
pub(super) struct SexChromosomes {
    pub x: Option<String>,
    pub y: Option<String>,
    pub pseudoautosomal: IntervalSet,
}

impl SexChromosomes {
    /// Finds X and Y by their lengths. With pseudoautosomal regions of the user, finds them by their names, too.
    pub fn find(contigs: &Contigs, pseudoautosomal: Option<&IntervalSet>) -> Self {
        let known = |contig: &Contig, name: &str| sex_chromosome(contig.length).filter(|known| known.0 == name);
        let find = |name| {
            let by_length = contigs.iter().find(|contig| known(contig, name).is_some());
            let by_name = || pseudoautosomal.and_then(|_| named(contigs, name));
            by_length.or_else(by_name)
        };
        let (x, y) = (find("X"), find("Y"));
        let known_regions = || {
            let regions = [x, y].into_iter().flatten().filter_map(|contig| {
                let (_, regions) = sex_chromosome(contig.length)?;
                Some(
                    regions
                        .clone()
                        .map(|region| Region::new(&contig.name, region.start, region.end)),
                )
            });
            IntervalSet::from_regions(regions.flatten())
        };
        let name = |contig: &Contig| contig.name.clone();
        Self {
            x: x.map(name),
            y: y.map(name),
            pseudoautosomal: pseudoautosomal.cloned().unwrap_or_else(known_regions),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.x.is_none() && self.y.is_none()
    }

    /// Whether a contig is X or Y.
    pub fn contain(&self, contig: &str) -> bool {
        [&self.x, &self.y].into_iter().flatten().any(|sex| sex == contig)
    }

    pub fn is_autosome(&self, contig: &Contig) -> bool {
        contig.length >= SHORTEST_AUTOSOME && !self.contain(&contig.name)
    }

    /// Whether the contig of this name is an autosome.
    pub fn is_autosome_of(&self, contigs: &Contigs, name: &str) -> bool {
        contigs.get(name).is_some_and(|contig| self.is_autosome(contig))
    }
}

/// The contig with this name, with or without `chr`.
pub(super) fn named<'a>(contigs: &'a Contigs, name: &str) -> Option<&'a Contig> {
    contigs.get(name).or_else(|| contigs.get(&format!("chr{name}")))
}

pub(super) fn is_mitochondrial(contig: &Contig) -> bool {
    let has_name = MITOCHONDRIAL_NAMES.contains(&contig.name.as_str());
    has_name && contig.length >= SHORTEST_MITOCHONDRIAL || MITOCHONDRIAL_LENGTHS.contains(&contig.length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contigs(list: &[(&str, u64)]) -> Contigs {
        let contig = |&(name, length): &(&str, u64)| Contig {
            name: name.into(),
            length,
        };
        list.iter().map(contig).collect()
    }

    #[test]
    fn human_sex_chromosomes_are_known_by_their_lengths() {
        let b37 = contigs(&[("20", 63_025_520), ("X", 155_270_560), ("Y", 59_373_566)]);
        let found = SexChromosomes::find(&b37, None);
        assert_eq!((found.x.as_deref(), found.y.as_deref()), (Some("X"), Some("Y")));
        let par = &found.pseudoautosomal;
        // The first and last 1-based positions that the Genome Reference Consortium states.
        for position in [60_001, 2_699_520, 154_931_044, 155_260_560] {
            assert!(par.contains("X", position - 1), "{position}");
        }
        for position in [60_000, 2_699_521, 154_931_043, 155_260_561] {
            assert!(!par.contains("X", position - 1), "{position}");
        }
        let autosomes: Vec<_> = b37.iter().filter(|c| found.is_autosome(c)).map(|c| &c.name).collect();
        assert_eq!(autosomes, ["20"]);
        let refseq = contigs(&[("NC_000023.11", 156_040_895), ("chrX", 99)]);
        assert_eq!(SexChromosomes::find(&refseq, None).x.as_deref(), Some("NC_000023.11"));
        let t2t = SexChromosomes::find(&contigs(&[("chrY", 62_460_029)]), None);
        assert_eq!((t2t.x.as_deref(), t2t.y.as_deref()), (None, Some("chrY")));
        assert!(t2t.pseudoautosomal.covers("chrY", 0, 2_458_320));
    }

    #[test]
    fn other_sex_chromosomes_need_their_regions() {
        let mouse = contigs(&[("chrX", 171_031_299), ("chrY", 91_744_698), ("chrM", 16_299)]);
        assert!(SexChromosomes::find(&mouse, None).is_empty());
        let regions = IntervalSet::from_regions([Region::new("chrX", 169_969_758, 170_931_299)]);
        let found = SexChromosomes::find(&mouse, Some(&regions));
        assert_eq!((found.x.as_deref(), found.y.as_deref()), (Some("chrX"), Some("chrY")));
        assert_eq!(found.pseudoautosomal, regions);
    }

    #[test]
    fn the_mitochondrial_genome_has_a_usual_name_or_length() {
        let found = |name, length| is_mitochondrial(contigs(&[(name, length)]).iter().next().unwrap());
        assert!(found("chrM", 16_571) && found("MT", 16_299) && found("NC_012920.1", 16_569));
        assert!(!found("chr1", 248_956_422) && !found("M1", 16_299) && !found("chrM", 3_000));
    }
}
