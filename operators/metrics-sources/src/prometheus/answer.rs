//! Judges the envelope of a response: what a Prometheus-compatible server sends around its result.
//!
//! In: the HTTP status and the body without its series. Out: sound, or why not. Pure.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::SourceError;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    data: Option<Data<'a>>,
    #[serde(borrow)]
    error: Cow<'a, str>,
    #[serde(borrow)]
    error_type: Cow<'a, str>,
    warnings: Option<Vec<String>>,
    /// VictoriaMetrics' field for partial responses.
    is_partial: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow)]
    result_type: Cow<'a, str>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

impl Data<'_> {
    /// Whether nothing is left of the list of results once the series are cut out of it.
    fn is_cut(&self) -> bool {
        self.result.is_none_or(|result| result.get().bytes().filter(|b| !b.is_ascii_whitespace()).eq(*b"[]"))
    }
}

/// The type of the answer to a range query.
pub const MATRIX: &str = "matrix";
/// The type of the answer to an instant query.
pub const VECTOR: &str = "vector";

/// Maximum number of characters of a server's message repeated in an error.
const EXCERPT: usize = 200;

/// The start of `text` on one line.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > EXCERPT {
            break;
        }
    }
    if let Some((at, _)) = line.char_indices().nth(EXCERPT) {
        line.truncate(at);
        line.push('…');
    }
    line.retain(|letter| !letter.is_control());
    line
}

/// Judges a response with status 200: `Ok` if it is a whole matrix or vector (`result_type`) without warnings. A matrix has to
/// have its series cut out: any that are left were not read, as they were not written as Prometheus writes them.
///
/// # Errors
/// [`SourceError::Nonsense`], [`SourceError::Partial`], [`SourceError::ServerFailure`], [`SourceError::BadQuery`],
/// [`SourceError::TooLarge`].
pub fn judge(server: &str, envelope: &[u8], result_type: &str, max_points: u64) -> Result<(), SourceError> {
    let nonsense = |why: String| SourceError::Nonsense { server: server.to_owned(), why };
    let Ok(answer) = serde_json::from_slice::<Envelope<'_>>(envelope) else {
        return Err(nonsense(describe(envelope)));
    };
    match &*answer.status {
        "success" => {}
        "error" => return Err(refusal(server, 200, envelope, max_points)),
        _ => return Err(nonsense("JSON without status".to_owned())),
    }
    if let Some(warning) = answer.warnings.as_ref().and_then(|warnings| warnings.first()) {
        return Err(SourceError::Partial { server: server.to_owned(), why: excerpt(warning) });
    }
    if answer.is_partial {
        return Err(SourceError::Partial { server: server.to_owned(), why: "the server says isPartial".to_owned() });
    }
    match answer.data {
        Some(data) if data.result_type != result_type => {
            Err(nonsense(format!("a result of type `{}` instead of a {result_type}", excerpt(&data.result_type))))
        }
        Some(data) if result_type == MATRIX && !data.is_cut() => {
            Err(nonsense("a list of results that is not written as Prometheus writes it".to_owned()))
        }
        Some(_) => Ok(()),
        None => Err(nonsense("success without data".to_owned())),
    }
}

/// Converts a refusal into an error: a status other than 200, or `status: error`.
#[must_use]
pub fn refusal(server: &str, status: u16, body: &[u8], max_points: u64) -> SourceError {
    let server = server.to_owned();
    let answer = serde_json::from_slice::<Envelope<'_>>(body).unwrap_or_default();
    let why = match (answer.error.is_empty(), body.is_empty()) {
        (false, _) => excerpt(&answer.error),
        (true, true) => "no reason given".to_owned(),
        (true, false) => describe(body),
    };
    if why.contains("too many samples") || why.contains("exceeded maximum resolution") || status == 413 {
        return SourceError::TooLarge { server, limit: max_points, unit: "points, or a limit of the server's own" };
    }
    match (status, &*answer.error_type) {
        (401 | 403, _) => SourceError::Unauthorized { server, status, why },
        // Prometheus also returns 404 for a missing tenant or block; only a Prometheus error shows that it is the API.
        (404 | 405, "") => SourceError::NotFound { server },
        (300..=399, _) => {
            SourceError::Nonsense { server, why: format!("a redirect ({status}), which is not followed") }
        }
        (408 | 429 | 500..=599, _) | (_, "timeout" | "canceled" | "internal" | "unavailable" | "too_many_requests") => {
            SourceError::ServerFailure { server, status, why }
        }
        // Names of Prometheus' own error types for a query that it understood.
        (200, "") => SourceError::ServerFailure { server, status, why },
        _ => SourceError::BadQuery { server, status, why },
    }
}

