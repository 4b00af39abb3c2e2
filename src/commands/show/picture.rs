//! The pictures of a candidate.

use std::path::Path;

use anyhow::{Context, Result};

use super::reasons::{Reasons, probabilities};
use crate::calling::{ExplainedCandidate, ExplainedSet};
use crate::candidates::Candidate;
use crate::pileup::{Effects, Picture, PileupChart};
use crate::variants::Edit;

/// Genotypes of the network.
const GENOTYPES: [&str; 3] = [
    "no copy of the allele",
    "one copy of the allele",
    "two copies of the allele",
];

/// Draws each allele set of a candidate, also as a chart with attributions if asked. Returns the number of pictures.
pub fn draw_pictures(
    folder: &Path,
    contig: &str,
    explained: &ExplainedCandidate,
    reasons: &[(Edit, Reasons)],
    attributions: bool,
) -> Result<usize> {
    let candidate = &explained.candidate;
    let mut pictures = 0;
    for set in &explained.sets {
        let numbers: Vec<String> = set.alleles.iter().map(usize::to_string).collect();
        let name = format!("{contig}_{}_{}.png", candidate.position + 1, numbers.join("+"));
        let path = folder.join(name.replace('/', "_"));
        let lines = lines(contig, candidate, set, reasons);
        Picture::of_pileup(&set.image, &lines).write_png(&path)?;
        pictures += 1;
        if attributions {
            write_chart(&path.with_extension("svg"), set, candidate, &lines)?;
            pictures += 1;
        }
    }
    Ok(pictures)
}

fn write_chart(path: &Path, set: &ExplainedSet, candidate: &Candidate, lines: &[String]) -> Result<()> {
    let effects = set.attribution.as_ref().map(|attribution| Effects {
        genotype: GENOTYPES[attribution.genotype],
        reads: &attribution.reads,
        columns: &attribution.columns,
        channels: &attribution.channels,
    });
    let chart = PileupChart {
        image: &set.image,
        title: lines,
        position: candidate.position,
        effects,
    };
    std::fs::write(path, chart.svg()).with_context(|| format!("cannot write {}", path.display()))
}

/// The lines above a picture: the place, what the networks say, and what became of it.
fn lines(contig: &str, candidate: &Candidate, set: &ExplainedSet, reasons: &[(Edit, Reasons)]) -> Vec<String> {
    let cascade = set
        .cascade
        .map_or_else(|| "does not know such a pileup".to_owned(), probabilities);
    let decides = if set.cascade_decides { " (decides)" } else { "" };
    let networks = format!(
        "P(0, 1, 2 copies): cascade {cascade}{decides}; network {} before calibration, {} after",
        probabilities(set.uncalibrated),
        probabilities(set.network)
    );
    let own = set.alleles.first().and_then(|&first| {
        let edit = Edit::new(
            candidate.position,
            &candidate.reference,
            &candidate.alternates[first].bases,
        )?;
        reasons
            .iter()
            .find(|(other, _)| *other == edit)
            .map(|(_, reasons)| reasons)
    });
    let call = own.map(|reasons| {
        format!(
            "{} before overlaps, {} after; QUAL {}, GQ {}, {}: {}",
            reasons.before,
            reasons.genotype,
            reasons.quality,
            reasons.genotype_quality,
            reasons.filter,
            reasons.decision
        )
    });
    [title(contig, candidate, &set.alleles), networks]
        .into_iter()
        .chain(call)
        .collect()
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
