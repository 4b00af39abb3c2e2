//! Evaluates files contig by contig. Memory holds one contig, and a few bytes for each call.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rayon::prelude::*;

use super::options::{Options, Query};
use super::result::{EvaluatedCallSet, GivenUp, Subset};
use crate::evaluate::calls::{
    CallReader, Filtered, OtherOrder, SampleCall, Selection, check_reference, complete_half_calls, haploid_places,
    known_span, sequence_under,
};
use crate::evaluate::counts::{
    BUILT_IN, CONTAINED, CountKind, CountedCall, DIPLOID_RANK, Decided, GateTally, GqCalibration, HAPLOID_RANK, Record,
    Status, Stratum, Tally, TierTally, mark_boundaries, pair, read_bed, read_strata, with_truth,
};
use crate::evaluate::listing::{AnnotatedWriter, ErrorList};
use crate::evaluate::matching::{Superlocus, decide, preprocess, superloci};
use crate::gates::Gates;
use crate::genome::{Contig, Contigs, IntervalSet, Reference, ReferenceReader, Region, Sequence};
use crate::variants::{ExcludedCalls, Extent};

/// Number of superloci that are compared before their records are counted and dropped.
const BATCH: usize = 1 << 15;

/// Inputs that all call sets share, read once. Truth is not among them.
pub struct Evaluation {
    options: Options,
    reference: Reference,
    regions: Option<IntervalSet>,
    confident: Option<IntervalSet>,
    /// Those of the stratification, then the regions of the gates.
    strata: Vec<Stratum>,
    gates: Option<Gates>,
}

/// Evaluates one call set. A shorthand for [`Evaluation::open`] and [`Evaluation::run`].
pub fn evaluate(options: Options, query: PathBuf, sample: Option<&str>) -> Result<EvaluatedCallSet> {
    let query = Query {
        path: query,
        sample: sample.map(str::to_owned),
        sample_flag: "--sample",
    };
    let mut runs = Evaluation::open(options)?.run(&[query], None)?;
    Ok(runs.remove(0))
}

impl Evaluation {
    /// Reads and checks all inputs except the calls.
    pub fn open(options: Options) -> Result<Self> {
        let reference = Reference::open(&options.reference)?;
        let contigs = reference.contigs();
        let bed = |path: &Option<PathBuf>| path.as_ref().map(|p| read_bed(p, contigs)).transpose();
        let confident = bed(&options.confident)?;
        let regions = match options.regions.is_everything() {
            true => None,
            false => Some(options.regions.resolve(contigs, contigs)?),
        };
        let mut strata = match &options.stratification {
            Some(path) => read_strata(path, contigs)?,
            None => Vec::new(),
        };
        let gates = options
            .gates
            .as_ref()
            .map(|path| Gates::read(path, contigs))
            .transpose()?;
        add_gates(&mut strata, gates.as_ref())?;
        Ok(Self {
            options,
            reference,
            regions,
            confident,
            strata,
            gates,
        })
    }

