//! From the risk of a call to its tier.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::evidence::CallEvidence;
use super::regression::Regression;
use crate::variants::VariantType;

/// Least number of reads of each band of depth.
const BANDS: [u32; 4] = [0, 15, 25, 40];
/// The examples are divided into parts. The risks of each part come from a fit to the other parts.
const PARTS: usize = 5;
/// Consecutive examples of the same part: some 200 kb of a genome, because neighbours are alike.
const NEIGHBOURS: usize = 500;
/// From this risk on, a person looks at the call: it is more likely wrong than right.
const REVIEW: f64 = 0.5;

/// What must hold before a call may be reported without confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardRails {
    /// Share of the wrong calls that tier 1 must not hold.
    pub caught: f64,
    /// Greatest probability of an error in tier 1, by the stage that decides.
    pub greatest_error: f32,
    /// Least numbers of wrong and of right calls of a type and a band of depth that thresholds are chosen on.
    pub least_wrong: u64,
    pub least_right: u64,
}

impl Default for GuardRails {
    fn default() -> Self {
        // Of 200 wrong calls, tier 1 may hold one.
        Self {
            caught: 0.995,
            // GQ 20.
            greatest_error: 0.01,
            least_wrong: 200,
            least_right: 1000,
        }
    }
}

impl fmt::Display for GuardRails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tier 1 leaves out {} % of the wrong calls, and every call with an error above {} %; at least {} wrong and {} right calls",
            percent(self.caught),
            percent(f64::from(self.greatest_error)),
            self.least_wrong,
            self.least_right
        )
    }
}

/// In percent, to a tenth.
fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// A call of an example: its evidence, and whether its genotype is wrong.
pub struct JudgedCall {
    pub evidence: CallEvidence,
    pub is_wrong: bool,
}

/// The threshold of a band of depth, with what it gave on the examples that it was chosen on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthBand {
    /// Least number of reads.
    pub reads: u32,
    /// Risk from which a call is confirmed. None: the examples are too few, so that no call has tier 1.
    pub confirm: Option<f64>,
    pub right: u64,
    pub wrong: u64,
    /// Right and wrong calls in tier 1.
    pub right_in_tier_1: u64,
    pub wrong_in_tier_1: u64,
}

impl fmt::Display for DepthBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reads, right, wrong, ..
        } = self;
        write!(f, "{reads} reads and more: ")?;
        match self.confirm {
            None => write!(
                f,
                "no tier 1, because {right} right and {wrong} wrong calls are too few"
            ),
            Some(_) => write!(
                f,
                "tier 1 holds {} of {right} right and {} of {wrong} wrong calls",
                self.right_in_tier_1, self.wrong_in_tier_1
            ),
        }
    }
}

/// The tiers of a variant type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TypeTiers {
    /// None: the examples have no wrong or no right call.
    regression: Option<Regression>,
    pub bands: Vec<DepthBand>,
}

/// The tiers of a model, in its card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tiers {
    pub guard_rails: GuardRails,
    pub snp: TypeTiers,
    pub indel: TypeTiers,
}

impl Tiers {
    /// Fits the risk to all calls, and chooses the thresholds by risks of calls that the fit did not see.
    pub fn fit(calls: &[JudgedCall], guard_rails: GuardRails) -> Self {
        let of_type = |variant_type| {
            let calls: Vec<_> = calls
                .iter()
                .filter(|c| c.evidence.variant_type == variant_type)
                .collect();
            TypeTiers::fit(&calls, &guard_rails)
        };
        Self {
            snp: of_type(VariantType::Snp),
            indel: of_type(VariantType::Indel),
            guard_rails,
        }
    }

    pub fn for_type(&self, variant_type: VariantType) -> &TypeTiers {
        match variant_type {
            VariantType::Snp => &self.snp,
            VariantType::Indel => &self.indel,
        }
    }

    /// The tier of a call: 1 report, 2 confirm, 3 review by a person.
    pub fn tier(&self, evidence: &CallEvidence) -> u8 {
        self.for_type(evidence.variant_type)
            .tier(evidence, self.guard_rails.greatest_error)
    }
}

impl TypeTiers {
    fn fit(calls: &[&JudgedCall], rails: &GuardRails) -> Self {
        let examples: Vec<_> = calls
            .iter()
            .map(|call| (call.evidence.features(), call.is_wrong))
            .collect();
        let reads = calls.iter().map(|call| call.evidence.reads);
        let is_sure = calls.iter().map(|call| call.evidence.error() <= rails.greatest_error);
        let judged: Vec<_> = reads
            .zip(cross_fitted_risks(&examples))
            .zip(is_sure)
            .zip(&examples)
            .map(|(((reads, risk), is_sure), (_, is_wrong))| (reads, if is_sure { risk } else { 1.0 }, *is_wrong))
            .collect();
        let bands = BANDS.iter().enumerate().map(|(rank, &reads)| {
            let end = BANDS.get(rank + 1).copied().unwrap_or(u32::MAX);
            let inside = judged.iter().filter(|(depth, ..)| (reads..end).contains(depth));
            let inside: Vec<_> = inside.map(|&(_, risk, is_wrong)| (risk, is_wrong)).collect();
            DepthBand::choose(reads, &inside, rails)
        });
        Self {
            bands: bands.collect(),
            regression: Regression::fit(&examples),
        }
    }

    fn tier(&self, evidence: &CallEvidence, greatest_error: f32) -> u8 {
        let is_sure = evidence.error() <= greatest_error;
        let risk = self.regression.as_ref().map(|r| r.risk(&evidence.features()));
        let band = self.bands.iter().rev().find(|band| evidence.reads >= band.reads);
        match (risk, band.and_then(|band| band.confirm)) {
            (Some(risk), _) if risk >= REVIEW => 3,
            (Some(risk), Some(confirm)) if is_sure && risk < confirm => 1,
            _ => 2,
        }
    }
}

