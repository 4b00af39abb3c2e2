//! The training log as a table and as a chart.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::model::artifact::Epoch;
use crate::output::write_file;

/// Writes one CSV line for each epoch.
pub fn write(path: &Path, epochs: &[Epoch]) -> Result<()> {
    let mut text = String::from("epoch,training_loss,learning_rate,examples_per_second");
    for kind in ["snp", "indel"] {
        for column in [
            "examples",
            "tp",
            "fp",
            "fn",
            "recall",
            "precision",
            "f1",
            "cross_entropy",
        ] {
            write!(text, ",{kind}_{column}")?;
        }
    }
    for e in epochs {
        write!(
            text,
            "\n{},{:.6},{:.3e},{:.1}",
            e.epoch, e.training_loss, e.learning_rate, e.examples_per_second
        )?;
        for m in [&e.snp, &e.indel] {
            write!(
                text,
                ",{},{},{},{},{:.6},{:.6},{:.6},{:.6}",
                m.examples,
                m.true_positives,
                m.false_positives,
                m.false_negatives,
                m.recall,
                m.precision,
                m.f1,
                m.cross_entropy
            )?;
        }
    }
    text.push('\n');
    write_file(path, text.as_bytes())
}

/// Draws losses (left) and 1 − F1 (right).
pub fn draw(path: &Path, epochs: &[Epoch]) -> Result<()> {
    let series = |value: fn(&Epoch) -> f64| {
        epochs
            .iter()
            .map(|e| (e.epoch as u64, value(e).max(1e-5)))
            .collect::<Vec<_>>()
    };
    draw_panels(
        path,
        &[
            CurvePanel {
                title: "loss",
                lines: vec![
                    ("training", BLACK, series(|e| e.training_loss)),
                    ("SNP validation", BLUE, series(|e| e.snp.cross_entropy)),
                    ("indel validation", RED, series(|e| e.indel.cross_entropy)),
                ],
            },
            CurvePanel {
                title: "1 - F1 on validation examples",
                lines: vec![
                    ("SNP", BLUE, series(|e| 1.0 - e.snp.f1)),
                    ("indel", RED, series(|e| 1.0 - e.indel.f1)),
                ],
            },
        ],
    )
}

/// One chart over epochs: its title, and each line with its name, its colour and its points.
pub struct CurvePanel<'a> {
    pub title: &'a str,
    pub lines: Vec<CurveLine<'a>>,
}

/// Draws charts side by side, with logarithmic axes, as an SVG.
pub fn draw_panels(path: &Path, panels: &[CurvePanel]) -> Result<()> {
    let mut svg = String::new();
    {
        let size = (500 * panels.len() as u32, 400);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE).map_err(|e| anyhow!("{e}"))?;
        let areas = root.split_evenly((1, panels.len()));
        for (area, CurvePanel { title, lines }) in areas.iter().zip(panels) {
            panel(area, title, lines)?;
        }
        root.present().map_err(|e| anyhow!("{e}"))?;
    }
    write_file(path, svg.as_bytes())
}

type CurveLine<'a> = (&'a str, RGBColor, Vec<(u64, f64)>);

fn panel(area: &DrawingArea<SVGBackend, plotters::coord::Shift>, title: &str, lines: &[CurveLine]) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| anyhow!("cannot draw the learning curve: {e}");
    let points = || lines.iter().flat_map(|(_, _, points)| points.iter());
    let last = points().map(|p| p.0).max().unwrap_or(0).max(2);
    let low = points().map(|p| p.1).fold(1.0, f64::min) * 0.8;
    let high = points().map(|p| p.1).fold(low * 2.0, f64::max) * 1.2;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(52)
        .build_cartesian_2d(1..last, (low..high).log_scale())
        .map_err(|e| failed(&e))?;
    let y = |y: &f64| format!("{y:.4}");
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("epoch").y_label_formatter(&y).light_line_style(WHITE);
    mesh.draw().map_err(|e| failed(&e))?;
    for (name, colour, points) in lines {
        let style = colour.stroke_width(2);
        let series = chart
            .draw_series(LineSeries::new(points.iter().copied(), style))
            .map_err(|e| failed(&e))?;
        series
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    let mut labels = chart.configure_series_labels();
    labels.border_style(BLACK.mix(0.3)).background_style(WHITE.mix(0.8));
    labels.draw().map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of a panel over `epochs` epochs.
    fn texts(epochs: u64) -> Vec<String> {
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (500, 400)).into_drawing_area();
            let points = (1..=epochs).map(|epoch| (epoch, 0.5 / epoch as f64)).collect();
            panel(&root, "loss", &[("training", BLACK, points)]).unwrap();
            root.present().unwrap();
        }
        let lines = svg.lines().map(str::trim).filter(|line| !line.starts_with('<'));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn epoch_labels_are_whole_numbers_without_repeats() {
        for epochs in [1, 2, 3, 7, 40] {
            let numbers = texts(epochs).into_iter().filter_map(|text| text.parse::<u64>().ok());
            let numbers: Vec<u64> = numbers.collect();
            assert!(
                numbers.len() >= 2 && numbers.is_sorted_by(|a, b| a < b),
                "{epochs}: {numbers:?}"
            );
        }
    }
}
