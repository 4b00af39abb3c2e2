//! HTML pages of one file, with charts as SVG. A page needs no network and no JavaScript.

mod charts;
mod html;

pub(crate) use charts::{Area, COLOURS, FONT, failed, svg};
pub(crate) use html::{begin, end, escape, figure, headings, table};
