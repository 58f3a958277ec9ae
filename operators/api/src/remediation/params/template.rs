//! Parameters of actions on sizes and the pod template.
//!
//! In: nothing. Out: the types of members of a step.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LABEL_PATTERN, NAME_PATTERN};
use crate::resources::Resources;

/// The pattern of the name of an environment variable.
const VARIABLE_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_.-]*$";

/// Parameters of `SetResources`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(has(self.requests) && (has(self.requests.cpu) || has(self.requests.memory))) || (has(self.limits) && (has(self.limits.cpu) || has(self.limits.memory)))")
    .message("setResources must set at least one request or limit of CPU or memory"))]
pub struct SetResources {
    /// The name of the container or sidecar.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub container: String,
    /// The new requests. What is not listed is not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Resources>,
    /// The new limits. What is not listed is not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Resources>,
}

/// Parameters of `ResizePods`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(has(self.requests) && (has(self.requests.cpu) || has(self.requests.memory))) || (has(self.limits) && (has(self.limits.cpu) || has(self.limits.memory)))")
    .message("resizePods must set at least one request or limit of CPU or memory"))]
pub struct ResizePods {
    /// The name of the container or sidecar.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub container: String,
    /// The new requests. What is not listed is not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Resources>,
    /// The new limits. What is not listed is not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Resources>,
    /// The names of the pods to resize. If not set, all pods of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 253), regex(pattern = NAME_PATTERN)), extend("x-kubernetes-list-type" = "set"))]
    pub pods: Option<Vec<String>>,
}

/// Parameters of `SetImage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetImage {
    /// The name of the container or sidecar.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub container: String,
    /// The new image, with a digest, or with a tag if the operator allows its registry.
    #[schemars(length(min = 1, max = 512), regex(pattern = "^[a-z0-9][A-Za-z0-9._:/@-]*$"))]
    pub image: String,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentVariable {
    /// The name of the variable. Names that look like those of secrets are refused.
    #[schemars(length(min = 1, max = 253), regex(pattern = VARIABLE_PATTERN))]
    pub name: String,
    /// The value of the variable. It is stored in this object in clear text.
    #[schemars(length(max = 4096))]
    pub value: String,
}

/// Parameters of `SetEnvironment`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.set) || has(self.remove)")
    .message("setEnvironment must set or remove at least one variable"))]
pub struct SetEnvironment {
    /// The name of the container or sidecar.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub container: String,
    /// The variables to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub set: Option<Vec<EnvironmentVariable>>,
    /// The names of the variables to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), inner(length(min = 1, max = 253), regex(pattern = VARIABLE_PATTERN)), extend("x-kubernetes-list-type" = "set"))]
    pub remove: Option<Vec<String>>,
}

/// A probe of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Probe {
    /// Its failure restarts the container.
    Liveness,
    /// Its failure takes the pod out of its Services.
    Readiness,
    /// It delays the others until the container has started.
    Startup,
}

/// Parameters of `SetProbe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.initialDelaySeconds) || has(self.periodSeconds) || has(self.timeoutSeconds) || has(self.successThreshold) || has(self.failureThreshold)")
    .message("setProbe must set at least one period or threshold"))]
#[x_kube(validation = Rule::new("!has(self.successThreshold) || self.successThreshold == 1 || self.probe == 'Readiness'")
    .message("successThreshold must be 1 for liveness and startup probes, as in Kubernetes"))]
pub struct SetProbe {
    /// The name of the container or sidecar.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub container: String,
    /// The probe to change: `Liveness`, `Readiness` or `Startup`. What it calls is never changed.
    pub probe: Probe,
    /// How long after its start the container is probed for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 3600))]
    pub initial_delay_seconds: Option<i32>,
    /// How often the container is probed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub period_seconds: Option<i32>,
    /// How long an answer may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: Option<i32>,
    /// How many answers in a row make the probe succeed after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub success_threshold: Option<i32>,
    /// How many failures in a row make the probe fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub failure_threshold: Option<i32>,
}
