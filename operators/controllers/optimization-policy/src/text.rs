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

/// Maximum number of names that [`some`] shows.
const EXAMPLES: usize = 3;

/// A number of pods that does not change with every pod: `9 pods`, `10 pods or more`.
pub(crate) fn about(pods: usize) -> String {
    match pods {
        1 => "1 pod".to_owned(),
        2..=9 => format!("{pods} pods"),
        10..=99 => "10 pods or more".to_owned(),
        100..=999 => "100 pods or more".to_owned(),
        _ => "1,000 pods or more".to_owned(),
    }
}

/// The first of these names: `a, b, c and other namespaces`.
pub(crate) fn some(names: &[&str], what: &str) -> String {
    let shown = names.iter().take(EXAMPLES).copied().collect::<Vec<_>>().join(", ");
    if names.len() > EXAMPLES { format!("{shown} and other {what}") } else { shown }
}

/// The verb form that goes with [`count`]: `one` for 1, else `many`.
pub fn verb<'a>(n: impl Into<u64>, one: &'a str, many: &'a str) -> &'a str {
    if n.into() == 1 { one } else { many }
}

/// A share in percent with so many `digits` after the point: `12%`, `0.4%`. One that rounds to nothing is
/// `less than 1%`, since `0%` would say that there is none.
pub fn share(percent: f64, digits: usize) -> String {
    let shown = format!("{percent:.digits$}%");
    let nothing = format!("{:.digits$}%", 0.0);
    if percent > 0.0 && shown == nothing {
        return format!("less than {:.digits$}%", 0.1_f64.powi(i32::try_from(digits).unwrap_or(0)));
    }
    shown
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
    use super::{count, cut, share, times, verb};

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
        assert_eq!([0u32, 1, 2].map(times), ["0 times", "once", "2 times"]);
        assert_eq!([count(0u32, "day"), count(1u32, "day"), count(2u32, "day")], ["0 days", "1 day", "2 days"]);
    }

    #[test]
    fn a_share_that_rounds_to_nothing_is_not_said_to_be_none() {
        for (percent, digits, expected) in [
            (0.0, 0, "0%"),
            (0.3, 0, "less than 1%"),
            (0.6, 0, "1%"),
            (12.4, 0, "12%"),
            (0.0, 1, "0.0%"),
            (0.04, 1, "less than 0.1%"),
            (0.05001, 1, "0.1%"),
            (99.96, 1, "100.0%"),
        ] {
            assert_eq!(share(percent, digits), expected, "{percent} {digits}");
        }
    }
}
