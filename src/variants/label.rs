//! How a call is labelled: its FILTER and its tier.

use super::call::{Call, DecidingStage, Filter};
use super::extent::Extent;
use crate::gates::{GateMarks, Gates, Judgement, Measures};

/// What FILTER and TIER say of a call.
#[derive(Clone, Debug)]
pub struct Label<'a> {
    pub filter: Filter,
    /// The names of FILTER that gates give.
    pub gates: Vec<&'a str>,
    /// None: the file has no tiers.
    pub tier: Option<Tier>,
}

/// The tier of a call; none for a call that is not reported, or that nothing gave a tier.
pub type Tier = Option<u8>;

impl From<Filter> for Label<'_> {
    fn from(filter: Filter) -> Self {
        Self {
            filter,
            gates: Vec::new(),
            tier: None,
        }
    }
}

impl<'a> Label<'a> {
    /// Labels a call by its quality, its tier and the gates. Of tiers, the greatest counts.
    pub fn new(contig: &str, call: &Call, min_quality: f64, gates: Option<&'a Gates>) -> Self {
        let filter = call.filter(min_quality);
        let judgement = match (gates, filter) {
            (Some(gates), Filter::Pass | Filter::LowQual) => gates.judge(marks(contig, call, gates)),
            _ => Judgement::default(),
        };
        // A genotype that overlapping calls changed is not the one that the tier is of.
        let own = call.tier.map(|tier| match call.stage {
            DecidingStage::Overlap => tier.max(2),
            _ => tier,
        });
        let is_reported = filter == Filter::Pass && judgement.filters.is_empty();
        let has_tiers = own.is_some() || gates.is_some_and(Gates::give_tiers);
        Self {
            filter,
            tier: has_tiers.then_some(own.max(judgement.tier).filter(|_| is_reported)),
            gates: judgement.filters,
        }
    }

    /// Whether FILTER is PASS.
    pub fn passes(&self) -> bool {
        self.filter == Filter::Pass && self.gates.is_empty()
    }

    /// The text of FILTER.
    pub fn filter_text(&self) -> String {
        let own = (self.filter != Filter::Pass || self.gates.is_empty()).then_some(self.filter.name());
        let names: Vec<_> = own.into_iter().chain(self.gates.iter().copied()).collect();
        names.join(";")
    }
}

/// How the gates judge a variant.
fn marks(contig: &str, call: &Call, gates: &Gates) -> GateMarks {
    let alleles = call.genotype.alleles();
    let called = alleles.iter().filter(|&&allele| allele > 0);
    let called = called.map(|&allele| call.alternates[allele - 1].as_slice());
    let extent = Extent::new(call.position, &call.reference, called);
    let measures = Measures {
        quality: Some(f64::from(call.genotype_quality())),
        depth: Some(f64::from(call.depth)),
        balance: Measures::balance(alleles.iter().copied(), &call.allele_depths, call.depth),
    };
    gates.mark(|set| extent.is_in(set, contig), &measures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::{Action, Gate};
    use crate::genome::{IntervalSet, Region};
    use crate::variants::{DecidingStage, Genotype};

    fn gates(least_depth: f64, action: Action) -> Gates {
        let gate = Gate {
            name: "g".into(),
            regions: Some(IntervalSet::from_regions([Region::new("c", 10, 20)])),
            least: Measures {
                depth: Some(least_depth),
                ..Measures::default()
            },
            action,
        };
        Gates {
            gates: vec![gate],
            files: Vec::new(),
        }
    }

    fn call(position: u64, alleles: [&str; 2], genotype: Genotype, probabilities: &[f64]) -> Call {
        Call {
            position,
            reference: alleles[0].into(),
            alternates: vec![alleles[1].into()],
            depth: 20,
            allele_depths: vec![10, 10],
            probabilities: probabilities.to_vec(),
            genotype,
            stage: DecidingStage::Network,
            tier: None,
        }
    }

    fn het(position: u64, alleles: [&str; 2]) -> Call {
        call(position, alleles, Genotype::Diploid([0, 1]), &[0.001, 0.998, 0.001])
    }

    #[test]
    fn gates_label_the_variants_that_they_hold_back() {
        let gates = gates(30.0, Action::Filter("SHALLOW".into()));
        let text = |call: &Call, min_quality| Label::new("c", call, min_quality, Some(&gates)).filter_text();
        assert_eq!(text(&het(12, ["A", "C"]), 3.0), "SHALLOW");
        assert_eq!(text(&het(12, ["A", "C"]), 90.0), "LowQual;SHALLOW");
        assert_eq!(text(&het(9, ["A", "C"]), 3.0), "PASS");
        assert_eq!(text(&het(20, ["A", "C"]), 3.0), "PASS");
        // A deletion counts by its deleted bases, an insertion by the bases on both sides.
        assert_eq!(text(&het(9, ["AT", "A"]), 3.0), "SHALLOW");
        assert_eq!(text(&het(19, ["AT", "A"]), 3.0), "PASS");
        assert_eq!(text(&het(9, ["A", "AT"]), 3.0), "PASS");
        assert_eq!(text(&het(10, ["A", "AT"]), 3.0), "SHALLOW");
        let one_copy = call(12, ["A", "C"], Genotype::Haploid(1), &[0.001, 0.999]);
        assert_eq!(text(&one_copy, 3.0), "SHALLOW");
        let reference = call(12, ["A", "C"], Genotype::Diploid([0, 0]), &[0.999, 0.001, 0.0]);
        assert_eq!(text(&reference, 3.0), "RefCall");
    }

    #[test]
    fn only_a_reported_variant_has_a_tier() {
        let of = |call: &Call, depth, min_quality| {
            Label::new("c", call, min_quality, Some(&gates(depth, Action::Tier(2)))).tier
        };
        assert_eq!(of(&het(12, ["A", "C"]), 30.0, 3.0), Some(Some(2)));
        assert_eq!(of(&het(12, ["A", "C"]), 20.0, 3.0), Some(None), "the gate lets it pass");
        assert_eq!(of(&het(12, ["A", "C"]), 30.0, 90.0), Some(None), "LowQual");
        let tiered = |tier, stage| Call {
            tier: Some(tier),
            stage,
            ..het(12, ["A", "C"])
        };
        let of_call = |call: &Call, depth| Label::new("c", call, 3.0, Some(&gates(depth, Action::Tier(2)))).tier;
        assert_eq!(of_call(&tiered(1, DecidingStage::Network), 20.0), Some(Some(1)));
        assert_eq!(
            of_call(&tiered(1, DecidingStage::Network), 30.0),
            Some(Some(2)),
            "the gate is stricter"
        );
        assert_eq!(of_call(&tiered(3, DecidingStage::Network), 30.0), Some(Some(3)));
        assert_eq!(of_call(&tiered(1, DecidingStage::Overlap), 20.0), Some(Some(2)));
        let label = Label::new("c", &het(12, ["A", "C"]), 3.0, None);
        assert_eq!((label.tier, label.filter_text()), (None, "PASS".into()));
    }
}
