//! Why a change is, or was, undone.
//!
//! In: nothing. Out: the type of `undo` of a rollout.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why the former values are restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Undo {
    /// Why, in one CamelCase word.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// Why, with what was seen.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// Since when.
    pub since: Time,
}
