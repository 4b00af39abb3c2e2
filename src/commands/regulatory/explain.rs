//! `dvcall regulatory explain`: pictures and tables of what a model sees.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tch::Device;

use crate::cli::ExplainArgs;
use crate::genome::{Reference, gather};
use crate::output::{FolderKind, OutputFolder, check_inputs_are_kept};
use crate::regulatory::{
    ExampleSet, Motif, SequenceModel, WindowReader, Workers, draw_logos, draw_mutagenesis, find_known, first_motifs,
    meme, mutate,
};
use crate::runtime::{counted, print};

/// Most bases of a region, whose picture is 14 pixels wide for each.
const LONGEST: u64 = 5_000;
/// Most positives whose sites make the motifs.
const MOST_POSITIVES: usize = 5_000;

const FOLDER: FolderKind = FolderKind {
    marker: "explained.txt",
    holds: |name| [".svg", ".tsv", ".meme"].iter().any(|ending| name.ends_with(ending)),
};

pub fn run(args: &ExplainArgs) -> Result<()> {
    let card = crate::model::card_path(&args.model);
    let inputs = [&args.model, &card]
        .into_iter()
        .chain(&args.reference)
        .chain(&args.examples);
    check_inputs_are_kept(
        &[("--output", args.output.clone())],
        &inputs.map(|path| path.as_path()).collect::<Vec<&Path>>(),
    )?;
    let model = SequenceModel::load_with_tasks(&args.model)?;
    tch::set_num_threads(1);
    let output = OutputFolder::create(&args.output, FOLDER, args.overwrite)?;
    let mut report = format!("model {}\n", model.identity());
    report += &explain_regions(args, &model, output.path())?;
    report += &explain_filters(args, &model, output.path())?;
    write(output.path(), FOLDER.marker, &report)?;
    output.put_in_place()?;
    if log::log_enabled!(log::Level::Info) {
        print(report)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a picture and a table for each region and task.
fn explain_regions(args: &ExplainArgs, model: &SequenceModel, folder: &Path) -> Result<String> {
    let Some(reference) = &args.reference else {
        return Ok(String::new());
    };
    let reference = Reference::open(reference)?;
    let card = model.card();
    let mut workers = Workers::new(&model.network(Device::Cpu)?, args.threads(), Device::Cpu)?;
    let mut reader = WindowReader::new(&reference, None)?;
    let mut report = String::new();
    for region in gather("--regions", &args.regions, reference.contigs())?.regions() {
        ensure!(
            region.len() <= LONGEST,
            "--regions {region}: it has {} bases, and a picture shows {LONGEST} at most; choose a smaller region",
            region.len()
        );
        for explained in mutate(&mut reader, &region, &card.tasks, card.length, &mut workers)? {
            let name = format!(
                "{}_{}-{}.{}",
                region.contig,
                region.start + 1,
                region.end,
                explained.task
            );
            let name: String = name
                .chars()
                .map(|c| if c == '/' || c == ':' { '_' } else { c })
                .collect();
            write(folder, &format!("{name}.svg"), &draw_mutagenesis(&explained))?;
            write(folder, &format!("{name}.tsv"), &explained.table())?;
            report += &format!("region {region}, task {}: {name}.svg, {name}.tsv\n", explained.task);
        }
    }
    Ok(report)
}

/// Writes the motifs of the first filters, and looks for known ones.
fn explain_filters(args: &ExplainArgs, model: &SequenceModel, folder: &Path) -> Result<String> {
    let Some(path) = &args.examples else {
        return Ok(String::new());
    };
    let set = ExampleSet::read(path)?;
    let positives = set.examples.iter().filter(|example| example.is_positive());
    let codes: Vec<&[u8]> = positives
        .map(|example| example.codes.as_slice())
        .take(MOST_POSITIVES)
        .collect();
    let mut motifs: Vec<Motif> = first_motifs(&model.network(Device::Cpu)?, &codes)?;
    motifs.sort_by_key(|motif| std::cmp::Reverse(motif.sites));
    ensure!(
        !motifs.is_empty(),
        "no filter is active in the positives of {}; give the examples that the model learned from",
        path.display()
    );
    write(folder, "motifs.meme", &meme(&motifs))?;
    write(folder, "motifs.svg", &draw_logos(&motifs))?;
    let mut report = format!("{}: motifs.meme, motifs.svg\n", counted(motifs.len() as u64, "motif"));
    if !args.motifs.is_empty() {
        let mut table = "motif\tfilter\tseen\tbits_per_position\tp_value\n".to_owned();
        for known in &args.motifs {
            let found = find_known(&motifs, known)?;
            table += &format!(
                "{}\t{}\t{}\t{:.3}\t{:.4}\n",
                found.motif, found.filter, found.seen, found.bits, found.p
            );
        }
        write(folder, "known.tsv", &table)?;
        report += &table;
    }
    Ok(report)
}
