//! Amounts between the numbers of decisions and the text of objects. Pure.

use trimtab_core::quantity;

const MIB: f64 = 1_048_576.0;

/// Millicores as text; less than nothing is nothing.
pub fn cpu(millicores: i64) -> String {
    quantity::format_cpu(u64::try_from(millicores).unwrap_or(0))
}

/// Bytes as text; less than nothing is nothing.
pub fn memory(bytes: i64) -> String {
    quantity::format_bytes(u64::try_from(bytes).unwrap_or(0))
}

/// Measured cores as text, rounded up to millicores.
pub fn measured_cpu(cores: f64) -> String {
    cpu((cores * 1000.0).ceil() as i64)
}

/// Measured bytes as text, rounded up to MiB.
pub fn measured_memory(bytes: f64) -> String {
    memory((bytes / MIB).ceil() as i64 * MIB as i64)
}

/// Millicores of a quantity; `None` where it is none.
pub fn millicores(text: &str) -> Option<i64> {
    i64::try_from(quantity::cpu_millis(text).ok()?).ok()
}

/// Bytes of a quantity; `None` where it is none.
pub fn bytes(text: &str) -> Option<i64> {
    i64::try_from(quantity::bytes(text).ok()?).ok()
}
