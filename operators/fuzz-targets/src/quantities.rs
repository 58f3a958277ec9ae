//! What holds for every quantity of resources.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};
use trimtab_api::quantity::{QUANTITY_PATTERN, Quantity};
use trimtab_core::quantity::{QuantityError, bytes, cpu_millis, format_bytes, format_cpu, is_close, measured};

use crate::each_text;

static PATTERN: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| Regex::new(QUANTITY_PATTERN));

/// The relative error of a double, with room for a few operations.
const NEAR: f64 = 1e-9;

/// Checks the whole input and each line of it.
///
/// # Panics
/// Where a property does not hold.
pub fn quantities(data: &[u8]) {
    each_text(data, quantity);
}

fn quantity(text: &str) {
    let (cpu, memory, sample) = (cpu_millis(text), bytes(text), measured(text));
    for error in [QuantityError::Malformed, QuantityError::Negative] {
        let said = [cpu == Err(error), memory == Err(error), sample == Err(error)];
        assert!(said == [true; 3] || said == [false; 3], "{text:?}: {cpu:?}, {memory:?} and {sample:?}");
    }
    match (cpu, memory) {
        // Both are rounded up.
        (Ok(millis), Ok(whole)) => assert_eq!(whole, millis.div_ceil(1_000), "{text:?}"),
        (Err(QuantityError::TooLarge), Ok(whole)) => assert!(whole > u64::MAX / 1_000, "{text:?}: {whole}"),
        (cpu, memory) => assert_eq!(cpu, memory, "{text:?}"),
    }
    if let Ok(millis) = cpu {
        assert_eq!(cpu_millis(&format_cpu(millis)), Ok(millis), "{text:?}");
    }
    if let Ok(whole) = memory {
        assert_eq!(bytes(&format_bytes(whole)), Ok(whole), "{text:?}");
        assert!(is_close(whole, whole), "{text:?}");
    }
    near(text, memory, sample);
    signed(text, cpu);
    in_an_object(text, cpu);
}

/// A sample is what is rounded up to bytes.
fn near(text: &str, memory: Result<u64, QuantityError>, sample: Result<f64, QuantityError>) {
    match (memory, sample) {
        (Ok(whole), Ok(sample)) => {
            let whole = whole as f64;
            let room = NEAR * whole.max(1.0);
            let is_near = sample >= 0.0 && sample <= whole + room && sample >= whole - 1.0 - room;
            assert!(is_near, "{text:?}: {sample} and {whole}");
        }
        (Err(QuantityError::TooLarge), Ok(sample)) => {
            assert!(sample.is_finite() && sample >= u64::MAX as f64 * (1.0 - NEAR), "{text:?}: {sample}");
        }
        (memory, Err(error)) => assert_eq!(memory, Err(error), "{text:?}"),
        (memory, sample) => assert!(sample.is_err(), "{text:?}: {memory:?} and {sample:?}"),
    }
}

/// A plus changes nothing, and with a minus only zero is a quantity.
fn signed(text: &str, cpu: Result<u64, QuantityError>) {
    if text.starts_with(['+', '-']) {
        return;
    }
    assert_eq!(cpu_millis(&format!("+{text}")), cpu, "{text:?}");
    let expected = match cpu {
        Ok(0) => Ok(0),
        Err(QuantityError::Malformed) => Err(QuantityError::Malformed),
        _ => Err(QuantityError::Negative),
    };
    assert_eq!(cpu_millis(&format!("-{text}")), expected, "{text:?}");
}

/// What the schema admits is a quantity, and comes back from JSON as it was written.
fn in_an_object(text: &str, cpu: Result<u64, QuantityError>) {
    assert!(PATTERN.is_ok(), "{:?}", *PATTERN);
    if PATTERN.as_ref().is_ok_and(|pattern| pattern.is_match(text)) {
        assert!(matches!(cpu, Ok(_) | Err(QuantityError::TooLarge)), "{text:?}: {cpu:?}");
    }
    let read: Option<Quantity> = serde_json::from_value(json!(text)).ok();
    assert_eq!(read.as_ref().map(|quantity| quantity.0.as_str()), Some(text));
    assert_eq!(serde_json::to_value(&read).ok(), Some(Value::from(text)));
    // A number without quotes is the same quantity.
    if let Ok(number) = text.parse::<i64>() {
        let read: Option<Quantity> = serde_json::from_value(json!(number)).ok();
        assert_eq!(read.map(|quantity| cpu_millis(&quantity.0)), Some(cpu), "{text:?}");
    }
}
