//! Lines of a text file that names regions.

use std::io::{BufReader, Read};

use anyhow::{Context, Result, bail};

use crate::formats::read_line;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Maximum line length, in bytes. The limit is necessary because a small compressed file can hold a huge line.
const LONGEST_LINE: u64 = 1 << 20;

/// Passes the lines of a text to `take`, without line ends. Errors name the line.
pub fn for_each_line(text: impl Read, mut take: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let (mut text, mut line) = (BufReader::new(text), Vec::new());
    for number in 1.. {
        let at_line = || format!("line {number}");
        let no_text = || format!("{}: the file is damaged, or it is not UTF-8 text", at_line());
        line.clear();
        if read_line(&mut text, LONGEST_LINE, &mut line).with_context(no_text)? == 0 {
            break;
        }
        let line = std::str::from_utf8(&line).with_context(no_text)?;
        if line.starts_with(BYTE_ORDER_MARK) {
            bail!(
                "{}: the file begins with a byte-order mark; remove it with: sed -i '1s/^\\xEF\\xBB\\xBF//'",
                at_line()
            );
        }
        take(line.trim_end_matches(['\n', '\r'])).with_context(at_line)?;
    }
    Ok(())
}
