//! Conditions on the wire.
//!
//! In: `status.conditions` of any object. Out: the fields that rows are made from.

use jiff::Timestamp;
use serde::Deserialize;

/// A condition of any object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Condition {
    pub(crate) r#type: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) last_transition_time: Option<Timestamp>,
}

/// Whether the condition `name` is `True`.
pub(crate) fn is_true(conditions: Option<&[Condition]>, name: &str) -> bool {
    conditions.unwrap_or_default().iter().any(|c| c.r#type == name && c.status == "True")
}
