//! Text bounded by the schema, and counts in readable form. Pure.

/// `text` cut to at most `most` bytes, never within a character.
pub fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

/// `once`, `2 times`.
pub fn times(n: u32) -> String {
    if n == 1 { "once".to_owned() } else { count(n, "time") }
}

/// `1 pod`, `2 pods`, `12,093 samples`.
pub fn count(n: impl Into<u64>, what: &str) -> String {
    match n.into() {
        1 => format!("1 {what}"),
        n => format!("{} {what}s", grouped(n)),
    }
}

/// The verb form that goes with [`count`]: `one` for 1, else `many`.
pub fn verb<'a>(n: impl Into<u64>, one: &'a str, many: &'a str) -> &'a str {
    if n.into() == 1 { one } else { many }
}

/// A number with thousands separators (commas).
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{count, cut, verb};

    #[test]
    fn a_cut_never_splits_a_character() {
        for (text, most, expected) in
            [("abc", 5, "abc"), ("abc", 3, "abc"), ("abc", 2, "ab"), ("a→b", 3, "a"), ("", 0, "")]
        {
            assert_eq!(cut(text.to_owned(), most), expected, "{text} {most}");
        }
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [999u32, 1000, 12_093, 4_000_000].map(|n| count(n, "sample")),
            ["999 samples", "1,000 samples", "12,093 samples", "4,000,000 samples"]
        );
        assert_eq!([0u32, 1, 2].map(|n| verb(n, "is", "are")), ["are", "is", "are"]);
        assert_eq!([count(0u32, "day"), count(1u32, "day"), count(2u32, "day")], ["0 days", "1 day", "2 days"]);
    }
}
