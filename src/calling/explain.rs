//! Explains calls: what each stage says of a candidate, from the cascade to the resolution of overlaps.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::Result;
use tch::Device;

use super::attribution::Attribution;
use super::caller::{Caller, CallingOptions, load};
use super::genotype::{Classified, call_genotype};
use super::worker::tier;
use crate::candidates::Candidate;
use crate::evidence::{Evidence, EvidenceSource, EvidenceWorker};
use crate::genome::Partition;
use crate::model::{CallEvidence, Decision, Inference, Model, PileupClassifier, Tiers, parse_device};
use crate::pileup::{PILEUP_SIZE, PileupContext, allele_sets, draw};
use crate::variants::{Call, DecidingStage, OverlapResolver, Ploidy};

/// What the networks say of one allele set.
#[derive(Clone)]
pub struct ExplainedSet {
    /// Indices of the candidate's alternates.
    pub alleles: Vec<usize>,
    pub image: Vec<u8>,
    pub context: PileupContext,
    /// The cascade's probabilities of hom-ref, het and hom-alt. None: the pileup is unlike all that it was trained on.
    pub cascade: Option<[f32; 3]>,
    /// Whether the cascade is certain enough to decide.
    pub cascade_decides: bool,
    /// The network's probabilities before and after its calibration.
    pub uncalibrated: [f32; 3],
    pub network: [f32; 3],
    /// What the network looked at, if it was asked.
    pub attribution: Option<Attribution>,
}

/// A candidate with all that decided its call.
#[derive(Clone)]
pub struct ExplainedCandidate {
    pub candidate: Candidate,
    pub sets: Vec<ExplainedSet>,
    /// The call before and after overlapping calls were resolved.
    pub before: Call,
    pub call: Call,
}

/// A partition with its evidence and its candidates, ascending by the position of their calls. Their overlaps are not
/// resolved yet.
pub struct ExplainedPartition {
    pub partition: Partition,
    pub evidence: Evidence,
    pub candidates: Vec<ExplainedCandidate>,
    /// Candidates where the sample has no copy of the contig.
    pub without_copy: Vec<Candidate>,
}

/// Opens inputs and models to explain calls.
pub struct Explainer {
    pub caller: Caller,
    /// The same models without calibration.
    uncalibrated: Inference,
}

impl Explainer {
    pub fn new(source: EvidenceSource, options: &CallingOptions) -> Result<Self> {
        let device = parse_device(&options.device)?;
        let without_calibration = |model: Model| {
            let mut card = model.card().clone();
            card.calibration = Default::default();
            model.with_card(card)
        };
        let models = load(&options.models)?.into_iter().map(without_calibration);
        let uncalibrated = Inference::new(models.collect::<Result<_>>()?, &[device])?;
        let options = CallingOptions {
            device: text(device),
            ..options.clone()
        };
        Ok(Self {
            caller: Caller::new(source, &options, Instant::now())?,
            uncalibrated,
        })
    }

    /// The explainer of one thread.
    pub fn worker(&self) -> Result<ExplainWorker<'_>> {
        Ok(ExplainWorker {
            caller: &self.caller,
            evidence: self.caller.source.worker()?,
            classifier: self.caller.inference.classifier()?,
            uncalibrated: self.uncalibrated()?,
            tiers: self.caller.tiers.as_ref(),
        })
    }

    /// A classifier whose probabilities are not calibrated.
    pub fn uncalibrated(&self) -> Result<PileupClassifier> {
        self.uncalibrated.classifier()
    }
}

/// The device as `--device` names it.
fn text(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        _ => "cpu".to_owned(),
    }
}

/// The readers and networks of one thread.
pub struct ExplainWorker<'a> {
    caller: &'a Caller,
    evidence: EvidenceWorker<'a>,
    classifier: PileupClassifier,
    uncalibrated: PileupClassifier,
    tiers: Option<&'a Tiers>,
}

