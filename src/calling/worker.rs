//! One thread of the caller: calls the candidates of partitions.

use std::collections::BTreeMap;

use anyhow::Result;

use super::caller::Caller;
use super::genotype::{Classified, call_genotype};
use super::named::NamedAlleles;
use crate::candidates::{Candidate, coverage, named_candidates};
use crate::evidence::{Evidence, EvidenceWorker};
use crate::examples::{ROW_BYTES, filled_rows};
use crate::genome::{PARTITION_FLANK, Partition, Sequence};
use crate::model::{CallEvidence, Cascades, Decision, PileupClassifier, SampleEvidence, Tiers};
use crate::panel::{PanelReader, PanelRecord};
use crate::pileup;
use crate::pileup::{PILEUP_SIZE, PileupContext};
use crate::ploidy::PloidyMap;
use crate::reads::{Read, ReadCounts};
use crate::runtime::{Stage, StageCosts, Stopwatch};
use crate::variants::{Call, Covered, CoveredRun, DecidingStage, Ploidy, unseen_allele_probabilities};

/// Maximum number of partitions in a chunk.
const MOST_PARTITIONS: usize = 32;
/// A chunk holds the remaining partitions divided by this number and by the number of threads.
const CHUNKS_TO_COME: usize = 4;

/// Divides partitions into chunks. The network gets the pileups of a chunk together, because the ten or so pileups of
/// one partition are too few to be fast. Chunks get smaller towards the end, so that no thread waits long for another;
/// one thread alone waits for none. If reads are kept, each chunk is one partition, to limit memory.
pub fn chunks(partitions: Vec<Partition>, threads: usize, keeps_reads: bool) -> Vec<Vec<Partition>> {
    let most = if keeps_reads { 1 } else { MOST_PARTITIONS };
    let mut rest = partitions.into_iter();
    let mut chunks = Vec::new();
    while rest.len() > 0 {
        let share = match threads {
            1 => rest.len(),
            _ => rest.len() / (threads * CHUNKS_TO_COME),
        };
        let length = share.clamp(1, most);
        chunks.push(rest.by_ref().take(length).collect());
    }
    chunks
}

/// One partition and its calls.
pub struct CalledPartition {
    pub partition: Partition,
    /// Ascending by position, all within the partition.
    pub calls: Vec<Call>,
    /// Calls of alleles whose record in the panel lies in the partition, but whose normalized form does not.
    pub outside: Vec<Call>,
    /// The records of the panel in the partition and its flanks.
    pub records: Vec<PanelRecord>,
    /// The pieces of the partition, each with one ploidy; empty unless [`Extras::coverage`] is set.
    pub covered: Vec<Covered>,
    /// Empty unless [`Extras::reads`] is set.
    pub reads: Vec<Read>,
    pub counts: ReadCounts,
}

/// What to return for each partition in addition to its calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    pub coverage: bool,
    pub reads: bool,
}

/// One partition whose pileups are drawn.
struct DrawnPartition {
    partition: Partition,
    /// Those that the reads show, then one for each forced allele.
    candidates: Vec<Candidate>,
    records: Vec<PanelRecord>,
    named: NamedAlleles,
    /// Allele sets of each candidate. Each set has one pileup.
    sets: Vec<Vec<Vec<usize>>>,
    /// The stage that decided each candidate.
    stages: Vec<DecidingStage>,
    covered: Vec<Covered>,
    reads: Vec<Read>,
    counts: ReadCounts,
}

/// One thread's readers and network.
pub struct Worker<'a> {
    evidence: EvidenceWorker<'a>,
    cascades: Option<&'a Cascades>,
    classifier: PileupClassifier,
    ploidy: &'a PloidyMap,
    panel: Option<PanelReader<'a>>,
    tiers: Option<&'a Tiers>,
    /// What tiers know of the whole sample.
    sample: SampleEvidence,
    extras: Extras,
    /// Buffer for one image.
    image: Vec<u8>,
    /// At most as many as the network gets together.
    waiting: Vec<WaitingImage>,
    batch_size: usize,
}

