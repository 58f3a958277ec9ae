//! Text from outside in messages for people.
//!
//! In: any text. Out: the same on one line. Pure.

use std::borrow::Cow;

/// Control characters and line separators as escapes: labels of series and fields of foreign objects take any text, and a line
/// break or a terminal's escape sequence in one of them must not end a comment, begin another object or hide what follows.
pub fn printable(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if !text.contains(breaks) {
        return text.into();
    }
    text.chars().map(|c| if breaks(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_breaks_a_line_or_moves_a_cursor() {
        assert_eq!(printable("zürich → 1"), "zürich → 1");
        assert_eq!(printable("a\nb\u{1b}[2K\u{2028}"), "a\\u{a}b\\u{1b}[2K\\u{2028}");
    }
}
