//! Requests and limits of containers, as they are proposed, had before and set.
//!
//! In: nothing. Out: amounts of CPU and memory, and those of one container by its name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// Amounts of the two resources that are sized. What is absent is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// CPU, such as `250m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory, such as `512Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// Requests and limits of one container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerResources {
    /// The container's name, each name once.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// What the scheduler sets aside for it. What is absent here would not be set afterwards.
    #[serde(default)]
    pub requests: Resources,
    /// What it may use at most: above it CPU is throttled and memory is OOM-killed. What is absent has no limit
    /// afterwards.
    #[serde(default)]
    pub limits: Resources,
}
