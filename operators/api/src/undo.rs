//! Why a change is undone, or was undone.
//!
//! In: nothing. Out: the type of `undo` of a rollout.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a change is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Undo {
    /// The reason in CamelCase.
    #[schemars(length(min = 1, max = 63))]
    pub reason: String,
    /// The reason as text, with the observed values.
    #[schemars(length(max = 1024))]
    pub message: String,
    /// When the undo started.
    pub since: Time,
    /// Whether no pod had the new size any more when the undo ended, so that there was nothing to restore.
    #[serde(default)]
    pub nothing_to_restore: bool,
}
