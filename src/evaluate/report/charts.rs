//! Charts of the report, as SVG.

use anyhow::Result;
use plotters::prelude::*;

use crate::evaluate::counts::Bin;
use crate::output::escape::shortened;
use crate::page::{COLOURS, FONT, failed};

/// The precision-recall curve of a call set.
pub struct Trace {
    pub name: String,
    /// (recall, precision) by descending threshold.
    pub points: Vec<(f64, f64)>,
    /// The point with the highest F1.
    pub best: Option<(f64, f64)>,
}

/// Precision against recall: a line for each call set, with a dot at the highest F1.
pub fn precision_recall(traces: &[Trace]) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (520, 400)).into_drawing_area();
        let points = || traces.iter().flat_map(|t| &t.points);
        let floor = |values: &mut dyn Iterator<Item = f64>| (values.fold(1.0, f64::min) - 0.02).max(0.0);
        let left = floor(&mut points().map(|p| p.0));
        let bottom = floor(&mut points().map(|p| p.1));
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(50)
            .y_label_area_size(70)
            .build_cartesian_2d(left..1.0, bottom..1.0)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc("Recall")
            .y_desc("Precision")
            .label_style(FONT)
            .axis_desc_style(FONT)
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        for (trace, colour) in traces.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(trace.points.iter().copied(), style))
                .map_err(failed)?
                .label(&trace.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
            let dots = trace.best.iter().map(|&p| Circle::new(p, 5, colour.filled()));
            chart.draw_series(dots).map_err(failed)?;
        }
        chart
            .configure_series_labels()
            .label_font(FONT)
            .position(SeriesLabelPosition::LowerLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .draw()
            .map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// A value with its interval, on one line of the chart.
pub struct Bar {
    pub name: String,
    pub value: f64,
    pub interval: (f64, f64),
}

/// Values with intervals, one below the other.
pub fn intervals(bars: &[Bar], axis: &str) -> Result<String> {
    let mut svg = String::new();
    {
        let height = 80 + 24 * bars.len() as u32;
        let area = SVGBackend::with_string(&mut svg, (1060, height)).into_drawing_area();
        let left = bars.iter().map(|b| b.interval.0).fold(1.0, f64::min);
        let rows = bars.len() as f64;
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(50)
            .y_label_area_size(390)
            .build_cartesian_2d((left - 0.02).max(0.0)..1.0, 0.0..rows)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(axis)
            .label_style(FONT)
            .axis_desc_style(FONT)
            .disable_y_mesh()
            .y_labels(0)
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        let centre = |i: usize| rows - i as f64 - 0.5;
        let lines = bars.iter().enumerate().map(|(i, b)| {
            let ends = [(b.interval.0, centre(i)), (b.interval.1, centre(i))];
            PathElement::new(ends, COLOURS[0].stroke_width(2))
        });
        chart.draw_series(lines).map_err(failed)?;
        let dots = bars.iter().enumerate();
        let dots = dots.map(|(i, b)| Circle::new((b.value, centre(i)), 4, COLOURS[0].filled()));
        chart.draw_series(dots).map_err(failed)?;
        for (i, bar) in bars.iter().enumerate() {
            let (_, y) = chart.backend_coord(&(1.0, centre(i)));
            area.draw(&Text::new(shortened(&bar.name), (4, y - 8), FONT))
                .map_err(failed)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// Observed against claimed error on logarithmic axes, with the diagonal of perfect calibration.
pub fn calibration_chart(series: &[(String, Vec<Bin>)]) -> Result<String> {
    const FLOOR: f64 = 1e-5;
    let claims = series.iter().flat_map(|(_, bins)| bins).map(|b| b.claimed);
    let left = 10_f64.powf(claims.fold(FLOOR, f64::min).log10().floor()).max(1e-10);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (520, 400)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(50)
            .y_label_area_size(80)
            .build_cartesian_2d((left..1.0).log_scale(), (FLOOR..1.0).log_scale())
            .map_err(failed)?;
        let label = |v: &f64| format!("{v:.0e}");
        chart
            .configure_mesh()
            .x_desc("Claimed error (from GQ)")
            .y_desc("Observed error")
            .label_style(FONT)
            .axis_desc_style(FONT)
            .x_label_formatter(&label)
            .y_label_formatter(&label)
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        let diagonal = PathElement::new([(FLOOR, FLOOR), (1.0, 1.0)], BLACK.mix(0.4));
        chart.draw_series([diagonal]).map_err(failed)?;
        for ((name, bins), colour) in series.iter().zip(COLOURS.iter().cycle()) {
            let place = |v: f64| v.max(FLOOR);
            let across = |bin: &Bin| bin.claimed.max(left);
            let ranges = bins.iter().map(|b| {
                let (low, high) = b.interval();
                PathElement::new(
                    [(across(b), place(low)), (across(b), place(high))],
                    colour.stroke_width(1),
                )
            });
            chart.draw_series(ranges).map_err(failed)?;
            let dots = bins
                .iter()
                .map(|b| Circle::new((across(b), place(b.observed())), 4, colour.filled()));
            chart
                .draw_series(dots)
                .map_err(failed)?
                .label(name)
                .legend(move |(x, y)| Circle::new((x + 8, y), 4, colour.filled()));
        }
        chart
            .configure_series_labels()
            .label_font(FONT)
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .draw()
            .map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No proportion is above 1, so the axis ends at 1.
    #[test]
    fn axes_of_proportions_end_at_one() {
        let trace = Trace {
            name: "<calls>".into(),
            points: vec![(0.5, 1.0), (0.99, 0.97), (1.0, 0.9)],
            best: Some((0.99, 0.97)),
        };
        let bar = Bar {
            name: "everything".into(),
            value: 0.998,
            interval: (0.99, 1.0),
        };
        for svg in [precision_recall(&[trace]).unwrap(), intervals(&[bar], "F1").unwrap()] {
            let numbers = svg.lines().filter_map(|line| line.trim().parse::<f64>().ok());
            let highest = numbers.fold(0.0, f64::max);
            assert_eq!(highest, 1.0);
            assert!(!svg.contains("<calls>"));
        }
    }
}
