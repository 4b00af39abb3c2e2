//! Figures of several runs beside each other, which show whether a batch drifts.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::read::{Report, SampleReport};
use crate::page::{escape, headings, table};

/// Runs from which a usual range can be told.
const LEAST_RUNS: usize = 5;
/// Standard deviations beyond which a figure drifts.
const FAR: f64 = 3.0;
/// Least standard deviation, relative to the mean, because equal runs have none.
const LEAST_DEVIATION: f64 = 0.005;

/// The mean of the values before, if a value is far from them. None with too few values.
pub fn drifts_from(before: &[f64], value: f64) -> Option<f64> {
    let count = before.len() as f64;
    let mean = before.iter().sum::<f64>() / count;
    let square = before.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    let deviation = square.sqrt().max(LEAST_DEVIATION * mean.abs());
    (before.len() >= LEAST_RUNS && (value - mean).abs() > FAR * deviation).then_some(mean)
}

/// Names of the figures, and their decimals.
const FIGURES: [(&str, usize); 6] = [
    ("systematic errors in 10 kb", 2),
    ("median depth", 0),
    ("Ti/Tv", 3),
    ("het/hom", 3),
    ("median GQ", 0),
    ("GQ of the lowest tenth", 0),
];

/// The figures of the first sample of a file.
pub struct RunFigures {
    name: String,
    values: [Option<f64>; FIGURES.len()],
}

impl RunFigures {
    pub fn new(path: &Path, report: &Report) -> Self {
        let of_sample = |value: fn(&SampleReport) -> Option<f64>| report.samples.first().and_then(value);
        Self {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            values: [
                report.systematic_errors,
                of_sample(|s| s.passed.depth.median().map(|depth| depth as f64)),
                of_sample(|s| s.passed.ti_tv()),
                of_sample(|s| s.passed.total().het_hom()),
                of_sample(|s| s.passed.genotype_quality.median().map(|gq| gq as f64)),
                of_sample(|s| s.passed.genotype_quality.quantile(0.1).map(|gq| gq as f64)),
            ],
        }
    }
}

/// Writes the figures of the earlier runs and of this one, and which of them are far from those before.
pub fn write_runs(out: &mut impl Write, earlier: &[RunFigures], this: &RunFigures) -> Result<()> {
    writeln!(out, "<h2>Runs</h2>\n<p>PASS records of the first sample.</p>")?;
    let text = |(value, (_, decimals)): (&Option<f64>, &(&str, usize))| {
        value.map_or_else(|| "–".into(), |value| format!("{value:.decimals$}"))
    };
    let row = |run: &RunFigures| {
        let values = run.values.iter().zip(&FIGURES).map(text);
        std::iter::once(run.name.clone()).chain(values).collect::<Vec<_>>()
    };
    let rows: Vec<_> = earlier.iter().chain([this]).map(row).collect();
    let names: Vec<&str> = std::iter::once("File").chain(FIGURES.map(|(name, _)| name)).collect();
    table(out, &headings(&names), &rows)?;
    let mut is_usual = true;
    for (rank, (name, decimals)) in FIGURES.iter().enumerate() {
        let before: Vec<f64> = earlier.iter().filter_map(|run| run.values[rank]).collect();
        let drift = this.values[rank].and_then(|value| Some((value, drifts_from(&before, value)?)));
        if let Some((value, mean)) = drift {
            is_usual = false;
            writeln!(
                out,
                "<p><b>{}: {name} is {value:.decimals$}, and was {mean:.decimals$} on average.</b></p>",
                escape(&this.name)
            )?;
        }
    }
    if is_usual {
        let words = match earlier.len() < LEAST_RUNS {
            true => "Too few earlier runs to tell a usual range.",
            false => "No figure is more than three standard deviations from those of the earlier runs.",
        };
        writeln!(out, "<p>{words}</p>")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, ti_tv: f64) -> RunFigures {
        let mut values = [None; FIGURES.len()];
        values[2] = Some(ti_tv);
        RunFigures {
            name: name.into(),
            values,
        }
    }

    fn page(earlier: &[f64], ti_tv: f64) -> String {
        let earlier: Vec<_> = earlier.iter().map(|&value| run("old.vcf", value)).collect();
        let mut out = Vec::new();
        write_runs(&mut out, &earlier, &run("new.vcf", ti_tv)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_figure_far_from_the_earlier_runs_is_told() {
        let usual = [2.0, 2.02, 2.01, 1.99, 2.0];
        assert!(page(&usual, 2.02).contains("No figure is more than"));
        assert!(page(&usual, 1.8).contains("new.vcf: Ti/Tv is 1.800, and was 2.004 on average"));
        assert!(page(&usual[..4], 1.8).contains("Too few earlier runs"));
        assert!(page(&usual, 1.8).contains("<td>old.vcf</td>"));
    }
}
