//! A field of a policy that is invalid.
//!
//! In: its path, its value, and what is expected. Out: a sentence for its author.

use std::fmt;

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
    /// The field at the path `field` with this `value`, where something else is `expected`.
    pub fn new(field: impl Into<String>, value: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.into(), expected: expected.into() }
    }
}