/// What the networks say of each allele set of the candidates of a chunk.
#[derive(Default)]
struct Answers {
    probabilities: Vec<[f32; 3]>,
    /// What the tiers of variants are judged by; empty without tiers.
    evidence: BTreeMap<usize, CallEvidence>,
}

/// An image that waits for the network.
struct WaitingImage {
    /// Index of its probabilities.
    place: usize,
    /// Whether a tier may be fitted to its candidate.
    has_tier: bool,
    context: PileupContext,
    /// The filled rows.
    rows: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub fn new(caller: &'a Caller, extras: Extras) -> Result<Self> {
        let batch_size = caller.batch_size.max(1);
        let panel = caller.panel.as_ref();
        Ok(Self {
            evidence: caller.source.worker()?,
            cascades: caller.cascades.as_ref(),
            classifier: caller.inference.classifier()?,
            ploidy: &caller.ploidy,
            panel: panel.map(|panel| panel.reader(&caller.source.reference)).transpose()?,
            tiers: caller.tiers.as_ref(),
            sample: caller.sample_evidence(),
            extras,
            image: vec![0; PILEUP_SIZE],
            waiting: Vec::new(),
            batch_size,
        })
    }

    pub fn call(&mut self, partitions: Vec<Partition>) -> Result<(Vec<CalledPartition>, StageCosts)> {
        let mut timings = StageCosts::default();
        let mut answers = Answers::default();
        let mut drawn = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let mut evidence = self.evidence.partition(&partition)?;
            timings += std::mem::take(&mut evidence.timings);
            let ploidy = |position| self.ploidy.at(&partition.region.contig, position);
            evidence
                .candidates
                .retain(|candidate| ploidy(candidate.position) != Ploidy::Absent);
            let covered = self.cover(&partition, &evidence, &mut timings);
            let records = self.records_around(&partition)?;
            let named = self.add_named(&partition, &records, &mut evidence);
            let sets: Vec<_> = evidence.candidates.iter().map(pileup::allele_sets).collect();
            let stages = self.draw(&evidence, &sets, named.forced.len(), &mut answers, &mut timings)?;
            drawn.push(DrawnPartition {
                partition,
                candidates: evidence.candidates,
                records,
                named,
                sets,
                stages,
                covered,
                counts: evidence.counts,
                reads: if self.extras.reads { evidence.reads } else { Vec::new() },
            });
        }
        self.ask_network(&mut answers, &mut timings)?;
        let mut done = 0;
        let called = drawn
            .into_iter()
            .map(|drawn| drawn.genotype(self.ploidy, self.tiers, &answers, &mut done));
        Ok((called.collect(), timings))
    }

    /// Coverage of each position for the gVCF; empty unless [`Extras::coverage`] is set.
    fn cover(&self, partition: &Partition, evidence: &Evidence, timings: &mut StageCosts) -> Vec<Covered> {
        if !self.extras.coverage {
            return Vec::new();
        }
        let mut clock = Stopwatch::start();
        let (region, reference) = (&partition.region, &evidence.reference);
        let is_requested = |position| self.evidence.is_requested(&region.contig, position);
        let min_quality = self.evidence.min_base_quality();
        let counts = coverage(&evidence.reads, reference, region, min_quality, is_requested);
        let pieces = self.ploidy.pieces(region).into_iter().map(|(piece, ploidy)| {
            let positions = partition.positions().filter(|at| piece.contains(at));
            let counted = positions.map(|at| (at, counts[(at - region.start) as usize]));
            Covered {
                ploidy,
                reference: Sequence::new(piece.start, reference.slice(piece.start, piece.end).to_vec()),
                runs: CoveredRun::group(counted),
            }
        });
        let covered = pieces.collect();
        clock.lap(timings, Stage::Coverage, partition.bases() as usize);
        covered
    }

    /// The records of the panel in a partition and its flanks.
    fn records_around(&mut self, partition: &Partition) -> Result<Vec<PanelRecord>> {
        let region = &partition.region;
        let (start, end) = (
            region.start.saturating_sub(PARTITION_FLANK),
            region.end + PARTITION_FLANK,
        );
        let panel = self.panel.as_mut();
        panel.map_or(Ok(Vec::new()), |panel| panel.read(&region.contig, start, end))
    }

    /// Adds a candidate for each allele of the panel that the reads show too rarely, or not at all.
    fn add_named(&self, partition: &Partition, records: &[PanelRecord], evidence: &mut Evidence) -> NamedAlleles {
        if records.is_empty() {
            return NamedAlleles::default();
        }
        let reference = &evidence.reference;
        let mut named = NamedAlleles::new(records, partition, &evidence.candidates, reference);
        let ploidy = |position| self.ploidy.at(&partition.region.contig, position);
        named.forced.retain(|allele| ploidy(allele.position) != Ploidy::Absent);
        let min_quality = self.evidence.min_base_quality();
        let candidates = named_candidates(&evidence.reads, reference, &named.forced, min_quality);
        evidence.candidates.extend(candidates);
        named
    }

    /// Appends the answers for each allele set of each candidate, and returns the stage that decides each candidate. If the
    /// cascade does not decide a set, the network fills in its answer when a batch of images is full. Of the last `forced` candidates, the network sees those with a supporting read.
    fn draw(
        &mut self,
        evidence: &Evidence,
        sets: &[Vec<Vec<usize>>],
        forced: usize,
        answers: &mut Answers,
        timings: &mut StageCosts,
    ) -> Result<Vec<DecidingStage>> {
        let mut stages = Vec::with_capacity(sets.len());
        let found = sets.len() - forced;
        for (number, (candidate, sets)) in evidence.candidates.iter().zip(sets).enumerate() {
            let is_forced = number >= found;
            if is_forced && candidate.alternates[0].depth == 0 {
                answers.probabilities.push(unseen_allele_probabilities(candidate.depth));
                stages.push(DecidingStage::Forced);
                continue;
            }
            let cascades = self.cascades.filter(|_| sets.len() == 1 && !is_forced);
            let mut stage = match is_forced {
                true => DecidingStage::Forced,
                false => DecidingStage::Network,
            };
            let has_tier = self.tiers.is_some() && sets.len() == 1 && !is_forced;
            for set in sets {
                let mut clock = Stopwatch::start();
                let image = &mut self.image;
                pileup::draw(candidate, set, &evidence.reads, &evidence.reference, image);
                clock.lap(timings, Stage::Pileups, 1);
                let decided = cascades.and_then(|cascades| cascades.decide(image, candidate.variant_type()));
                clock.lap(timings, Stage::Cascade, usize::from(cascades.is_some()));
                let place = answers.probabilities.len();
                match decided {
                    Some(probabilities) => {
                        stage = DecidingStage::Cascade;
                        if has_tier {
                            let decision = Decision {
                                probabilities,
                                is_of_cascade: true,
                            };
                            let variant_type = candidate.variant_type();
                            let evidence =
                                CallEvidence::of_variant(image, variant_type, decision, self.cascades, self.sample);
                            answers.evidence.extend(evidence.map(|evidence| (place, evidence)));
                        }
                    }
                    None => {
                        self.waiting.push(WaitingImage {
                            place,
                            has_tier,
                            context: PileupContext::new(candidate, set, &evidence.reads, self.sample.noise),
                            rows: image[..filled_rows(image) * ROW_BYTES].to_vec(),
                        });
                    }
                }
                answers.probabilities.push(decided.unwrap_or_default());
                if self.waiting.len() == self.batch_size {
                    self.ask_network(answers, timings)?;
                }
            }
            stages.push(stage);
        }
        Ok(stages)
    }

    /// Fills in the answers for the waiting images.
    fn ask_network(&mut self, answers: &mut Answers, timings: &mut StageCosts) -> Result<()> {
        let mut clock = Stopwatch::start();
        let contexts: Vec<_> = self.waiting.iter().map(|image| image.context).collect();
        let images: Vec<_> = self.waiting.iter().map(|image| image.rows.as_slice()).collect();
        let results = self.classifier.classify(&images, &contexts)?;
        for (image, probabilities) in self.waiting.drain(..).zip(results) {
            answers.probabilities[image.place] = probabilities;
            if image.has_tier {
                let decision = Decision {
                    probabilities,
                    is_of_cascade: false,
                };
                let variant_type = image.context.variant_type;
                let evidence =
                    CallEvidence::of_variant(&image.rows, variant_type, decision, self.cascades, self.sample);
                answers
                    .evidence
                    .extend(evidence.map(|evidence| (image.place, evidence)));
            }
        }
        clock.lap(timings, Stage::Network, contexts.len());
        Ok(())
    }
}

