//! Summary of labelling: candidates by genotype, truth by whether candidates explain it.

use std::fmt;

use super::truth::TruthVariant;
use crate::candidates::Candidate;
use crate::variants::VariantType;

const CLASSES: [&str; 5] = ["hom-ref", "het", "hom-alt", "het-alt", "no label"];

/// Counts of candidates and truth variants, separate for SNPs and indels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSummary {
    /// By variant type, then by class.
    candidates: [[u64; CLASSES.len()]; 2],
    /// By variant type: explained, and missed in part or whole.
    truth: [[u64; 2]; 2],
}

impl LabelSummary {
    pub fn add_candidate(&mut self, candidate: &Candidate, genotype: Option<[usize; 2]>) {
        let class = match genotype {
            Some([0, 0]) => 0,
            Some([0, _]) => 1,
            Some([a, b]) if a == b => 2,
            Some(_) => 3,
            None => 4,
        };
        let alternates = candidate.alternates.iter().map(|a| a.bases.as_slice());
        let kind = VariantType::classify(&candidate.reference, alternates);
        self.candidates[kind as usize][class] += 1;
    }

    pub fn add_truth(&mut self, variant: &TruthVariant, missed: bool) {
        let alternates = variant.alternates.iter().map(Vec::as_slice);
        let kind = VariantType::classify(&variant.reference, alternates);
        self.truth[kind as usize][usize::from(missed)] += 1;
    }

    /// Whether candidates have the label hom-ref only because there is no truth at all.
    pub fn lacks_truth(&self) -> bool {
        self.has_no_truth() && self.candidates.iter().any(|[hom_ref, ..]| *hom_ref > 0)
    }

    fn has_no_truth(&self) -> bool {
        self.truth.as_flattened().iter().all(|&n| n == 0)
    }

    /// Adds the counts of another interval.
    pub fn merge(&mut self, other: &Self) {
        let pairs = |mine: &mut [u64], other: &[u64]| mine.iter_mut().zip(other).for_each(|(a, b)| *a += b);
        pairs(self.candidates.as_flattened_mut(), other.candidates.as_flattened());
        pairs(self.truth.as_flattened_mut(), other.truth.as_flattened());
    }
}

impl fmt::Display for LabelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10} {:>10}", "candidates", "total")?;
        CLASSES.iter().try_for_each(|class| write!(f, " {class:>10}"))?;
        for (kind, counts) in VariantType::ALL.iter().zip(&self.candidates) {
            write!(f, "\n{:<10} {:>10}", kind.name(), counts.iter().sum::<u64>())?;
            counts.iter().try_for_each(|n| write!(f, " {n:>10}"))?;
        }
        if self.has_no_truth() {
            return writeln!(f);
        }
        write!(
            f,
            "\n\n{:<10} {:>10} {:>10} {:>10}",
            "truth", "total", "explained", "missed"
        )?;
        for (kind, [explained, missed]) in VariantType::ALL.iter().zip(&self.truth) {
            write!(
                f,
                "\n{:<10} {:>10} {explained:>10} {missed:>10}",
                kind.name(),
                explained + missed
            )?;
        }
        writeln!(f)
    }
}
