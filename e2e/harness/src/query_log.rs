//! The query log of Prometheus: its queries, and their cost.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;

/// One answered query.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedQuery {
    /// When it was answered.
    pub time: Timestamp,
    /// The expression.
    pub query: String,
    /// Start of the range; for an instant query the instant.
    pub start: Timestamp,
    /// End of the range.
    pub end: Timestamp,
    /// Step in seconds; 0 for an instant query.
    pub step_seconds: f64,
    /// Path of the request (`/api/v1/query`); empty for a rule.
    pub path: String,
    /// Samples read to evaluate it (`totalQueryableSamples`); servers before 2.38 do not say: 0.
    pub samples: u64,
    /// Time spent on it, in seconds.
    pub seconds: f64,
}

/// The sum of the samples that these queries read.
pub fn samples(queries: &[LoggedQuery]) -> u64 {
    queries.iter().map(|q| q.samples).sum()
}

/// Reads the lines of a log; an incomplete last line is ignored.
///
/// # Errors
/// When a line is not one of a query log.
pub fn parse(text: &str) -> Result<Vec<LoggedQuery>> {
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    complete.lines().map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<LoggedQuery> {
    let raw: Raw = serde_json::from_str(line).with_context(|| format!("not a line of a query log: {line}"))?;
    Ok(LoggedQuery {
        time: raw.ts,
        query: raw.params.query,
        start: raw.params.start,
        end: raw.params.end,
        step_seconds: raw.params.step,
        path: raw.http_request.map(|r| r.path).unwrap_or_default(),
        samples: raw.stats.samples.map_or(0, |s| s.total),
        seconds: raw.stats.timings.map_or(0.0, |t| t.exec_total_time),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    ts: Timestamp,
    params: Params,
    http_request: Option<Request>,
    #[serde(default)]
    stats: Stats,
}

#[derive(Deserialize)]
struct Params {
    query: String,
    start: Timestamp,
    end: Timestamp,
    #[serde(default)]
    step: f64,
}

#[derive(Deserialize)]
struct Request {
    path: String,
}

#[derive(Deserialize, Default)]
struct Stats {
    samples: Option<Samples>,
    timings: Option<Timings>,
}

#[derive(Deserialize)]
struct Samples {
    #[serde(rename = "totalQueryableSamples")]
    total: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timings {
    exec_total_time: f64,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_line_of_2_42_is_read_and_half_a_line_is_not() {
        let line = r#"{"httpRequest":{"clientIP":"127.0.0.1","method":"GET","path":"/api/v1/query"},"params":{"end":"2026-01-01T00:00:00.000Z","query":"up","start":"2026-01-01T00:00:00.000Z","step":0},"stats":{"timings":{"evalTotalTime":0.1,"resultSortTime":0,"queryPreparationTime":0.1,"innerEvalTime":0.1,"execQueueTime":0.1,"execTotalTime":0.25},"samples":{"totalQueryableSamples":42,"peakSamples":4}},"ts":"2026-01-01T00:00:00.123Z"}"#;
        let got = parse(&format!("{line}\n{{\"http")).unwrap();
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].query.as_str(), got[0].path.as_str(), samples(&got)), ("up", "/api/v1/query", 42));
        assert!((got[0].seconds - 0.25).abs() < 1e-9);
    }
}
