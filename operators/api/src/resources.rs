//! Requests and limits of containers: current, proposed and applied.
//!
//! In: nothing. Out: amounts of CPU and memory, and the resources of a named container.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// Amounts of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// The amount of CPU, such as `250m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// The amount of memory, such as `512Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// The requests and limits of a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerResources {
    /// The name of the container. Each name may appear only once.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// The resources that the scheduler reserves. A resource that is not listed has no request.
    #[serde(default)]
    pub requests: Resources,
    /// The maximum resources that the container may use. Above them, its CPU is throttled or it is OOM-killed. A
    /// resource that is not listed has no limit.
    #[serde(default)]
    pub limits: Resources,
}
