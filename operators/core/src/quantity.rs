//! Kubernetes resource quantities as whole millicores and bytes.
//!
//! In: the strings of specs and statuses. Out: integers, rounded up as the API server rounds, and their canonical strings.
//! Grammar: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

/// Why a string is no usable quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// It is not a number with one of the known suffixes.
    #[error("not a quantity: a number with one of the suffixes n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an exponent")]
    Malformed,
    /// It is below zero.
    #[error("a quantity of resources can't be negative")]
    Negative,
    /// It does not fit into 64 bits.
    #[error("a quantity of resources can't be that large")]
    TooLarge,
}

/// How much more must be needed before a proposal changes, in percent.
const MORE_PERCENT: u128 = 5;

/// How much less must be needed before a proposal changes, in percent.
const LESS_PERCENT: u128 = 10;

/// Whether `new` is so close to `before` that a proposal of `before` stays as it is. More is followed sooner than less, because too
/// little hurts and too much only costs.
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

/// The value of `text` times ten to the power `unit`, rounded up.
fn parse(text: &str, unit: i32) -> Result<u64, QuantityError> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let end = unsigned.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return Err(QuantityError::Malformed);
    }
    let (twos, tens) = scale(suffix).ok_or(QuantityError::Malformed)?;
    let fraction = fraction.trim_end_matches('0');
    let mut mantissa: u128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        mantissa = mantissa
            .checked_mul(10)
            .and_then(|m| m.checked_add(u128::from(digit - b'0')))
            .ok_or(QuantityError::TooLarge)?;
    }
    if mantissa == 0 {
        return Ok(0);
    }
    if negative {
        return Err(QuantityError::Negative);
    }
    let mantissa = mantissa.checked_mul(1 << twos).ok_or(QuantityError::TooLarge)?;
    let fraction_digits = i32::try_from(fraction.len()).map_err(|_| QuantityError::Malformed)?;
    let exponent = tens + unit - fraction_digits;
    let power = 10u128.checked_pow(exponent.unsigned_abs());
    let value = match (exponent < 0, power) {
        (false, Some(power)) => mantissa.checked_mul(power).ok_or(QuantityError::TooLarge)?,
        (false, None) => return Err(QuantityError::TooLarge),
        (true, Some(power)) => mantissa.div_ceil(power),
        // A power of ten beyond 128 bits divides any mantissa to a part of one.
        (true, None) => 1,
    };
    u64::try_from(value).map_err(|_| QuantityError::TooLarge)
}

/// A CPU quantity in millicores, rounded up: `"250m"` is 250, `"0.1"` is 100, `"1u"` is 1.
///
/// # Errors
/// When it is no quantity, negative, or beyond 64 bits.
pub fn cpu_millis(text: &str) -> Result<u64, QuantityError> {
    parse(text, 3)
}

/// A memory quantity in bytes, rounded up: `"1Ki"` is 1024, `"1k"` is 1000, `"1500m"` is 2.
///
/// # Errors
/// When it is no quantity, negative, or beyond 64 bits.
pub fn bytes(text: &str) -> Result<u64, QuantityError> {
    parse(text, 0)
}

/// Millicores as people write them: `250m`, `2`, `1500m`.
pub fn format_cpu(millis: u64) -> String {
    if millis.is_multiple_of(1000) { (millis / 1000).to_string() } else { format!("{millis}m") }
}

