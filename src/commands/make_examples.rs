//! `dvcall make-examples`: writes pileups of candidates, labelled by a truth VCF, into shards.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use super::provenance::{describe, describe_sample};
use crate::candidates::{Candidate, count_alleles};
use crate::cli::MakeExamplesArgs;
use crate::evidence::{Evidence, EvidenceSource, EvidenceWorker, report_exclusions};
use crate::examples::{
    Example, LABEL_FLANK, LabelSummary, MissedTruth, ROW_BYTES, ShardWriter, TruthVariant, TruthVariants, filled_rows,
    image_label, label,
};
use crate::formats::check_whole;
use crate::genome::{IntervalSet, Partition, Region};
use crate::library::LibrarySample;
use crate::output::{FolderKind, OutputFolder, TextFile, check_inputs_are_kept, put_in_place};
use crate::pileup::{PILEUP_SIZE, PileupContext, allele_sets, draw};
use crate::reads::{Read, ReadCounts, RealignedReadsWriter};
use crate::runtime::{Progress, counted, for_each_ordered, print};
use crate::variants::CallExclusion;

/// A folder of shards.
const FOLDER: FolderKind = FolderKind {
    marker: "manifest.json",
    holds: |name| name.starts_with("shard-"),
};

pub fn run(args: &MakeExamplesArgs) -> Result<()> {
    check_outputs(args)?;
    let mut source = open(args)?;
    let truth = match (&args.truth, &args.confident) {
        (Some(truth), Some(confident)) => Some(Truth::open(truth, confident, args.use_filtered_truth, &source)?),
        _ => None,
    };
    let output = OutputFolder::create(&args.output, FOLDER, args.overwrite)?;
    let library = source.measure_library(LibrarySample::Genome, args.input.threads())?;
    let mut writer = ShardWriter::create(output.path(), library, info(args, &source)?)?;
    let mut realigned_reads = source.realigned_reads_writer(args.realigned.realigned_reads.as_deref())?;
    let mut missed_truth = args.missed_truth.as_deref().map(TextFile::create).transpose()?;
    missed_truth
        .iter_mut()
        .try_for_each(|table| table.line(MissedTruth::HEADER))?;
    let (mut summary, mut counts) = (LabelSummary::default(), ReadCounts::default());
    let mut progress = Progress::over(source.regions.bases());
    let maker = || {
        Ok(Maker {
            worker: source.worker()?,
            source: &source,
            truth: truth.as_ref(),
            noise: library.noise(),
            args,
        })
    };
    for_each_ordered(
        args.input.threads(),
        source.partitions().into_iter(),
        maker,
        |maker, partition| maker.partition(&partition),
        |made| {
            summary.merge(&made.summary);
            counts += made.counts;
            if let Some(table) = &mut missed_truth {
                made.missed_truth.iter().try_for_each(|line| table.line(line))?;
            }
            progress.add(&made.partition);
            if let Some(writer) = &mut realigned_reads {
                writer.write(&made.reads, &made.partition.region)?;
            }
            made.examples.into_iter().try_for_each(|example| writer.push(example))
        },
    )?;
    progress.finish();
    report_exclusions(&counts, &source)?;
    if let Some(truth) = args.truth.as_ref().filter(|_| summary.lacks_truth()) {
        log::warn!(
            "truth {} has no variant in the confident part of the regions; all candidates there are labelled \
             homozygous reference",
            truth.display()
        );
    }
    let manifest = writer.finish()?;
    let missed_truth = missed_truth.map(TextFile::ready).transpose()?;
    let reads = realigned_reads.map(RealignedReadsWriter::close).transpose()?;
    put_in_place(missed_truth.into_iter().chain(reads).collect())?;
    output.put_in_place()?;
    if log::log_enabled!(log::Level::Info) {
        let (examples, folder) = (manifest.examples, args.output.display());
        print(format_args!(
            "{summary}\nlibrary    {library}\nexamples   {examples:>10}   {folder}\n"
        ))?;
    }
    Ok(())
}

fn check_outputs(args: &MakeExamplesArgs) -> Result<()> {
    let mut outputs = vec![("--output", args.output.clone())];
    outputs.extend(args.missed_truth.iter().map(|table| ("--missed-truth", table.clone())));
    outputs.extend(args.realigned.outputs());
    let mut inputs = args.input.files();
    inputs.extend(args.truth.iter().chain(&args.confident).map(PathBuf::as_path));
    check_inputs_are_kept(&outputs, &inputs)
}

