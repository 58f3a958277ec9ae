//! The metric names in a PromQL expression. In: the expression. Out: names.

use std::collections::BTreeSet;

/// Words of PromQL that look like names.
const WORDS: [&str; 12] =
    ["and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "inf"];

/// The metric names in `expr`.
pub fn metrics(expr: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = unquoted(expr);
    for (open, close) in [('{', '}'), ('[', ']')] {
        rest = without(&rest, open, close);
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut text = rest.as_str();
    while let Some(at) = text.find(word) {
        let end = text[at..].find(|c| !word(c)).map_or(text.len(), |n| at + n);
        let (name, after) = (&text[at..end], text[end..].trim_start());
        text = &text[end..];
        let operator = ["by ", "by(", "without ", "without("].iter().any(|w| after.starts_with(w));
        if ["by", "without", "on", "ignoring", "group_left", "group_right"].contains(&name) && after.starts_with('(') {
            text = after.split_once(')').map_or("", |(_, rest)| rest);
        } else if !operator
            && !after.starts_with('(')
            && !WORDS.contains(&name)
            && !name.starts_with(|c: char| c.is_ascii_digit())
        {
            names.insert(name.to_owned());
        }
    }
    names
}

/// The same without quoted text.
fn unquoted(expr: &str) -> String {
    expr.split('"').step_by(2).collect()
}

fn without(text: &str, open: char, close: char) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        kept.push(' ');
        rest = after.split_once(close).map_or("", |(_, rest)| rest);
    }
    kept + rest
}

#[test]
fn names_are_told_from_words_and_labels() {
    let of = |expr: &str| metrics(expr).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(of("absent(a_info)"), "a_info");
    assert_eq!(
        of("sum by (x, y) (rate(a_total{z=~\"b{2}|<error>\"}[5m])) / on (x) group_left (v) b > 0.05"),
        "a_total b"
    );
    assert_eq!(of("min(a) == 0 and max without(x) (b) offset 5m > bool 1e3"), "a b");
    assert_eq!(of("histogram_quantile(0.95, sum by (le) (rate(a_bucket[$__rate_interval])))"), "a_bucket");
}
