//! Parameters of actions on ConfigMaps and other configuration.
//!
//! In: nothing. Out: the types of members of a step.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KEY_PATTERN, LABEL_PATTERN, NAME_PATTERN};

/// A kind of workload that can be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RestartedKind {
    /// apps/v1 Deployments.
    Deployment,
    /// apps/v1 StatefulSets.
    StatefulSet,
    /// apps/v1 DaemonSets.
    DaemonSet,
}

/// A workload to restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestartedWorkload {
    /// The kind of the workload: `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: RestartedKind,
    /// The name of the workload, in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub name: String,
}

/// Parameters of `SetConfigMapKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.value) != self.remove")
    .message("exactly one of value and remove: true must be set, to set the key or to remove it"))]
pub struct SetConfigMapKey {
    /// The key in `data` of the ConfigMap.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[-._a-zA-Z0-9]+$"))]
    pub key: String,
    /// The new value. It is stored in this object in clear text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub value: Option<String>,
    /// Removes the key.
    #[serde(default)]
    pub remove: bool,
    /// The workloads to restart after the change. Each must read the ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["kind", "name"]))]
    pub restart: Option<Vec<RestartedWorkload>>,
}

/// The snapshot of a step of an earlier action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotSource {
    /// The name of the RemediationAction, in the same namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub remediation_action: String,
    /// The name of its step.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub step: String,
}

/// Parameters of `RestoreObject`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.snapshot) != has(self.manifest)")
    .message("exactly one of snapshot and manifest must be set, to say what the object was like"))]
pub struct RestoreObject {
    /// Restores the object from the snapshot of an earlier action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotSource>,
    /// Restores the object from this manifest, as YAML or JSON. Its kind, name and namespace must be those of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65536))]
    pub manifest: Option<String>,
}

/// Parameters of `RefreshPullSecret`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshPullSecret {
    /// The name of the Secret in Trimtab's namespace from which the target is written. Its value never appears here.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub from: String,
}

/// A kind of role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RoleKind {
    /// A Role in the same namespace.
    Role,
    /// A ClusterRole, whose rights are given in the namespace alone.
    ClusterRole,
}

/// The role of a binding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoundRole {
    /// The kind of the role: `Role` or `ClusterRole`.
    pub kind: RoleKind,
    /// The name of the role. The installer must have named it.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A kind of subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SubjectKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A service account.
    ServiceAccount,
}

/// Who gets the rights of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.__namespace__) == (self.kind == 'ServiceAccount')")
    .message("a ServiceAccount has a namespace, and users and groups have none"))]
#[x_kube(validation = Rule::new("self.kind != 'Group' || !self.name.startsWith('system:')")
    .message("a group of the system, such as system:authenticated, must not get rights by an action"))]
pub struct BoundSubject {
    /// The kind of the subject: `User`, `Group` or `ServiceAccount`.
    pub kind: SubjectKind,
    /// The name of the subject.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The namespace of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL_PATTERN))]
    pub namespace: Option<String>,
}

/// Parameters of `RestoreRoleBinding`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreRoleBinding {
    /// The role to bind.
    pub role_ref: BoundRole,
    /// Who gets its rights.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub subjects: Vec<BoundSubject>,
}

/// Parameters of `RemoveFinalizer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoveFinalizer {
    /// The finalizer to remove.
    #[schemars(length(min = 1, max = 317), regex(pattern = KEY_PATTERN))]
    pub finalizer: String,
}

/// What the API server does if a webhook does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum FailurePolicy {
    /// The write is rejected.
    Fail,
    /// The write is admitted.
    Ignore,
}

/// Parameters of `SetWebhookFailurePolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetWebhookFailurePolicy {
    /// The name of the webhook in the configuration.
    #[schemars(length(min = 1, max = 253), regex(pattern = NAME_PATTERN))]
    pub webhook: String,
    /// The new failure policy. `Fail`: writes are rejected while the webhook does not answer. `Ignore`: they are
    /// admitted.
    pub policy: FailurePolicy,
}

/// A condition that an object must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpectedCondition {
    /// The type of the condition, such as `Ready`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 316), regex(pattern = KEY_PATTERN))]
    pub kind: String,
    /// Its status.
    #[schemars(length(min = 1, max = 16), regex(pattern = "^(True|False|Unknown)$"))]
    pub status: String,
}

/// Parameters of `PatchCustomResource`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchCustomResource {
    /// The change, as a JSON merge patch. Every field that it sets must be on the operator's list.
    #[schemars(length(min = 2, max = 8192))]
    pub patch: String,
    /// The condition that the object must have afterwards.
    pub condition: ExpectedCondition,
}
