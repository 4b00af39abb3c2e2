//! `dvcall show`: pictures of pileups, and what decided the fate of each allele.

mod picture;
mod reasons;
mod request;
mod rows;
mod why;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustc_hash::FxHashMap;

use crate::calling::{ExplainWorker, ExplainedCandidate, ExplainedOverlaps, Explainer, Occlusion};
use crate::cli::ShowArgs;
use crate::evidence::{EvidenceOptions, EvidenceSource, report_exclusions};
use crate::gates::Gates;
use crate::genome::Partition;
use crate::model::{PileupClassifier, card_path};
use crate::output::{FolderKind, OutputFolder, check_inputs_are_kept};
use crate::reads::ReadCounts;
use crate::runtime::{counted, for_each_ordered, print};
use crate::variants::Edit;
use picture::draw_pictures;
use reasons::{Judge, Reasons};
use request::Request;
use rows::{AlleleRow, HEADER, allele_rows};
use why::{Evidences, Why};

/// A folder of the table and pictures.
const FOLDER: FolderKind = FolderKind {
    marker: "alleles.tsv",
    holds: is_picture,
};

pub fn run(args: &ShowArgs) -> Result<()> {
    check_outputs(args)?;
    let request = Request::read(args)?;
    let mut inputs = args.input.inputs();
    inputs.regions = request.regions.clone();
    let source = EvidenceSource::open(&inputs, args.evidence.options(), args.input.threads())?;
    let whys = request.whys(&source)?;
    let read_gates = |path: &PathBuf| Gates::read(path, source.reference.contigs());
    let gates = args.gates.as_ref().map(read_gates).transpose()?;
    let explainer = Explainer::new(source, &args.options())?;
    let output = args.output.as_ref();
    let output = output
        .map(|place| OutputFolder::create(place, FOLDER, args.overwrite))
        .transpose()?;
    let judge = Judge {
        min_quality: args.min_quality,
        gates: gates.as_ref(),
    };
    let shown = show(
        args,
        &explainer,
        &request,
        &whys,
        &judge,
        output.as_ref().map(OutputFolder::path),
    )?;
    report_exclusions(&shown.counts, &explainer.caller.source)?;
    if let Some(output) = output {
        write_table(&output.path().join(FOLDER.marker), &shown)?;
        output.put_in_place()?;
    }
    for why in &whys {
        print(shown.evidences.told(why, &shown.reasons))?;
    }
    match &args.output {
        Some(folder) if log::log_enabled!(log::Level::Info) => print(format_args!(
            "{}, {}, {} in {}\n",
            counted(shown.candidates as u64, "candidate"),
            counted(shown.pictures as u64, "picture"),
            counted(shown.rows.len() as u64, "allele"),
            folder.display()
        )),
        _ => Ok(()),
    }
}

fn check_outputs(args: &ShowArgs) -> Result<()> {
    let cards: Vec<PathBuf> = args.model.iter().map(|model| card_path(model)).collect();
    let mut inputs = args.input.files();
    let others = args.vcf.iter().chain(&args.gates).chain(&args.ploidy.par_regions);
    inputs.extend(others.chain(&args.model).chain(&cards).map(PathBuf::as_path));
    let outputs: Vec<_> = args.output.iter().map(|folder| ("--output", folder.clone())).collect();
    check_inputs_are_kept(&outputs, &inputs)
}

/// All that was found.
#[derive(Default)]
struct Shown {
    rows: Vec<AlleleRow>,
    /// What decided each allele of a candidate.
    reasons: FxHashMap<(String, Edit), Reasons>,
    evidences: Evidences,
    counts: ReadCounts,
    candidates: usize,
    pictures: usize,
}

/// What a partition shows.
struct ShownPartition {
    partition: Partition,
    rows: Vec<AlleleRow>,
    candidates: Vec<ExplainedCandidate>,
    evidences: Evidences,
    counts: ReadCounts,
}

