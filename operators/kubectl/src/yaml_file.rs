//! User-supplied YAML and JSON, read within bounds.
//!
//! In: a text. Out: its documents as plain values, or what is wrong. Pure. A file may come from anywhere: one nested
//! thousands of levels deep, or whose aliases multiply, is refused at once, costing neither time nor memory.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::{Error, Options, alias_limits, budget, options};

/// The longest text that is read.
pub const MOST_BYTES: u64 = 4 << 20;
/// The deepest nesting. Policies nest less than ten levels, a list of them two more.
const MOST_DEPTH: usize = 64;
/// How many nodes aliases may expand to in total.
const MOST_BY_ALIASES: usize = 100_000;

/// Every non-empty document of a text, as plain values.
///
/// # Errors
/// What is wrong, as the end of a sentence about the file.
pub fn documents(text: &str) -> Result<Vec<Value>, String> {
    read(text)
}

/// Every non-empty document of a text.
///
/// # Errors
/// As [`documents`].
pub fn read<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, String> {
    if text.len() as u64 > MOST_BYTES {
        return Err(too_long());
    }
    serde_saphyr::from_multiple_with_options(text, bounds()).map_err(|error| match error.without_snippet() {
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => refused(&error),
        // The scanner has a limit of its own, which is reached before that of the reader.
        other if other.to_string().contains("recursion limit") => refused(&error),
        _ => format!("this is not YAML: {error}"),
    })
}

fn refused(error: &Error) -> String {
    format!("it is refused, as no policy is so deeply nested or so large: {error}")
}

/// The whole text of a file or of standard input, up to the maximum length.
///
/// # Errors
/// Where it cannot be read, is too long, or is not text.
pub fn text(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::other(too_long()));
    }
    Ok(text)
}

fn too_long() -> String {
    format!("it is longer than {} MiB, which is too long for a policy file", MOST_BYTES >> 20)
}

fn bounds() -> Options {
    options! {
        budget: budget! { max_depth: MOST_DEPTH, flow_nesting_limit: MOST_DEPTH },
        alias_limits: alias_limits! { max_total_replayed_events: MOST_BY_ALIASES },
        // A line that names the place is enough; quoting a line of thousands of brackets is not helpful.
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{
        io::{Cursor, repeat},
        sync::mpsc,
        time::Duration,
    };

    use serde_json::json;

    use super::*;

    /// The result for a text, which must not hang. It takes far less than this, but a busy machine may be slow.
    fn said(text: String) -> Result<Vec<Value>, String> {
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || send.send(documents(&text)));
        receive.recv_timeout(Duration::from_secs(120)).unwrap()
    }

    #[test]
    fn what_could_hang_is_refused() {
        let bomb = |levels: usize| -> String {
            let first = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
            let level = |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
            first + &(1..levels).map(level).collect::<String>()
        };
        let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(20_000), "*a, ".repeat(20_000));
        let block = |depth: usize| (0..depth).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>();
        for (what, text) in [
            ("open brackets", "[".repeat(200_000)),
            ("brackets", "[".repeat(5_000) + &"]".repeat(5_000)),
            ("maps in flow style", "{a: ".repeat(200_000)),
            ("maps that are closed", "{a: ".repeat(5_000) + &"}".repeat(5_000)),
            ("keys", "? ".repeat(200_000)),
            ("lists on a line", "- ".repeat(200_000)),
            ("maps in block style", block(1_500)),
            ("quotes between brackets", "[\"]\", ".repeat(200_000)),
            ("aliases of aliases", bomb(12)),
            ("many aliases of one list", wide),
            ("as a value", format!("kind: OptimizationPolicy\nspec: {}", "[".repeat(100_000))),
        ] {
            assert!(said(text).is_err(), "{what}");
        }
        let many_tags: String = (0..20_000).map(|n| format!("%TAG !a{n}! tag:x,2026:\n")).collect();
        drop(said(many_tags + "--- x\n"));
    }

    #[test]
    fn what_people_write_is_read() {
        for (text, expected) in [
            ("a: {b: [1, \"2\", 10m]}\n", json!([{"a": {"b": [1, "2", "10m"]}}])),
            ("---\n---\na: 1\n---\n", json!([{"a": 1}])),
            ("{\"a\": true, \"b\": null, \"c\": 0.5}", json!([{"a": true, "b": null, "c": 0.5}])),
            ("a: &x {b: 1}\nc: *x\n", json!([{"a": {"b": 1}, "c": {"b": 1}}])),
            ("text: |\n  don't [[[\n  \"\nb: 'it''s'\n", json!([{"text": "don't [[[\n\"\n", "b": "it's"}])),
            // As kubectl reads them.
            ("[Off, on, \"Off\", 0x10]", json!([[false, true, "Off", 16]])),
            ("", json!([])),
        ] {
            assert_eq!(json!(documents(text).unwrap()), expected, "{text}");
        }
        let long: String = (0..2_000).map(|n| format!("- {{name: p{n}, labels: {{app: [a, b]}}}}\n")).collect();
        assert_eq!(said(long).unwrap()[0].as_array().unwrap().len(), 2_000);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, says) in
            [("a: [", "this is not YAML: "), ("a: 1\nb: : 2\n", "line 2"), ("a: 1\na: 2\n", "duplicate")]
        {
            let said = documents(text).unwrap_err();
            assert!(said.contains(says) && said.lines().count() == 1, "{text}\n{said}");
        }
        assert!(said("[".repeat(5_000)).unwrap_err().contains("it is refused, as no policy is so deeply nested"));
    }

    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        assert!(text(repeat(b'a')).unwrap_err().to_string().contains("longer than 4 MiB"));
        assert_eq!(text(Cursor::new("a: 1")).unwrap(), "a: 1");
        assert!(documents(&"a".repeat(5 << 20)).unwrap_err().contains("longer than 4 MiB"));
    }
}
