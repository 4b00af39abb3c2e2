//! The page.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::charts::{self, ALL, PASSED, RatioLine};
use super::contigs::ContigLines;
use super::distributions::{square, write_distributions};
use super::figures::{contig_rows, contig_table, grouped, main_rows, sex_table};
use super::read::{Report, SampleReport};
use super::runs::{RunFigures, write_runs};
use super::sex::{Copies, has_sex_chromosomes};
use super::targets::TargetRows;
use crate::page::{begin, end, escape, headings, table};
use crate::runtime::counted;

const STYLE: &str = "h3{font-size:1em;margin:1.6em 0 .3em}.key{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 .6em}.name{white-space:nowrap}\
.charts figure{width:520px;max-width:100%}\
figcaption span{font-weight:400;color:#555}";

/// Writes the page.
pub fn write_page(
    out: &mut impl Write,
    path: &Path,
    report: &Report,
    targets: Option<&TargetRows>,
    earlier: &[RunFigures],
) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    begin(out, &format!("{name}: what the file holds"), STYLE)?;
    writeln!(
        out,
        "<p>File <code>{}</code>: {}, {}. dvcall {}.</p>",
        escape(&path.display().to_string()),
        counted_grouped(report.records, "record"),
        counted(report.samples_in_file as u64, "sample"),
        env!("CARGO_PKG_VERSION")
    )?;
    filters(out, report)?;
    if let Some(targets) = targets {
        targets.write(out)?;
    }
    if !earlier.is_empty() {
        write_runs(out, earlier, &RunFigures::new(path, report))?;
    }
    key(out)?;
    contents(out, report)?;
    for sample in &report.samples {
        section(out, report, sample)?;
    }
    end(out)
}

fn counted_grouped(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Records by FILTER, and records without an alternate allele.
fn filters(out: &mut impl Write, report: &Report) -> Result<()> {
    if report.without_alternate > 0 {
        writeln!(
            out,
            "<p>{} without an alternate allele (reference sites, blocks of a gVCF): no variants, not counted below.</p>",
            counted_grouped(report.without_alternate, "record")
        )?;
    }
    let rows: Vec<_> = report
        .filters
        .iter()
        .map(|(name, count)| vec![name.clone(), grouped(*count)])
        .collect();
    if !rows.is_empty() {
        table(out, &headings(&["FILTER", "Records"]), &rows)?;
    }
    if report.filters.contains_key(".") {
        writeln!(
            out,
            "<p>FILTER “.” means that no filter was applied. Such records count as PASS here.</p>"
        )?;
    }
    Ok(())
}

/// What the colours mean, and what counts as a variant.
fn key(out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "<p>A variant is a record of which the sample carries an alternate allele; without genotypes, every record with an \
         alternate allele.</p>\n<p>Colours: {}PASS {}all records, behind PASS</p>",
        square(PASSED),
        square(ALL)
    )?;
    Ok(())
}

/// Links to the sections, and the number of samples without one.
fn contents(out: &mut impl Write, report: &Report) -> Result<()> {
    let sections = report.samples.len();
    if sections > 1 {
        let names = report.samples.iter().enumerate().map(|(i, sample)| {
            let name = escape(sample.name.as_deref().unwrap_or_default());
            format!("<a href=\"#sample{i}\">{name}</a>")
        });
        writeln!(out, "<p>Samples: {}</p>", names.collect::<Vec<_>>().join(", "))?;
    }
    let left_out = report.samples_in_file.saturating_sub(sections);
    if left_out > 0 {
        let more = counted(left_out as u64, "sample");
        writeln!(out, "<p>{more} of the file not shown; choose with --sample.</p>")?;
    }
    Ok(())
}

fn section(out: &mut impl Write, report: &Report, sample: &SampleReport) -> Result<()> {
    let index = report.samples.iter().position(|other| std::ptr::eq(other, sample));
    let name = sample
        .name
        .as_deref()
        .map_or("All records".into(), |name| format!("Sample {name}"));
    writeln!(out, "<h2 id=\"sample{}\">{}</h2>", index.unwrap_or(0), escape(&name))?;
    table(out, &headings(&["", "PASS", "All"]), &main_rows(sample))?;
    if sample.all.variants == 0 {
        writeln!(out, "<p>No variants, so there are no charts.</p>")?;
        return Ok(());
    }
    write_distributions(out, sample)?;
    by_contig(out, &report.contigs, sample)?;
    sex_check(out, &report.contigs, sample)?;
    density(out, &report.contigs, sample)
}

fn by_contig(out: &mut impl Write, contigs: &ContigLines, sample: &SampleReport) -> Result<()> {
    writeln!(out, "<h3>Het/hom by contig</h3>")?;
    let rows = contig_rows(contigs, sample);
    let lines: Vec<_> = rows
        .iter()
        .map(|(name, [passed, all])| RatioLine {
            name: name.clone(),
            dots: [(ALL, all), (PASSED, passed)]
                .into_iter()
                .filter_map(|(colour, counts)| Some((colour, counts.het_hom()?)))
                .collect(),
        })
        .filter(|line| !line.dots.is_empty())
        .collect();
    if lines.len() > 1 {
        writeln!(out, "{}", charts::ratios(&lines, "heterozygous / homozygous")?)?;
    }
    let names = [
        "Contig",
        "Variants, all",
        "PASS",
        "PASS het",
        "PASS hom",
        "PASS haploid",
        "PASS het/hom",
    ];
    table(out, &headings(&names), &contig_table(&rows))
}

fn sex_check(out: &mut impl Write, contigs: &ContigLines, sample: &SampleReport) -> Result<()> {
    writeln!(
        out,
        "<h3>Sex check (PASS)</h3>\n<p>{}</p>",
        Copies::of_x(&sample.passed).sentence()
    )?;
    if !has_sex_chromosomes(&sample.passed) {
        let why = "no variant lies on X or Y outside the pseudoautosomal regions (PAR)";
        writeln!(
            out,
            "<p>Share of variants on Y, depth of X and Y: unknown, because {why}.</p>"
        )?;
        return Ok(());
    }
    for contig in ["X", "Y"] {
        if contigs.pseudoautosomal_is_known(contig) == Some(false) {
            writeln!(
                out,
                "<p>The pseudoautosomal regions (PAR) of {contig} are counted, too: its length in the header is not that of \
                 GRCh37, GRCh38 or T2T-CHM13, so they are not known.</p>"
            )?;
        }
    }
    writeln!(out, "<p>Relative: divided by the value of the autosomes.</p>")?;
    let names = [
        "Part",
        "Variants",
        "Share of variants",
        "Het",
        "Hom",
        "Haploid",
        "Het/hom",
        "Het/hom, relative",
        "Median depth",
        "Depth, relative",
    ];
    table(out, &headings(&names), &sex_table(&sample.passed))
}

fn density(out: &mut impl Write, contigs: &ContigLines, sample: &SampleReport) -> Result<()> {
    writeln!(out, "<h3>Variants along the genome</h3>")?;
    if sample.density.bins.is_empty() {
        writeln!(out, "<p>No contig with an own line has a variant.</p>")?;
        return Ok(());
    }
    let drawn = sample.density.drawn();
    let mut counts: Vec<u64> = drawn.bins.iter().map(|bin| bin.all).collect();
    counts.sort_unstable();
    let full = counts[(counts.len() - 1) * 99 / 100];
    writeln!(
        out,
        "<p>Bars of {} bases. A full bar is {} or more.</p>\n{}",
        grouped(drawn.width),
        counted_grouped(full, "variant"),
        charts::density(&drawn, &contigs.own, full)?
    )?;
    Ok(())
}
