//! The queries that the fake Prometheus understands. In: text, series, times. Out: rows of points.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use regex::Regex;

use super::FakeSeries;

/// The sample interval of a series, in seconds, for windows over it.
const SCRAPE_S: f64 = 15.0;
/// The same for series without gaps: their shapes are smooth.
const SMOOTH_S: f64 = 60.0;

/// The result of a query for one set of labels.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) points: Vec<(f64, f64)>,
}

#[derive(Debug)]
pub(super) enum Query {
    Selector(Vec<Matcher>),
    /// A function over a window of this many seconds.
    OverTime(Window, Vec<Matcher>, f64),
    Timestamp(Box<Query>),
    Max(Box<Query>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Window {
    Max,
    Min,
    Last,
    Count,
}

#[derive(Debug)]
pub(super) struct Matcher {
    label: String,
    pattern: Regex,
    negated: bool,
}

impl Matcher {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.pattern.is_match(labels.get(&self.label).map_or("", String::as_str)) != self.negated
    }
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let call = text.strip_suffix(')').and_then(|text| text.split_once('('));
        let Some((function, inner)) = call.filter(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        else {
            return Ok(Self::Selector(selector(text)?));
        };
        let window = match function {
            "max" => return Ok(Self::Max(Box::new(Self::parse(inner)?))),
            "timestamp" => return Ok(Self::Timestamp(Box::new(Self::parse(inner)?))),
            "max_over_time" => Window::Max,
            "min_over_time" => Window::Min,
            "last_over_time" => Window::Last,
            "count_over_time" => Window::Count,
            _ => bail!("the fake Prometheus does not know {function}(): {text}"),
        };
        let (series, range) =
            inner.trim_end().strip_suffix(']').and_then(|t| t.rsplit_once('[')).context("no range")?;
        let (span, _) = range.split_once(':').unwrap_or((range, ""));
        Ok(Self::OverTime(window, selector(series)?, seconds(span)?))
    }

    pub(super) fn evaluate(&self, series: &[FakeSeries], start: f64, end: f64, step: f64) -> Vec<Row> {
        let grid = || (0..).map(|i| start + f64::from(i) * step).take_while(|t| *t <= end);
        match self {
            Self::Selector(matchers) => chosen(series, matchers, start, end)
                .map(|s| Row { labels: s.labels.clone(), points: grid().filter_map(|t| Some((t, s.at(t)?))).collect() })
                .filter(|row| !row.points.is_empty())
                .collect(),
            Self::OverTime(window, matchers, span) => chosen(series, matchers, start - span, end)
                .map(|s| {
                    let mut labels = s.labels.clone();
                    if *window != Window::Last {
                        labels.remove("__name__");
                    }
                    let points = grid().filter_map(|t| Some((t, over(s, *window, t - span, t)?))).collect();
                    Row { labels, points }
                })
                .filter(|row| !row.points.is_empty())
                .collect(),
            Self::Timestamp(inner) => {
                let mut rows = inner.evaluate(series, start, end, step);
                for row in &mut rows {
                    row.labels.remove("__name__");
                    row.points.iter_mut().for_each(|(time, value)| *value = *time);
                }
                rows
            }
            Self::Max(inner) => {
                let rows = inner.evaluate(series, start, end, step);
                let greatest = |t: f64| {
                    let at = |row: &Row| row.points.iter().find(|p| p.0.total_cmp(&t).is_eq()).map(|p| p.1);
                    rows.iter().filter_map(at).reduce(f64::max)
                };
                let points: Vec<_> = grid().filter_map(|t| Some((t, greatest(t)?))).collect();
                if points.is_empty() { Vec::new() } else { vec![Row { labels: BTreeMap::new(), points }] }
            }
        }
    }
}

fn chosen<'a>(
    series: &'a [FakeSeries],
    matchers: &'a [Matcher],
    start: f64,
    end: f64,
) -> impl Iterator<Item = &'a FakeSeries> {
    series.iter().filter(move |s| s.is_within(start, end) && matchers.iter().all(|m| m.matches(&s.labels)))
}

