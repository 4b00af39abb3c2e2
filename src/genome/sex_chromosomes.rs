//! The human sex chromosomes, and their pseudoautosomal regions (PAR).

use std::ops::Range;

/// One chromosome of one build: its length tells which one it is. The regions are 0-based half-open.
struct KnownChromosome {
    name: &'static str,
    length: u64,
    pseudoautosomal: [Range<u64>; 2],
}

/// GRCh37 and GRCh38 (Genome Reference Consortium, <https://www.ncbi.nlm.nih.gov/grc/human>), T2T-CHM13 v2.0
/// (chm13v2.0_PAR.bed of <https://github.com/marbl/CHM13>).
const KNOWN: [KnownChromosome; 6] = [
    known("X", 155_270_560, [60_000..2_699_520, 154_931_043..155_260_560]),
    known("Y", 59_373_566, [10_000..2_649_520, 59_034_049..59_363_566]),
    known("X", 156_040_895, [10_000..2_781_479, 155_701_382..156_030_895]),
    known("Y", 57_227_415, [10_000..2_781_479, 56_887_902..57_217_415]),
    known("X", 154_259_566, [0..2_394_410, 153_925_834..154_259_566]),
    known("Y", 62_460_029, [0..2_458_320, 62_122_809..62_460_029]),
];

const fn known(name: &'static str, length: u64, pseudoautosomal: [Range<u64>; 2]) -> KnownChromosome {
    KnownChromosome {
        name,
        length,
        pseudoautosomal,
    }
}

/// The name of a chromosome without the prefix `chr`.
pub fn short_name(contig: &str) -> &str {
    contig.strip_prefix("chr").unwrap_or(contig)
}

/// `X` or `Y` of GRCh37, GRCh38 or T2T-CHM13 by its length, and its pseudoautosomal regions. None for other lengths.
pub fn sex_chromosome(length: u64) -> Option<(&'static str, &'static [Range<u64>; 2])> {
    let found = KNOWN.iter().find(|known| known.length == length)?;
    Some((found.name, &found.pseudoautosomal))
}

/// The pseudoautosomal regions of X or Y in GRCh37, GRCh38 or T2T-CHM13. None for other contigs and builds.
pub fn pseudoautosomal_regions(contig: &str, length: u64) -> Option<&'static [Range<u64>; 2]> {
    let (name, regions) = sex_chromosome(length)?;
    (name == short_name(contig)).then_some(regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regions_of_x_and_y_have_the_same_sequence() {
        for pair in KNOWN.chunks(2) {
            let lengths =
                |known: &KnownChromosome| known.pseudoautosomal.clone().map(|region| region.end - region.start);
            let ends = pair.iter().all(|known| known.pseudoautosomal[1].end <= known.length);
            assert!(ends && pair[0].name == "X" && pair[1].name == "Y");
            // In the haploid T2T-CHM13, X and Y come from two people.
            if pair[0].length != 154_259_566 {
                assert_eq!(lengths(&pair[0]), lengths(&pair[1]));
            }
        }
        assert_eq!(
            pseudoautosomal_regions("chrX", 156_040_895).unwrap()[0],
            10_000..2_781_479
        );
        assert!(pseudoautosomal_regions("Y", 59_373_566).is_some());
        assert!(pseudoautosomal_regions("chrX", 59_373_566).is_none());
    }
}