/// A description of a body that is no Prometheus response.
fn describe(body: &[u8]) -> String {
    let start = &body[..body.len().min(4 * EXCERPT)];
    let text = String::from_utf8_lossy(start);
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        "an empty body".to_owned()
    } else if trimmed.starts_with('<') {
        match trimmed.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")) {
            Some((title, _)) => format!("an HTML page titled `{}`", excerpt(title)),
            None => "an HTML page".to_owned(),
        }
    } else {
        excerpt(trimmed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn envelopes_are_judged() {
        let table = [
            (r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#, "fine"),
            (
                r#"{"status":"success","isPartial":false,"data":{"resultType":"matrix","result":[]},"stats":{"a":[1]}}"#,
                "fine",
            ),
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[]},"infos":["a hint"],"warnings":[]}"#,
                "fine",
            ),
            (r#"{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":null}"#, "fine"),
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["store down"]}"#,
                "MetricsPartial",
            ),
            (r#"{"status":"success","data":{"resultType":"matrix","result": [ ] }}"#, "fine"),
            (r#"{"status":"success","data":{"resultType":"matrix","result":null}}"#, "fine"),
            (r#"{"status":"success","data":{"resultType":"matrix","result": [{"metric":{}}]}}"#, "MetricsNonsense"),
            (r#"{"status":"success","data":{"resultType":"matrix","result":{}}}"#, "MetricsNonsense"),
            (r#"{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}}"#, "MetricsPartial"),
            (r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, "MetricsNonsense"),
            (r#"{"status":"success"}"#, "MetricsNonsense"),
            (r#"{"kind":"Status"}"#, "MetricsNonsense"),
            ("<html><title>Log in</title>", "MetricsNonsense"),
            ("", "MetricsNonsense"),
            (r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#, "MetricsServerFailure"),
            (r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#, "MetricsQueryRefused"),
            (
                r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples"}"#,
                "MetricsTooLarge",
            ),
        ];
        for (envelope, expected) in table {
            let got =
                judge("http://p", envelope.as_bytes(), "matrix", 10).map_or_else(|error| error.reason(), |()| "fine");
            assert_eq!(got, expected, "{envelope}");
        }
    }

    #[test]
    fn statuses_are_told_apart() {
        let bad_data = r#"{"status":"error","errorType":"bad_data","error":"no such thing"}"#;
        let table = [
            (401, "", "MetricsUnauthorized"),
            (403, "no", "MetricsUnauthorized"),
            (404, "404 page not found", "MetricsApiNotFound"),
            (405, "", "MetricsApiNotFound"),
            (302, "", "MetricsNonsense"),
            (400, bad_data, "MetricsQueryRefused"),
            (422, bad_data, "MetricsQueryRefused"),
            (422, r#"{"status":"error","errorType":"execution","error":"too many samples"}"#, "MetricsTooLarge"),
            (413, "", "MetricsTooLarge"),
            (408, "", "MetricsServerFailure"),
            (429, "", "MetricsServerFailure"),
            (500, "", "MetricsServerFailure"),
            (503, bad_data, "MetricsServerFailure"),
        ];
        for (status, body, expected) in table {
            assert_eq!(refusal("http://p", status, body.as_bytes(), 10).reason(), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_page_is_named_by_its_title_and_long_words_are_cut() {
        let error = judge("http://p", b"<html><title>Log\n in</title>", "matrix", 1).unwrap_err();
        assert!(error.to_string().contains("an HTML page titled `Log in`"), "{error}");
        assert_eq!(excerpt(&"é".repeat(1_000)).chars().count(), EXCERPT + 1);
        assert_eq!(excerpt("a\u{7}b\r\nc"), "ab c");
    }
}
