//! `dvcall joint`: genotypes a cohort from the gVCFs of its samples.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::run_record::command_line;
use crate::cli::JointArgs;
use crate::genome::Reference;
use crate::joint::{Cohort, CohortHeader, CohortSummary, JointOptions, read_pedigree};
use crate::output::{ReadyFile, TextFile, check_inputs_are_kept, indexes, put_in_place};
use crate::runtime::{Progress, peak_memory, print};
use crate::variants::{LineWriter, VariantFormat};

pub fn run(args: &JointArgs) -> Result<()> {
    let started = Instant::now();
    let gvcfs = gvcfs(args)?;
    check_outputs(args, &gvcfs)?;
    let options = JointOptions {
        unify: args.preset.options(),
        min_site_quality: args.min_quality,
        min_genotype_quality: args.min_genotype_quality,
        de_novo_rate: args.de_novo_rate,
        threads: args.threads(),
    };
    let reference = Reference::open(&args.reference)?;
    let mut cohort = Cohort::open(reference, &gvcfs, &args.regions.choice(), options)?;
    if let Some(pedigree) = &args.pedigree {
        cohort.families = read_pedigree(pedigree, &cohort.samples())?;
    }
    let prior = cohort.measure()?;
    let [snps, indels] = prior.artefacts().map(|share| (100.0 * share).round());
    let prior_in_words =
        format!("artefacts among the candidate alleles: {snps} % of the SNPs, {indels} % of the indels");
    let header = CohortHeader {
        samples: &cohort.samples(),
        contigs: cohort.reference.contigs(),
        reference: cohort.reference.path(),
        prior: prior_in_words.clone(),
        command_line: command_line(),
    };
    let contigs = cohort.reference.contigs();
    let mut vcf = LineWriter::create(&args.output, header.text(), contigs, 1)?;
    let json = args.summary.as_deref().map(TextFile::create).transpose()?;
    let mut progress = Progress::over(cohort.regions.bases());
    let mut summary = CohortSummary::default();
    cohort.run(&prior, |piece| {
        vcf.write(piece.lines.concat())?;
        piece.partitions.iter().for_each(|partition| progress.add(partition));
        summary += piece.summary;
        Ok(())
    })?;
    progress.finish();
    let json = json.map(|json| write_summary(json, &cohort, &summary)).transpose()?;
    put_in_place(json.into_iter().chain([vcf.close()?]).collect())?;
    if !log::log_enabled!(log::Level::Info) {
        return Ok(());
    }
    print(format!(
        "samples       {:>9}\n{summary}\nprior         {prior_in_words}\nwall time     {:>9.1} s, peak memory {:.0} MB\n",
        cohort.gvcfs.len(),
        started.elapsed().as_secs_f64(),
        peak_memory() as f64 / 1e6
    ))
}

/// The gVCFs of the command line, then those of `--samples-list`.
fn gvcfs(args: &JointArgs) -> Result<Vec<PathBuf>> {
    let mut gvcfs = args.gvcfs.clone();
    if let Some(list) = &args.samples_list {
        let text =
            std::fs::read_to_string(list).with_context(|| format!("--samples-list: cannot read {}", list.display()))?;
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        gvcfs.extend(lines.map(PathBuf::from));
    }
    ensure!(
        !gvcfs.is_empty(),
        "--samples-list names no gVCF; write the path of one on each line"
    );
    Ok(gvcfs)
}

fn check_outputs(args: &JointArgs, gvcfs: &[PathBuf]) -> Result<()> {
    let suffixes = VariantFormat::of_name(&args.output).indexes();
    let files = std::iter::once(args.output.clone()).chain(indexes(&args.output, suffixes));
    let mut outputs: Vec<_> = files.map(|file| ("--output", file)).collect();
    outputs.extend(args.summary.iter().map(|json| ("--summary", json.clone())));
    let inputs: Vec<&Path> = args
        .files()
        .into_iter()
        .chain(gvcfs.iter().map(PathBuf::as_path))
        .collect();
    check_inputs_are_kept(&outputs, &inputs)
}

fn write_summary(mut json: TextFile, cohort: &Cohort, summary: &CohortSummary) -> Result<ReadyFile> {
    let summary = json!({
        "dvcall": env!("CARGO_PKG_VERSION"),
        "samples": cohort.samples(),
        "bases": cohort.regions.bases(),
        "records": summary,
    });
    json.line(&serde_json::to_string_pretty(&summary)?)?;
    json.ready()
}
