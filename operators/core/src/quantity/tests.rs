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
        ("0.99999999999999999999999999999999999999999999999", 1000),
        ("1.00000000000000000000000000000000000000000000001", 1001),
        ("2000000000000000000000000000000000000000000000000e-48", 2000),
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
        ("15.999999999999999999132638262011596452794037759304046630859375Ei", u64::MAX),
        ("0.00000000000000000086736173798840354720596224069595336914062Ei", 1),
        ("0.00000000000000000086736173798840354720596224069595336914063Ei", 2),
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
        // "1E" is exa; "1e" without digits is invalid.
        assert_eq!(bytes(text), Err(QuantityError::Malformed), "{text:?}");
    }
    let tiny = format!("-0.{}1", "0".repeat(400));
    for text in ["-1", "-0.5Gi", "-1m", "-99999999999999999999999999999999999999999999Ei", tiny.as_str()] {
        assert_eq!(bytes(text), Err(QuantityError::Negative), "{text:?}");
        assert_eq!(measured(text), Err(QuantityError::Negative), "{text:?}");
    }
    for text in [
        "16Ei",
        "1e20",
        "1e999",
        "99999999999999999999",
        "99999999999999999999999999999999999999999999Ei",
        "15.9999999999999999999Ei",
    ] {
        assert_eq!(bytes(text), Err(QuantityError::TooLarge), "{text:?}");
    }
}

#[test]
fn samples_are_read_as_they_were_measured() {
    let table = [
        ("0", Ok(0.0)),
        ("-0", Ok(0.0)),
        ("0e99", Ok(0.0)),
        ("12345678n", Ok(0.012_345_678)),
        ("250u", Ok(0.000_25)),
        ("120m", Ok(0.12)),
        ("2", Ok(2.0)),
        ("+2", Ok(2.0)),
        ("1.5", Ok(1.5)),
        ("184320Ki", Ok(188_743_680.0)),
        ("1Gi", Ok(1_073_741_824.0)),
        ("1Ei", Ok(1_152_921_504_606_846_976.0)),
        ("128974848", Ok(128_974_848.0)),
        ("3k", Ok(3_000.0)),
        ("1E", Ok(1e18)),
        ("1.5e3", Ok(1_500.0)),
        ("2E-3", Ok(0.002)),
        ("", Err(QuantityError::Malformed)),
        ("m", Err(QuantityError::Malformed)),
        ("5 m", Err(QuantityError::Malformed)),
        ("5x", Err(QuantityError::Malformed)),
        ("1.2.3", Err(QuantityError::Malformed)),
        ("5é", Err(QuantityError::Malformed)),
        ("-5m", Err(QuantityError::Negative)),
        ("1e999", Err(QuantityError::TooLarge)),
    ];
    for (text, expected) in table {
        let got = measured(text);
        let near = match (got, expected) {
            (Ok(got), Ok(expected)) => (got - expected).abs() <= 1e-9 * f64::max(expected, 1e-3),
            (got, expected) => got == expected,
        };
        assert!(near, "{text}: {got:?}, expected {expected:?}");
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
    fn what_is_measured_rounds_up_to_what_is_read(
        whole in 0u32..5_000_000,
        fraction in "[0-9]{0,9}",
        suffix in prop::sample::select(vec!["", "n", "u", "m", "k", "M", "e3", "E-2", "Ki", "Mi", "Gi"]),
    ) {
        let text = format!("{whole}.{fraction}{suffix}");
        let (sample, read) = (measured(&text).unwrap_or(-1.0), bytes(&text).unwrap_or(0) as f64);
        let near = 1e-9 * f64::max(read, 1.0);
        prop_assert!(sample <= read + near && sample > read - 1.0 - near, "{text}: {sample} {read}");
    }

    #[test]
    fn what_is_written_reads_back(n in prop_oneof![any::<u64>(), (0u64..4096).prop_map(|n| n << 20), (0u64..1 << 40)]) {
        prop_assert_eq!(bytes(&format_bytes(n)), Ok(n));
        prop_assert_eq!(cpu_millis(&format_cpu(n)), Ok(n));
    }

    #[test]
    fn never_panics(text in "\\PC{0,40}") {
        let _ = cpu_millis(&text);
        let _ = bytes(&text);
        let _ = measured(&text);
    }
}
