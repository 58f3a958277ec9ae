//! A step: an action, what it is aimed at, and its parameters in the member that is named after it.
//!
//! In: nothing. Out: the type of `spec.steps`, and which action has which member. The rules of the union follow from that
//! table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::remediation::{
    params::{LABEL_PATTERN, configuration, evidence, network, nodes, scaling, storage, template, workloads},
    target::ActionTarget,
};

/// An action with the member of a step that has its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name of the action.
    pub action: &'static str,
    /// The name of the member. `None` if the action has no parameters.
    pub name: Option<&'static str>,
    /// Whether the member must be set: the action has a parameter without which it means nothing.
    pub is_required: bool,
}

const fn plain(action: &'static str) -> Member {
    Member { action, name: None, is_required: false }
}

const fn optional(action: &'static str, name: &'static str) -> Member {
    Member { action, name: Some(name), is_required: false }
}

const fn required(action: &'static str, name: &'static str) -> Member {
    Member { action, name: Some(name), is_required: true }
}

/// Every action.
pub const MEMBERS: &[Member] = &[
    required("ScaleWorkload", "scaleWorkload"),
    plain("RestartWorkload"),
    optional("RollbackWorkload", "rollbackWorkload"),
    plain("PauseRollout"),
    plain("ResumeRollout"),
    plain("UnstickStatefulSet"),
    plain("AbortRollout"),
    optional("EvictPod", "evictPod"),
    optional("DeletePod", "deletePod"),
    optional("IsolatePod", "isolatePod"),
    required("SetResources", "setResources"),
    required("ResizePods", "resizePods"),
    required("SetImage", "setImage"),
    required("SetEnvironment", "setEnvironment"),
    required("SetProbe", "setProbe"),
    required("PatchHorizontalPodAutoscaler", "patchHorizontalPodAutoscaler"),
    required("RelaxPodDisruptionBudget", "relaxPodDisruptionBudget"),
    required("RaiseQuota", "raiseQuota"),
    optional("RerunJob", "rerunJob"),
    plain("SuspendCronJob"),
    plain("ResumeCronJob"),
    plain("TriggerCronJob"),
    required("SetConfigMapKey", "setConfigMapKey"),
    required("RestoreObject", "restoreObject"),
    required("RefreshPullSecret", "refreshPullSecret"),
    required("RestoreRoleBinding", "restoreRoleBinding"),
    required("RemoveFinalizer", "removeFinalizer"),
    required("SetWebhookFailurePolicy", "setWebhookFailurePolicy"),
    required("PatchCustomResource", "patchCustomResource"),
    plain("CordonNode"),
    plain("UncordonNode"),
    optional("DrainNode", "drainNode"),
    required("TaintNode", "taintNode"),
    required("UntaintNode", "untaintNode"),
    plain("MarkOutOfService"),
    required("RequestNodeRemediation", "requestNodeRemediation"),
    required("LabelNode", "labelNode"),
    required("ExpandVolume", "expandVolume"),
    optional("SnapshotVolume", "snapshotVolume"),
    required("RecreateVolumeClaim", "recreateVolumeClaim"),
    required("DeleteOrphanedVolumeClaim", "deleteOrphanedVolumeClaim"),
    required("PatchNetworkPolicy", "patchNetworkPolicy"),
    plain("RemoveNetworkPolicy"),
    required("PatchServiceSelector", "patchServiceSelector"),
    required("PatchServicePort", "patchServicePort"),
    required("PatchIngressBackend", "patchIngressBackend"),
    plain("RenewCertificate"),
    required("SuspendGitOps", "suspendGitOps"),
    plain("ReconcileGitOps"),
    required("SilenceAlert", "silenceAlert"),
    optional("CollectDiagnostics", "collectDiagnostics"),
    required("Notify", "notify"),
];

/// The names of all actions, for the schema.
fn names() -> Vec<&'static str> {
    MEMBERS.iter().map(|member| member.action).collect()
}

/// The rules of the union: each member is there for its own action alone.
fn rules() -> Vec<Value> {
    let rule = |member: &Member| {
        let (action, name) = (member.action, member.name?);
        Some(if member.is_required {
            json!({
                "rule": format!("has(self.{name}) == (self.action == '{action}')"),
                "message": format!("{name} must be set for the action {action}, and for no other action"),
            })
        } else {
            json!({
                "rule": format!("!has(self.{name}) || self.action == '{action}'"),
                "message": format!("{name} must not be set for any action but {action}"),
            })
        })
    };
    // What this action is aimed at decides what it needs.
    let evicts = json!({
        "rule": "self.action != 'EvictPod' || self.target.kind == 'Pod' || (has(self.evictPod) && (has(self.evictPod.pods) || has(self.evictPod.selector)))",
        "message": "EvictPod must name or select pods, by evictPod.pods or evictPod.selector: a workload as target does not mean all of its pods",
    });
    MEMBERS.iter().filter_map(rule).chain([evicts]).collect()
}

