//! Text in messages for people.
//!
//! In: any text, or names, or a number and a noun, or seconds. Out: the text on one line, or cut to a maximum; the first
//! names; the number with its noun, or with the form of its verb; a duration or a time in words. Pure.

use std::{borrow::Cow, fmt::Display};

use jiff::Timestamp;

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

/// The first `most` of these and the number of the others: `a, b, c and 4 more`.
pub fn first_of<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let shown = names.iter().take(most).map(S::as_ref).collect::<Vec<&str>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
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

/// A duration in its largest unit and the next smaller one: `45 seconds`, `30 minutes`, `1 hour 30 minutes`, `5 days`.
/// What is smaller is left out.
pub fn lasting(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let seconds = seconds.max(0);
    let largest = UNITS.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
    let (unit, name) = UNITS[largest];
    let rest = UNITS.get(largest + 1).map(|(unit_of_rest, name)| (seconds % unit / unit_of_rest, *name));
    match rest.filter(|(n, _)| *n > 0) {
        Some((n, smaller)) => format!("{} {}", count(seconds / unit, name), count(n, smaller)),
        None => count(seconds / unit, name),
    }
}

/// A time given in seconds since the epoch, in UTC: `2026-12-01T03:12:00Z`. A message with it does not change as time goes
/// on, as one with an age does.
pub fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| format!("{seconds} s since 1970"), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::{count, cut, first_of, lasting, moment, part, printable, verb};

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
    fn a_few_are_named_and_the_others_counted() {
        let many = ["a", "b", "c", "d", "e"];
        let said = [0, 1, 3, 4, 5].map(|n| first_of(&many[..n], 3));
        assert_eq!(said, ["", "a", "a, b, c", "a, b, c and 1 more", "a, b, c and 2 more"]);
        assert_eq!(first_of(&many.map(str::to_owned), 3), said[4]);
    }

    #[test]
    fn one_is_singular_and_so_is_a_part_of_one() {
        assert_eq!([0_u32, 1, 2].map(|n| count(n, "time")), ["0 times", "1 time", "2 times"]);
        assert_eq!([0_i64, 1, 2].map(|n| verb(n, "is", "are")), ["are", "is", "are"]);
        let parts = [(0, 0), (0, 1), (1, 1), (1, 3), (3, 3)].map(|(n, whole): (usize, usize)| part(n, whole, "pod"));
        assert_eq!(parts, ["0 of 0 pods", "0 of 1 pod", "1 of 1 pod", "1 of 3 pods", "3 of 3 pods"]);
    }

    #[test]
    fn durations_and_times_can_be_read() {
        for (seconds, expected) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute 1 second"),
            (1_800, "30 minutes"),
            (5_400, "1 hour 30 minutes"),
            (86_399, "23 hours 59 minutes"),
            (86_400, "1 day"),
            (7_202 * 60, "5 days"),
            (i64::MAX, "106751991167300 days 15 hours"),
        ] {
            assert_eq!(lasting(seconds), expected, "{seconds}");
        }
        assert_eq!(moment(1_796_094_720), "2026-12-01T03:12:00Z");
        assert_eq!(moment(i64::MAX), "9223372036854775807 s since 1970");
    }

    #[test]
    fn nothing_breaks_a_line_or_moves_a_cursor() {
        assert_eq!(printable("zürich → 1"), "zürich → 1");
        assert_eq!(printable("no\u{202e}gnol"), "no\\u{202e}gnol");
        assert_eq!(printable("a\nb\u{1b}[2K\u{2028}"), "a\\u{a}b\\u{1b}[2K\\u{2028}");
    }
}
