//! A field of a policy that is invalid.
//!
//! In: its path, its value, and what is expected. Out: a sentence for its author, and the gate that it closes.

use std::fmt;

use trimtab_api::gates::ClosedGate;

use trimtab_rollout::gate::closed;

/// A field of a policy that is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// The field's path.
    pub field: String,
    /// Its value.
    pub value: String,
    /// What is expected instead.
    pub expected: String,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} is not {}", self.field, self.value, self.expected)
    }
}

impl std::error::Error for InvalidField {}

impl InvalidField {
    pub(crate) fn new(field: impl Into<String>, value: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.into(), expected: expected.into() }
    }

    /// The gate that it closes.
    pub fn gate(&self, policy: &str) -> ClosedGate {
        closed("Policy", "PolicyInvalid", &self.message(policy))
    }

    pub(crate) fn message(&self, policy: &str) -> String {
        format!("OptimizationPolicy {policy} is invalid: {self}; fix the field")
    }
}
