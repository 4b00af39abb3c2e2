//! From files to counts.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use rayon::prelude::*;

use super::call::Call;
use super::call_set::{CallSet, Selection};
use super::context::{check_reference, known_span, sequence_under, with_context};
use super::kind::Type;
use super::preprocess::preprocess;
use super::record::{Decided, Record, ScoreField, Verdict, pair};
use super::search::Limits;
use super::strata::{BUILT_IN, CONTAINED, Extent, Stratum, mark_boundaries, read_bed, read_strata, with_truth};
use super::superlocus::{Superlocus, decide, superloci};
use super::tally::{Counts, Filter, Tally};
use crate::genome::{Contig, IntervalSet, Reference, Region, Sequence, resolve_regions};

/// What to compare, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Indexed FASTA.
    pub reference: PathBuf,
    pub truth: PathBuf,
    /// Where truth knows everything; without it, everywhere.
    pub confident: Option<PathBuf>,
    /// Region strings and BED files; empty = everywhere.
    pub regions: Vec<String>,
    /// A `name<TAB>bed` file.
    pub stratification: Option<PathBuf>,
    /// Needed where truth has several samples.
    pub truth_sample: Option<String>,
    /// Let variants of one phase set keep their phase.
    pub phased: bool,
    pub score: ScoreField,
    pub limits: Limits,
}

/// Truth and everything else that several call sets are compared with, read once.
pub struct Evaluation {
    options: Options,
    reference: Reference,
    truth: CallSet,
    regions: Option<IntervalSet>,
    confident: Option<IntervalSet>,
    strata: Vec<Stratum>,
}

/// A call set, evaluated.
pub struct Run {
    /// The query's file, sample, and filter names.
    pub query: PathBuf,
    pub sample: String,
    pub filters: Vec<String>,
    /// By contig, in the order of the reference; records in order of position.
    pub contigs: Vec<(Contig, Vec<Record>)>,
    /// The evaluated contigs without the Ns at their ends.
    pub spans: IntervalSet,
    pub tally: Tally,
    /// Stretches (1-based) where the search was given up and spellings were compared.
    pub too_dense: Vec<Region>,
    /// Query calls on contigs without any truth: not evaluated.
    pub without_truth: usize,
    /// Query calls of more than two alleles: not compared.
    pub polyploid: usize,
}

/// Name and size of a subset of the tables.
#[derive(Clone, Debug)]
pub struct Subset {
    pub name: String,
    /// Its rank in the tally.
    pub rank: usize,
    /// Bases.
    pub size: u64,
    pub confident_size: u64,
}

/// Evaluates one call set. A shorthand for [`Evaluation::open`] and [`Evaluation::run`].
pub fn evaluate(options: Options, query: PathBuf, sample: Option<&str>) -> Result<Run> {
    Evaluation::open(options)?.run(query, sample)
}

