//! Reference blocks: positions between the calls, with the confidence that they match the reference.

use std::ops::Range;

use super::genotype::Ploidy;
use super::vcf::{EXCLUDED_LIKELIHOOD, PloidyStyle, UNSEEN_ALLELE, join};

// The model of a position without a candidate is the model of DeepVariant's gVCF (Poplin et al. 2018): reads come from
// two alleles at random, and one base in a thousand is wrong, independently of the others. Where the sample has one copy,
// no genotype has two alleles.
/// Logarithm to base 10 of the probability that a base is wrong.
const WRONG: f64 = -3.0;
/// Logarithm to base 10 of the probability that a base is right.
const RIGHT: f64 = -0.000_434_511_774_017_69;
/// Logarithm to base 10 of the probability that a read is of the first allele.
const HALF: f64 = -std::f64::consts::LOG10_2;

/// Maximum GQ of a block. Beyond it, variants are missed for other reasons than chance.
const MAX_QUALITY: u32 = 50;

/// Width of a GQ band. The positions of a block have GQs in the same band.
const BAND: u32 = 10;

/// Numbers of usable fragments over one position, counted like the DP and AD of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub depth: u16,
    /// Fragments that show the reference.
    pub reference_depth: u16,
}

impl Coverage {
    /// Logarithms to base 10 of the likelihoods of 0/0, 0/1 and 1/1. Haploid: of 0, none and 1.
    fn log10_likelihoods(self, ploidy: Ploidy) -> [f64; 3] {
        let reference = f64::from(self.reference_depth);
        let others = f64::from(self.depth - self.reference_depth);
        [
            reference * RIGHT + others * WRONG,
            match ploidy {
                Ploidy::Diploid => (reference + others) * HALF,
                Ploidy::Haploid | Ploidy::Absent => f64::NEG_INFINITY,
            },
            reference * WRONG + others * RIGHT,
        ]
    }
}

/// Probabilities that none, one or both haplotypes carry an allele that none of `depth` fragments shows. They give at
/// most the GQ of a reference block.
pub(crate) fn unseen_allele_probabilities(depth: u32) -> [f32; 3] {
    let depth = u16::try_from(depth).unwrap_or(u16::MAX);
    let reference_depth = depth;
    let [same, het, hom] = Coverage { depth, reference_depth }
        .log10_likelihoods(Ploidy::Diploid)
        .map(|likelihood| 10f64.powf(likelihood));
    let least = 10f64.powf(-f64::from(MAX_QUALITY) / 10.0);
    let total = same + het + hom;
    [same / total, (het / total).max(least), (hom / total).max(least)].map(|p| p as f32)
}

/// Genotype quality and likelihoods of a position, from its coverage and ploidy.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Confidence {
    quality: u32,
    /// Phred-scaled likelihoods of 0/0, 0/1 and 1/1, relative to the likeliest. Haploid: of 0, none and 1.
    likelihoods: [u32; 3],
}

impl Confidence {
    fn new(ploidy: Ploidy, coverage: Coverage) -> Self {
        let log10 = coverage.log10_likelihoods(ploidy);
        let best = log10.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut likelihoods = log10.map(|l| (10.0 * (best - l)).round() as u32);
        if ploidy != Ploidy::Diploid {
            likelihoods[1] = EXCLUDED_LIKELIHOOD.max(likelihoods[0]).max(likelihoods[2]);
        }
        let [same, het, hom] = log10.map(|l| ((l - best) * std::f64::consts::LN_10).exp());
        let wrong = (het + hom) / (same + het + hom);
        let quality = match likelihoods[0] {
            0 if coverage.depth > 0 => (-10.0 * wrong.log10()).round().min(f64::from(MAX_QUALITY)) as u32,
            _ => 0,
        };
        Self { quality, likelihoods }
    }
}

/// How certain the reference is at a position without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// The sample has no copy.
    NoCopy,
    NoReads,
    /// Another genotype is likelier.
    Disagreement,
    /// GQ of the reference.
    Quality(u32),
}

/// The certainty of a position with this coverage.
pub(super) fn certainty(ploidy: Ploidy, coverage: Coverage) -> Certainty {
    let confidence = Confidence::new(ploidy, coverage);
    match BlockKind::new(ploidy, coverage, &confidence) {
        BlockKind::Absent => Certainty::NoCopy,
        BlockKind::NoReads => Certainty::NoReads,
        BlockKind::Unsure => Certainty::Disagreement,
        BlockKind::Reference(_) => Certainty::Quality(confidence.quality),
    }
}

