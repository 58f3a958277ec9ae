//! The workload that an object is about.
//!
//! In: nothing. Out: the type of `spec.targetRef`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The workload that a recommendation is for. It is always one of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct TargetRef {
    /// The API group and version, such as `apps/v1`.
    #[schemars(length(min = 1, max = 317), regex(pattern = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+$"))]
    pub api_version: String,
    /// The kind, such as `Deployment`.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[A-Z][A-Za-z0-9]*$"))]
    pub kind: String,
    /// The name of the object, in the recommendation's own namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
    /// The uid of the very object that was looked at, so that one made anew under the same name is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub uid: Option<String>,
}
