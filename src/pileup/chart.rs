//! A pileup for a meeting: an SVG with letters, positions, a legend and, if asked, what the network looked at.

use std::fmt::Write as _;

use super::channels::{CHANNEL_NAMES, STRANDS, index};
use super::occlude::{differs, drawn_reads, is_empty, pixel, span, supports};
use super::{CENTER, CHANNELS, REFERENCE_ROWS, WIDTH};
use crate::page::escape;

/// Width of a column and height of a row, in pixels.
const COLUMN: usize = 8;
const ROW: usize = 12;
/// Left of the columns: the mark of support and the mapping quality.
const LEFT: usize = 64;
/// Right of the columns: a bar for each read.
const RIGHT: usize = 150;
/// Height of a line of text.
const LINE: usize = 18;
/// Height of the bars of columns.
const BARS: usize = 44;
/// Columns between two labels of the axis.
const STEP: u64 = 20;
/// Bytes of a row of the image.
const ROW_BYTES: usize = WIDTH * CHANNELS;

/// Colours of bars: for the genotype, and against it.
const FOR: &str = "#c0392b";
const AGAINST: &str = "#2471a3";

/// How much the network's genotype depends on each part.
pub struct Effects<'a> {
    /// The genotype in words.
    pub genotype: &'a str,
    pub reads: &'a [f64],
    pub columns: &'a [f64],
    pub channels: &'a [f64],
}

/// What a chart shows.
pub struct PileupChart<'a> {
    pub image: &'a [u8],
    /// Lines above the pileup.
    pub title: &'a [String],
    /// 0-based position of the candidate.
    pub position: u64,
    pub effects: Option<Effects<'a>>,
}

