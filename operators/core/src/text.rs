//! Text in messages for people.
//!
//! In: any text, or a number and a noun. Out: the text on one line, or cut to a maximum; the number with its noun, or
//! with the form of its verb. Pure.

use std::{borrow::Cow, fmt::Display};

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
pub fn count<N: Copy + Display + PartialEq + From<u8>>(n: N, what: &str) -> String {
    format!("{n} {what}{}", verb(n, "", "s"))
}

/// The form of a verb that goes with `n` of something: `one` for 1, else `many`.
pub fn verb<'a, N: PartialEq + From<u8>>(n: N, one: &'a str, many: &'a str) -> &'a str {
    if n == N::from(1) { one } else { many }
}

/// A part of a whole: `0 of 1 pod`, `1 of 3 pods`. The verb after it goes with the whole, as in kubectl: `1 of 3 pods are`.
pub fn part<N: Copy + Display + PartialEq + From<u8>>(n: N, whole: N, what: &str) -> String {
    format!("{n} of {}", count(whole, what))
}

#[cfg(test)]
mod tests {
    use super::{count, cut, part, printable, verb};

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
    fn one_is_singular_and_so_is_a_part_of_one() {
        assert_eq!([0_u32, 1, 2].map(|n| count(n, "time")), ["0 times", "1 time", "2 times"]);
        assert_eq!([0_i64, 1, 2].map(|n| verb(n, "is", "are")), ["are", "is", "are"]);
        let parts = [(0, 0), (0, 1), (1, 1), (1, 3), (3, 3)].map(|(n, whole): (usize, usize)| part(n, whole, "pod"));
        assert_eq!(parts, ["0 of 0 pods", "0 of 1 pod", "1 of 1 pod", "1 of 3 pods", "3 of 3 pods"]);
    }

    #[test]
    fn nothing_breaks_a_line_or_moves_a_cursor() {
        assert_eq!(printable("zürich → 1"), "zürich → 1");
        assert_eq!(printable("no\u{202e}gnol"), "no\\u{202e}gnol");
        assert_eq!(printable("a\nb\u{1b}[2K\u{2028}"), "a\\u{a}b\\u{1b}[2K\\u{2028}");
    }
}
