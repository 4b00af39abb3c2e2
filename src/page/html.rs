//! The parts of a page.

use std::io::Write;

use anyhow::Result;

use crate::output::controls_in_lines;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ddd}\
table{border-collapse:collapse;margin:.8em 0;font-size:13px}th,td{padding:.25em .7em;border-bottom:1px solid #eee;\
text-align:right}th:first-child,td:first-child{text-align:left}th{background:#f6f6f6}\
.charts{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}figcaption{font-weight:600}code{font-size:12px}\
svg{max-width:100%;height:auto}";

/// Begins a page. `style` is CSS that only this page needs.
pub fn begin(out: &mut impl Write, title: &str, style: &str) -> Result<()> {
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\
         <style>{STYLE}{style}</style></head><body>\n<h1>{0}</h1>\n",
        escape(title),
    )?;
    Ok(())
}

pub fn end(out: &mut impl Write) -> Result<()> {
    out.write_all(b"</body></html>\n")?;
    Ok(())
}

/// Text of an input as HTML, with its control characters spelled out.
pub fn escape(text: &str) -> String {
    let text = controls_in_lines(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub fn table(out: &mut impl Write, headings: &[String], rows: &[Vec<String>]) -> Result<()> {
    let line = |cells: &[String], tag: &str| -> String {
        let cells = cells.iter().map(|c| format!("<{tag}>{}</{tag}>", escape(c)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let body: String = rows.iter().map(|row| line(row, "td")).collect();
    writeln!(out, "<table>\n{}{body}</table>", line(headings, "th"))?;
    Ok(())
}

pub fn headings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&n| n.to_owned()).collect()
}

/// A chart with its caption. The caption is HTML.
pub fn figure(out: &mut impl Write, caption: &str, svg: &str) -> Result<()> {
    writeln!(out, "<figure><figcaption>{caption}</figcaption>{svg}</figure>")?;
    Ok(())
}
