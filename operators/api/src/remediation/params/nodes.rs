//! Parameters of actions on nodes.
//!
//! In: nothing. Out: the types of members of a step.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KEY_PATTERN, LABEL_PATTERN, NAME_PATTERN, VALUE_PATTERN};
use crate::selector::LabelSelector;

/// Parameters of `DrainNode`. They are those of `kubectl drain`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainNode {
    /// How long the pods have to end. If not set, as long as they say themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86_400))]
    pub grace_period_seconds: Option<i64>,
    /// Leaves pods of DaemonSets on the node. Without it, such a pod keeps the node from being drained.
    #[serde(default)]
    pub ignore_daemon_sets: bool,
    /// Evicts pods with an emptyDir volume, whose data is lost. Without it, such a pod keeps the node from being
    /// drained.
    #[serde(default)]
    pub delete_empty_dir_data: bool,
    /// Evicts pods without a controller, which nobody creates again. Without it, such a pod keeps the node from being
    /// drained.
    #[serde(default)]
    pub force: bool,
    /// Evicts only the pods that it selects. An empty selector is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
}

/// The effect of a taint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TaintEffect {
    /// Pods that do not tolerate the taint are not placed on the node.
    NoSchedule,
    /// They are placed on it only if there is no other.
    PreferNoSchedule,
    /// They are evicted from it.
    NoExecute,
}

/// Parameters of `TaintNode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!self.key.startsWith('node.kubernetes.io/')")
    .message("key must not begin with node.kubernetes.io/: Kubernetes itself sets these taints"))]
pub struct TaintNode {
    /// The key of the taint.
    #[schemars(length(min = 1, max = 317), regex(pattern = KEY_PATTERN))]
    pub key: String,
    /// The value of the taint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = VALUE_PATTERN))]
    pub value: Option<String>,
    /// What the taint does to pods that do not tolerate it. `NoSchedule`: they are not placed on the node.
    /// `PreferNoSchedule`: they are placed on it only if there is no other. `NoExecute`: they are evicted from it.
    pub effect: TaintEffect,
}

/// Parameters of `UntaintNode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UntaintNode {
    /// The key of the taint to remove.
    #[schemars(length(min = 1, max = 317), regex(pattern = KEY_PATTERN))]
    pub key: String,
    /// The effect of the taint to remove: `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: TaintEffect,
}

/// The template of a remediation of nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemediationTemplateRef {
    /// The API group and version of the template.
    #[schemars(length(min = 1, max = 317), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/v[a-z0-9]+$"))]
    pub api_version: String,
    /// The kind of the template, such as `SelfNodeRemediationTemplate`.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[A-Z][A-Za-z0-9]*Template$"))]
    pub kind: String,
    /// The name of the template.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub name: String,
    /// The namespace of the template.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub namespace: String,
}

/// A Machine of Cluster API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineRef {
    /// The name of the Machine. It must be that of the node.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub name: String,
    /// The namespace of the Machine.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub namespace: String,
}

/// Parameters of `RequestNodeRemediation`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.templateRef) != has(self.machineRef)")
    .message("exactly one of templateRef and machineRef must be set, to say who remedies the node"))]
pub struct RequestNodeRemediation {
    /// Creates a remediation from this template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_ref: Option<RemediationTemplateRef>,
    /// Asks Cluster API to remedy this Machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_ref: Option<MachineRef>,
}

/// Parameters of `LabelNode`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(has(self.labels) && size(self.labels) > 0) || has(self.remove)")
    .message("labelNode must set or remove at least one label, by labels or remove"))]
pub struct LabelNode {
    /// The labels to set. Those of `kubernetes.io` and `k8s.io` are refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 63, "pattern": VALUE_PATTERN}))]
    pub labels: BTreeMap<String, String>,
    /// The keys of the labels to remove. Those of `kubernetes.io` and `k8s.io` are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 317), regex(pattern = KEY_PATTERN)), extend("x-kubernetes-list-type" = "set"))]
    pub remove: Option<Vec<String>>,
}