/// The common property of all positions of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockKind {
    /// The sample has no copy.
    Absent,
    NoReads,
    /// Another genotype is likelier than 0/0, but no allele is frequent enough to be a candidate.
    Unsure,
    /// Matches the reference, with a GQ in this band.
    Reference(u32),
}

impl BlockKind {
    fn new(ploidy: Ploidy, coverage: Coverage, confidence: &Confidence) -> Self {
        match confidence.likelihoods[0] {
            _ if ploidy == Ploidy::Absent => Self::Absent,
            _ if coverage.depth == 0 => Self::NoReads,
            0 => Self::Reference(confidence.quality / BAND),
            _ => Self::Unsure,
        }
    }
}

/// Consecutive positions of one kind and ploidy.
#[derive(Clone, Debug)]
pub(super) struct ReferenceBlock {
    /// 0-based half-open, with `end`.
    start: u64,
    end: u64,
    first_base: u8,
    ploidy: Ploidy,
    kind: BlockKind,
    min_depth: u16,
    /// Confidence of the position where a variant is likeliest.
    least: Confidence,
}

impl ReferenceBlock {
    /// A block of positions with equal ploidy and coverage. `first_base` is the reference base at the first position.
    pub fn new(positions: Range<u64>, first_base: u8, ploidy: Ploidy, coverage: Coverage) -> Self {
        let confidence = Confidence::new(ploidy, coverage);
        Self {
            start: positions.start,
            end: positions.end,
            first_base,
            ploidy,
            kind: BlockKind::new(ploidy, coverage, &confidence),
            min_depth: coverage.depth,
            least: confidence,
        }
    }

    /// Adds the next positions, if they fit into this block. Returns whether they do.
    pub fn extend(&mut self, positions: Range<u64>, ploidy: Ploidy, coverage: Coverage) -> bool {
        let confidence = Confidence::new(ploidy, coverage);
        let kind = BlockKind::new(ploidy, coverage, &confidence);
        if positions.start != self.end || ploidy != self.ploidy || kind != self.kind {
            return false;
        }
        self.end = positions.end;
        self.min_depth = self.min_depth.min(coverage.depth);
        // The likeliest genotype with another allele.
        let variant = if ploidy == Ploidy::Diploid { 1 } else { 2 };
        if confidence.likelihoods[variant] < self.least.likelihoods[variant] {
            self.least = confidence;
        }
        true
    }

