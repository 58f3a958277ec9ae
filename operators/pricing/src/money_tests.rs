#![allow(clippy::unwrap_used, clippy::expect_used)]
use proptest::prelude::*;

use super::*;

fn money(text: &str) -> Money {
    Money::parse_signed(text).unwrap()
}

#[test]
fn amounts_are_read_and_written_canonically() {
    for (text, canonical) in [
        ("0.0416", "0.0416"),
        ("12", "12"),
        ("0", "0"),
        ("0.000000000", "0"),
        ("007.50", "7.5"),
        ("999999999999.999999999", "999999999999.999999999"),
        ("-0.25", "-0.25"),
        ("-0", "0"),
    ] {
        assert_eq!(money(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn what_is_no_amount_is_refused_with_the_reason() {
    let not_decimal =
        ["", "1e5", "NaN", "inf", ".5", "5.", "1.2.3", "+1", " 1", "1 ", "1,5", "0x10", "１", "--1", "---1", "-"];
    for text in not_decimal {
        assert_eq!(Money::parse(text), Err(MoneyError::NotDecimal(text.into())), "{text:?}");
    }
    assert_eq!(Money::parse("-1"), Err(MoneyError::Negative("-1".into())));
    for text in ["1000000000000", "0.0000000001"] {
        assert_eq!(Money::parse(text), Err(MoneyError::TooManyDigits(text.into())));
    }
    for long in ["9".repeat(10_000), "-".repeat(1_000_000), "-".repeat(1_000_000) + "1"] {
        assert!(Money::parse(&long).unwrap_err().to_string().len() < 150);
        assert!(Money::parse_signed(&long).is_err());
    }
}

#[test]
fn fixed_decimals_round_halves_away_from_zero() {
    for (text, fixed) in
        [("450.5", "450.50"), ("0.005", "0.01"), ("-0.005", "-0.01"), ("0.0049", "0.00"), ("-0.001", "0.00")]
    {
        assert_eq!(money(text).fixed(2), fixed, "{text}");
    }
    assert_eq!(money("1.5").fixed(0), "2");
}

#[test]
fn products_round_once_and_overflow_is_seen() {
    assert_eq!(money("1").checked_mul_div(1, 3).unwrap().to_string(), "0.333333333333333");
    assert_eq!(money("2").checked_mul_div(1, 3).unwrap().to_string(), "0.666666666666667");
    assert_eq!(money("1").checked_mul_div(1, 0), None);
    assert_eq!(Money(i128::MAX).checked_mul_div(2, 1), None);
    assert_eq!(Money(i128::MAX).checked_add(Money(1)), None);
    assert_eq!(Money(i128::MIN).checked_sub(Money(1)), None);
    let most = 1 << 62;
    assert_eq!(Money(i128::MAX).checked_mul_div(most, most), Some(Money(i128::MAX)), "no overflow on the way");
}

#[test]
fn currencies_are_three_upper_case_letters() {
    assert_eq!("EUR".parse::<Currency>().unwrap().to_string(), "EUR");
    for text in ["", "US", "usd", "USDT", "U$D", "ÄU"] {
        assert!(text.parse::<Currency>().is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn every_amount_comes_back_from_its_text(nanos in any::<i64>()) {
        let amount = Money::from_nanos(nanos);
        prop_assert_eq!(Money::parse_signed(&amount.to_string()).unwrap(), amount);
    }

    #[test]
    fn the_written_form_is_a_fixed_point(text in "[0-9]{1,12}(\\.[0-9]{1,9})?") {
        let once = Money::parse(&text).unwrap().to_string();
        prop_assert_eq!(Money::parse(&once).unwrap().to_string(), once);
    }

    #[test]
    fn no_text_panics(text in ".{0,40}") {
        let _ = Money::parse(&text);
        let _ = Money::parse_signed(&text);
        let _ = text.parse::<Currency>();
    }

    #[test]
    fn multiplying_back_is_within_half_a_part_per_unit(nanos in 0i64..1_000_000_000_000, parts in 1u64..1_000_000) {
        let amount = Money::from_nanos(nanos);
        let again = amount.checked_mul_div(1, parts).unwrap().checked_mul_div(parts, 1).unwrap();
        prop_assert!((again.0 - amount.0).unsigned_abs() <= u128::from(parts.div_ceil(2)));
    }
}
