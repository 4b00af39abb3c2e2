//! `dvcall call`: calls variants from aligned reads and writes VCF and gVCF.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, bail};

use super::call_output::{CallOutput, Labels};
use super::run_record::RunRecord;
use crate::calling::Caller;
use crate::cli::CallArgs;
use crate::evidence::EvidenceSource;
use crate::gates::Gates;
use crate::model::card_path;
use crate::output::{check_inputs_are_kept, indexes, kept_folder};
use crate::targets::{Targets, not_called_name, targets_name};
use crate::variants::{VariantFormat, can_name_contig};

pub fn run(args: &CallArgs) -> Result<()> {
    let started = Instant::now();
    check_resumable(args)?;
    check_outputs(args)?;
    let mut source = EvidenceSource::open(&args.input.inputs(), args.evidence.options(), args.input.threads())?;
    source.reads = args.downsampling.thinned(source.reads);
    check_contig_names(&source)?;
    let read_gates = |path: &PathBuf| Gates::read(path, source.reference.contigs());
    let read_targets = |path: &PathBuf| Targets::read(path, source.reference.contigs());
    let labels = Labels {
        gates: args.gates.as_ref().map(read_gates).transpose()?.map(Arc::new),
        targets: args.targets.as_ref().map(read_targets).transpose()?.map(Arc::new),
    };
    let caller = Caller::new(source, &args.options(), started)?;
    let record = RunRecord::new(args, &caller, labels.gates.as_deref(), started)?;
    let mut output = CallOutput::create(args, &caller, record, labels)?;
    caller.run(output.skipped(), output.extras(), &mut output)?;
    output.finish()
}

/// Fails if `--resume` is asked for and an output cannot be resumed.
fn check_resumable(args: &CallArgs) -> Result<()> {
    if !args.resume || args.is_resumable() {
        return Ok(());
    }
    match args.is_streamed() {
        true => bail!("--resume: a stream cannot go on where it ended; give --output a file name"),
        false => {
            let flag = if args.targets.is_some() {
                "--targets"
            } else {
                "--realigned-reads"
            };
            bail!("--resume: a run with {flag} cannot go on where it ended; leave out one of the two")
        }
    }
}

/// Fails if the name of a called contig is not valid in a VCF. Other contigs may have any name, because the header
/// omits those with an invalid name.
fn check_contig_names(source: &EvidenceSource) -> Result<()> {
    match source.regions.contigs().find(|contig| !can_name_contig(contig)) {
        None => Ok(()),
        Some(contig) => bail!(
            "reference {}: a VCF cannot hold the contig name '{contig}' (VCF 4.3, section 1.4.7); rename the contig in \
             reference and reads, or leave it out with --regions",
            source.reference.path().display()
        ),
    }
}

fn check_outputs(args: &CallArgs) -> Result<()> {
    let mut outputs = Vec::new();
    let output = Some(&args.output).filter(|_| !args.is_streamed());
    for (flag, vcf) in [("--output", output), ("--gvcf", args.gvcf.as_ref())] {
        let files = vcf.into_iter().flat_map(|vcf| {
            [vcf.clone(), kept_folder(vcf)]
                .into_iter()
                .chain(indexes(vcf, VariantFormat::of_name(vcf).indexes()))
        });
        outputs.extend(files.map(|file| (flag, file)));
    }
    outputs.extend(args.timings.iter().map(|table| ("--timings", table.clone())));
    outputs.extend(args.summary.iter().map(|json| ("--summary", json.clone())));
    outputs.extend(args.realigned.outputs());
    let reports = args.target_report.iter();
    let tables = reports.flat_map(|prefix| [targets_name(prefix), not_called_name(prefix)]);
    outputs.extend(tables.map(|table| ("--target-report", table)));
    let cards: Vec<PathBuf> = args.model.iter().map(|model| card_path(model)).collect();
    let mut inputs = args.input.files();
    inputs.extend(args.ploidy.par_regions.as_deref());
    inputs.extend(args.alleles.as_deref());
    inputs.extend(args.gates.as_deref());
    inputs.extend(args.targets.as_deref());
    inputs.extend(args.model.iter().chain(&cards).map(PathBuf::as_path));
    check_inputs_are_kept(&outputs, &inputs)
}