/// The risk of each call by a regression that was fitted to other calls. Neighbours lie in the same part.
fn cross_fitted_risks<const N: usize>(examples: &[([f64; N], bool)]) -> Vec<f64> {
    let part_of = |rank: usize| rank / NEIGHBOURS % PARTS;
    let fitted = |part: usize| {
        let others = examples.iter().enumerate().filter(|(rank, _)| part_of(*rank) != part);
        Regression::fit(&others.map(|(_, example)| *example).collect::<Vec<_>>())
    };
    let regressions: Vec<_> = (0..PARTS).map(fitted).collect();
    let risk = |(rank, (features, _)): (usize, &([f64; N], bool))| {
        regressions[part_of(rank)].as_ref().map_or(1.0, |r| r.risk(features))
    };
    examples.iter().enumerate().map(risk).collect()
}

impl DepthBand {
    /// The greatest threshold that the guard rails allow for calls, each with its risk and whether it is wrong.
    fn choose(reads: u32, calls: &[(f64, bool)], rails: &GuardRails) -> Self {
        let mut risks: Vec<f64> = calls
            .iter()
            .filter(|(_, is_wrong)| *is_wrong)
            .map(|(risk, _)| *risk)
            .collect();
        risks.sort_by(f64::total_cmp);
        let (wrong, right) = (risks.len() as u64, (calls.len() - risks.len()) as u64);
        let is_enough = wrong >= rails.least_wrong && right >= rails.least_right;
        let allowed = ((1.0 - rails.caught) * wrong as f64).floor() as usize;
        let confirm = risks.get(allowed).copied().filter(|_| is_enough);
        let below = |of_wrong: bool| {
            let inside =
                |(risk, is_wrong): &&(f64, bool)| *is_wrong == of_wrong && confirm.is_some_and(|limit| *risk < limit);
            calls.iter().filter(inside).count() as u64
        };
        Self {
            reads,
            confirm,
            right,
            wrong,
            right_in_tier_1: below(false),
            wrong_in_tier_1: below(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::testing::call;
    use super::*;

    #[test]
    fn a_band_with_too_few_examples_has_no_tier_1() {
        let rails = GuardRails::default();
        let calls = |wrong: usize, right: usize| -> Vec<(f64, bool)> {
            let wrong = (0..wrong).map(|n| (0.1 + 0.8 * n as f64 / wrong as f64, true));
            wrong
                .chain((0..right).map(|n| (0.3 * n as f64 / right as f64, false)))
                .collect()
        };
        let band = DepthBand::choose(25, &calls(400, 3000), &rails);
        // Two of 400 wrong calls may lie below.
        assert_eq!((band.wrong_in_tier_1, band.wrong, band.right), (2, 400, 3000));
        assert!((band.confirm.unwrap() - 0.104).abs() < 1e-9 && (1000..1100).contains(&band.right_in_tier_1));
        for (wrong, right) in [(199, 3000), (400, 999), (0, 0)] {
            let band = DepthBand::choose(25, &calls(wrong, right), &rails);
            assert_eq!((band.confirm, band.right_in_tier_1), (None, 0));
        }
    }

    #[test]
    fn risk_and_depth_give_the_tier() {
        let evidence = |sure: f32, reads: u32, variant_type| call(variant_type, [1.0 - sure, sure, 0.0], reads);
        let judged = |rank: usize| {
            let is_wrong = rank % 10 < 2;
            let sure = if is_wrong {
                0.6 + (rank % 10) as f32 / 100.0
            } else {
                0.999
            };
            JudgedCall {
                evidence: evidence(sure, 30, VariantType::Snp),
                is_wrong,
            }
        };
        let calls: Vec<_> = (0..6000).map(judged).collect();
        let tiers = Tiers::fit(&calls, GuardRails::default());
        assert_eq!(tiers.tier(&evidence(0.999, 30, VariantType::Snp)), 1);
        assert_eq!(tiers.tier(&evidence(0.62, 30, VariantType::Snp)), 3);
        assert_eq!(tiers.tier(&evidence(0.991, 30, VariantType::Snp)), 1);
        assert_eq!(
            tiers.tier(&evidence(0.989, 30, VariantType::Snp)),
            2,
            "an error of more than 1 %"
        );
        assert_eq!(
            tiers.tier(&evidence(0.999, 10, VariantType::Snp)),
            2,
            "no examples of such depth"
        );
        assert_eq!(
            tiers.tier(&evidence(0.999, 30, VariantType::Indel)),
            2,
            "no examples of the type"
        );
        let text = serde_json::to_string(&tiers).unwrap();
        assert_eq!(serde_json::from_str::<Tiers>(&text).unwrap(), tiers);
    }

    #[test]
    fn a_risk_is_that_of_a_fit_to_other_calls() {
        // The value of the error is in one part alone, so that a fit to the other parts cannot know it.
        let example = |rank: usize| {
            let is_wrong = (rank / NEIGHBOURS).is_multiple_of(PARTS);
            ([f64::from(u8::from(is_wrong))], is_wrong)
        };
        let examples: Vec<_> = (0..NEIGHBOURS * PARTS * 4).map(example).collect();
        let risks = cross_fitted_risks(&examples);
        assert!(risks[0] == 1.0, "no error to fit to: {}", risks[0]);
        assert!(risks[NEIGHBOURS] < 0.1, "{}", risks[NEIGHBOURS]);
    }
}