/// A function over the samples after `from` up to `to`; `None` where there are none.
fn over(series: &FakeSeries, window: Window, from: f64, to: f64) -> Option<f64> {
    let (mut first, mut last, step) = match series.span {
        Some((begin, end)) => (begin.max(from), end.min(to), SCRAPE_S),
        None => (from, to, SMOOTH_S),
    };
    if last < first || last <= from {
        return None;
    }
    // Scrape times do not depend on the query: they are on the series' own grid.
    let origin = series.span.map_or(0.0, |(begin, _)| begin);
    first = origin + ((first - origin) / step).ceil() * step;
    last = origin + ((last - origin) / step).floor() * step;
    let mut samples = Vec::new();
    let mut time = first;
    while time <= last {
        if time > from {
            samples.extend(series.at(time));
        }
        time += step;
    }
    match window {
        Window::Max => samples.into_iter().reduce(f64::max),
        Window::Min => samples.into_iter().reduce(f64::min),
        Window::Last => samples.last().copied(),
        Window::Count => (!samples.is_empty()).then_some(samples.len() as f64),
    }
}

fn seconds(text: &str) -> Result<f64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).context("no unit")?);
    let unit = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => bail!("{text:?} is not a duration"),
    };
    Ok(number.parse::<f64>()? * unit)
}

/// `name{label="value",…}`, with either part left out.
fn selector(text: &str) -> Result<Vec<Matcher>> {
    let (name, mut rest) = text.trim().split_once('{').unwrap_or((text.trim(), "}"));
    ensure!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':'), "not understood: {text}");
    let mut matchers = Vec::new();
    if !name.is_empty() {
        matchers.push(Matcher { label: "__name__".to_owned(), pattern: whole(&regex::escape(name))?, negated: false });
    }
    loop {
        rest = rest.trim_start_matches([' ', ',', '\n']);
        if rest.trim() == "}" {
            return Ok(matchers);
        }
        let at = rest.find(['=', '!']).with_context(|| format!("no matcher: {rest}"))?;
        let (label, tail) = rest.split_at(at);
        let operator = ["=~", "!~", "!=", "="].into_iter().find(|o| tail.starts_with(o)).context("no operator")?;
        let (value, left) = string(tail[operator.len()..].trim_start())?;
        let pattern = whole(&if operator.ends_with('~') { value } else { regex::escape(&value) })?;
        matchers.push(Matcher { label: label.trim().to_owned(), pattern, negated: operator.starts_with('!') });
        rest = left;
    }
}

fn whole(pattern: &str) -> Result<Regex> {
    Ok(Regex::new(&format!("^(?:{pattern})$"))?)
}

/// A quoted string, and the rest after it.
fn string(text: &str) -> Result<(String, &str)> {
    let mut letters = text.char_indices();
    ensure!(letters.next().is_some_and(|(_, c)| c == '"'), "no string: {text}");
    let mut value = String::new();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match letters.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some(c) => value.push(c),
                None => break,
            },
            c => value.push(c),
        }
    }
    bail!("a string does not end: {text}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn selectors_of_the_program_are_understood() {
        let text = r#"{__name__=~"a|b",namespace=~"shop|a\\.b",container!~"|POD",cpu=~"|total",cluster="x\"y"}"#;
        let matchers = selector(text).unwrap();
        let fits = |labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            matchers.iter().all(|m| m.matches(&labels))
        };
        let good = [("__name__", "b"), ("namespace", "a.b"), ("container", "c"), ("cluster", "x\"y")];
        assert!(fits(&good));
        assert!(!fits(&good[..3]), "another cluster");
        assert!(!fits(&[("__name__", "b"), ("namespace", "axb"), ("container", "c"), ("cluster", "x\"y")]));
        assert!(!fits(&[("__name__", "b"), ("namespace", "shop"), ("container", "POD"), ("cluster", "x\"y")]));
        assert!(Query::parse("rate(m[5m])").is_err());
    }
}
