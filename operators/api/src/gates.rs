//! What keeps an approved change from being carried out.
//!
//! In: nothing. Out: the type of `status.gates`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A gate that keeps a change from being carried out at present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClosedGate {
    /// The gate's name, in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub gate: String,
    /// Why it is closed, in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// Why, with the objects and numbers, and what opens it.
    #[schemars(length(max = 1024))]
    pub message: String,
}
