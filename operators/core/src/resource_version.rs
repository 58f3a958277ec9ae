//! The version of an object. In: its `metadata.resourceVersion`. Out: a number that grows with each change.

/// A `resourceVersion` as a number; 0 if it is none, which no Kubernetes API server returns.
pub fn number(text: Option<&str>) -> u64 {
    text.and_then(|version| version.parse().ok()).unwrap_or(0)
}
