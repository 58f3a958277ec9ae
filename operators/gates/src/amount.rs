//! Amounts of money as they are compared: decimal strings, exact.

/// Decimals that an amount may have.
const DECIMALS: usize = 9;
/// Digits that an amount may have before its point.
const WHOLE: usize = 12;

/// Billionths in a decimal string such as `-12.5`; `None` where it is none.
pub(crate) fn nanos(text: &str) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, decimals) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    let only_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > WHOLE
        || decimals.len() > DECIMALS
        || !only_digits(whole)
        || !only_digits(decimals)
    {
        return None;
    }
    let padding = std::iter::repeat_n(b'0', DECIMALS - decimals.len());
    let value = whole.bytes().chain(decimals.bytes()).chain(padding).fold(0_i128, |n, b| n * 10 + i128::from(b - b'0'));
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn reads_decimals_and_nothing_else() {
        for (text, expected) in [
            ("0", Some(0)),
            ("5", Some(5_000_000_000)),
            ("-0.5", Some(-500_000_000)),
            ("12.000000001", Some(12_000_000_001)),
            ("999999999999", Some(999_999_999_999_000_000_000)),
            ("1000000000000", None),
            ("1.0000000001", None),
            ("", None),
            ("-", None),
            ("1.", None),
            (".5", None),
            ("1e3", None),
            ("+1", None),
            ("--1", None),
            ("1.2.3", None),
        ] {
            assert_eq!(nanos(text), expected, "{text:?}");
        }
    }
}
