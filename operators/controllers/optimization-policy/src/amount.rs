//! Converts amounts between the numbers of decisions and the text of objects. Pure.

use trimtab_core::quantity;

const MIB: f64 = 1_048_576.0;
/// More than any machine has: an amount of memory that was written for CPU.
const MOST_MILLICORES: i64 = 1_000_000;

/// Millicores as text; negative amounts become 0.
pub fn cpu(millicores: i64) -> String {
    quantity::format_cpu(u64::try_from(millicores).unwrap_or(0))
}

/// Bytes as text; negative amounts become 0.
pub fn memory(bytes: i64) -> String {
    quantity::format_bytes(u64::try_from(bytes).unwrap_or(0))
}

/// Measured cores as text, rounded up to millicores.
pub fn measured_cpu(cores: f64) -> String {
    cpu((cores * 1000.0).ceil() as i64)
}

/// Measured bytes as text, rounded up to MiB.
pub fn measured_memory(bytes: f64) -> String {
    // The cast saturates: an amount beyond measure becomes the largest that can be written.
    memory(((bytes / MIB).ceil() as i64).min(i64::MAX / MIB as i64) * MIB as i64)
}

/// Millicores of a quantity; `None` if it does not parse.
pub fn millicores(text: &str) -> Option<i64> {
    i64::try_from(quantity::cpu_millis(text).ok()?).ok()
}

/// Bytes of a quantity; `None` if it does not parse.
pub fn bytes(text: &str) -> Option<i64> {
    i64::try_from(quantity::bytes(text).ok()?).ok()
}

/// Millicores of a user's bound; `None` for an invalid amount, or one of CPU that no machine could have.
pub fn sane_cpu(text: &str) -> Option<i64> {
    millicores(text).filter(|m| *m <= MOST_MILLICORES)
}

/// Bytes of a user's bound; `None` for an invalid amount, and for fractions of a byte: whoever writes `512m` means
/// `512Mi`.
pub fn sane_memory(text: &str) -> Option<i64> {
    bytes(text).filter(|_| !text.ends_with(['n', 'u', 'm']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_cannot_be_meant_are_none() {
        for (text, expected) in [
            ("250m", Some(250)),
            ("2", Some(2000)),
            ("1000", Some(1_000_000)),
            ("512Mi", None),
            ("", None),
            ("-1", None),
        ] {
            assert_eq!(sane_cpu(text), expected, "{text:?}");
        }
        for (text, expected) in
            [("1Ki", Some(1024)), ("512m", None), ("1u", None), ("1n", None), ("x", None), ("1e3", Some(1000))]
        {
            assert_eq!(sane_memory(text), expected, "{text:?}");
        }
    }

    #[test]
    fn measured_amounts_are_rounded_up_and_bounded() {
        assert_eq!([measured_cpu(0.0), measured_cpu(0.1201), measured_cpu(2.0)], ["0", "121m", "2"]);
        assert_eq!(
            [measured_memory(0.0), measured_memory(1.5 * MIB), measured_memory(1024.0 * MIB)],
            ["0", "2Mi", "1Gi"]
        );
        assert_eq!([cpu(-5), memory(-5)], ["0", "0"]);
        assert_eq!(measured_memory(f64::MAX), memory(i64::MAX / 1_048_576 * 1_048_576));
    }
}
