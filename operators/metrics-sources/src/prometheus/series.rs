//! Parses one series object of a range query's response.
//!
//! In: the bytes `{"metric":{…},"values":[[time,"value"],…]}`. Out: the labels that matter, borrowed, and each point in order. Pure.

use memchr::memmem;

use super::config::LabelNames;
use super::labels::Labels;

/// Why a series cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// Not an object of `metric` and `values`.
    #[error("a series is not an object of metric and values")]
    Shape,
    /// The labels are not a map of strings.
    #[error("a series' labels can't be read")]
    Labels,
    /// A point is not a pair of a time and a quoted number.
    #[error("a point is not a pair of a time and a quoted number")]
    Point,
}

const METRIC: &[u8] = b"{\"metric\":";
/// Cannot occur within a label, whose quotes are escaped.
const VALUES: &[u8] = b"},\"values\":[";

/// Splits a series: its labels, and the bytes of its points for [`points`].
///
/// # Errors
/// [`SeriesError::Shape`], [`SeriesError::Labels`].
pub fn open<'a>(series: &'a [u8], names: &LabelNames) -> Result<(Labels<'a>, &'a [u8]), SeriesError> {
    let body = series.strip_prefix(METRIC).ok_or(SeriesError::Shape)?;
    let at = memmem::find(body, VALUES).ok_or(SeriesError::Shape)?;
    let labels = Labels::read(&body[..=at], names).map_err(|_| SeriesError::Labels)?;
    let points = body[at + VALUES.len()..].strip_suffix(b"]}").ok_or(SeriesError::Shape)?;
    Ok((labels, points))
}

/// Parses `[time,"value"],[time,"value"],…` and passes on each point: time in milliseconds and the value, whatever it
/// is.
///
/// Written by hand since this is where nearly all the time of a read is spent.
///
/// # Errors
/// [`SeriesError::Point`] at the first malformed one.
pub fn points(bytes: &[u8], mut point: impl FnMut(i64, f64)) -> Result<(), SeriesError> {
    // Once for all points, which is far cheaper than once for each.
    let mut rest = std::str::from_utf8(bytes).map_err(|_| SeriesError::Point)?;
    loop {
        rest = rest.strip_prefix('[').ok_or(SeriesError::Point)?;
        let (time_ms, after) = time(rest)?;
        rest = after.strip_prefix(",\"").ok_or(SeriesError::Point)?;
        // Most are some 10 bytes, too short for a vectorised search to pay; the longest, without an exponent, have 345.
        let (number, after) = until(rest, b'"', 400)?;
        point(time_ms, value(number)?);
        rest = after.strip_prefix("\"]").ok_or(SeriesError::Point)?;
        if rest.is_empty() {
            return Ok(());
        }
        rest = rest.strip_prefix(',').ok_or(SeriesError::Point)?;
    }
}

/// The text before the first `end` within `most` bytes, and the rest beginning with it.
fn until(text: &str, end: u8, most: usize) -> Result<(&str, &str), SeriesError> {
    let at = text.bytes().take(most).position(|byte| byte == end);
    at.and_then(|at| text.split_at_checked(at)).ok_or(SeriesError::Point)
}

fn value(text: &str) -> Result<f64, SeriesError> {
    text.parse().map_err(|_| SeriesError::Point)
}

