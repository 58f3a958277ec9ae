//! Who asks for an action, and who approves it.
//!
//! In: nothing. Out: the types of `spec.requester`, `spec.approver` and `spec.policyRef`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::ONE_LINE_PATTERN;

/// A user as the API server has authenticated them, with all that their rights can depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Identity {
    /// The user name.
    #[schemars(length(min = 1, max = 253), regex(pattern = ONE_LINE_PATTERN))]
    pub username: String,
    /// The UID of the user, if the authenticator states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253), regex(pattern = ONE_LINE_PATTERN))]
    pub uid: Option<String>,
    /// The groups of the user. Rights may come from a group alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub groups: Vec<String>,
    /// What else the authenticator states, such as scopes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32, "additionalProperties" = {"type": "array", "maxItems": 32, "items": {"type": "string", "maxLength": 1024}, "x-kubernetes-list-type": "atomic"}))]
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The policy that created a remediation action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct RemediationPolicyRef {
    /// The name of the policy, in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
    /// The generation of the policy that the action follows.
    #[schemars(range(min = 1))]
    pub generation: i64,
}