/// A step of a remediation action. The next one begins when the outcome of this one holds.
// The name of an action is a string here: an older controller has to read, and to undo, what a newer one has accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules()))]
pub struct Step {
    /// A name for this step, such as `drain`. Each name may appear only once.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub name: String,
    /// The action.
    #[schemars(extend("enum" = names()))]
    pub action: String,
    /// What it is aimed at. Each action accepts certain kinds only.
    pub target: ActionTarget,
    /// Parameters of `ScaleWorkload`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_workload: Option<workloads::ScaleWorkload>,
    /// Parameters of `RollbackWorkload`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_workload: Option<workloads::RollbackWorkload>,
    /// Parameters of `EvictPod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evict_pod: Option<workloads::EvictPod>,
    /// Parameters of `DeletePod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_pod: Option<workloads::DeletePod>,
    /// Parameters of `IsolatePod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolate_pod: Option<workloads::IsolatePod>,
    /// Parameters of `SetResources`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_resources: Option<template::SetResources>,
    /// Parameters of `ResizePods`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize_pods: Option<template::ResizePods>,
    /// Parameters of `SetImage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_image: Option<template::SetImage>,
    /// Parameters of `SetEnvironment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_environment: Option<template::SetEnvironment>,
    /// Parameters of `SetProbe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_probe: Option<template::SetProbe>,
    /// Parameters of `PatchHorizontalPodAutoscaler`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_horizontal_pod_autoscaler: Option<scaling::PatchHorizontalPodAutoscaler>,
    /// Parameters of `RelaxPodDisruptionBudget`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relax_pod_disruption_budget: Option<scaling::RelaxPodDisruptionBudget>,
    /// Parameters of `RaiseQuota`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raise_quota: Option<scaling::RaiseQuota>,
    /// Parameters of `RerunJob`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_job: Option<workloads::RerunJob>,
    /// Parameters of `SetConfigMapKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_config_map_key: Option<configuration::SetConfigMapKey>,
    /// Parameters of `RestoreObject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_object: Option<configuration::RestoreObject>,
    /// Parameters of `RefreshPullSecret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_pull_secret: Option<configuration::RefreshPullSecret>,
    /// Parameters of `RestoreRoleBinding`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_role_binding: Option<configuration::RestoreRoleBinding>,
    /// Parameters of `RemoveFinalizer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_finalizer: Option<configuration::RemoveFinalizer>,
    /// Parameters of `SetWebhookFailurePolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_webhook_failure_policy: Option<configuration::SetWebhookFailurePolicy>,
    /// Parameters of `PatchCustomResource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_custom_resource: Option<configuration::PatchCustomResource>,
    /// Parameters of `DrainNode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain_node: Option<nodes::DrainNode>,
    /// Parameters of `TaintNode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taint_node: Option<nodes::TaintNode>,
    /// Parameters of `UntaintNode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untaint_node: Option<nodes::UntaintNode>,
    /// Parameters of `RequestNodeRemediation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_node_remediation: Option<nodes::RequestNodeRemediation>,
    /// Parameters of `LabelNode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_node: Option<nodes::LabelNode>,
    /// Parameters of `ExpandVolume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand_volume: Option<storage::ExpandVolume>,
    /// Parameters of `SnapshotVolume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_volume: Option<storage::SnapshotVolume>,
    /// Parameters of `RecreateVolumeClaim`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recreate_volume_claim: Option<storage::RecreateVolumeClaim>,
    /// Parameters of `DeleteOrphanedVolumeClaim`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_orphaned_volume_claim: Option<storage::DeleteOrphanedVolumeClaim>,
    /// Parameters of `PatchNetworkPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_network_policy: Option<network::PatchNetworkPolicy>,
    /// Parameters of `PatchServiceSelector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_service_selector: Option<network::PatchServiceSelector>,
    /// Parameters of `PatchServicePort`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_service_port: Option<network::PatchServicePort>,
    /// Parameters of `PatchIngressBackend`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch_ingress_backend: Option<network::PatchIngressBackend>,
    /// Parameters of `SuspendGitOps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend_git_ops: Option<evidence::SuspendGitOps>,
    /// Parameters of `SilenceAlert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_alert: Option<evidence::SilenceAlert>,
    /// Parameters of `CollectDiagnostics`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collect_diagnostics: Option<evidence::CollectDiagnostics>,
    /// Parameters of `Notify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<evidence::Notify>,
}