impl PileupChart<'_> {
    /// The chart as SVG. Empty rows are left out.
    pub fn svg(&self) -> String {
        let reads = drawn_reads(self.image);
        let axis = LINE * (self.title.len() + 1) + if self.effects.is_some() { BARS + 6 } else { 0 };
        let top = axis + LINE;
        let below = top + (reads + 1) * ROW + LINE;
        let channels = if self.effects.is_some() {
            LINE * (CHANNELS + 2)
        } else {
            0
        };
        let (width, height) = (LEFT + WIDTH * COLUMN + RIGHT, below + LINE * 5 + channels);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"monospace\" font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        for (number, line) in self.title.iter().enumerate() {
            let weight = if number == 0 { " font-weight=\"bold\"" } else { "" };
            text(&mut svg, 8, LINE * (number + 1), weight, line);
        }
        self.axis(&mut svg, axis, top + (reads + 1) * ROW);
        self.column_bars(&mut svg, axis - LINE);
        self.reference(&mut svg, top);
        for (number, row) in self
            .image
            .chunks_exact(ROW_BYTES)
            .skip(REFERENCE_ROWS)
            .take(reads)
            .enumerate()
        {
            draw_read(&mut svg, row, top + (number + 1) * ROW);
            let effect = self.effects.as_ref().and_then(|effects| effects.reads.get(number));
            if let Some(effect) = effect {
                self.read_bar(&mut svg, *effect, top + (number + 1) * ROW);
            }
        }
        self.legend(&mut svg, below);
        svg + "</svg>\n"
    }

    /// Positions above the columns, and the candidate's column.
    fn axis(&self, svg: &mut String, y: usize, bottom: usize) {
        let first = (self.position + 1) as i64 - CENTER as i64;
        for column in 0..WIDTH {
            let position = first + column as i64;
            if position > 0 && (position as u64).is_multiple_of(STEP) {
                let x = LEFT + column * COLUMN + COLUMN / 2;
                let label = grouped(position as u64);
                text(
                    svg,
                    x,
                    y,
                    " text-anchor=\"middle\" font-size=\"10\" fill=\"#555\"",
                    &label,
                );
                _ = writeln!(svg, "<path d=\"M{x} {}v4\" stroke=\"#999\"/>", y + 2);
            }
        }
        let x = LEFT + CENTER * COLUMN;
        _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{}\" width=\"{COLUMN}\" height=\"{}\" fill=\"#fdf3c7\"/>",
            y + 6,
            bottom + 4 - y
        );
    }

    /// The letters of the reference.
    fn reference(&self, svg: &mut String, y: usize) {
        let row = &self.image[..ROW_BYTES];
        let letters: String = (0..WIDTH)
            .map(|column| letter(pixel(row, column)[index::READ_BASE]))
            .collect();
        text(svg, 8, y, " fill=\"#555\"", "MQ");
        letters_of_row(svg, 0, y, &letters, "#000\" font-weight=\"bold");
    }

    fn greatest(&self) -> f64 {
        let effects = self
            .effects
            .iter()
            .flat_map(|effects| effects.reads.iter().chain(effects.columns));
        effects.fold(1e-9, |greatest, effect| greatest.max(effect.abs()))
    }

    fn column_bars(&self, svg: &mut String, bottom: usize) {
        let Some(effects) = &self.effects else { return };
        for (column, effect) in effects.columns.iter().enumerate().filter(|(_, effect)| **effect != 0.0) {
            let height = (effect.abs() / self.greatest() * BARS as f64).max(0.5);
            _ = writeln!(
                svg,
                "<rect x=\"{}\" y=\"{:.1}\" width=\"{}\" height=\"{height:.1}\" fill=\"{}\"/>",
                LEFT + column * COLUMN,
                bottom as f64 - height,
                COLUMN - 1,
                colour(*effect)
            );
        }
    }

    fn read_bar(&self, svg: &mut String, effect: f64, y: usize) {
        let length = effect.abs() / self.greatest() * (RIGHT - 20) as f64;
        _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{length:.1}\" height=\"{}\" fill=\"{}\"/>",
            LEFT + WIDTH * COLUMN + 8,
            y - ROW + 3,
            ROW - 2,
            colour(effect)
        );
    }

    /// What the signs mean, and the scale of the bars.
    fn legend(&self, svg: &mut String, mut y: usize) {
        let mut line = |words: &str| {
            text(svg, 8, y, " fill=\"#333\"", words);
            y += LINE;
        };
        line(
            ". and , : like the reference, forward and reverse strand.  - : deleted.  * : base before an insertion or deletion.  Letters on colour: differ from the reference; the paler, the lower the base quality.",
        );
        line(
            "● : the read supports the allele.  MQ: mapping quality, at most 60.  The yellow column is the candidate's.  Empty rows are left out.",
        );
        let Some(effects) = &self.effects else { return };
        line(&format!(
            "Bars: how much less likely (red) or likelier (blue) the network finds {} without a read (right), a column (top) or a channel (below).",
            effects.genotype
        ));
        line(&format!(
            "The longest bar is a change of the odds by a factor of {}.",
            factor(10f64.powf(self.greatest()))
        ));
        let longest = effects
            .channels
            .iter()
            .fold(1e-9, |longest: f64, effect| longest.max(effect.abs()));
        for (name, effect) in CHANNEL_NAMES.iter().zip(effects.channels) {
            text(
                svg,
                8,
                y,
                "",
                &format!("{name:<24} odds × {}", factor(10f64.powf(-effect))),
            );
            _ = writeln!(
                svg,
                "<rect x=\"330\" y=\"{}\" width=\"{:.1}\" height=\"11\" fill=\"{}\"/>",
                y - 10,
                effect.abs() / longest * 300.0,
                colour(*effect)
            );
            y += LINE;
        }
    }
}

fn draw_read(svg: &mut String, row: &[u8], y: usize) {
    let Some(span) = span(row) else { return };
    let any = pixel(row, span.start);
    let is_reverse = any[index::STRAND] == STRANDS[1];
    let quality = (f64::from(any[index::MAPPING_QUALITY]) * 60.0 / 254.0).round();
    if supports(row) {
        text(svg, 34, y, "", "●");
    }
    text(svg, 8, y, " fill=\"#555\"", &format!("{quality}"));
    let mut letters = String::new();
    for column in span.clone() {
        let pixel = pixel(row, column);
        let sign = match is_empty(&pixel) {
            true => '-',
            false if differs(&pixel) => ' ',
            false if is_reverse => ',',
            false => '.',
        };
        letters.push(sign);
        if sign == ' ' {
            let letter = letter(pixel[index::READ_BASE]);
            let strength = 0.25 + 0.75 * f64::from(pixel[index::BASE_QUALITY]) / 254.0;
            let ink = if strength < 0.7 { "#000" } else { "#fff" };
            let x = LEFT + column * COLUMN;
            _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"{COLUMN}\" height=\"{ROW}\" fill=\"{}\" fill-opacity=\"{strength:.2}\"/>\
                 <text x=\"{}\" y=\"{y}\" text-anchor=\"middle\" fill=\"{ink}\" font-weight=\"bold\">{letter}</text>",
                y - ROW + 2,
                base_colour(letter),
                x + COLUMN / 2
            );
        }
    }
    letters_of_row(svg, span.start, y, &letters, "#777");
}