impl DrawnPartition {
    /// Calls the candidates. Their answers begin at `done`, which moves on.
    fn genotype(
        self,
        ploidy: &PloidyMap,
        tiers: Option<&Tiers>,
        answers: &Answers,
        done: &mut usize,
    ) -> CalledPartition {
        let region = &self.partition.region;
        let candidates = self.candidates.iter().zip(&self.sets).zip(self.stages);
        let mut calls: Vec<Call> = candidates
            .map(|((candidate, sets), stage)| {
                let first = *done;
                *done += sets.len();
                let classified = Classified {
                    sets,
                    probabilities: &answers.probabilities[first..*done],
                    stage,
                };
                let is_named = |alternate| self.named.has(candidate, alternate);
                let ploidy = ploidy.at(&region.contig, candidate.position);
                let call = call_genotype(candidate, ploidy, classified, is_named);
                let tier = tiers.map(|tiers| tier(tiers, answers.evidence.get(&first), ploidy));
                Call { tier, ..call }
            })
            .collect();
        let mut outside = Vec::new();
        let forced = calls.split_off(calls.len() - self.named.forced.len());
        for (mut call, allele) in forced.into_iter().zip(self.named.forced) {
            // The candidate shows only the first base of an allele that replaces several bases by as many.
            (call.reference, call.alternates) = (allele.reference, vec![allele.bases]);
            match self.partition.contains(allele.position) {
                true => calls.push(call),
                false => outside.push(call),
            }
        }
        calls.sort_by_key(|call| call.position);
        CalledPartition {
            calls,
            outside,
            records: self.records,
            partition: self.partition,
            covered: self.covered,
            reads: self.reads,
            counts: self.counts,
        }
    }
}