    pub fn record(&self, contig: &str, style: PloidyStyle) -> String {
        let (quality, [same, het, hom]) = match self.kind {
            BlockKind::Absent => (0, [0; 3]),
            _ => (self.least.quality, self.least.likelihoods),
        };
        let (allele, likelihoods) = match (self.ploidy, style) {
            (Ploidy::Diploid, _) | (_, PloidyStyle::Diploid) => (["0/0", "./."], vec![same, het, hom]),
            _ => (["0", "."], vec![same, hom]),
        };
        // No FILTER, because a merge of files would assign it to another sample's variant.
        let genotype = match self.kind {
            BlockKind::Absent | BlockKind::NoReads | BlockKind::Unsure => allele[1],
            BlockKind::Reference(_) => allele[0],
        };
        format!(
            "{contig}\t{}\t.\t{}\t{UNSEEN_ALLELE}\t.\t.\tEND={}\tGT:GQ:MIN_DP:PL\t{genotype}:{quality}:{}:{}\n",
            self.start + 1,
            char::from(self.first_base),
            self.end,
            self.min_depth,
            join(&likelihoods),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(depth: u16, reference_depth: u16) -> Coverage {
        Coverage { depth, reference_depth }
    }

    #[test]
    fn likelihoods_follow_the_model_of_two_alleles() {
        assert!((RIGHT - (1.0 - 10f64.powf(WRONG)).log10()).abs() < 1e-15);
        // 45 reads of the reference: 45 · 10 · log10(2) and 45 · 30, as in DeepVariant's gVCF.
        let sure = Confidence::new(Ploidy::Diploid, coverage(45, 45));
        assert_eq!((sure.quality, sure.likelihoods), (50, [0, 135, 1350]));
        // One read gives little confidence: P(0/1) = 0.5 / 1.5.
        let one = Confidence::new(Ploidy::Diploid, coverage(1, 1));
        assert_eq!((one.quality, one.likelihoods), (5, [0, 3, 30]));
        let none = Confidence::new(Ploidy::Diploid, coverage(0, 0));
        assert_eq!((none.quality, none.likelihoods), (0, [0, 0, 0]));
        let half = Confidence::new(Ploidy::Diploid, coverage(20, 10));
        assert_eq!((half.quality, half.likelihoods[1]), (0, 0));
    }

    #[test]
    fn an_allele_without_reads_is_as_sure_as_a_reference_block() {
        assert_eq!(unseen_allele_probabilities(0).map(|p| (3.0 * p).round()), [1.0; 3]);
        // Of one read, P(0/1) = 0.5 / 1.5, as in a block.
        assert!((unseen_allele_probabilities(1)[1] - 1.0 / 3.0).abs() < 1e-3);
        let [_, het, hom] = unseen_allele_probabilities(1_000_000);
        assert!([het, hom].iter().all(|p| (p / 1e-5 - 1.0).abs() < 1e-3));
    }

    #[test]
    fn a_block_has_the_values_of_its_least_confident_position() {
        let mut block = ReferenceBlock::new(9..10, b'G', Ploidy::Diploid, coverage(30, 30));
        assert!(block.extend(10..11, Ploidy::Diploid, coverage(20, 20)));
        assert!(block.extend(11..15, Ploidy::Diploid, coverage(40, 40)));
        assert!(!block.extend(16..17, Ploidy::Diploid, coverage(40, 40)), "a gap");
        assert!(!block.extend(15..16, Ploidy::Diploid, coverage(12, 12)), "another band");
        assert!(!block.extend(15..16, Ploidy::Diploid, coverage(0, 0)), "no reads");
        assert_eq!(
            block.record("c", PloidyStyle::Vcf),
            "c\t10\t.\tG\t<*>\t.\t.\tEND=15\tGT:GQ:MIN_DP:PL\t0/0:50:20:0,60,600\n"
        );
        let unseen = ReferenceBlock::new(0..1, b'N', Ploidy::Diploid, coverage(0, 0));
        assert_eq!(
            unseen.record("c", PloidyStyle::Vcf),
            "c\t1\t.\tN\t<*>\t.\t.\tEND=1\tGT:GQ:MIN_DP:PL\t./.:0:0:0,0,0\n"
        );
        let unsure = ReferenceBlock::new(0..1, b'A', Ploidy::Diploid, coverage(100, 89));
        assert_eq!(
            unsure.record("c", PloidyStyle::Vcf),
            "c\t1\t.\tA\t<*>\t.\t.\tEND=1\tGT:GQ:MIN_DP:PL\t./.:0:100:29,0,2369\n"
        );
    }

    #[test]
    fn a_block_of_one_copy_has_no_heterozygous_genotype() {
        let block = |ploidy, counts, style| {
            let line = ReferenceBlock::new(0..9, b'A', ploidy, counts).record("X", style);
            line.trim_end().rsplit('\t').next().unwrap().to_owned()
        };
        let haploid = |depth, reference, style| block(Ploidy::Haploid, coverage(depth, reference), style);
        let (vcf, diploid) = (PloidyStyle::Vcf, PloidyStyle::Diploid);
        assert_eq!(haploid(20, 20, vcf), "0:50:20:0,600");
        assert_eq!(haploid(20, 20, diploid), "0/0:50:20:0,990,600");
        assert_eq!(haploid(40, 40, diploid), "0/0:50:40:0,1200,1200");
        assert_eq!(
            (haploid(1, 1, vcf), haploid(0, 0, vcf)),
            ("0:30:1:0,30".into(), ".:0:0:0,0".into())
        );
        assert_eq!(haploid(9, 4, vcf), ".:0:9:30,0");
        assert_eq!(haploid(0, 0, diploid), "./.:0:0:0,990,0");
        assert_eq!(block(Ploidy::Absent, coverage(3, 3), vcf), ".:0:3:0,0");
        assert_eq!(block(Ploidy::Absent, coverage(3, 3), diploid), "./.:0:3:0,0,0");
        let mut absent = ReferenceBlock::new(0..9, b'A', Ploidy::Absent, coverage(3, 3));
        assert!(
            absent.extend(9..12, Ploidy::Absent, coverage(0, 0)),
            "one block at any depth"
        );
        let mut par = ReferenceBlock::new(0..9, b'A', Ploidy::Diploid, coverage(50, 50));
        assert!(
            !par.extend(9..12, Ploidy::Haploid, coverage(50, 50)),
            "a boundary of ploidy"
        );
    }
}