fn open(args: &MakeExamplesArgs) -> Result<EvidenceSource> {
    let mut source = EvidenceSource::open(&args.input.inputs(), args.evidence.options(), args.input.threads())?;
    source.reads = args.downsampling.thinned(source.reads);
    Ok(source)
}

/// The inputs and options of the set, for its manifest.
fn info(args: &MakeExamplesArgs, source: &EvidenceSource) -> Result<Value> {
    let (evidence, regions) = (&args.evidence, &args.input.regions);
    let whole = [
        ("reference", Some(args.input.reference.as_path())),
        ("truth", args.truth.as_deref()),
        ("confident", args.confident.as_deref()),
    ];
    let whole = whole.into_iter().filter_map(|(name, path)| Some((name, path?)));
    let whole = whole.map(|(name, path)| Ok((name.to_owned(), describe(path)?)));
    let reads = source.reads.files().iter().enumerate().flat_map(|(rank, file)| {
        // The only file has no number.
        let number = if rank == 0 {
            String::new()
        } else {
            format!("_{}", rank + 1)
        };
        let reads = describe_sample(file.path()).map(|described| (format!("reads{number}"), described));
        let index = describe(file.index()).map(|described| (format!("reads_index{number}"), described));
        [reads, index]
    });
    Ok(json!({
        "sample": source.reads.sample(),
        "depth": source.depth,
        "regions": regions.regions,
        "exclude_regions": regions.exclude_regions,
        "padding": regions.padding,
        "inputs": whole.chain(reads).collect::<Result<Map<_, _>>>()?,
        "thresholds": {
            "min_mapping_quality": evidence.min_mapping_quality,
            "min_base_quality": evidence.min_base_quality,
            "min_supporting_reads": evidence.min_supporting_reads,
            "min_snp_lod": evidence.min_snp_lod,
            "min_indel_lod": evidence.min_indel_lod,
        },
        "keep_duplicates": evidence.keep_duplicates,
        "mates_on_other_contigs": source.rule_for_mates(),
        "realigned": !evidence.no_realign,
        "downsample": args.downsampling.downsample.map(|fraction| json!({"fraction": fraction, "seed": args.downsampling.seed})),
        "keep_unlabelled": args.keep_unlabelled,
        "use_filtered_truth": args.use_filtered_truth,
    }))
}

/// The true variants of the sample and the confident regions.
struct Truth {
    variants: TruthVariants,
    confident: IntervalSet,
}

impl Truth {
    fn open(truth: &Path, confident: &Path, use_filtered: bool, source: &EvidenceSource) -> Result<Self> {
        check_whole(confident)?;
        let everywhere = IntervalSet::from_bed(confident)?;
        let confident_regions = everywhere.intersect(&source.regions);
        ensure!(
            !confident_regions.is_empty(),
            "confident regions {} and --regions share no base; check that both use the same contig names",
            confident.display()
        );
        let variants = TruthVariants::read(truth, &source.reference, &confident_regions, LABEL_FLANK, use_filtered)?;
        for (reason, records, first) in variants.left_out().reasons() {
            let (file, records) = (truth.display(), counted(records, "record"));
            let place = match reason {
                CallExclusion::Repeated => "counted once",
                _ => "not used; candidates there get no label",
            };
            log::warn!(
                "truth {file}: {place}: {records} {}; the first is at {first}",
                reason.described()
            );
        }
        Ok(Self {
            confident: everywhere.without(variants.unknown()),
            variants,
        })
    }
}

/// The state of one thread.
struct Maker<'a> {
    worker: EvidenceWorker<'a>,
    source: &'a EvidenceSource,
    truth: Option<&'a Truth>,
    noise: f32,
    args: &'a MakeExamplesArgs,
}

/// The results of one partition.
struct PartitionExamples {
    examples: Vec<Example>,
    missed_truth: Vec<String>,
    summary: LabelSummary,
    counts: ReadCounts,
    partition: Partition,
    /// Empty unless `--realigned-reads` writes them.
    reads: Vec<Read>,
}

