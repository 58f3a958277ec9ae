//! What an action will send, before it sends it.
//!
//! In: nothing. Out: the type of `status.plan`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PlannedVerb {
    /// The object is created.
    Create,
    /// Fields of the object are changed.
    Patch,
    /// The object is deleted.
    Delete,
    /// The pod is evicted.
    Evict,
    /// Something is read.
    Read,
    /// Something is sent to another server, such as Alertmanager.
    Send,
}

/// A request of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRequest {
    /// The name of the step.
    #[schemars(length(min = 1, max = 63))]
    pub step: String,
    /// What is done.
    pub verb: PlannedVerb,
    /// The resource with its subresource and group, such as `deployments/scale.apps`. For other servers, the URL
    /// without credentials.
    #[schemars(length(min = 1, max = 512))]
    pub resource: String,
    /// The name of the object. Not set if it gets its name when it is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub name: Option<String>,
    /// The UID of the object. Not set if it does not exist yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub uid: Option<String>,
    /// What changes, as the API server's dry run shows it: one line per field, with the former and the new value.
    /// Values that look like secrets are replaced by a hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub diff: Option<String>,
}

/// The exact requests of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Plan {
    /// When it was made.
    pub made: Time,
    /// The requests, in the order in which they are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128), extend("x-kubernetes-list-type" = "atomic"))]
    pub requests: Vec<PlannedRequest>,
    /// The number of further requests that are not shown, because the plan is long. The digest covers them too.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub omitted: i32,
    /// What cannot be undone, and what else should be known before an approval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub notes: Vec<String>,
}