impl Evaluation {
    /// Reads and checks everything but the query.
    pub fn open(options: Options) -> Result<Self> {
        let reference = Reference::open(&options.reference)?;
        let contigs = reference.contigs();
        let bed = |path: &Option<PathBuf>| path.as_ref().map(|p| read_bed(p, contigs)).transpose();
        let confident = bed(&options.confident)?;
        let regions = match options.regions.is_empty() {
            true => None,
            false => Some(resolve_regions(&options.regions, contigs)?),
        };
        let strata = match &options.stratification {
            Some(path) => read_strata(path, contigs)?,
            None => Vec::new(),
        };
        let truth = CallSet::read(
            &options.truth,
            contigs,
            &Selection {
                sample: options.truth_sample.as_deref(),
                sample_flag: "--truth-sample",
                within: regions.as_ref().map(with_context).as_ref(),
                pass_only: true,
            },
        )?;
        ensure!(
            confident.is_some() || truth.calls.iter().any(|calls| !calls.is_empty()),
            "no truth to compare with: {} has no call that passes its filters{}",
            options.truth.display(),
            if regions.is_some() { " in the regions" } else { "" }
        );
        Ok(Self {
            options,
            reference,
            truth,
            regions,
            confident,
            strata,
        })
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Compares a call set with truth.
    pub fn run(&self, query: PathBuf, sample: Option<&str>) -> Result<Run> {
        let calls = CallSet::read(
            &query,
            self.reference.contigs(),
            &Selection {
                sample,
                sample_flag: "--sample",
                within: self.regions.as_ref().map(with_context).as_ref(),
                pass_only: false,
            },
        )?;
        let mut run = Run {
            query,
            sample: calls.sample.clone(),
            filters: calls.filters.clone(),
            contigs: Vec::new(),
            spans: IntervalSet::default(),
            tally: Tally::new(BUILT_IN.len() + self.strata.len()),
            too_dense: Vec::new(),
            without_truth: 0,
            polyploid: calls.polyploid,
        };
        let mut spans = Vec::new();
        for (rank, contig) in self.reference.contigs().iter().enumerate() {
            let (truth, called) = (&self.truth.calls[rank], &calls.calls[rank]);
            let is_known = |set: &IntervalSet| !set.on(&contig.name).is_empty();
            if truth.is_empty() && !self.confident.as_ref().is_some_and(is_known) {
                run.without_truth += called.len();
                continue;
            }
            spans.push(known_span(&self.reference, contig)?);
            let sequence = sequence_under(&self.reference, contig, &[truth, called])?;
            check_reference(truth, &sequence, contig, &self.truth.path)?;
            check_reference(called, &sequence, contig, &calls.path)?;
            let called = preprocess(called, &sequence, self.options.phased);
            let records = self.compare(contig, truth, &called, &sequence, &mut run.too_dense);
            records.iter().for_each(|record| run.tally.add(record));
            run.contigs.push((contig.clone(), records));
        }
        run.spans = IntervalSet::from_regions(spans);
        if let Some(regions) = &self.regions {
            run.spans = run.spans.intersect(regions);
        }
        Ok(run)
    }

    /// The records of one contig, decided, with their regions.
    fn compare(
        &self,
        contig: &Contig,
        truth: &[Call],
        query: &[Call],
        sequence: &Sequence,
        too_dense: &mut Vec<Region>,
    ) -> Vec<Record> {
        let confident = self.confident.as_ref().map(|set| with_truth(set, &contig.name, truth));
        let one = |locus: &Superlocus| -> Vec<Record> {
            let (truth, query) = (&truth[locus.truth.clone()], &query[locus.query.clone()]);
            let (of_truth, of_query) = decide(truth, query, sequence, self.options.phased, self.options.limits);
            let mut records = pair(
                Decided {
                    calls: truth,
                    decisions: &of_truth,
                },
                Decided {
                    calls: query,
                    decisions: &of_query,
                },
                self.options.score,
            );
            records
                .iter_mut()
                .for_each(|r| self.place(r, &contig.name, confident.as_ref()));
            if confident.is_some() {
                mark_boundaries(&mut records);
            }
            records
        };
        let loci = superloci(truth, query);
        let records: Vec<Vec<Record>> = loci.par_iter().with_min_len(64).map(one).collect();
        for locus in &records {
            let dense = |r: &&Record| [&r.truth, &r.query].into_iter().flatten().any(|e| e.by_spelling);
            let start = locus.iter().filter(dense).map(|r| r.position).min();
            let end = locus.iter().filter(dense).map(Record::end).max();
            if let (Some(start), Some(end)) = (start, end) {
                too_dense.push(Region::new(&contig.name, start, end));
            }
        }
        let inside = |r: &Record| {
            self.regions
                .as_ref()
                .is_none_or(|regions| regions.contains(&contig.name, r.position))
        };
        let mut records: Vec<Record> = records.into_iter().flatten().filter(inside).collect();
        // A deletion beside a substitution begins one base before it once it is spelt with that base.
        records.sort_by_key(|record| record.position);
        records
    }

    /// Notes where a record lies. Outside the confident regions nothing is known.
    fn place(&self, record: &mut Record, contig: &str, confident: Option<&IntervalSet>) {
        let alternates = record.alternates.iter().map(Vec::as_slice);
        let extent = Extent::of(record.position, &record.reference, alternates);
        record.confident = confident.is_none_or(|set| extent.is_in(set, contig));
        if !record.confident {
            for entry in [&mut record.truth, &mut record.query].into_iter().flatten() {
                entry.verdict = Verdict::Unknown;
            }
        }
        let strata = self.strata.iter().enumerate();
        record.strata = strata
            .filter(|(_, stratum)| extent.is_in(&stratum.regions, contig))
            .map(|(i, _)| (BUILT_IN.len() + i) as u16)
            .collect();
    }

    /// The subsets of the tables: `*`, those that the confident regions make and that have calls, and the strata.
    pub fn subsets(&self, run: &Run) -> Vec<Subset> {
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
        let built_in = BUILT_IN.iter().enumerate().map(|(i, name)| Subset {
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
        let strata = self.strata.iter().enumerate().map(|(i, stratum)| Subset {
            name: stratum.name.clone(),
            rank: BUILT_IN.len() + i + 1,
            size: run.spans.intersect(&stratum.regions).bases(),
            confident_size: confident.intersect(&stratum.regions).bases(),
        });
        std::iter::once(all.clone()).chain(built_in).chain(strata).collect()
    }

    /// Names of the strata in the order of [`Record::strata`].
    pub fn strata_names(&self) -> Vec<&str> {
        let given = self.strata.iter().map(|s| s.name.as_str());
        BUILT_IN.into_iter().chain(given).collect()
    }
}

impl Run {
    /// The counts over everything.
    pub fn counts(&self, variant_type: Type, filter: Filter) -> &Counts {
        self.tally.counts(0, filter, variant_type, None)
    }

    pub fn records(&self) -> impl Iterator<Item = (&Contig, &Record)> {
        self.contigs
            .iter()
            .flat_map(|(c, records)| records.iter().map(move |r| (c, r)))
    }
}
