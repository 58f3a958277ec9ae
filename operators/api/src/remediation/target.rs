//! What a step is aimed at.
//!
//! In: nothing. Out: the type of `spec.steps[].target`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Refers to an object in the same namespace, or to one without a namespace, such as a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct ActionTarget {
    /// The API group and version of the object, such as `apps/v1`.
    #[schemars(length(min = 1, max = 317), regex(pattern = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+$"))]
    pub api_version: String,
    /// The kind of the object, such as `Deployment`.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[A-Z][A-Za-z0-9]*$"))]
    pub kind: String,
    /// The name of the object.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$"))]
    pub name: String,
    /// The UID of the object. If it is set, an object that was created again under the same name is not touched. The
    /// UID that was found is in `status.steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9-]+$"))]
    pub uid: Option<String>,
}
