//! What can be wrong with a policy, in the words in which its author reads it.

use thiserror::Error;
use trimtab_api::selector::ALL_BUT_SOME;
use trimtab_sizing::RulesError;

/// Why a policy cannot be acted on. All of these are for its author to correct.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PolicyError {
    /// A selector says nothing, which never means everything.
    #[error("{field} is empty, which selects nothing and never means everything: {}", instead(.field))]
    EmptySelector {
        /// Which selector.
        field: &'static str,
    },
    /// A pattern where a name should be.
    #[error("targetNamespaces names {name:?}, and it takes names, not patterns: {ALL_BUT_SOME}")]
    Pattern {
        /// What it names.
        name: String,
    },
    /// None or both ways of naming namespaces.
    #[error("exactly one of targetNamespaces and namespaceSelector must be set")]
    Scope,
    /// A value that cannot be read.
    #[error("{field}: {value:?} is not {expected}")]
    Unreadable {
        /// The field's path.
        field: String,
        /// What it says.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A value outside its range.
    #[error("{field} is {value}: it must be {expected}")]
    OutOfRange {
        /// The field's path.
        field: String,
        /// What it says.
        value: String,
        /// The range.
        expected: &'static str,
    },
    /// A minimum above its maximum.
    #[error("{path}.min {min} is above {path}.max {max}: lower min or raise max")]
    MinimumAboveMaximum {
        /// The path of the two fields.
        path: String,
        /// The minimum, as people write it.
        min: String,
        /// The maximum, as people write it.
        max: String,
    },
    /// Numbers that contradict each other.
    #[error("{prefix}{source}")]
    Rules {
        /// Which container's rules, where it is an exception.
        prefix: String,
        /// The contradiction.
        source: RulesError,
    },
}

/// What to write in the place of an empty `field`.
fn instead(field: &str) -> &'static str {
    if field.to_ascii_lowercase().contains("namespace") { ALL_BUT_SOME } else { "name what is to be selected" }
}
