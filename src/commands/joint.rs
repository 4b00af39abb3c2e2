//! `dvcall joint`: genotypes a cohort from the gVCFs of its samples.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::joint_output::JointOutput;
use super::run_record::command_line;
use crate::cli::JointArgs;
use crate::genome::Reference;
use crate::joint::{Cohort, CohortHeader, JointOptions, read_pedigree};
use crate::output::{check_inputs_are_kept, indexes, kept_folder};
use crate::runtime::{peak_memory, print};
use crate::variants::VariantFormat;

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
    let mut output = JointOutput::create(args, &cohort, &gvcfs, header.text(), started)?;
    cohort.run(&prior, output.skipped(), |piece| output.add(piece))?;
    let (summary, wall) = output.finish(&cohort)?;
    if !log::log_enabled!(log::Level::Info) {
        return Ok(());
    }
    print(format!(
        "samples       {:>9}\n{summary}\nprior         {prior_in_words}\nwall time     {:>9.1} s, peak memory {:.0} MB\n",
        cohort.gvcfs.len(),
        wall.as_secs_f64(),
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
    let files = [args.output.clone(), kept_folder(&args.output)]
        .into_iter()
        .chain(indexes(&args.output, suffixes));
    let mut outputs: Vec<_> = files.map(|file| ("--output", file)).collect();
    outputs.extend(args.summary.iter().map(|json| ("--summary", json.clone())));
    let inputs: Vec<&Path> = args
        .files()
        .into_iter()
        .chain(gvcfs.iter().map(PathBuf::as_path))
        .collect();
    check_inputs_are_kept(&outputs, &inputs)
}
