//! Escapes control characters of inputs, for example in names of a BAM header. In a terminal, a log or a table, they
//! could clear the screen or end a line.

use std::borrow::Cow;

/// Escapes each control character, including line ends: `\u{1b}`, `\n`.
pub fn controls(text: &str) -> Cow<'_, str> {
    escaped(text, is_control)
}

/// Like [`controls`], but keeps line ends and tabs, for text of several lines and columns.
pub fn controls_in_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_control(c) && c != '\n' && c != '\t')
}

fn escaped(text: &str, needs_escape: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match needs_escape(character) {
            true => escaped.extend(character.escape_default()),
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Whether a character is a control character, ends a line, or changes the direction of writing.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Shortens a long name in the middle, because the names of strata differ at the end.
pub fn shortened(name: &str) -> String {
    const LONGEST: usize = 46;
    let letters: Vec<char> = name.chars().collect();
    match letters.len() > LONGEST {
        true => letters[..14]
            .iter()
            .chain(&['…'])
            .chain(&letters[letters.len() - 31..])
            .collect(),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_characters_are_escaped() {
        assert_eq!(
            controls("a\u{1b}[2Jb\r\n\t\u{7}\u{9b}"),
            r"a\u{1b}[2Jb\r\n\t\u{7}\u{9b}"
        );
        assert_eq!(controls("x\u{202e}y\u{2028}"), r"x\u{202e}y\u{2028}");
        assert_eq!(controls_in_lines("a\tb\nc\r"), "a\tb\nc\\r");
        let plain = r#"Größe 12 = "x" \ '–'"#;
        assert!(matches!(controls(plain), Cow::Borrowed(text) if text == plain));
    }
}
