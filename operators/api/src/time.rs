//! Durations as they are written in objects: GEP-2257 strings such as `5m` or `1h30m`, as in Gateway API, optionally
//! preceded by days of 24 hours, such as `14d` or `1d12h`.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Days, then the pattern of GEP-2257: one to four numbers, each with a unit. One of the two may be omitted.
pub const DURATION_PATTERN: &str = "^([0-9]{1,5}d([0-9]{1,5}(h|m|s|ms)){0,4}|([0-9]{1,5}(h|m|s|ms)){1,4})$";

/// A duration field in a CEL rule, in whole seconds, rounded down. CEL durations do not support days. `substring`
/// keeps the length that the API server assumes for the cost of a rule. `split` and `string` lose it, and the API
/// server rejects the rule.
macro_rules! cel_seconds {
    ($field:literal) => {
        concat!(
            "(",
            $field,
            ".contains('d') ? int(",
            $field,
            ".substring(0, ",
            $field,
            ".indexOf('d'))) * 86400 + duration('0s' + ",
            $field,
            ".substring(",
            $field,
            ".indexOf('d') + 1)).getSeconds() : duration(",
            $field,
            ").getSeconds())"
        )
    };
}
pub(crate) use cel_seconds;

/// The most hours that a number in a duration can say.
const MOST_HOURS: u32 = 99_999;

/// A duration as it is written in objects. [`Duration::seconds`] returns its length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(pub String);

impl Duration {
    /// A duration of this many seconds, in its shortest form (`336h`, `1h30m`, `45s`); with days where its hours have more
    /// digits than a number may have.
    pub fn from_seconds(seconds: u32) -> Self {
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let (d, h) = if h > MOST_HOURS { (h / 24, h % 24) } else { (0, h) };
        let mut text = String::new();
        for (n, unit) in [(d, 'd'), (h, 'h'), (m, 'm'), (s, 's')] {
            if n > 0 {
                text.push_str(&format!("{n}{unit}"));
            }
        }
        Self(if text.is_empty() { "0s".to_owned() } else { text })
    }

    /// Its length in whole seconds, rounded down. `None` if the text is not a duration.
    pub fn seconds(&self) -> Option<i64> {
        let (mut millis, mut rest, mut parts) = (0_i64, self.0.as_str(), 0);
        if let Some((days, tail)) = rest.split_once('d') {
            if !(1..=5).contains(&days.len()) || !days.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            millis = days.parse::<i64>().ok()? * 86_400_000;
            rest = tail;
            if rest.is_empty() {
                return Some(millis / 1000);
            }
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let (unit, factor) = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)]
                .into_iter()
                .find(|(unit, _)| tail.starts_with(unit))?;
            if !(1..=5).contains(&digits) || parts == 4 {
                return None;
            }
            millis += number.parse::<i64>().ok()? * factor;
            rest = &tail[unit.len()..];
            parts += 1;
        }
        (parts > 0).then_some(millis / 1000)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "maxLength": 32, "pattern": DURATION_PATTERN})
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn reads_what_gateway_api_reads_and_days() {
        for (text, seconds) in [
            ("5m", Some(300)),
            ("1h30m", Some(5400)),
            ("336h", Some(1_209_600)),
            ("1500ms", Some(1)),
            ("1h2m3s4ms", Some(3723)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("m", None),
            ("14d", Some(1_209_600)),
            ("1d", Some(86_400)),
            ("1d12h", Some(129_600)),
            ("1d1h2m3s4ms", Some(90_123)),
            ("d", None),
            ("1.5d", None),
            ("12h1d", None),
            ("1d1d", None),
            ("1d1h1h1h1h1h", None),
            ("123456d", None),
            ("1.5h", None),
            ("-1h", None),
            ("123456h", None),
            ("1h1h1h1h1h", None),
        ] {
            assert_eq!(Duration(text.to_owned()).seconds(), seconds, "{text:?}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for seconds in [0, 1, 45, 60, 3600, 5400, 86_400, 1_209_600, 3723, 359_999_999, 360_000_000, u32::MAX] {
            assert_eq!(Duration::from_seconds(seconds).seconds(), Some(i64::from(seconds)));
        }
        assert_eq!(Duration::from_seconds(5400).0, "1h30m");
        assert_eq!(Duration::from_seconds(u32::MAX).0, "49710d6h28m15s");
    }
}
