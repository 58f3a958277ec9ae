//! What holds for every amount of money and every currency.

use std::sync::LazyLock;

use regex::Regex;
use trimtab_api::money::AMOUNT_PATTERN;
use trimtab_pricing::{Currency, Money};

use crate::assert_shown;

static PATTERN: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| Regex::new(AMOUNT_PATTERN));

/// How much of a text an error repeats, in characters.
const REPEATED: usize = 32;

/// Checks a text as an amount and as a currency.
pub(crate) fn amount(text: &str) {
    assert!(PATTERN.is_ok(), "{:?}", *PATTERN);
    let (read, repeated) = (Money::parse(text), text.chars().take(REPEATED).collect::<String>());
    let admitted = PATTERN.as_ref().is_ok_and(|pattern| pattern.is_match(text));
    assert_eq!(read.is_ok(), admitted, "{text:?}: what the schema admits is what is read");
    match &read {
        Ok(money) => {
            assert!(!money.is_negative(), "{text:?}");
            let written = money.to_string();
            assert_eq!(Money::parse(&written).as_ref(), Ok(money), "{text:?}: {written}");
            assert_eq!(Money::parse(&money.fixed(9)).as_ref(), Ok(money), "{text:?}: it has nine decimals at most");
            let negative = Money::parse_signed(&format!("-{text}"));
            assert_eq!(negative.map(Money::abs).as_ref(), Ok(money), "{text:?}");
        }
        Err(error) => assert_shown(&error.to_string(), &format!("{repeated:?}")),
    }
    if !text.starts_with('-') {
        assert_eq!(Money::parse_signed(text), read, "{text:?}");
    }
    match text.parse::<Currency>() {
        Ok(currency) => assert_eq!(currency.as_str(), text),
        Err(error) => assert_shown(&error.to_string(), &format!("{repeated:?}")),
    }
}
