//! What blocks an approved change.
//!
//! In: nothing. Out: the type of `status.gates`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A gate that currently blocks a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClosedGate {
    /// The name of the gate, in CamelCase.
    #[schemars(length(min = 1, max = 63))]
    pub gate: String,
    /// Why the gate is closed, in CamelCase.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// Why the gate is closed, with the objects and values involved, and what opens it.
    #[schemars(length(max = 1024))]
    pub message: String,
}
