//! Control characters of inputs, such as names in a BAM's header, which must not reach a terminal, a log or a table: there they
//! could clear the screen, or end a line.

use std::borrow::Cow;

/// The text with each control character, line ends included, spelled out: `\u{1b}`, `\n`.
pub fn controls(text: &str) -> Cow<'_, str> {
    spelled_out(text, is_control)
}

/// As [`controls`], for text of several lines and columns: its line ends and tabs stay.
pub fn controls_in_lines(text: &str) -> Cow<'_, str> {
    spelled_out(text, |c| is_control(c) && c != '\n' && c != '\t')
}

fn spelled_out(text: &str, is_spelled: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_spelled) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_spelled(character) {
            true => escaped.extend(character.escape_default()),
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Also what ends a line, or turns the direction of writing, though Unicode does not call it control.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A long name without its middle: the names of strata differ at the end.
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
    fn control_characters_are_spelled_out_and_all_else_stays() {
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