/// A time in seconds with at most three decimals, as Prometheus writes it, in milliseconds; other forms parse slowly.
fn time(text: &str) -> Result<(i64, &str), SeriesError> {
    let mut seconds: i64 = 0;
    let mut digits = 0;
    // Longer ones are no times, and their milliseconds might not fit; they are refused below.
    for byte in text.bytes().take(12) {
        if !byte.is_ascii_digit() {
            break;
        }
        seconds = seconds * 10 + i64::from(byte - b'0');
        digits += 1;
    }
    if digits > 0
        && let Some(after) = text.get(digits..).filter(|after| after.starts_with(','))
    {
        return Ok((seconds * 1_000, after));
    }
    let (seconds, after) = until(text, b',', 40)?;
    let seconds = value(seconds)?;
    if !seconds.is_finite() || seconds.abs() > 1e12 {
        return Err(SeriesError::Point);
    }
    // Within ±1e15 after the check above.
    #[allow(clippy::cast_possible_truncation)]
    let time_ms = (seconds * 1_000.0).round() as i64;
    Ok((time_ms, after))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &str) -> Result<Vec<(i64, f64)>, SeriesError> {
        let mut all = Vec::new();
        points(bytes.as_bytes(), |time, value| all.push((time, value)))?;
        Ok(all)
    }

    #[test]
    fn points_are_read() {
        assert_eq!(read(r#"[1700000000,"1"]"#), Ok(vec![(1_700_000_000_000, 1.0)]));
        assert_eq!(
            read(r#"[1700000000.123,"1.5e+09"],[1.7e9,"-0"]"#),
            Ok(vec![(1_700_000_000_123, 1.5e9), (1_700_000_000_000, 0.0)])
        );
        assert_eq!(
            read(r#"[999999999999,"1"],[1000000000000,"2"]"#),
            Ok(vec![(999_999_999_999_000, 1.0), (1_000_000_000_000_000, 2.0)])
        );
        let odd = read(r#"[1,"NaN"],[2,"+Inf"],[3,"-Inf"]"#).unwrap();
        assert!(odd[0].1.is_nan() && odd[1].1 == f64::INFINITY && odd[2].1 == f64::NEG_INFINITY);
    }

    #[test]
    fn malformed_points_are_refused() {
        for bad in [
            "",
            "[",
            "[]",
            "[1]",
            r#"[1,"2""#,
            r#"[1,"2"],"#,
            r#"[1,"2",3]"#,
            r#"[1,2]"#,
            r#"["1","2"]"#,
            r#"[1,"two"]"#,
            r#"[1,""]"#,
            r#"[,"2"]"#,
            r#"[NaN,"2"]"#,
            r#"[1e300,"2"]"#,
            r#"[99999999999999999999,"2"]"#,
            r#"[9999999999999999,"2"]"#,
            r#"[1000000000001,"2"]"#,
            r#"[1,"2"][2,"3"]"#,
        ] {
            assert_eq!(read(bad), Err(SeriesError::Point), "{bad}");
        }
    }

    fn open(series: &[u8]) -> Result<(Labels<'_>, &[u8]), SeriesError> {
        super::open(series, &LabelNames::default())
    }

    #[test]
    fn labels_and_points_are_taken_apart() {
        let series = br#"{"metric":{"__name__":"container_cpu_usage_seconds_total","container":"app","cpu":"total","namespace":"shop","pod":"we\u0062"},"values":[[1,"2"]]}"#;
        let (labels, values) = open(series).unwrap();
        assert_eq!((&*labels.namespace, &*labels.pod, &*labels.container), ("shop", "web", "app"));
        assert_eq!(values, br#"[1,"2"]"#);
    }

    #[test]
    fn malformed_series_are_refused() {
        assert_eq!(open(b"{}"), Err(SeriesError::Shape));
        assert_eq!(open(br#"{"metric":{"a":"b"},"value":[1,"2"]}"#), Err(SeriesError::Shape));
        assert_eq!(open(br#"{"metric":{"pod":1},"values":[[1,"2"]]}"#), Err(SeriesError::Labels));
        assert_eq!(open(br#"{"metric":["pod"},"values":[[1,"2"]]}"#), Err(SeriesError::Labels));
    }

    proptest! {
        #[test]
        fn values_come_back_bit_for_bit(values in prop::collection::vec((0i64..4_000_000_000, any::<f64>()), 1..30)) {
            let text: Vec<String> = values.iter().map(|(time, value)| format!("[{time},\"{value}\"]")).collect();
            let got = read(&text.join(",")).unwrap();
            prop_assert_eq!(got.len(), values.len());
            for ((time, value), (time_ms, back)) in values.iter().zip(&got) {
                prop_assert_eq!(time * 1_000, *time_ms);
                prop_assert!(value.to_bits() == back.to_bits() || (value.is_nan() && back.is_nan()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = points(&bytes, |_, _| {});
            let _ = open(&bytes);
        }
    }
}
