//! Kubernetes resource quantities as whole millicores and bytes, and as samples.
//!
//! In: the strings of specs, statuses and metrics. Out: integers, rounded up as the API server rounds, and their
//! canonical strings; for samples, doubles.
//! Grammar: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

use std::iter::{repeat, repeat_n};

/// Why a string is not a usable quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It is not a number with one of the known suffixes.
    #[error("not a quantity: a number with one of the suffixes n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an exponent")]
    Malformed,
    /// It is negative.
    #[error("a quantity of resources can't be negative")]
    Negative,
    /// It does not fit into 64 bits.
    #[error("a quantity of resources can't be that large")]
    TooLarge,
}

/// Minimum increase in need, in percent, that changes a proposal.
const MORE_PERCENT: u128 = 5;

/// Minimum decrease in need, in percent, that changes a proposal.
const LESS_PERCENT: u128 = 10;

/// Whether `new` is so close to `before` that a proposal of `before` stays as it is. Increases are followed sooner than
/// decreases, because too little does harm and too much only costs.
pub fn is_close(before: u64, new: u64) -> bool {
    let (before, new) = (u128::from(before), u128::from(new));
    new * 100 <= before * (100 + MORE_PERCENT) && new * 100 + before * LESS_PERCENT >= before * 100
}

/// A multiplier: two to the first power times ten to the second.
type Scale = (u32, i32);

fn scale(suffix: &str) -> Option<Scale> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            // Longer exponents mean nothing but trouble; the API server's own are bounded too.
            if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (0, exponent.parse().ok()?)
        }
    })
}

/// The parsed parts of a quantity.
struct Parts<'a> {
    negative: bool,
    /// At least one digit, and at most one decimal point.
    number: &'a str,
    scale: Scale,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, QuantityError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = unsigned.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let points = number.bytes().filter(|b| *b == b'.').count();
        if points > 1 || number.len() == points {
            return Err(QuantityError::Malformed);
        }
        Ok(Self { negative, number, scale: scale(suffix).ok_or(QuantityError::Malformed)? })
    }

    /// Whether no digit of it is above zero.
    fn is_zero(&self) -> bool {
        self.number.bytes().all(|b| matches!(b, b'0' | b'.'))
    }
}

/// The value of `text` times ten to the power `unit`, rounded up. Exact, however many digits it has.
fn parse(text: &str, unit: i32) -> Result<u64, QuantityError> {
    let parts = Parts::of(text)?;
    if parts.is_zero() {
        return Ok(0);
    }
    if parts.negative {
        return Err(QuantityError::Negative);
    }
    let Parts { number, scale: (twos, tens), .. } = parts;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = || whole.bytes().chain(fraction.bytes()).map(|b| u64::from(b - b'0'));
    // Powers of ten only move the point: among the digits, behind them, or before them by so many zeros.
    let point = i64::try_from(whole.len()).map_err(|_| QuantityError::TooLarge)? + i64::from(tens + unit);
    let (before, zeros) = (usize::try_from(point).unwrap_or(0), usize::try_from(-point).unwrap_or(0));
    let mut integer: u64 = 0;
    for digit in digits().chain(repeat(0)).take(before) {
        integer = integer.checked_mul(10).and_then(|n| n.checked_add(digit)).ok_or(QuantityError::TooLarge)?;
    }
    // The digits behind the point times the power of two, from the last to the first: each is a tenth of its neighbour.
    let factor = 1u128 << twos;
    let behind = (whole.len() + fraction.len()).saturating_sub(before);
    let (mut carry, mut is_whole) = (0u128, true);
    for digit in digits().rev().take(behind).chain(repeat_n(0, zeros)) {
        let sum = u128::from(digit) * factor + carry;
        is_whole &= sum.is_multiple_of(10);
        carry = sum / 10;
    }
    let value = u128::from(integer) * factor + carry + u128::from(!is_whole);
    u64::try_from(value).map_err(|_| QuantityError::TooLarge)
}

/// A measured value, in cores or bytes: `"12345678n"` is 0.012345678, `"1Ki"` is 1024. Not rounded to a unit: samples
/// do not need exact decimals, and a whole millicore is a lot for an idle container.
///
/// # Errors
/// When it is not a quantity, negative, or out of range for a double.
pub fn measured(text: &str) -> Result<f64, QuantityError> {
    let parts = Parts::of(text)?;
    if parts.is_zero() {
        return Ok(0.0);
    }
    if parts.negative {
        return Err(QuantityError::Negative);
    }
    let Parts { number, scale: (twos, tens), .. } = parts;
    // In one piece: either part alone may be out of range for a double where the value is not.
    let number: f64 = format!("{number}e{tens}").parse().map_err(|_| QuantityError::Malformed)?;
    let value = number * 2f64.powi(i32::try_from(twos).map_err(|_| QuantityError::Malformed)?);
    if value.is_finite() { Ok(value) } else { Err(QuantityError::TooLarge) }
}

/// A CPU quantity in millicores, rounded up: `"250m"` is 250, `"0.1"` is 100, `"1u"` is 1.
///
/// # Errors
/// When it is not a quantity, negative, or beyond 64 bits.
pub fn cpu_millis(text: &str) -> Result<u64, QuantityError> {
    parse(text, 3)
}

/// A memory quantity in bytes, rounded up: `"1Ki"` is 1024, `"1k"` is 1000, `"1500m"` is 2.
///
/// # Errors
/// When it is not a quantity, negative, or beyond 64 bits.
pub fn bytes(text: &str) -> Result<u64, QuantityError> {
    parse(text, 0)
}

/// Millicores as people write them: `250m`, `2`, `1500m`.
pub fn format_cpu(millis: u64) -> String {
    if millis.is_multiple_of(1000) { (millis / 1000).to_string() } else { format!("{millis}m") }
}

/// Bytes as people write them, without loss: the shortest exact form, the binary one if equally short (`512Mi`,
/// `500M`).
pub fn format_bytes(bytes: u64) -> String {
    const FORMS: [(u64, &str); 12] = [
        (1 << 60, "Ei"),
        (1 << 50, "Pi"),
        (1 << 40, "Ti"),
        (1 << 30, "Gi"),
        (1 << 20, "Mi"),
        (1 << 10, "Ki"),
        (1_000_000_000_000_000_000, "E"),
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1000, "k"),
    ];
    let plain = bytes.to_string();
    if bytes == 0 {
        return plain;
    }
    FORMS
        .iter()
        .filter(|(unit, _)| bytes.is_multiple_of(*unit))
        .map(|(unit, suffix)| format!("{}{suffix}", bytes / unit))
        .chain([plain])
        // The earlier, binary form wins only if the lengths without the suffix's second letter are equal.
        .min_by_key(|s| s.trim_end_matches('i').len())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
