//! The charts of the report, as SVG.

use anyhow::Result;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::density::Density;
use super::figures::grouped;
use crate::output::escape::{controls, shortened};
use crate::page::{Area, COLOURS, FONT, failed, svg};

/// Colours of the records that passed, and of all records, which are drawn behind.
pub const PASSED: RGBColor = COLOURS[0];
pub const ALL: RGBColor = RGBColor(0xc4, 0xc8, 0xcc);

/// Bars of counts: one layer for each colour, later layers in front.
pub struct Bars<'a> {
    pub axis: &'a str,
    pub layers: Vec<(RGBColor, Vec<u64>)>,
    /// Where the first bar begins, and how wide bars are.
    pub start: f64,
    pub width: f64,
    /// Names of the bars; without names, the axis has numbers.
    pub names: &'a [&'a str],
}

impl Bars<'_> {
    pub fn draw(&self) -> Result<String> {
        svg((520, 300), |area| {
            let number = self
                .layers
                .iter()
                .map(|(_, counts)| counts.len())
                .max()
                .unwrap_or(0)
                .max(1);
            let end = self.start + self.width * number as f64;
            let highest = self
                .layers
                .iter()
                .flat_map(|(_, counts)| counts)
                .max()
                .copied()
                .unwrap_or(0)
                .max(1);
            let mut chart = ChartBuilder::on(area)
                .margin(10)
                .margin_right(28)
                .x_label_area_size(if self.axis.is_empty() { 40 } else { 50 })
                .y_label_area_size(95)
                .build_cartesian_2d(self.start..end, 0.0..highest as f64 * 1.05)
                .map_err(failed)?;
            let name = |x: &f64| match self.names {
                [] if *x < 0.0 => format!("−{}", grouped(-x as u64)),
                [] => grouped(*x as u64),
                _ => String::new(),
            };
            let mut mesh = chart.configure_mesh();
            mesh.x_desc(self.axis)
                .label_style(FONT)
                .axis_desc_style(FONT)
                .light_line_style(WHITE);
            mesh.x_label_formatter(&name).y_label_formatter(&whole).disable_x_mesh();
            mesh.x_labels(if self.names.is_empty() { 8 } else { 0 })
                .y_labels(6)
                .draw()
                .map_err(failed)?;
            let gap = if self.names.is_empty() { 0.04 } else { 0.15 } * self.width;
            for (colour, counts) in &self.layers {
                let bars = counts
                    .iter()
                    .enumerate()
                    .filter(|(_, count)| **count > 0)
                    .map(|(i, &count)| {
                        let left = self.start + self.width * i as f64;
                        Rectangle::new(
                            [(left + gap, 0.0), (left + self.width - gap, count as f64)],
                            colour.filled(),
                        )
                    });
                chart.draw_series(bars).map_err(failed)?;
            }
            for (i, name) in self.names.iter().enumerate() {
                let middle = self.start + self.width * (i as f64 + 0.5);
                let (x, y) = chart.backend_coord(&(middle, 0.0));
                let style = TextStyle::from((FONT.0, FONT.1 - 2).into_font()).pos(Pos::new(HPos::Center, VPos::Top));
                // Long names take two lines.
                for (line, part) in (0..).zip(name.split_inclusive(['/', '-'])) {
                    let text = Text::new(part.to_owned(), (x, y + 8 + 15 * line), style.clone());
                    area.draw(&text).map_err(failed)?;
                }
            }
            Ok(())
        })
    }
}

/// A whole number on an axis; fractions have no label.
fn whole(value: &f64) -> String {
    match value.fract() == 0.0 {
        true => grouped(*value as u64),
        false => String::new(),
    }
}

/// Shares of reads, from 0 to 1: a line for each colour, scaled to its own highest count, with guide lines at 0, 0.5 and 1.
pub fn fractions(lines: &[(RGBColor, &[u64])]) -> Result<String> {
    let scaled = |counts: &[u64]| {
        let highest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
        counts.iter().map(|&count| count as f64 / highest).collect::<Vec<_>>()
    };
    let top = 1.05;
    svg((520, 300), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_right(28)
            .x_label_area_size(50)
            .y_label_area_size(95)
            .build_cartesian_2d(-0.03..1.03, 0.0..top)
            .map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc("share of the reads with the allele")
            .disable_y_mesh()
            .y_desc("records (each line to its peak)");
        mesh.label_style(FONT)
            .axis_desc_style(FONT)
            .light_line_style(WHITE)
            .disable_x_mesh();
        mesh.x_labels(5).y_labels(0).draw().map_err(failed)?;
        for guide in [0.0, 0.5, 1.0] {
            let dashed = DashedPathElement::new([(guide, 0.0), (guide, top)], 5, 4, BLACK.mix(0.5));
            chart.draw_series([dashed]).map_err(failed)?;
        }
        for (colour, counts) in lines {
            let edge = |bar: usize| (bar as f64 - 0.5) / (counts.len() as f64 - 1.0);
            let bars = scaled(counts).into_iter().enumerate();
            let steps = bars.flat_map(|(i, share)| [(edge(i), share), (edge(i + 1), share)]);
            let points = [(edge(0), 0.0)]
                .into_iter()
                .chain(steps)
                .chain([(edge(counts.len()), 0.0)]);
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))
                .map_err(failed)?;
        }
        Ok(())
    })
}

