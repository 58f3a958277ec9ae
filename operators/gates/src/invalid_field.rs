//! A field of a policy that has no meaning.
//!
//! In: its path, what it says, and what it should say. Out: a sentence for the person who wrote it, and the gate that is
//! closed by it.

use std::fmt;

use trimtab_api::gates::ClosedGate;

use trimtab_rollout::gate::closed;

/// A field of a policy that has no meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// The field's path.
    pub field: String,
    /// What it says.
    pub value: String,
    /// What it should say.
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

    /// The gate that is closed by it.
    pub fn gate(&self, policy: &str) -> ClosedGate {
        closed("Policy", "PolicyInvalid", &self.message(policy))
    }

    pub(crate) fn message(&self, policy: &str) -> String {
        format!("OptimizationPolicy {policy} cannot be acted on: {self}; mend the field")
    }
}