    pub fn gates(&self) -> Option<&Gates> {
        self.gates.as_ref()
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Compares call sets with truth. If a path is given, writes the records of the first call set, and their index.
    pub fn run(&self, queries: &[Query], annotated: Option<&Path>) -> Result<Vec<EvaluatedCallSet>> {
        let runs = self.run_in_order(queries, annotated, false);
        match runs {
            Err(error) if error.is::<OtherOrder>() => self.run_in_order(queries, annotated, true),
            runs => runs,
        }
    }

    /// Compares call sets. `at_once`: read all calls before the comparison, for files with contigs in another order.
    fn run_in_order(
        &self,
        queries: &[Query],
        annotated: Option<&Path>,
        at_once: bool,
    ) -> Result<Vec<EvaluatedCallSet>> {
        let contigs = self.reference.contigs();
        let read = |path: &Path, sample, sample_flag, filtered: Filtered| {
            let selection = Selection {
                sample,
                sample_flag,
                regions: self.regions.as_ref(),
                filtered,
                score: &self.options.score,
                gates: self.gates.as_ref().filter(|_| filtered == Filtered::Marked),
            };
            CallReader::open(path, contigs, selection, at_once)
        };
        let filtered = match self.options.use_filtered_truth {
            true => Filtered::AsPassed,
            false => Filtered::Excluded,
        };
        let truth_sample = self.options.truth_sample.as_deref();
        let mut truth = read(&self.options.truth, truth_sample, "--truth-sample", filtered)?;
        let names = self.strata_names();
        let mut sides = Vec::new();
        for query in queries {
            let calls = read(
                &query.path,
                query.sample.as_deref(),
                query.sample_flag,
                Filtered::Marked,
            )?;
            let gates = self.gates.as_ref().map_or(0, |gates| gates.gates.len());
            sides.push(CallSetScoring::new(calls, &self.reference, &names, gates)?);
        }
        if let (Some(path), Some(first)) = (annotated, sides.first_mut()) {
            first.annotated = Some(AnnotatedWriter::create(path, &names)?);
        }
        let mut spans = Vec::new();
        let mut any_truth = self.confident.is_some();
        for (rank, contig) in contigs.iter().enumerate() {
            let truth_calls = truth.contig(rank)?;
            any_truth |= !truth_calls.is_empty();
            let is_confident = |set: &IntervalSet| !set.on(&contig.name).is_empty();
            if truth_calls.is_empty() && !self.confident.as_ref().is_some_and(is_confident) {
                for side in &mut sides {
                    side.run.without_truth += side.calls.contig(rank)?.len();
                }
                continue;
            }
            spans.push(known_span(&self.reference, contig)?);
            for side in &mut sides {
                self.contig(contig, rank, &truth_calls, side)?;
            }
        }
        ensure!(
            any_truth,
            "no truth to compare with: {} has no call that passes its filters{}",
            self.options.truth.display(),
            if self.regions.is_some() { " in the regions" } else { "" }
        );
        let mut spans = IntervalSet::from_regions(spans);
        if let Some(regions) = &self.regions {
            spans = spans.intersect(regions);
        }
        let finish = |side: CallSetScoring| side.finish(&spans, &truth.left_out, &self.options, contigs);
        sides.into_iter().map(finish).collect()
    }

    /// Compares the calls of one contig.
    fn contig(&self, contig: &Contig, rank: usize, truth: &[SampleCall], side: &mut CallSetScoring) -> Result<()> {
        let called = side.calls.contig(rank)?;
        let sequence = sequence_under(&self.reference, contig, &[truth, &called])?;
        check_reference(truth, &sequence, contig, &self.options.truth)?;
        check_reference(&called, &sequence, contig, &side.calls.path)?;
        let haploid = haploid_places(contig, truth, &called);
        let truth = &complete_half_calls(truth, &haploid, &contig.name);
        let completed = complete_half_calls(&called, &haploid, &contig.name);
        let query = preprocess(&completed, &sequence, self.options.phased);
        drop(called);
        let places = Places {
            confident: self.confident.as_ref().map(|set| with_truth(set, &contig.name, truth)),
            haploid,
        };
        for loci in superloci(truth, &query, &sequence).chunks(BATCH) {
            let records = self.compare(contig, loci, [truth, &query], &sequence, &places);
            side.add(contig, records, self.regions.as_ref())?;
        }
        side.haploid.extend(places.haploid.regions());
        Ok(())
    }

    /// The records of a few superloci, with decisions and strata.
    fn compare(
        &self,
        contig: &Contig,
        loci: &[Superlocus],
        [truth, query]: [&[SampleCall]; 2],
        sequence: &Sequence,
        places: &Places,
    ) -> Vec<Vec<Record>> {
        let records = |locus: &Superlocus| -> Vec<Record> {
            let (truth, query) = (&truth[locus.truth.clone()], &query[locus.query.clone()]);
            let (truth_decisions, query_decisions) =
                decide(truth, query, sequence, self.options.phased, self.options.limits);
            let mut records = pair(
                Decided {
                    calls: truth,
                    decisions: &truth_decisions,
                },
                Decided {
                    calls: query,
                    decisions: &query_decisions,
                },
            );
            records.iter_mut().for_each(|r| self.place(r, &contig.name, places));
            if places.confident.is_some() {
                mark_boundaries(&mut records);
            }
            records
        };
        loci.par_iter().with_min_len(64).map(records).collect()
    }

    /// Sets a record's strata and whether it is confident. Outside the confident regions its status is unknown.
    fn place(&self, record: &mut Record, contig: &str, places: &Places) {
        let alternates = record.alternates.iter().map(Vec::as_slice);
        let extent = Extent::new(record.position, &record.reference, alternates);
        record.confident = places.confident.as_ref().is_none_or(|set| extent.is_in(set, contig));
        if !record.confident {
            for entry in [&mut record.truth, &mut record.query].into_iter().flatten() {
                entry.verdict = Status::Unknown;
            }
        }
        let strata = self.strata.iter().enumerate();
        let given = strata
            .filter(|(_, stratum)| extent.is_in(&stratum.regions, contig))
            .map(|(i, _)| (BUILT_IN.len() + i) as u16);
        let is_haploid = places.haploid.contains(contig, record.position);
        record.strata = is_haploid.then_some(HAPLOID_RANK).into_iter().chain(given).collect();
    }

    /// The subsets of the tables: `*`, subsets of the confident regions with calls, subsets by ploidy, and the strata.
    pub fn subsets(&self, run: &EvaluatedCallSet) -> Vec<Subset> {
        let confident = self
            .confident
            .as_ref()
            .map_or_else(|| run.spans.clone(), |c| run.spans.intersect(c));
        let all = Subset {
            name: "*".into(),
            rank: 0,
            size: run.spans.bases(),
            confident_size: confident.bases(),
        };
        let built_in = BUILT_IN[..2].iter().enumerate().map(|(i, name)| Subset {
            name: (*name).to_owned(),
            rank: i + 1,
            size: if *name == CONTAINED {
                all.confident_size
            } else {
                all.size
            },
            confident_size: all.confident_size,
        });
        let built_in: Vec<_> = built_in.filter(|s| run.tally.has_calls(s.rank)).collect();
        let by_ploidy = self.by_ploidy(run, &all, &confident);
        let strata = self.strata.iter().enumerate().map(|(i, stratum)| Subset {
            name: stratum.name.clone(),
            rank: BUILT_IN.len() + i + 1,
            size: run.spans.intersect(&stratum.regions).bases(),
            confident_size: confident.intersect(&stratum.regions).bases(),
        });
        std::iter::once(all.clone())
            .chain(built_in)
            .chain(by_ploidy)
            .chain(strata)
            .collect()
    }

    /// The subsets by ploidy that have calls. None if all calls are diploid.
    fn by_ploidy(&self, run: &EvaluatedCallSet, all: &Subset, confident: &IntervalSet) -> Vec<Subset> {
        let haploid = Subset {
            size: run.spans.intersect(&run.haploid).bases(),
            confident_size: confident.intersect(&run.haploid).bases(),
            ..Subset::of_ploidy(HAPLOID_RANK)
        };
        let diploid = Subset {
            size: all.size - haploid.size,
            confident_size: all.confident_size - haploid.confident_size,
            ..Subset::of_ploidy(DIPLOID_RANK)
        };
        let is_mixed = run.tally.has_calls(haploid.rank);
        let subsets = [haploid, diploid].into_iter();
        subsets.filter(|s| is_mixed && run.tally.has_calls(s.rank)).collect()
    }

    /// Names of the strata that lie only on contigs that the reference lacks, with these contigs.
    pub fn strata_elsewhere(&self) -> impl Iterator<Item = (&str, &str)> {
        let strata = self
            .strata
            .iter()
            .filter(|s| s.regions.is_empty() && !s.unknown.is_empty());
        strata.map(|s| (s.name.as_str(), s.unknown.as_str()))
    }

    /// Names of the strata, in the order of `Record::strata`.
    pub fn strata_names(&self) -> Vec<&str> {
        let given = self.strata.iter().map(|s| s.name.as_str());
        BUILT_IN.into_iter().chain(given).collect()
    }
}

/// Adds the regions of gates to the strata. A gate that holds everywhere is no stratum.
fn add_gates(strata: &mut Vec<Stratum>, gates: Option<&Gates>) -> Result<()> {
    for gate in gates.into_iter().flat_map(|gates| &gates.gates) {
        let Some(regions) = &gate.regions else { continue };
        let is_taken = BUILT_IN.contains(&gate.name.as_str()) || strata.iter().any(|s| s.name == gate.name);
        ensure!(
            !is_taken,
            "--gates: gate '{}' has the name of a stratum; rename it",
            gate.name
        );
        strata.push(Stratum {
            name: gate.name.clone(),
            regions: regions.clone(),
            unknown: String::new(),
        });
    }
    Ok(())
}

/// Intervals of one contig.
struct Places {
    confident: Option<IntervalSet>,
    haploid: IntervalSet,
}

/// A call set during the comparison, with its results so far.
struct CallSetScoring<'a> {
    calls: CallReader<'a>,
    run: EvaluatedCallSet,
    reader: ReferenceReader,
    strata: &'a [&'a str],
    haploid: Vec<Region>,
    annotated: Option<AnnotatedWriter>,
}

