//! What decided an allele, in columns and words.

use crate::calling::{ExplainedCandidate, ExplainedSet};
use crate::gates::Gates;
use crate::variants::{Call, Edit, Label};

/// Columns of [`Reasons`].
pub const REASON_COLUMNS: [&str; 10] = [
    "cascade",
    "network_uncalibrated",
    "network",
    "stage",
    "before_overlap",
    "genotype",
    "qual",
    "gq",
    "filter",
    "decision",
];

/// What labels a call.
pub struct Judge<'a> {
    pub min_quality: f64,
    pub gates: Option<&'a Gates>,
}

/// What decided an allele of a candidate.
#[derive(Clone, Debug)]
pub struct Reasons {
    /// Probabilities of hom-ref, het and hom-alt.
    pub cascade: String,
    pub uncalibrated: String,
    pub network: String,
    pub stage: &'static str,
    /// Genotype and GQ before overlapping calls were resolved, and after.
    pub before: String,
    pub genotype: String,
    pub quality: String,
    pub genotype_quality: u32,
    /// FILTER, and the tier of a gate.
    pub filter: String,
    pub decision: String,
}

impl Reasons {
    /// The values of [`REASON_COLUMNS`].
    pub fn values(&self) -> [String; 10] {
        [
            self.cascade.clone(),
            self.uncalibrated.clone(),
            self.network.clone(),
            self.stage.to_owned(),
            self.before.clone(),
            self.genotype.clone(),
            self.quality.clone(),
            self.genotype_quality.to_string(),
            self.filter.clone(),
            self.decision.clone(),
        ]
    }
}

impl Judge<'_> {
    /// The reasons of each alternate of a candidate.
    pub fn judge(&self, contig: &str, explained: &ExplainedCandidate) -> Vec<(Edit, Reasons)> {
        let (call, candidate) = (&explained.call, &explained.candidate);
        let label = Label::new(contig, call, self.min_quality, self.gates);
        let filter = match label.tier.flatten() {
            Some(tier) => format!("{} tier {tier}", label.filter_text()),
            None => label.filter_text(),
        };
        let alternates = candidate.alternates.iter().enumerate().filter_map(|(number, allele)| {
            let edit = Edit::new(candidate.position, &candidate.reference, &allele.bases)?;
            let set = explained.sets.iter().find(|set| set.alleles == [number])?;
            let reasons = Reasons {
                cascade: cascade(set),
                uncalibrated: probabilities(set.uncalibrated),
                network: probabilities(set.network),
                stage: call.stage.name(),
                before: explained.before.genotype.to_string(),
                genotype: call.genotype.to_string(),
                quality: call.quality().to_string(),
                genotype_quality: call.genotype_quality(),
                filter: filter.clone(),
                decision: decision(&edit, explained, &label),
            };
            Some((edit, reasons))
        });
        alternates.collect()
    }
}

/// Three probabilities; small ones keep a digit.
pub fn probabilities(probabilities: [f32; 3]) -> String {
    let text = |p: f32| match p {
        p if p < 0.001 => format!("{p:.0e}"),
        p => format!("{p:.4}"),
    };
    probabilities.map(text).join(",")
}

/// The cascade's probabilities, and whether it decides.
fn cascade(set: &ExplainedSet) -> String {
    match (set.cascade, set.cascade_decides) {
        (None, _) => ".".to_owned(),
        (Some(cascade), true) => format!("{} decides", probabilities(cascade)),
        (Some(cascade), false) => probabilities(cascade),
    }
}

/// The number of copies of an allele in a call. None: the record does not have the allele.
fn copies(edit: &Edit, call: &Call) -> Option<usize> {
    let own = |bases: &Vec<u8>| Edit::new(call.position, &call.reference, bases).as_ref() == Some(edit);
    let rank = call.alternates.iter().position(own)? + 1;
    Some(call.genotype.alleles().iter().filter(|&&allele| allele == rank).count())
}

fn decision(edit: &Edit, explained: &ExplainedCandidate, label: &Label) -> String {
    match (copies(edit, &explained.before), copies(edit, &explained.call)) {
        (_, Some(now)) if now > 0 && label.passes() => "called".to_owned(),
        (_, Some(now)) if now > 0 => format!("called, but filtered: {}", label.filter_text()),
        (Some(before), _) if before > 0 => {
            "lost: it does not fit on the haplotypes together with overlapping calls".to_owned()
        }
        (None, _) => "not in the record: another allele is likelier".to_owned(),
        _ if explained.call.is_variant() => "not called: a genotype without it is likelier".to_owned(),
        _ => "not called: the reference is likelier".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::{Allele, Candidate};
    use crate::pileup::PileupContext;
    use crate::variants::{DecidingStage, Genotype, VariantType};

    fn explained(before: [usize; 2], now: [usize; 2], kept: &[&str], qualities: [f64; 3]) -> ExplainedCandidate {
        let call = |genotype: [usize; 2]| Call {
            position: 9,
            reference: b"A".to_vec(),
            alternates: kept.iter().map(|bases| bases.as_bytes().to_vec()).collect(),
            depth: 20,
            allele_depths: vec![10; kept.len() + 1],
            probabilities: qualities.to_vec(),
            genotype: Genotype::Diploid(genotype),
            stage: DecidingStage::Network,
            tier: None,
        };
        let allele = |bases: &str| Allele {
            bases: bases.into(),
            supporting_reads: Vec::new(),
            depth: 5,
        };
        let set = |alleles: &[usize]| ExplainedSet {
            alleles: alleles.to_vec(),
            image: Vec::new(),
            context: PileupContext::from(VariantType::Snp),
            cascade: Some([0.5, 0.25, 0.25]),
            cascade_decides: false,
            uncalibrated: [0.1, 0.8, 0.1],
            network: [0.2, 0.7, 0.1],
            attribution: None,
        };
        ExplainedCandidate {
            candidate: Candidate {
                position: 9,
                reference: b"A".to_vec(),
                alternates: vec![allele("C"), allele("G")],
                depth: 20,
                reference_depth: 10,
            },
            sets: vec![set(&[0]), set(&[1]), set(&[0, 1])],
            before: call(before),
            call: call(now),
        }
    }

    #[test]
    fn small_probabilities_keep_a_digit() {
        assert_eq!(probabilities([0.99899, 0.001, 0.000_012]), "0.9990,0.0010,1e-5");
    }

    #[test]
    fn each_allele_has_its_decision() {
        let judge = Judge {
            min_quality: 3.0,
            gates: None,
        };
        let decisions = |explained: &ExplainedCandidate| -> Vec<String> {
            let reasons = judge.judge("c", explained);
            assert_eq!(
                (reasons.len(), reasons[0].1.network.as_str()),
                (2, "0.2000,0.7000,0.1000")
            );
            reasons.into_iter().map(|(_, reasons)| reasons.decision).collect()
        };
        let sure = [0.001, 0.998, 0.001];
        let called = decisions(&explained([0, 1], [0, 1], &["C"], sure));
        assert_eq!(called, ["called", "not in the record: another allele is likelier"]);
        let lost = decisions(&explained([0, 1], [0, 0], &["C", "G"], [0.9, 0.1, 0.0]));
        assert!(
            lost[0].starts_with("lost:") && lost[1] == "not called: the reference is likelier",
            "{lost:?}"
        );
        let filtered = decisions(&explained([0, 1], [0, 1], &["C", "G"], [0.6, 0.4, 0.0]));
        assert_eq!(filtered[0], "called, but filtered: LowQual");
        assert_eq!(filtered[1], "not called: a genotype without it is likelier");
    }
}
