//! When an action is undone, and how far its undo is.
//!
//! In: nothing. Out: the types of `spec.undo` and `status.undo`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    remediation::wording,
    time::{Duration, cel_seconds},
    undo::Undo,
};

/// When an action is undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!("!has(self.after) || (", cel_seconds!("self.after"), " >= 1 && ", cel_seconds!("self.after"), " <= 86400)"))
    .message("after must be between 1s and 24h: what should stay for longer belongs into the manifests of the target"))]
#[x_kube(validation = Rule::new("!oldSelf.now || self.now")
    .message("now cannot be taken back: the undo may have begun; to do it again, create another action"))]
pub struct UndoRequest {
    /// Undoes the action by itself after this time, counted from the end of its last step. Between `1s` and `24h`.
    /// Required for temporary actions, such as `RaiseQuota`. If not set, other actions are not undone by themselves. It can
    /// be set later, shortened or extended, and not removed. An approval is for this time too: where one is needed, a new
    /// time has to be approved, and until then the former one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// Undoes the action now. It cannot be taken back.
    #[serde(default)]
    pub now: bool,
}

/// A field that an undo restores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoField {
    /// The name of the step.
    #[schemars(length(min = 1, max = 63))]
    pub step: String,
    /// The object, such as `deployments.apps/web`.
    #[schemars(length(min = 1, max = 512))]
    pub object: String,
    /// The field as a JSON pointer. Empty for the whole object.
    #[schemars(length(max = 512))]
    pub path: String,
    /// Why the field is not restored: who changed it, and when. Not set if it can be restored, or was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub refused: Option<String>,
}

/// The undo of an action: when it is due, and what it restores. It is written before the action changes anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct ActionUndo {
    /// When the action is undone by itself. Not set if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
    /// Until when the action can be undone. Until then, no other temporary change of the same fields starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// What is restored. Their former values are in `status.steps`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "atomic"))]
    pub fields: Vec<UndoField>,
    /// Why the action is undone. Not set if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = wording::undo)]
    pub cause: Option<Undo>,
    /// When the undo ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
}