impl<'a> CallSetScoring<'a> {
    fn new(calls: CallReader<'a>, reference: &Reference, strata: &'a [&'a str], gates: usize) -> Result<Self> {
        Ok(Self {
            run: EvaluatedCallSet {
                query: calls.path.clone(),
                sample: calls.sample.clone(),
                filters: Vec::new(),
                spans: IntervalSet::default(),
                haploid: IntervalSet::default(),
                tally: Tally::new(strata.len()),
                observations: Vec::new(),
                floor: 0.0,
                called: 0,
                scored: 0,
                score_step: 0.0,
                calibration: GqCalibration::default(),
                gates: GateTally::new(gates),
                tiers: TierTally::default(),
                errors: ErrorList::default(),
                given_up: Vec::new(),
                without_truth: 0,
                left_out: ExcludedCalls::default(),
                truth_left_out: ExcludedCalls::default(),
            },
            calls,
            reader: reference.reader()?,
            strata,
            haploid: Vec::new(),
            annotated: None,
        })
    }

    /// Counts the records of consecutive superloci.
    fn add(&mut self, contig: &Contig, loci: Vec<Vec<Record>>, regions: Option<&IntervalSet>) -> Result<()> {
        for locus in &loci {
            self.run.given_up.extend(GivenUp::find(contig, locus));
        }
        let inside = |r: &Record| regions.is_none_or(|regions| regions.contains(&contig.name, r.position));
        let mut records: Vec<Record> = loci.into_iter().flatten().filter(inside).collect();
        // A deletion beside a substitution begins one base earlier after it gets an anchor base.
        records.sort_by_key(|record| record.position);
        for record in &records {
            self.run.tally.add(record);
            self.run.observations.extend(CountedCall::from_record(record));
            self.run.calibration.add(record);
            self.run.gates.add(record);
            self.run.tiers.add(record);
            self.run.errors.add(contig, record, &self.reader, self.strata)?;
            if let Some(writer) = &mut self.annotated {
                writer.add(&contig.name, record, &self.calls.filters)?;
            }
        }
        Ok(())
    }

    /// Sorts the counted calls by score, and completes the annotated VCF.
    fn finish(
        self,
        spans: &IntervalSet,
        truth: &ExcludedCalls,
        options: &Options,
        contigs: &Contigs,
    ) -> Result<EvaluatedCallSet> {
        let mut run = self.run;
        let is_query = |call: &&CountedCall| !matches!(call.part, CountKind::TruthTp | CountKind::TruthFn);
        run.called = run.observations.iter().filter(is_query).count();
        run.scored = (run.observations.iter().filter(is_query))
            .filter(|call| !call.score.is_nan())
            .count();
        let scores = || {
            run.observations
                .iter()
                .map(|call| call.score)
                .filter(|score| !score.is_nan())
        };
        run.score_step = options.score_step.unwrap_or_else(|| options.score.step(scores()));
        run.floor = scores().fold(0.0, f32::min);
        for call in run.observations.iter_mut().filter(|call| call.score.is_nan()) {
            call.score = run.floor;
        }
        run.observations
            .par_sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
        run.spans = spans.clone();
        run.haploid = IntervalSet::from_regions(self.haploid);
        run.filters = self.calls.filters;
        run.left_out = self.calls.left_out;
        run.truth_left_out = truth.clone();
        if let Some(writer) = self.annotated {
            writer.finish(&run.filters, contigs)?;
        }
        Ok(run)
    }
}
