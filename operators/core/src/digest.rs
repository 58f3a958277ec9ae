//! Digests of proposals: an approval names one, so that it can never be used for another proposal.
//!
//! In: any serialisable value. Out: `sha256:` and 32 hexadecimal digits (128 bits) of its canonical JSON.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The digest of `value`. Two values have the same digest exactly when their JSON, with sorted keys, is the same.
///
/// # Errors
/// If the value cannot be serialised as JSON.
pub fn of<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    // serde_json's own map is sorted, so going through it makes the text canonical.
    let canonical = serde_json::to_value(value)?.to_string();
    let hash = Sha256::digest(canonical.as_bytes());
    let mut text = String::from("sha256:");
    for byte in hash.iter().take(16) {
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::of;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_count_and_values_do() {
        let a = of(&json!({"cpu": "100m", "memory": "1Gi"})).unwrap();
        assert_eq!(a, of(&json!({"memory": "1Gi", "cpu": "100m"})).unwrap());
        assert_ne!(a, of(&json!({"cpu": "101m", "memory": "1Gi"})).unwrap());
        assert_eq!(a.len(), 39);
    }
}
