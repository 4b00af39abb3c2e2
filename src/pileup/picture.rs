//! A pileup as a picture for people: the channels side by side, with captions.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};

use super::channels::{CHANNEL_NAMES, CHANNELS};
use super::font::{LETTER_HEIGHT, LETTER_WIDTH, ink};
use super::{CENTER, HEIGHT, WIDTH};

/// Height of a pileup row in the picture, in pixels. A column is one pixel wide, so that all channels fit on a screen.
const ROW_PIXELS: usize = 2;
/// Picture pixels for each pixel of a letter, in both directions.
const LETTER_PIXELS: usize = 2;
/// White space around and between channels, in pixels.
const MARGIN: usize = 8;
/// Height of a line of text with the space below the line.
const LINE: usize = LETTER_HEIGHT * LETTER_PIXELS + MARGIN;
/// Length of the marks above and below the candidate's column, in pixels.
const MARK: usize = 5;

const PAPER: u8 = 255;
const INK: u8 = 0;

/// A grey picture.
pub struct Picture {
    width: usize,
    height: usize,
    /// One byte for each pixel, row by row.
    pixels: Vec<u8>,
}

impl Picture {
    /// Lays out a pileup's channels under a title.
    pub fn of_pileup(image: &[u8], title: &[String]) -> Self {
        let width = CHANNELS * (WIDTH + MARGIN) + MARGIN;
        let top = MARGIN + (title.len() + 1) * LINE;
        let height = top + HEIGHT * ROW_PIXELS + MARGIN;
        let mut picture = Self {
            width,
            height,
            pixels: vec![PAPER; width * height],
        };
        for (number, line) in title.iter().enumerate() {
            picture.write(MARGIN, MARGIN + number * LINE, line);
        }
        for (channel, name) in CHANNEL_NAMES.iter().enumerate() {
            let left = MARGIN + channel * (WIDTH + MARGIN);
            picture.write(left, top - LINE, name);
            picture.draw_channel(image, channel, left, top);
        }
        picture
    }

    fn draw_channel(&mut self, image: &[u8], channel: usize, left: usize, top: usize) {
        for (row, pixels) in image.chunks_exact(WIDTH * CHANNELS).enumerate() {
            for (column, pixel) in pixels.chunks_exact(CHANNELS).enumerate() {
                for line in 0..ROW_PIXELS {
                    self.set(left + column, top + row * ROW_PIXELS + line, pixel[channel]);
                }
            }
        }
        let bottom = top + HEIGHT * ROW_PIXELS;
        for y in (top - MARK..top).chain(bottom..bottom + MARK) {
            self.set(left + CENTER, y, INK);
        }
    }

    fn write(&mut self, left: usize, top: usize, text: &str) {
        for (number, letter) in text.chars().enumerate() {
            let left = left + number * (LETTER_WIDTH + 1) * LETTER_PIXELS;
            for (column, row) in ink(letter) {
                for offset in 0..LETTER_PIXELS * LETTER_PIXELS {
                    let (x, y) = (offset % LETTER_PIXELS, offset / LETTER_PIXELS);
                    self.set(left + column * LETTER_PIXELS + x, top + row * LETTER_PIXELS + y, INK);
                }
            }
        }
    }

    /// Sets a pixel; ignores pixels outside of the picture.
    fn set(&mut self, x: usize, y: usize, value: u8) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = value;
        }
    }

    pub fn write_png(&self, path: &Path) -> Result<()> {
        let failed = || format!("cannot write {}", path.display());
        let file = File::create(path).with_context(failed)?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().with_context(failed)?;
        writer.write_image_data(&self.pixels).with_context(failed)?;
        writer.finish().with_context(failed)
    }
}