impl Maker<'_> {
    fn partition(&mut self, partition: &Partition) -> Result<PartitionExamples> {
        let mut made = PartitionExamples::new(partition);
        let evidence = match self.truth {
            None => self.unlabelled(partition, &mut made)?,
            Some(truth) => self.labelled(partition, truth, &mut made)?,
        };
        made.counts = evidence.counts;
        if self.args.realigned.realigned_reads.is_some() {
            made.reads = evidence.reads;
        }
        Ok(made)
    }

    fn unlabelled(&mut self, partition: &Partition, made: &mut PartitionExamples) -> Result<Evidence> {
        let evidence = self.worker.partition(partition)?;
        for candidate in &evidence.candidates {
            made.summary.add_candidate(candidate, None);
            made.draw(candidate, None, &evidence, self.noise);
        }
        Ok(evidence)
    }

    fn labelled(&mut self, partition: &Partition, truth: &Truth, made: &mut PartitionExamples) -> Result<Evidence> {
        let evidence = self.worker.partition(&self.widened(partition))?;
        let Region { contig, start, end } = &partition.region;
        let overlapping = truth
            .variants
            .over(contig, start.saturating_sub(LABEL_FLANK), end + LABEL_FLANK);
        let variants: Vec<_> = overlapping.cloned().collect();
        let labels = label(
            &evidence.candidates,
            &variants,
            &truth.confident,
            contig,
            &evidence.reference,
        );
        for (candidate, &genotype) in evidence.candidates.iter().zip(&labels.genotypes) {
            if partition.contains(candidate.position) {
                made.summary.add_candidate(candidate, genotype);
                if genotype.is_some() || self.args.keep_unlabelled {
                    made.draw(candidate, genotype, &evidence, self.noise);
                }
            }
        }
        for (variant, &explained) in variants.iter().zip(&labels.explained) {
            let confident = truth.confident.covers(contig, variant.position, variant.end());
            if confident && partition.contains(variant.position) {
                let missed = explained < variant.alternate_count();
                made.summary.add_truth(variant, missed);
                if missed {
                    made.missed_truth
                        .push(self.missed(contig, variant, explained, &evidence));
                }
            }
        }
        Ok(evidence)
    }

    /// The output line of a truth variant that candidates do not explain, or explain only in part.
    fn missed(&self, contig: &str, variant: &TruthVariant, explained: usize, evidence: &Evidence) -> String {
        let site = Region::new(contig, variant.position, variant.position + 1);
        let min_base_quality = self.args.evidence.min_base_quality;
        let sites = count_alleles(&evidence.reads, &evidence.reference, &site, min_base_quality);
        let overlaps = |read: &&Read| read.start <= variant.position && read.end() > variant.position;
        let missed = MissedTruth {
            contig,
            variant,
            explained,
            depth: evidence.reads.iter().filter(overlaps).count(),
            site: sites.first(),
            candidates: &evidence.candidates,
        };
        missed.line(&self.source.options.candidates)
    }

    /// The partition with flanks of [`LABEL_FLANK`], so that labels do not depend on partition boundaries.
    fn widened(&self, partition: &Partition) -> Partition {
        let contig = &partition.region.contig;
        let length = self.source.reference.contigs().get(contig).map_or(0, |c| c.length);
        let widen = |region: &Region| {
            Region::new(
                contig,
                region.start.saturating_sub(LABEL_FLANK),
                (region.end + LABEL_FLANK).min(length),
            )
        };
        let region = widen(&partition.region);
        Partition {
            index: partition.index,
            parts: vec![(region.start, region.end)],
            region,
            evidence: widen(&partition.evidence),
            previous_end: partition.previous_end,
        }
    }
}

impl PartitionExamples {
    fn new(partition: &Partition) -> Self {
        Self {
            examples: Vec::new(),
            missed_truth: Vec::new(),
            summary: LabelSummary::default(),
            counts: ReadCounts::default(),
            partition: partition.clone(),
            reads: Vec::new(),
        }
    }

    /// Draws one pileup for each allele set of the candidate.
    fn draw(&mut self, candidate: &Candidate, genotype: Option<[usize; 2]>, evidence: &Evidence, noise: f32) {
        let alternates: Vec<_> = candidate.alternates.iter().map(|a| a.bases.clone()).collect();
        for set in allele_sets(candidate) {
            let mut image = vec![0; PILEUP_SIZE];
            draw(candidate, &set, &evidence.reads, &evidence.reference, &mut image);
            image.truncate(filled_rows(&image) * ROW_BYTES);
            image.shrink_to_fit();
            self.examples.push(Example {
                image,
                label: genotype.map(|genotype| image_label(genotype, &set)),
                contig: self.partition.region.contig.clone(),
                position: candidate.position,
                reference: candidate.reference.clone(),
                context: PileupContext::new(candidate, &set, &evidence.reads, noise),
                alternates: alternates.clone(),
                allele_indices: set,
            });
        }
    }
}
