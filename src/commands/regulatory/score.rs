//! `dvcall regulatory score`: what the variants of a VCF change.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cli::RegulatoryScoreArgs;
use crate::commands::run_record::command_line;
use crate::genome::Reference;
use crate::model::parse_device;
use crate::output::{TextFile, check_inputs_are_kept, indexes, put_in_place};
use crate::regulatory::{
    Background, ScoreCounts, Scorer, SequenceModel, TABLE_HEADER, VariantLine, Workers, scored_header,
};
use crate::runtime::{DATED, LineClock, counted, for_each_ordered, print, progress_bar};
use crate::variants::{CallFiles, LineWriter, VariantFormat, VariantReader};

/// Records that a thread scores together. The scores do not depend on the number of threads.
const PIECE: usize = 256;

pub fn run(args: &RegulatoryScoreArgs) -> Result<()> {
    let started = Instant::now();
    check_outputs(args)?;
    let device = parse_device(&args.device)?;
    let model = SequenceModel::load_with_tasks(&args.model)?;
    let reference = Reference::open(&args.reference)?;
    let mut variants = VariantReader::open(&args.variants)?;
    let (card, contigs) = (model.card(), reference.contigs());
    tch::set_num_threads(1);
    let threads = if device.is_cuda() { 1 } else { args.threads() };
    let mut workers = Workers::new(&model.network(device)?, threads, device)?;
    let background = Background::draw(&reference, &mut workers, card.length, args.random as usize, args.seed)?;
    drop(workers);
    let notes = [
        ("dvcallCommand", command_line()),
        ("dvcallModel", model.identity()),
        ("dvcallReference", reference.path().display().to_string()),
    ];
    let header = scored_header(
        variants.header_lines(),
        variants.samples(),
        contigs,
        &card.tasks,
        &notes,
    );
    let mut vcf = LineWriter::create(CallFiles::lock(Some(&args.output), None)?, header, contigs, 1, None)?;
    let mut table = args.table.as_deref().map(TextFile::create).transpose()?;
    if let Some(table) = &mut table {
        table.line(TABLE_HEADER)?;
    }
    let mut progress = Progress::start();
    let mut counts = ScoreCounts::default();
    let pieces = std::iter::from_fn(|| piece(&mut variants).transpose());
    for_each_ordered(
        threads,
        pieces,
        || {
            tch::set_num_threads(1);
            Scorer::new(
                &reference,
                model.network(device)?,
                &background,
                &card.tasks,
                card.length,
            )
        },
        |scorer, lines| scorer.score(&lines?),
        |piece| {
            counts += piece.counts;
            if let Some(table) = &mut table
                && !piece.table.is_empty()
            {
                table.line(piece.table.trim_end_matches('\n'))?;
            }
            progress.add(&counts);
            vcf.write(piece.vcf)
        },
    )?;
    progress.bar.finish_and_clear();
    check_contigs(&counts, &args.variants, &reference)?;
    let table = table.map(TextFile::ready).transpose()?;
    put_in_place(table.into_iter().chain(vcf.close()?).collect())?;
    report(&counts, &args.variants, started)
}

fn check_outputs(args: &RegulatoryScoreArgs) -> Result<()> {
    let suffixes = VariantFormat::of_name(&args.output).indexes();
    let files = std::iter::once(args.output.clone()).chain(indexes(&args.output, suffixes));
    let mut outputs: Vec<_> = files.map(|file| ("--output", file)).collect();
    outputs.extend(args.table.iter().map(|table| ("--table", table.clone())));
    let card = crate::model::card_path(&args.model);
    check_inputs_are_kept(&outputs, &[&args.variants, &args.model, &card, &args.reference])
}

/// The next records. None at the end of the file.
fn piece(variants: &mut VariantReader) -> Result<Option<Vec<VariantLine>>> {
    let mut lines = Vec::new();
    while lines.len() < PIECE && variants.advance()? {
        lines.push(VariantLine {
            line: variants.line().to_owned(),
            contig: variants.contig().to_owned(),
            position: variants.position(),
            place: variants.place(),
        });
    }
    Ok((!lines.is_empty()).then_some(lines))
}

/// Fails if the reference has none of the VCF's contigs.
fn check_contigs(counts: &ScoreCounts, variants: &Path, reference: &Reference) -> Result<()> {
    let known = counts.scored + counts.symbolic + counts.long;
    if counts.elsewhere > 0 && known == 0 {
        bail!(
            "{}: the reference has none of its contigs, but {}; use a VCF of the same build and contig names",
            variants.display(),
            reference.contigs().preview()
        );
    }
    Ok(())
}

fn report(counts: &ScoreCounts, variants: &Path, started: Instant) -> Result<()> {
    for (count, described) in [
        (counts.symbolic, "that is no sequence of known bases"),
        (counts.long, "with more bases than the window of the model"),
        (counts.elsewhere, "on a contig that the reference lacks"),
    ] {
        if count > 0 {
            log::warn!(
                "{}: not scored: {} {described}",
                variants.display(),
                counted(count, "allele")
            );
        }
    }
    if !log::log_enabled!(log::Level::Info) {
        return Ok(());
    }
    let seconds = started.elapsed().as_secs_f64();
    print(format!(
        "records       {:>9}\nscored        {:>9} alleles\nwall time     {seconds:>9.1} s\n",
        counts.records, counts.scored
    ))
    .context("cannot tell what was scored")
}

/// A counter of records, or a dated line each minute where none is shown.
struct Progress {
    bar: indicatif::ProgressBar,
    lines: LineClock,
}

impl Progress {
    fn start() -> Self {
        let bar = progress_bar(0, "records");
        bar.unset_length();
        Self {
            bar,
            lines: LineClock::start(),
        }
    }

    fn add(&mut self, counts: &ScoreCounts) {
        self.bar.set_position(counts.records);
        if self.bar.is_hidden() && self.lines.is_due(Instant::now()) {
            log::info!(target: DATED, "{} records scored", counts.records);
        }
    }
}