impl ExplainWorker<'_> {
    pub fn explain(&mut self, partition: Partition) -> Result<ExplainedPartition> {
        let mut evidence = self.evidence.partition(&partition)?;
        let contig = &partition.region.contig;
        let found = std::mem::take(&mut evidence.candidates).into_iter();
        let ploidy = |candidate: &Candidate| self.caller.ploidy.at(contig, candidate.position);
        let (without_copy, found): (Vec<_>, Vec<_>) = found.partition(|c| ploidy(c) == Ploidy::Absent);
        let ploidies: Vec<Ploidy> = found.iter().map(ploidy).collect();
        let mut candidates = Vec::with_capacity(found.len());
        for (candidate, ploidy) in found.into_iter().zip(ploidies) {
            candidates.push(self.explain_candidate(candidate, ploidy, &evidence)?);
        }
        candidates.sort_by_key(|explained| explained.before.position);
        Ok(ExplainedPartition {
            partition,
            evidence,
            candidates,
            without_copy,
        })
    }

    fn explain_candidate(
        &mut self,
        candidate: Candidate,
        ploidy: Ploidy,
        evidence: &Evidence,
    ) -> Result<ExplainedCandidate> {
        let (reads, reference) = (&evidence.reads, &evidence.reference);
        let sets = allele_sets(&candidate);
        // The worker of the caller has the same rule.
        let cascades = self.caller.cascades.as_ref();
        let may_decide = sets.len() == 1;
        let mut explained = Vec::with_capacity(sets.len());
        for alleles in sets {
            let mut image = vec![0; PILEUP_SIZE];
            draw(&candidate, &alleles, reads, reference, &mut image);
            let variant_type = candidate.variant_type();
            let decided = cascades.and_then(|cascades| cascades.decide(&image, variant_type));
            let context = PileupContext::new(&candidate, &alleles, reads, self.caller.library.noise());
            explained.push(ExplainedSet {
                cascade: cascades.and_then(|cascades| cascades.judge(&image, variant_type)),
                cascade_decides: may_decide && decided.is_some(),
                uncalibrated: self.uncalibrated.classify(&[&image], &[context])?[0],
                network: self.classifier.classify(&[&image], &[context])?[0],
                alleles,
                image,
                context,
                attribution: None,
            });
        }
        let tier = self.tiers.map(|tiers| self.tier(tiers, &explained, ploidy));
        let before = Call {
            tier,
            ..call(&candidate, ploidy, &explained)
        };
        Ok(ExplainedCandidate {
            call: before.clone(),
            candidate,
            sets: explained,
            before,
        })
    }
}

impl ExplainWorker<'_> {
    /// The tier of a candidate, if a variant is called.
    fn tier(&self, tiers: &Tiers, explained: &[ExplainedSet], ploidy: Ploidy) -> u8 {
        let [only] = explained else {
            return tier(tiers, None, ploidy);
        };
        let decision = Decision {
            probabilities: decisive(only),
            is_of_cascade: only.cascade_decides,
        };
        let (cascades, sample) = (self.caller.cascades.as_ref(), self.caller.sample_evidence());
        let evidence = CallEvidence::of_variant(&only.image, only.context.variant_type, decision, cascades, sample);
        tier(tiers, evidence.as_ref(), ploidy)
    }
}

/// The probabilities that decide.
fn decisive(set: &ExplainedSet) -> [f32; 3] {
    match set.cascade {
        Some(cascade) if set.cascade_decides => cascade,
        _ => set.network,
    }
}

/// The call of a candidate, as the caller makes it.
fn call(candidate: &Candidate, ploidy: Ploidy, explained: &[ExplainedSet]) -> Call {
    let sets: Vec<_> = explained.iter().map(|set| set.alleles.clone()).collect();
    let is_decided = explained.iter().any(|set| set.cascade_decides);
    let probabilities: Vec<_> = explained.iter().map(decisive).collect();
    let classified = Classified {
        sets: &sets,
        probabilities: &probabilities,
        stage: match is_decided {
            true => DecidingStage::Cascade,
            false => DecidingStage::Network,
        },
    };
    call_genotype(candidate, ploidy, classified, |_| false)
}

/// Resolves the overlaps of explained candidates, as the caller does.
#[derive(Default)]
pub struct ExplainedOverlaps {
    contig: String,
    overlaps: OverlapResolver,
    waiting: VecDeque<ExplainedCandidate>,
}

impl ExplainedOverlaps {
    /// Adds the candidates of the next partition, and returns those that no later candidate can overlap, each with its
    /// contig.
    pub fn add(
        &mut self,
        partition: &Partition,
        candidates: Vec<ExplainedCandidate>,
    ) -> Vec<(String, ExplainedCandidate)> {
        let mut done = Vec::new();
        if partition.region.contig != self.contig {
            done.extend(self.finish());
            self.contig.clone_from(&partition.region.contig);
        }
        for explained in candidates {
            let released = self.overlaps.push(explained.before.clone());
            done.extend(self.resolved(released));
            self.waiting.push_back(explained);
        }
        let released = self.overlaps.release(partition.region.end);
        done.extend(self.resolved(released));
        done
    }

    /// The candidates that are left at the end.
    pub fn finish(&mut self) -> Vec<(String, ExplainedCandidate)> {
        let released = self.overlaps.finish();
        self.resolved(released)
    }

    /// Released calls come in the order in which they were added.
    fn resolved(&mut self, released: Vec<Call>) -> Vec<(String, ExplainedCandidate)> {
        let pairs = released
            .into_iter()
            .filter_map(|call| Some((call, self.waiting.pop_front()?)));
        pairs
            .map(|(call, explained)| (self.contig.clone(), ExplainedCandidate { call, ..explained }))
            .collect()
    }
}