/// Letters of equal width, one in each column. `fill` may close its quote to add attributes.
fn letters_of_row(svg: &mut String, first: usize, y: usize, letters: &str, fill: &str) {
    let x: Vec<String> = (0..letters.len())
        .map(|number| (LEFT + (first + number) * COLUMN + COLUMN / 2).to_string())
        .collect();
    _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{y}\" text-anchor=\"middle\" xml:space=\"preserve\" fill=\"{fill}\">{letters}</text>",
        x.join(" ")
    );
}

fn text(svg: &mut String, x: usize, y: usize, attributes: &str, words: &str) {
    _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" xml:space=\"preserve\"{attributes}>{}</text>",
        escape(words)
    );
}

/// A factor with three digits or more.
fn factor(factor: f64) -> String {
    match factor {
        small if small < 0.01 => format!("{small:.1e}"),
        large if large >= 1000.0 => format!("{large:.1e}"),
        factor => format!("{factor:.2}"),
    }
}

fn colour(effect: f64) -> &'static str {
    if effect >= 0.0 { FOR } else { AGAINST }
}

/// The base of a pixel's first channel.
fn letter(value: u8) -> char {
    match value {
        250 => 'A',
        180 => 'G',
        100 => 'T',
        30 => 'C',
        _ => '*',
    }
}

fn base_colour(letter: char) -> &'static str {
    match letter {
        'A' => "#1e8449",
        'C' => "#1f618d",
        'G' => "#b9770e",
        'T' => "#b03a2e",
        _ => "#6c3483",
    }
}

fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::channels::read_base;
    use super::super::{HEIGHT, PILEUP_SIZE};
    use super::*;

    fn image(reads: usize) -> Vec<u8> {
        let mut image = vec![0; PILEUP_SIZE];
        for row in 0..REFERENCE_ROWS + reads {
            for column in 0..WIDTH {
                let at = (row * WIDTH + column) * CHANNELS;
                image[at..at + CHANNELS].copy_from_slice(&[250, 254, 254, 70, 152, 50, 100]);
            }
        }
        let changed = ((REFERENCE_ROWS + 1) * WIDTH + CENTER) * CHANNELS;
        image[changed..changed + CHANNELS].copy_from_slice(&[100, 254, 254, 70, 254, 254, 100]);
        image
    }

    #[test]
    fn a_chart_shows_reads_and_no_empty_rows() {
        let title = ["c:1,000 A>T".to_owned(), "<network>".to_owned()];
        let chart = |image: &[u8]| {
            PileupChart {
                image,
                title: &title,
                position: 999,
                effects: None,
            }
            .svg()
        };
        let (few, many) = (chart(&image(3)), chart(&image(HEIGHT - REFERENCE_ROWS)));
        let height = |svg: &str| -> usize {
            let rest = svg.split(" height=\"").nth(1).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        assert_eq!(height(&many) - height(&few), (HEIGHT - REFERENCE_ROWS - 3) * ROW);
        assert_eq!(few.matches('●').count(), 2, "the read, and the legend");
        assert_eq!(few.matches("font-weight=\"bold\">T</text>").count(), 1);
        assert!(few.contains(">1,000</text>") && few.contains("&lt;network&gt;") && few.ends_with("</svg>\n"));
    }

    #[test]
    fn bars_show_effects_with_their_sign() {
        let (reads, mut columns) = ([0.5, -0.25, 0.0], [0.0; WIDTH]);
        columns[CENTER] = 1.0;
        let svg = PileupChart {
            image: &image(3),
            title: &[],
            position: 999,
            effects: Some(Effects {
                genotype: "0/1",
                reads: &reads,
                columns: &columns,
                channels: &[0.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0],
            }),
        }
        .svg();
        assert!(svg.contains("by a factor of 10.00") && svg.contains("supports allele          odds × 10.00<"));
        assert_eq!(svg.matches(AGAINST).count(), 2);
        assert!(
            svg.contains(&format!("width=\"65.0\" height=\"10\" fill=\"{FOR}\"")),
            "{svg}"
        );
    }

    #[test]
    fn letters_are_those_of_the_channel() {
        let letters: String = b"ACGT*".iter().map(|&base| letter(read_base(base))).collect();
        assert_eq!(letters, "ACGT*");
    }
}
