//! Text that is bounded by the schema, and counts that read well. Pure.

/// `text` cut to at most `most` bytes, never within a character.
pub fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

/// `1 pod`, `2 pods`.
pub fn count(n: impl Into<u64>, what: &str) -> String {
    match n.into() {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, cut};

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
        assert_eq!([count(0u32, "day"), count(1u32, "day"), count(2u32, "day")], ["0 days", "1 day", "2 days"]);
    }
}
