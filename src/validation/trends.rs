//! The charts of a validation.

use anyhow::Result;
use plotters::prelude::*;

use crate::page::{COLOURS, FONT, failed, svg};

/// A named line of values by the number of the validation or by depth.
pub struct Trend {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Lines with dots. The range of the y axis is that of the values.
pub fn trends(lines: &[Trend], axis: &str) -> Result<String> {
    svg((520, 300), |area| {
        let points = || lines.iter().flat_map(|line| &line.points);
        let range = |values: &dyn Fn(&(f64, f64)) -> f64, least: f64| {
            let (low, high) = points()
                .map(values)
                .fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
            let margin = ((high - low) * 0.08).max(least);
            low - margin..high + margin
        };
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_right(28)
            .x_label_area_size(50)
            .y_label_area_size(70)
            .build_cartesian_2d(range(&|p| p.0, 0.5), range(&|p| p.1, 1e-4))
            .map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(axis)
            .label_style(FONT)
            .axis_desc_style(FONT)
            .light_line_style(WHITE);
        mesh.x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.4}"))
            .draw()
            .map_err(failed)?;
        for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            let drawn = chart
                .draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))
                .map_err(failed)?;
            let colour = *colour;
            drawn
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
            let dots = line.points.iter().map(|&point| Circle::new(point, 3, colour.filled()));
            chart.draw_series(dots).map_err(failed)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .background_style(WHITE.mix(0.8))
            .label_font(FONT)
            .draw()
            .map_err(failed)
    })
}
