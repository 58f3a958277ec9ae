//! What holds for every duration.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};
use trimtab_api::time::{DURATION_PATTERN, Duration};

use crate::each_text;

static PATTERN: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| Regex::new(DURATION_PATTERN));

/// A number and its unit.
static PART: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| Regex::new("([0-9]+)(ms|d|h|m|s)"));

/// The longest duration that can be written, in seconds: five digits of days, and four times five digits of hours.
const LONGEST: i64 = 99_999 * (86_400 + 4 * 3_600);

/// Checks the whole input and each line of it.
///
/// # Panics
/// Where a property does not hold.
pub fn durations(data: &[u8]) {
    each_text(data, duration);
}

fn duration(text: &str) {
    assert!(PATTERN.is_ok() && PART.is_ok(), "{:?} {:?}", *PATTERN, *PART);
    let duration = Duration(text.to_owned());
    let seconds = duration.seconds();
    let admitted = PATTERN.as_ref().is_ok_and(|pattern| pattern.is_match(text));
    assert_eq!(seconds.is_some(), admitted, "{text:?}: what the schema admits is what is read");
    assert_eq!(duration.to_string(), text);
    assert_eq!(serde_json::to_value(&duration).ok(), Some(Value::from(text)));
    assert_eq!(serde_json::from_value::<Duration>(json!(text)).ok(), Some(duration));
    let Some(seconds) = seconds else { return };
    assert!((0..=LONGEST).contains(&seconds), "{text:?}: {seconds}");
    assert_eq!(seconds, sum(text) / 1_000, "{text:?}");
    if let Ok(short) = u32::try_from(seconds) {
        let written = Duration::from_seconds(short);
        assert_eq!(written.seconds(), Some(seconds), "{text:?}: {written}");
        assert!(written.0.len() <= 32, "{written}");
    }
}

/// The sum of the parts of a duration, in milliseconds.
fn sum(text: &str) -> i64 {
    let part = |captures: regex::Captures<'_>| {
        let number: i64 = captures[1].parse().unwrap_or(i64::MIN);
        let unit = match &captures[2] {
            "d" => 86_400_000,
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            _ => 1,
        };
        number.saturating_mul(unit)
    };
    PART.as_ref().map_or(i64::MIN, |pattern| pattern.captures_iter(text).map(part).sum())
}
