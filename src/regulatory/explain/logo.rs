//! Sequence logos and heat maps as SVG.

use std::fmt::Write;

use super::motif::Motif;
use super::mutagenesis::Mutagenesis;
use crate::regulatory::bases::{UNKNOWN, letter};

/// Width of a position, height of a logo, and height of a row of a heat map, in pixels.
const STEP: f64 = 14.0;
const LOGO: f64 = 110.0;
const ROW: f64 = 16.0;
/// Least width of a picture, which the lines of text need.
const LEAST_WIDTH: f64 = 720.0;
/// Space for labels at the left, and for the title.
const LEFT: f64 = 60.0;
const TOP: f64 = 26.0;

/// Colours of A, C, G and T, as in most logos.
const COLOURS: [&str; 4] = ["#1b9e3b", "#1b4fa8", "#e59b02", "#c8102e"];

/// Outlines of A, C, G and T in a square from 0 to 1, with the base line at 1.
const GLYPHS: [&str; 4] = [
    "M0 1L.4 0H.6L1 1H.8L.71 .75H.29L.2 1ZM.35 .58H.65L.5 .17Z",
    "M1 .3H.8C.76 .2 .65 .15 .53 .15C.33 .15 .2 .28 .2 .5C.2 .72 .33 .85 .53 .85C.65 .85 .76 .8 .8 .7H1C.95 .89 .77 1 .53 1C.2 1 0 .8 0 .5C0 .2 .2 0 .53 0C.77 0 .95 .11 1 .3Z",
    "M1 .3H.8C.76 .2 .65 .15 .53 .15C.33 .15 .2 .28 .2 .5C.2 .72 .33 .85 .53 .85C.68 .85 .8 .78 .8 .63H.55V.48H1V1H.85L.82 .9C.75 .97 .65 1 .53 1C.2 1 0 .8 0 .5C0 .2 .2 0 .53 0C.77 0 .95 .11 1 .3Z",
    "M0 0H1V.17H.6V1H.4V.17H0Z",
];

/// A letter that fills a box. With a negative height, it stands on its head below `y`.
fn glyph(svg: &mut String, base: usize, x: f64, y: f64, height: f64) {
    if height.abs() < 0.3 {
        return;
    }
    // A string takes all that is written.
    _ = writeln!(
        svg,
        "<path d=\"{}\" fill=\"{}\" transform=\"translate({x:.2} {:.2}) scale({:.2} {height:.2})\"/>",
        GLYPHS[base],
        COLOURS[base],
        y - height,
        STEP - 1.0
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" font-size=\"12\">{words}</text>"
    );
}

fn begin(width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    )
}

/// The contributions of a region as a logo, above the effects of all changes as a heat map.
pub fn draw_mutagenesis(m: &Mutagenesis) -> String {
    let positions = m.codes.len();
    let contributions: Vec<f64> = (0..positions).map(|i| f64::from(m.contribution(i))).collect();
    let highest = contributions.iter().copied().fold(1e-6, f64::max);
    let lowest = contributions.iter().copied().fold(0.0, f64::min);
    let scale = LOGO / (highest - lowest);
    let zero = TOP + highest * scale;
    let map = TOP + LOGO + 14.0;
    let width = (LEFT + positions as f64 * STEP + 20.0).max(LEAST_WIDTH);
    let mut svg = begin(width, map + 4.0 * ROW + 44.0);
    text(
        &mut svg,
        LEFT,
        16.0,
        "start",
        &format!(
            "{}, {}: contribution of each base, and effect of each change",
            m.region, m.task
        ),
    );
    for (index, (&code, &contribution)) in m.codes.iter().zip(&contributions).enumerate() {
        if code < UNKNOWN {
            glyph(
                &mut svg,
                usize::from(code),
                LEFT + index as f64 * STEP,
                zero,
                contribution * scale,
            );
        }
    }
    text(&mut svg, LEFT - 6.0, TOP + 10.0, "end", &format!("{highest:.2}"));
    text(&mut svg, LEFT - 6.0, TOP + LOGO, "end", &format!("{lowest:.2}"));
    let end = LEFT + positions as f64 * STEP;
    _ = writeln!(
        svg,
        "<line x1=\"{LEFT}\" x2=\"{end:.0}\" y1=\"{zero:.1}\" y2=\"{zero:.1}\" stroke=\"#999\"/>"
    );
    let largest = m
        .effects
        .iter()
        .flatten()
        .fold(1e-6_f32, |most, effect| most.max(effect.abs()));
    for row in 0..4 {
        let y = map + row as f64 * ROW;
        text(&mut svg, LEFT - 6.0, y + 12.0, "end", &letter(row as u8).to_string());
        for (index, effects) in m.effects.iter().enumerate() {
            let is_reference = usize::from(m.codes[index]) == row;
            let fill = if is_reference {
                "#dddddd".to_owned()
            } else {
                colour(f64::from(effects[row] / largest))
            };
            _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{STEP}\" height=\"{ROW}\" fill=\"{fill}\"/>",
                LEFT + index as f64 * STEP
            );
        }
    }
    let below = map + 4.0 * ROW + 16.0;
    for index in (0..positions).filter(|index| (m.region.start + *index as u64 + 1).is_multiple_of(10)) {
        let x = LEFT + (index as f64 + 0.5) * STEP;
        text(
            &mut svg,
            x,
            below,
            "middle",
            &(m.region.start + index as u64 + 1).to_string(),
        );
    }
    let legend = format!(
        "blue: the change lowers the score, red: it raises the score; full colour is {largest:.2}; grey is the reference"
    );
    text(&mut svg, LEFT, below + 18.0, "start", &legend);
    svg + "</svg>\n"
}