/// The readers and networks of a thread.
struct Worker<'a> {
    explain: ExplainWorker<'a>,
    /// Without calibration, for attributions.
    classifier: PileupClassifier,
}

fn show(
    args: &ShowArgs,
    explainer: &Explainer,
    request: &Request,
    whys: &[Why],
    judge: &Judge,
    folder: Option<&Path>,
) -> Result<Shown> {
    let source = &explainer.caller.source;
    let (mut shown, mut overlaps) = (Shown::default(), ExplainedOverlaps::default());
    let start = || -> Result<Worker> {
        Ok(Worker {
            explain: explainer.worker()?,
            classifier: explainer.uncalibrated()?,
        })
    };
    let finish = |shown: &mut Shown, done: Vec<(String, ExplainedCandidate)>| -> Result<()> {
        for (contig, explained) in done
            .iter()
            .filter(|(contig, done)| request.wants_candidate(contig, done))
        {
            let reasons = judge.judge(contig, explained);
            shown.candidates += 1;
            if let Some(folder) = folder {
                shown.pictures += draw_pictures(folder, contig, explained, &reasons, args.attributions)?;
            }
            let edits = reasons
                .into_iter()
                .map(|(edit, reasons)| ((contig.clone(), edit), reasons));
            shown.reasons.extend(edits);
        }
        Ok(())
    };
    for_each_ordered(
        args.input.threads(),
        source.partitions().into_iter(),
        start,
        |worker, partition| worker.show(partition, request, whys, &source.options, args.attributions),
        |part: ShownPartition| {
            shown.counts += part.counts;
            shown.rows.extend(part.rows);
            shown.evidences.extend(part.evidences);
            let done = overlaps.add(&part.partition, part.candidates);
            finish(&mut shown, done)
        },
    )?;
    finish(&mut shown, overlaps.finish())?;
    Ok(shown)
}

impl Worker<'_> {
    fn show(
        &mut self,
        partition: Partition,
        request: &Request,
        whys: &[Why],
        options: &EvidenceOptions,
        attributions: bool,
    ) -> Result<ShownPartition> {
        let mut explained = self.explain.explain(partition)?;
        let contig = explained.partition.region.contig.clone();
        let rows = allele_rows(&explained, &options.candidates);
        let evidences = Evidences::find(whys, &explained, &options.candidates);
        let wanted = |candidate: &&mut ExplainedCandidate| request.wants_candidate(&contig, candidate);
        if attributions {
            for candidate in explained.candidates.iter_mut().filter(wanted) {
                for set in &mut candidate.sets {
                    let mut occlusion = Occlusion::new(&mut self.classifier, &set.image, set.context)?;
                    set.attribution = Some(occlusion.attribution()?);
                }
            }
        }
        Ok(ShownPartition {
            rows: rows
                .into_iter()
                .filter(|row| request.wants(&contig, row.position))
                .collect(),
            candidates: explained.candidates,
            evidences,
            counts: explained.evidence.counts,
            partition: explained.partition,
        })
    }
}

fn write_table(path: &Path, shown: &Shown) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let mut table = BufWriter::new(File::create(path).with_context(failed)?);
    let write = |table: &mut BufWriter<File>| -> std::io::Result<()> {
        writeln!(table, "{}", HEADER.join("\t"))?;
        shown
            .rows
            .iter()
            .try_for_each(|row| writeln!(table, "{}", row.line(&shown.reasons)))?;
        table.flush()
    };
    write(&mut table).with_context(failed)
}

/// Whether a file name has the form `chr20_10002458_0+1.png` or `.svg`.
fn is_picture(name: &str) -> bool {
    let stem = name.strip_suffix(".png").or(name.strip_suffix(".svg"));
    let mut parts = stem.unwrap_or_default().rsplitn(3, '_');
    let mut is_number = || {
        let part = parts.next().unwrap_or_default();
        part.starts_with(|c: char| c.is_ascii_digit()) && part.chars().all(|c| c.is_ascii_digit() || c == '+')
    };
    is_number() && is_number()
}
