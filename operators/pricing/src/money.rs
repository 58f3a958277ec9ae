//! Exact decimal money.
//!
//! In: decimal strings from objects. Out: [`Money`], a whole number of 10⁻¹⁵ parts of the currency's unit, and strings
//! again. Fifteen decimals, because a price per byte-second of a small container must not round to nothing, and because
//! unit prices times the largest node must give back the node's price. No floating point.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// Number of decimals in [`Money`].
const SCALE_DIGITS: usize = 15;
const SCALE: i128 = 1_000_000_000_000_000;
/// Maximum number of digits of a parsed amount before the point.
const MAX_INTEGER_DIGITS: usize = 12;
/// Maximum number of digits of a parsed amount after the point.
const MAX_DECIMALS: usize = 9;

/// Why a string is not an amount or a currency.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Anything but digits with at most one point among them.
    #[error("{0:?} is not a decimal amount such as \"0.096\"")]
    NotDecimal(String),
    /// A minus where negative amounts make no sense.
    #[error("{0:?} is negative")]
    Negative(String),
    /// Too many digits.
    #[error("{0:?} has too many digits: at most 12 before the point and 9 after it")]
    TooManyDigits(String),
    /// Not three upper-case letters.
    #[error("{0:?} is not a currency code of ISO 4217 such as USD")]
    NotCurrency(String),
}

/// An amount of money in a currency that is stored separately. May be negative if it is a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

impl Money {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// This many billionths of the currency's unit.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos as i128 * 1_000_000)
    }

    /// A non-negative amount: up to 12 digits, and up to 9 decimals after a point. No sign, exponent or space.
    ///
    /// # Errors
    /// [`MoneyError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let (integer, decimals) = match text.split_once('.') {
            Some((_, "")) => return Err(MoneyError::NotDecimal(shortened(text))),
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if integer.is_empty() || !digits(integer) || !digits(decimals) {
            return Err(match text.strip_prefix('-') {
                // Only one minus, as a call for each of many would use up the stack.
                Some(rest) if !rest.starts_with('-') && Self::parse(rest).is_ok() => {
                    MoneyError::Negative(shortened(text))
                }
                _ => MoneyError::NotDecimal(shortened(text)),
            });
        }
        if integer.len() > MAX_INTEGER_DIGITS || decimals.len() > MAX_DECIMALS {
            return Err(MoneyError::TooManyDigits(shortened(text)));
        }
        // At most 12 + 15 digits: far below the maximum of an i128.
        let value = integer.bytes().chain(decimals.bytes()).fold(0i128, |n, b| n * 10 + i128::from(b - b'0'));
        let missing = SCALE_DIGITS - decimals.len();
        Ok(Self((0..missing).fold(value, |n, _| n * 10)))
    }

    /// As [`Money::parse`], but allows a leading minus, for differences.
    ///
    /// # Errors
    /// [`MoneyError`] says what is wrong with the text.
    pub fn parse_signed(text: &str) -> Result<Self, MoneyError> {
        match text.strip_prefix('-') {
            Some(rest) => Self::parse(rest).map(|m| Self(-m.0)),
            None => Self::parse(text),
        }
    }

    /// The whole billionths in it, truncated; `None` if negative or beyond 64 bits.
    pub(crate) fn whole_nanos(self) -> Option<u64> {
        u64::try_from(self.0 / 1_000_000).ok()
    }

    /// Whether it is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is negative.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The absolute value.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `self × numerator ÷ denominator`, rounded once, to the nearest and halves away from zero. `None` for a
    /// denominator of zero and on overflow.
    #[must_use]
    pub fn checked_mul_div(self, numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let (numerator, denominator) = (i128::from(numerator), i128::from(denominator));
        // Quotient and remainder separately, so that only a result that is itself too large overflows, for all
        // numerators and denominators below 2⁶³.
        let (whole, rest) = (self.0 / denominator, self.0 % denominator);
        let rest = divide_rounded(rest.checked_mul(numerator)?, denominator);
        whole.checked_mul(numerator)?.checked_add(rest).map(Self)
    }

    /// Rounded to this many decimals (at most 15), to the nearest and halves away from zero.
    #[must_use]
    pub fn rounded(self, decimals: u8) -> Self {
        let unit = (usize::from(decimals)..SCALE_DIGITS).fold(1i128, |n, _| n * 10);
        Self(divide_rounded(self.0, unit).saturating_mul(unit))
    }

    /// Rounded and written with exactly this many decimals, as `450.50` for two.
    pub fn fixed(self, decimals: u8) -> String {
        let places = usize::from(decimals).min(SCALE_DIGITS);
        let rounded = self.rounded(decimals);
        let (integer, fraction) = rounded.digits();
        let sign = if rounded.is_negative() { "-" } else { "" };
        match places {
            0 => format!("{sign}{integer}"),
            _ => format!("{sign}{integer}.{}", &fraction[..places]),
        }
    }

    /// The digits before the point, and the fifteen after it.
    fn digits(self) -> (String, String) {
        let absolute = self.0.unsigned_abs();
        let scale = SCALE.unsigned_abs();
        ((absolute / scale).to_string(), format!("{:015}", absolute % scale))
    }
}

/// Canonical: no trailing zeros, no exponent, `-` only if not zero.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (integer, fraction) = self.digits();
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.is_negative() { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        f.pad(&format!("{sign}{integer}{point}{fraction}"))
    }
}

/// To the nearest, halves away from zero. The denominator is above zero.
fn divide_rounded(numerator: i128, denominator: i128) -> i128 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    // `rest ≥ denominator − rest` is `2 × rest ≥ denominator` without the overflow.
    if rest.abs() >= denominator - rest.abs() { quotient + numerator.signum() } else { quotient }
}

/// The excerpt of an invalid text for an error: enough to find it, whatever its length.
fn shortened(text: &str) -> String {
    text.chars().take(32).collect()
}

/// A currency code of ISO 4217: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency of the built-in table and of the estimate.
    pub const USD: Self = Self(*b"USD");

    /// The code as text.
    pub fn as_str(&self) -> &str {
        // Always ASCII by construction; the fallback only spares a panic.
        str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::NotCurrency(shortened(text))),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[path = "money_tests.rs"]
mod tests;
