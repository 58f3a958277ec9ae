//! Text in messages for people.
//!
//! In: any text, or a number and a noun. Out: the text on one line, or cut to a maximum; the number with its noun.
//! Pure.

use std::borrow::Cow;

/// Control characters, line separators and marks of the direction of writing as escapes: labels of series and fields of foreign objects hold any text; a
/// line break or terminal escape sequence in it must not end a comment, begin another object or hide what follows, and a
/// reversed line must not read as another.
pub fn printable(text: &str) -> Cow<'_, str> {
    // The marks are those of Unicode's property Bidi_Control.
    let breaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(breaks) {
        return text.into();
    }
    text.chars().map(|c| if breaks(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// At most the first `most` characters of `text`.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// `1 pod`, `2 pods`.
pub fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::{count, cut, printable};

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(
            (cut("zürich", 6), cut("zürich", 4), cut("", 0)),
            ("zürich".to_owned(), "zür…".to_owned(), String::new())
        );
        assert_eq!(
            (count(0, "pod"), count(1, "pod"), count(2, "pod")),
            ("0 pods".to_owned(), "1 pod".to_owned(), "2 pods".to_owned())
        );
    }

    #[test]
    fn nothing_breaks_a_line_or_moves_a_cursor() {
        assert_eq!(printable("zürich → 1"), "zürich → 1");
        assert_eq!(printable("no\u{202e}gnol"), "no\\u{202e}gnol");
        assert_eq!(printable("a\nb\u{1b}[2K\u{2028}"), "a\\u{a}b\\u{1b}[2K\\u{2028}");
    }
}