/// Bytes as people write them, without loss: the shortest of the exact forms, of equal ones the binary (`512Mi`, `1Gi`, `500M`).
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
        // Only of equal length without their suffix's second letter does the earlier, binary form win.
        .min_by_key(|s| s.trim_end_matches('i').len())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_form_and_rounds_up() {
        let cpu: &[(&str, u64)] = &[
            ("0", 0),
            ("1", 1000),
            ("2.5", 2500),
            (".5", 500),
            ("5.", 5000),
            ("+5", 5000),
            ("250m", 250),
            ("0.1", 100),
            ("0.0001", 1),
            ("1u", 1),
            ("1500u", 2),
            ("999999n", 1),
            ("1000001n", 2),
            ("1e3", 1_000_000),
            ("1E3", 1_000_000),
            ("1e-3", 1),
            ("1e+2", 100_000),
            ("1k", 1_000_000),
            ("-0", 0),
            ("1e-99", 1),
            ("0e99", 0),
            ("0.00000000000000000000000000000000000000000000001", 1),
        ];
        for (text, expected) in cpu {
            assert_eq!(cpu_millis(text), Ok(*expected), "{text}");
        }
        let memory: &[(&str, u64)] = &[
            ("128974848", 128_974_848),
            ("129e6", 129_000_000),
            ("129M", 129_000_000),
            ("123Mi", 128_974_848),
            ("1.5Gi", 1_610_612_736),
            ("1Ki", 1024),
            ("1k", 1000),
            ("1Ti", 1 << 40),
            ("1Pi", 1 << 50),
            ("1Ei", 1 << 60),
            ("1E", 1_000_000_000_000_000_000),
            ("1P", 1_000_000_000_000_000),
            ("1T", 1_000_000_000_000),
            ("1500m", 2),
            ("128974848000m", 128_974_848),
        ];
        for (text, expected) in memory {
            assert_eq!(bytes(text), Ok(*expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in [
            "", " ", " 1", "1 ", "m", ".", "1.2.3", "1K", "1ki", "1mi", "1MiB", "1Mib", "Mi", "1e", "1e+", "1e1.5",
            "1e1000", "1i", "0x10", "1_000", "--1", "+-1", "NaN", "inf", "١", "1µ", "1,5",
        ] {
            // "1E" is exa; "1e" without digits is nothing.
            assert_eq!(bytes(text), Err(QuantityError::Malformed), "{text:?}");
        }
        for text in ["-1", "-0.5Gi", "-1m"] {
            assert_eq!(bytes(text), Err(QuantityError::Negative), "{text:?}");
        }
        for text in ["16Ei", "1e20", "1e999", "99999999999999999999", "99999999999999999999999999999999999999999999Ei"]
        {
            assert_eq!(bytes(text), Err(QuantityError::TooLarge), "{text:?}");
        }
    }

    #[test]
    fn writes_canonically() {
        for (millis, text) in [(0, "0"), (1, "1m"), (250, "250m"), (1000, "1"), (1500, "1500m"), (64_000, "64")] {
            assert_eq!(format_cpu(millis), text);
        }
        for (n, text) in [
            (0, "0"),
            (1, "1"),
            (1023, "1023"),
            (1024, "1Ki"),
            (1000, "1k"),
            (512 << 20, "512Mi"),
            (1 << 30, "1Gi"),
            (1536 << 20, "1536Mi"),
            (1000 << 20, "1000Mi"),
            (500_000_000, "500M"),
            (1 << 60, "1Ei"),
            (u64::MAX, "18446744073709551615"),
        ] {
            assert_eq!(format_bytes(n), text);
        }
    }

    /// The same by long division on decimal strings: ten to the power `zeros` is appended or cut, and what is cut rounds up.
    fn model(whole: u32, fraction: &str, binary: u32, tens: i32, unit: i32) -> u128 {
        let digits: u128 = format!("{whole}{fraction}").parse().unwrap_or(0);
        let text = (digits << binary).to_string();
        let shift = tens + unit - i32::try_from(fraction.len()).unwrap_or(0);
        if shift >= 0 {
            return format!("{text}{}", "0".repeat(shift.unsigned_abs() as usize)).parse().unwrap_or(0);
        }
        let cut = shift.unsigned_abs() as usize;
        let padded = format!("{}{text}", "0".repeat(cut + 1));
        let (kept, lost) = padded.split_at(padded.len() - cut);
        kept.parse::<u128>().unwrap_or(0) + u128::from(lost.bytes().any(|b| b != b'0'))
    }

    proptest! {
        #[test]
        fn agrees_with_long_division(
            whole in 0u32..5_000_000,
            fraction in "[0-9]{0,9}",
            (suffix, binary, tens) in prop::sample::select(vec![
                ("", 0, 0), ("n", 0, -9), ("u", 0, -6), ("m", 0, -3), ("k", 0, 3), ("M", 0, 6), ("G", 0, 9), ("T", 0, 12),
                ("e3", 0, 3), ("E-2", 0, -2), ("e+1", 0, 1),
                ("Ki", 10, 0), ("Mi", 20, 0), ("Gi", 30, 0), ("Ti", 40, 0),
            ]),
        ) {
            let text = if fraction.is_empty() { format!("{whole}{suffix}") } else { format!("{whole}.{fraction}{suffix}") };
            for (parsed, unit) in [(cpu_millis(&text), 3), (bytes(&text), 0)] {
                match u64::try_from(model(whole, &fraction, binary, tens, unit)) {
                    Ok(expected) => prop_assert_eq!(parsed, Ok(expected), "{}", text),
                    Err(_) => prop_assert_eq!(parsed, Err(QuantityError::TooLarge), "{}", text),
                }
            }
        }

        #[test]
        fn what_is_written_reads_back(n in prop_oneof![any::<u64>(), (0u64..4096).prop_map(|n| n << 20), (0u64..1 << 40)]) {
            prop_assert_eq!(bytes(&format_bytes(n)), Ok(n));
            if n < u64::MAX / 1000 {
                prop_assert_eq!(cpu_millis(&format_cpu(n)), Ok(n));
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = cpu_millis(&text);
            let _ = bytes(&text);
        }
    }
}