/// Blue for -1, white for 0, red for 1.
fn colour(value: f64) -> String {
    let rest = |away: f64| (255.0 * (1.0 - away.clamp(0.0, 1.0))) as u8;
    let (red, blue) = (rest(-value), rest(value));
    let green = rest(value.abs());
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Motifs as logos, one below the other. The height of a position is its information in bits.
pub fn draw_logos(motifs: &[Motif]) -> String {
    const HEIGHT: f64 = 70.0;
    let widest = motifs.iter().map(|motif| motif.columns.len()).max().unwrap_or(0);
    let mut svg = begin(
        LEFT + 120.0 + widest as f64 * STEP,
        TOP + motifs.len() as f64 * (HEIGHT + 12.0),
    );
    text(
        &mut svg,
        8.0,
        16.0,
        "start",
        "motifs of the first filters: bits, up to 2",
    );
    for (rank, motif) in motifs.iter().enumerate() {
        let bottom = TOP + rank as f64 * (HEIGHT + 12.0) + HEIGHT;
        text(
            &mut svg,
            8.0,
            bottom - HEIGHT / 2.0,
            "start",
            &format!("{} ({} sites)", motif.name, motif.sites),
        );
        for (index, column) in motif.columns.iter().enumerate() {
            let entropy: f64 = column.iter().filter(|p| **p > 0.0).map(|p| -p * p.log2()).sum();
            let mut order = [0, 1, 2, 3];
            order.sort_by(|&a, &b| column[a].total_cmp(&column[b]));
            let mut y = bottom;
            for base in order {
                let height = column[base] * (2.0 - entropy).max(0.0) / 2.0 * HEIGHT;
                glyph(&mut svg, base, LEFT + 100.0 + index as f64 * STEP, y, height);
                y -= height;
            }
        }
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    #[test]
    fn letters_of_contributions_stand_above_and_below_the_line() {
        let m = Mutagenesis {
            region: Region::new("c<", 8, 10),
            task: "T".into(),
            codes: vec![0, 3],
            effects: vec![[0.0, -1.0, -1.0, -1.0], [0.3, 0.3, 0.3, 0.0]],
        };
        assert!((m.contribution(0) - 1.0).abs() < 1e-6 && (m.contribution(1) + 0.3).abs() < 1e-6);
        let svg = draw_mutagenesis(&m);
        assert!(svg.contains("c&lt;:9-10, T") && svg.matches("<path").count() == 2);
        assert_eq!(svg.matches("#0000ff").count(), 3);
        assert_eq!(
            [colour(-1.0), colour(0.0), colour(1.0)],
            ["#0000ff", "#ffffff", "#ff0000"]
        );
        assert!(
            m.table()
                .contains("c<\t9\tA\t0.00000\t-1.00000\t-1.00000\t-1.00000\t1.00000\n")
        );
    }
}
