//! Possible errors of a policy, in the words in which its author reads them.

use thiserror::Error;
use trimtab_api::selector::ALL_BUT_SOME;
use trimtab_engine::invalid_field::InvalidField;
use trimtab_sizing::RulesError;

/// Why a policy cannot be applied. All of these are for its author to correct.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PolicyError {
    /// An empty selector, which never means everything.
    #[error("{field} is empty, which selects nothing and never means everything: {}", instead(.field))]
    EmptySelector {
        /// Which selector.
        field: &'static str,
    },
    /// A pattern where a name should be.
    #[error("targetNamespaces names {name:?}, and it takes names, not patterns: {ALL_BUT_SOME}")]
    Pattern {
        /// The name that it contains.
        name: String,
    },
    /// None or both ways of naming namespaces.
    #[error("exactly one of targetNamespaces and namespaceSelector must be set")]
    Scope,
    /// A value that does not parse.
    #[error("{field}: {value:?} is not {expected}")]
    Unreadable {
        /// The field's path.
        field: String,
        /// Its value.
        value: String,
        /// The expected value.
        expected: &'static str,
    },
    /// A value outside its range.
    #[error("{field} is {value}: it must be {expected}")]
    OutOfRange {
        /// The field's path.
        field: String,
        /// Its value.
        value: String,
        /// The range.
        expected: &'static str,
    },
    /// A minimum above its maximum.
    #[error("{path}.min {min} is above {path}.max {max}: lower min or raise max")]
    MinimumAboveMaximum {
        /// The path of the two fields.
        path: String,
        /// The minimum, as written.
        min: String,
        /// The maximum, as written.
        max: String,
    },
    /// Numbers that contradict each other.
    #[error("{prefix}{source}")]
    Rules {
        /// The container whose rules they are, if it is an exception.
        prefix: String,
        /// The contradiction.
        source: RulesError,
    },
    /// What it says about rollouts is invalid, such as a window: no change of it could start.
    #[error(transparent)]
    Rollouts(#[from] InvalidField),
}

/// The replacement for an empty `field`.
fn instead(field: &str) -> &'static str {
    if field.to_ascii_lowercase().contains("namespace") { ALL_BUT_SOME } else { "name what is to be selected" }
}