/// Height of a line for a contig.
const LINE: u32 = 22;

/// Width for the names of lines, in pixels.
fn width_of_names<'a>(names: impl Iterator<Item = &'a str>) -> u32 {
    let longest = names.map(|name| shortened(&controls(name)).chars().count()).max();
    30 + 8 * longest.unwrap_or(0) as u32
}

/// Draws the name of a line left of it.
fn name_line(area: &Area, name: &str, y: i32) -> Result<()> {
    let name = shortened(&controls(name));
    area.draw(&Text::new(name, (4, y), (FONT.0, FONT.1 - 2)))
        .map_err(failed)
}

/// A line of [`ratios`]: a name, and a dot for each colour.
pub struct RatioLine {
    pub name: String,
    pub dots: Vec<(RGBColor, f64)>,
}

/// Ratios by contig, one line for each contig.
pub fn ratios(lines: &[RatioLine], axis: &str) -> Result<String> {
    svg((1060, 70 + LINE * lines.len() as u32), |area| {
        let values = lines.iter().flat_map(|line| &line.dots).map(|(_, value)| *value);
        let (rows, right) = (lines.len() as f64, values.fold(1.0, f64::max) * 1.05);
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .x_label_area_size(50)
            .y_label_area_size(width_of_names(lines.iter().map(|line| &line.name[..])))
            .build_cartesian_2d(0.0..right, 0.0..rows)
            .map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(axis)
            .label_style(FONT)
            .axis_desc_style(FONT)
            .light_line_style(WHITE);
        mesh.disable_y_mesh().y_labels(0).draw().map_err(failed)?;
        for (i, RatioLine { name, dots }) in lines.iter().enumerate() {
            let centre = rows - i as f64 - 0.5;
            let dots = dots
                .iter()
                .map(|(colour, value)| Circle::new((*value, centre), 5, colour.filled()));
            chart.draw_series(dots).map_err(failed)?;
            let (_, y) = chart.backend_coord(&(0.0, centre));
            name_line(area, name, y - 8)?;
        }
        Ok(())
    })
}

/// Variants along the contigs: one line for each contig with variants. Bars above `full` are cut there.
pub fn density(density: &Density, contigs: &[(String, Option<u64>)], full: u64) -> Result<String> {
    let mut ranks: Vec<usize> = density.bins.iter().map(|bin| bin.contig).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let (first, last) = density.range();
    let (unit, name_of_unit) = match (last - first) * density.width {
        ..2_000_000 => (1e3, "kb"),
        _ => (1e6, "Mb"),
    };
    let place = |index: u64| (index * density.width) as f64 / unit;
    // Few contigs have higher bars.
    let height = (120 / ranks.len() as u32).max(LINE + 4);
    svg((1060, 70 + height * ranks.len() as u32), |area| {
        let rows = ranks.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .x_label_area_size(50)
            .y_label_area_size(width_of_names(ranks.iter().map(|&rank| &contigs[rank].0[..])))
            .build_cartesian_2d(place(first)..place(last), 0.0..rows)
            .map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(format!("position ({name_of_unit})"))
            .label_style(FONT)
            .axis_desc_style(FONT)
            .light_line_style(WHITE);
        mesh.disable_mesh().y_labels(0).draw().map_err(failed)?;
        for (i, &rank) in ranks.iter().enumerate() {
            let floor = rows - i as f64 - 1.0;
            let (name, length) = &contigs[rank];
            let end = length.map_or(place(last), |length| (length as f64 / unit).min(place(last)));
            let ground = PathElement::new([(place(first), floor), (end, floor)], BLACK.mix(0.4));
            chart.draw_series([ground]).map_err(failed)?;
            for (colour, passed) in [(ALL, false), (PASSED, true)] {
                let bins = density.bins.iter().filter(|bin| bin.contig == rank);
                let heights = bins.map(|bin| (bin.index, if passed { bin.passed } else { bin.all }));
                let bars = heights.filter(|(_, count)| *count > 0).map(|(index, count)| {
                    let height = 0.92 * (count as f64 / full as f64).min(1.0);
                    let corners = [(place(index), floor), (place(index + 1), floor + height)];
                    Rectangle::new(corners, colour.filled())
                });
                chart.draw_series(bars).map_err(failed)?;
            }
            let (_, y) = chart.backend_coord(&(place(first), floor));
            name_line(area, name, y - 18)?;
        }
        Ok(())
    })
}
