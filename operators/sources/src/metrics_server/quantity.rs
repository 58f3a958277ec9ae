//! Reads a Kubernetes quantity as a number. Pure.
//!
//! Only what a measurement can be: finite and not negative. Exact decimals are of no use to samples, so this is not the type with
//! which specs are read and written.

/// The value of `text`, as `12345678n`, `120m`, `184320Ki` or `1.5e3`; `None` if it is none, or negative.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, suffix) = text.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        exponent => 10f64.powi(exponent.strip_prefix(['e', 'E'])?.parse::<i8>().ok()?.into()),
    };
    let value = number * factor;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn quantities() {
        let table = [
            ("0", Some(0.0)),
            ("12345678n", Some(0.012_345_678)),
            ("250u", Some(0.000_25)),
            ("120m", Some(0.12)),
            ("2", Some(2.0)),
            ("1.5", Some(1.5)),
            ("184320Ki", Some(188_743_680.0)),
            ("1Gi", Some(1_073_741_824.0)),
            ("128974848", Some(128_974_848.0)),
            ("3k", Some(3_000.0)),
            ("1E", Some(1e18)),
            ("1.5e3", Some(1_500.0)),
            ("2E-3", Some(0.002)),
            ("", None),
            ("m", None),
            ("-5m", None),
            ("5 m", None),
            ("5x", None),
            ("1.2.3", None),
            ("5é", None),
        ];
        for (text, expected) in table {
            let got = parse(text);
            let near = match (got, expected) {
                (Some(got), Some(expected)) => (got - expected).abs() <= 1e-9 * f64::max(expected, 1e-3),
                (got, expected) => got == expected,
            };
            assert!(near, "{text}: {got:?}, expected {expected:?}");
        }
    }
}
