//! `dvcall show`: writes pictures of pileups and a table of alleles.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::candidates::{AlleleCount, Candidate, CandidateOptions, SiteCounts, Verdict, count_alleles};
use crate::cli::ShowArgs;
use crate::evidence::{EvidenceSource, EvidenceWorker, report_exclusions};
use crate::genome::Partition;
use crate::library::LibrarySample;
use crate::output::{FolderKind, OutputFolder, check_inputs_are_kept};
use crate::pileup::{PILEUP_SIZE, Picture, allele_sets, draw};
use crate::reads::ReadCounts;
use crate::runtime::{counted, for_each_ordered, print};

/// Columns of the table, which has a row for each alternate allele that any read shows.
const HEADER: &str = "contig\tposition\tref\talt\tdepth\tref_reads\talt_reads\tfraction\tlow_quality_reads\toutcome\n";

/// A folder of the table and pictures.
const FOLDER: FolderKind = FolderKind {
    marker: "alleles.tsv",
    holds: is_picture,
};

pub fn run(args: &ShowArgs) -> Result<()> {
    check_inputs_are_kept(&[("--output", args.output.clone())], &args.input.files())?;
    let mut source = EvidenceSource::open(&args.input.inputs(), args.evidence.options(), args.input.threads())?;
    source.measure_library(LibrarySample::Genome, args.input.threads())?;
    let output = OutputFolder::create(&args.output, FOLDER, args.overwrite)?;
    let path = output.path().join(FOLDER.marker);
    let failed = || format!("cannot write {}", path.display());
    let mut table = BufWriter::new(File::create(&path).with_context(failed)?);
    table.write_all(HEADER.as_bytes()).with_context(failed)?;
    let (mut alleles, mut totals, mut counts) = (0, Totals::default(), ReadCounts::default());
    for_each_ordered(
        args.input.threads(),
        source.partitions().into_iter(),
        || source.worker(),
        |worker, partition| show(worker, &partition, &source.options.candidates, output.path()),
        |shown| {
            alleles += shown.table.lines().count();
            totals.candidates += shown.totals.candidates;
            totals.pictures += shown.totals.pictures;
            counts += shown.counts;
            table.write_all(shown.table.as_bytes()).with_context(failed)
        },
    )?;
    report_exclusions(&counts, &source)?;
    table.flush().with_context(failed)?;
    output.put_in_place()?;
    if log::log_enabled!(log::Level::Info) {
        let Totals { candidates, pictures } = totals;
        let folder = args.output.display();
        print(format_args!(
            "{}, {}, {} in {folder}\n",
            counted(candidates as u64, "candidate"),
            counted(pictures as u64, "picture"),
            counted(alleles as u64, "allele"),
        ))?;
    }
    Ok(())
}

#[derive(Default)]
struct Totals {
    candidates: usize,
    pictures: usize,
}

/// The results of one partition.
struct ShownPartition {
    table: String,
    totals: Totals,
    counts: ReadCounts,
}

fn show(
    worker: &mut EvidenceWorker<'_>,
    partition: &Partition,
    options: &CandidateOptions,
    folder: &Path,
) -> Result<ShownPartition> {
    let evidence = worker.partition(partition)?;
    let (reads, reference) = (&evidence.reads, &evidence.reference);
    let contig = &partition.region.contig;
    let mut totals = Totals::default();
    let mut image = vec![0; PILEUP_SIZE];
    for candidate in &evidence.candidates {
        totals.candidates += 1;
        for set in allele_sets(candidate) {
            draw(candidate, &set, reads, reference, &mut image);
            let numbers: Vec<String> = set.iter().map(usize::to_string).collect();
            let name = format!("{contig}_{}_{}.png", candidate.position + 1, numbers.join("+"));
            let path = folder.join(name.replace('/', "_"));
            Picture::of_pileup(&image, &title(contig, candidate, &set)).write_png(&path)?;
            totals.pictures += 1;
        }
    }
    let table = count_alleles(reads, reference, &partition.region, options.min_base_quality)
        .iter()
        .filter(|site| partition.contains(site.position))
        .flat_map(|site| {
            let verdicts = site.alleles.iter().zip(options.verdicts(site));
            verdicts.map(|(allele, verdict)| row(contig, site, allele, verdict))
        })
        .collect();
    Ok(ShownPartition {
        table,
        totals,
        counts: evidence.counts,
    })
}

/// Whether a file name has the form `chr20_10002458_0+1.png`.
fn is_picture(name: &str) -> bool {
    let mut parts = name.strip_suffix(".png").unwrap_or_default().rsplitn(3, '_');
    let mut is_number = || {
        let part = parts.next().unwrap_or_default();
        part.starts_with(|c: char| c.is_ascii_digit()) && part.chars().all(|c| c.is_ascii_digit() || c == '+')
    };
    is_number() && is_number()
}

/// Title of a picture, such as `chr20:10002458 G>GTT,GTTT   GTT 11, reference 20, of 46 reads`.
fn title(contig: &str, candidate: &Candidate, set: &[usize]) -> String {
    let text = |bases: &[u8]| String::from_utf8_lossy(bases).into_owned();
    let all: Vec<String> = candidate.alternates.iter().map(|a| text(&a.bases)).collect();
    let drawn = set.iter().filter_map(|&i| candidate.alternates.get(i));
    let drawn: Vec<String> = drawn.map(|a| format!("{} {}", text(&a.bases), a.depth)).collect();
    format!(
        "{contig}:{} {}>{}   {}, reference {}, of {} reads",
        candidate.position + 1,
        text(&candidate.reference),
        all.join(","),
        drawn.join(" + "),
        candidate.reference_depth,
        candidate.depth
    )
}

fn row(contig: &str, site: &SiteCounts, allele: &AlleleCount, verdict: Verdict) -> String {
    let outcome = match verdict {
        Verdict::Candidate => "candidate".to_owned(),
        refused => format!("no: {refused}"),
    };
    format!(
        "{contig}\t{}\t{}\t{}\t{}\t{}\t{}\t{:.3}\t{}\t{outcome}\n",
        site.position + 1,
        String::from_utf8_lossy(&allele.reference),
        String::from_utf8_lossy(&allele.bases),
        site.depth,
        site.reference_depth,
        allele.depth,
        f64::from(allele.depth) / f64::from(site.depth.max(1)),
        allele.low_quality_reads,
    )
}