/// The tier of a variant. Tiers are fitted to diploid candidates of one alternate; all other variants are confirmed.
pub(super) fn tier(tiers: &Tiers, evidence: Option<&CallEvidence>, ploidy: Ploidy) -> u8 {
    let evidence = evidence.filter(|_| ploidy == Ploidy::Diploid);
    evidence.map_or(2, |evidence| tiers.tier(evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    #[test]
    fn chunks_keep_the_order_and_get_smaller() {
        let partition = |index: usize| Partition {
            index,
            region: Region::new("a", 0, 1),
            parts: vec![(0, 1)],
            evidence: Region::new("a", 0, 1),
            previous_end: 0,
        };
        let lengths = |n, threads, keeps_reads| -> Vec<usize> {
            let chunks = chunks((0..n).map(partition).collect(), threads, keeps_reads);
            let indices: Vec<_> = chunks.iter().flatten().map(|p| p.index).collect();
            assert_eq!(indices, (0..n).collect::<Vec<_>>());
            chunks.iter().map(Vec::len).collect()
        };
        assert_eq!(
            lengths(40, 2, false),
            [5, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
        );
        assert_eq!(lengths(1000, 2, false)[..3], [MOST_PARTITIONS; 3]);
        assert_eq!(lengths(MOST_PARTITIONS + 9, 1, false), [MOST_PARTITIONS, 9]);
        assert_eq!(lengths(20, 2, true), [1; 20]);
        assert!(lengths(0, 2, false).is_empty());
    }
}
