//! Evidence from the real read sets, and DeepVariant's published examples.

use std::path::Path;

use dvcall::candidates::Candidate;
use dvcall::genome::{PARTITION_FLANK, Reference, Region, RegionChoice, Sequence};
use dvcall::reads::{Read, ReadSource};
use dvcall::realign::{RealignOptions, realign};

/// The read set that DeepVariant's examples were made from.
pub const GOLDEN_SET: &str = "validation/NA12878_hg19_chr20_10.0M_52x";

/// Realigned reads over a region and its flanks.
pub struct Evidence {
    pub region: Region,
    pub sequence: Sequence,
    pub reads: Vec<Read>,
}

impl Evidence {
    /// All of a read set.
    pub fn of_set(data: &Path, set: &str) -> Self {
        let bed = data.join("reads").join(set).join("region.bed");
        let reference = reference_of(data, set);
        let bed = bed.to_string_lossy().into_owned();
        let region = RegionChoice::from(vec![bed])
            .resolve(reference.contigs(), reference.contigs())
            .unwrap()
            .regions()
            .next()
            .unwrap();
        Self::new(data, set, region, &RealignOptions::default())
    }

    /// The stretch that DeepVariant's examples come from.
    pub fn golden(data: &Path) -> Self {
        // DeepVariant aligns what the aligner clipped, asks more of insertions, and assembles all of its haplotypes.
        let options = RealignOptions {
            window_insertion_quality: 20,
            window_percent: 0,
            aligned_indel_percent: 101,
            long_clip: u32::MAX,
            min_aligned: 0,
            cut_fold_backs: false,
            ..RealignOptions::default()
        };
        Self::new(data, GOLDEN_SET, Region::new("chr20", 9_999_999, 10_010_000), &options)
    }

    fn new(data: &Path, set: &str, region: Region, options: &RealignOptions) -> Self {
        let reference = reference_of(data, set);
        let bam = data.join("reads").join(set).join("reads.bam");
        let source = ReadSource::open(&bam, &reference, None).unwrap();
        let around = Region::new(
            &region.contig,
            region.start - PARTITION_FLANK,
            region.end + PARTITION_FLANK,
        );
        let bases = reference
            .reader()
            .unwrap()
            .fetch(&around.contig, around.start, around.end);
        let sequence = Sequence::new(around.start, bases.unwrap());
        let reads = source.reader().unwrap().fetch(&around).unwrap();
        let reads = realign(reads, &sequence, options);
        Self {
            region,
            sequence,
            reads,
        }
    }
}

fn reference_of(data: &Path, set: &str) -> Reference {
    let fasta = if set.contains("hg19") {
        "ucsc.hg19.chr20.unittest.fasta.gz"
    } else {
        "b37.chr20.fa.gz"
    };
    Reference::open(&data.join("reference").join(fasta)).unwrap()
}

/// One published example: index of its tensor and what it shows.
#[derive(Debug)]
pub struct GoldenRow {
    pub index: usize,
    /// 0-based.
    pub position: u64,
    pub reference: String,
    pub alternates: String,
    pub allele_set: Vec<usize>,
}

impl GoldenRow {
    /// Whether the candidate has the same place and alleles.
    pub fn is_of(&self, candidate: &Candidate) -> bool {
        let alternates: Vec<_> = candidate.alternates.iter().map(|a| a.bases.as_slice()).collect();
        candidate.position == self.position
            && candidate.reference == self.reference.as_bytes()
            && alternates.join(&b',') == self.alternates.as_bytes()
    }
}

/// The index of DeepVariant's examples.
pub fn golden_rows(data: &Path) -> Vec<GoldenRow> {
    let path = data.join("deepvariant_golden/calling_examples.tsv");
    let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').from_path(path).unwrap();
    let row = |record: csv::StringRecord| {
        let start = record[1].split([':', '-']).nth(1).unwrap();
        GoldenRow {
            index: record[0].parse().unwrap(),
            position: start.parse::<u64>().unwrap() - 1,
            reference: record[2].to_owned(),
            alternates: record[3].to_owned(),
            allele_set: record[4].split(',').map(|i| i.parse().unwrap()).collect(),
        }
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}
