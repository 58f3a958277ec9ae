//! What became of a step and of an action.
//!
//! In: nothing. Out: the types of `status.steps`, `status.result`, `status.verdict` and `status.effectiveness`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{remediation::wording, verification::Check};

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum StepPhase {
    /// It has not begun.
    #[default]
    Waiting,
    /// Its requests are being sent.
    Running,
    /// Its requests were sent, and its outcome is awaited and checked.
    Watching,
    /// Its outcome holds.
    Done,
    /// Its outcome does not hold, or a request was refused.
    Failed,
    /// Its changes are being undone.
    Undoing,
    /// Its changes were undone.
    Undone,
    /// Its changes were to be undone, and somebody else has changed the same fields since.
    UndoRefused,
    /// It never began, because an earlier step failed or the action was cancelled.
    Skipped,
}

/// A field as it was before a step, and as the step left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FormerField {
    /// The object, such as `deployments.apps/web`.
    #[schemars(length(min = 1, max = 512))]
    pub object: String,
    /// The UID of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub uid: Option<String>,
    /// The field as a JSON pointer. Empty for the whole object.
    #[schemars(length(max = 512))]
    pub path: String,
    /// The value before, as JSON. Not set if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub former: Option<String>,
    /// The value that the step has written, as JSON. Not set if it removed the field. An undo restores the former value
    /// only where this one still stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub written: Option<String>,
    /// Who had set the field before, and when. Not set if nobody is known to have set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub set_by: Option<String>,
    /// The resourceVersion of the object to which the change is sent. It can take effect on that version alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub version: Option<String>,
    /// The Secret in the same namespace that contains the former value, because the field is secret. It is deleted with
    /// the undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub secret_name: Option<String>,
}

/// A pod that a step evicts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepPod {
    /// The namespace of the pod.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// The name of the pod.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The UID of the pod. Another pod of that name is not touched.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// Something that got worse and is not the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SideEffect {
    /// The object, such as `deployments.apps/api`.
    #[schemars(length(min = 1, max = 512))]
    pub object: String,
    /// What got worse, with the values before and now.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// A step, in progress or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepStatus {
    /// The name of the step.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// How far it is.
    #[serde(default)]
    pub phase: StepPhase,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub message: Option<String>,
    /// The UID of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub target_uid: Option<String>,
    /// The version of the action in the registry with which the step was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub action_version: Option<i32>,
    /// The digest of the plan of this step, as it was when the action started. The step is not started with another plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub digest: Option<String>,
    /// The pods that the step evicts. Written before the first of them is evicted, and not set until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "atomic"))]
    pub pods: Option<Vec<StepPod>>,
    /// Objects that are done and all objects, such as `3/10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24))]
    pub progress: Option<String>,
    /// When the step started. It is written before its first request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Time>,
    /// When the step ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// The fields that the step changes, as they were before. An undo restores exactly these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub snapshot: Vec<FormerField>,
    /// The preconditions and the state of target and neighbours before the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]), transform = wording::checks)]
    pub before: Vec<Check>,
    /// The last results of the checks after the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]), transform = wording::checks)]
    pub checks: Vec<Check>,
    /// What got worse elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub side_effects: Vec<SideEffect>,
}

/// The result of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ActionResult {
    /// It was a dry run. Nothing was changed.
    Planned,
    /// All steps are done.
    Succeeded,
    /// A step failed. What was done before it stays.
    Failed,
    /// What was done was undone.
    Undone,
    /// What was done was to be undone, and a part of it was not, because somebody else has changed it since.
    UndoRefused,
    /// It was refused or rejected. Nothing was changed.
    Refused,
    /// It was cancelled before it changed anything.
    Cancelled,
    /// It did not start in time. Nothing was changed.
    Expired,
}

/// How well an action worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ActionVerdict {
    /// The outcome held, nothing got worse, and the symptom is gone where it can be told.
    Effective,
    /// The outcome held, and the symptom is still there.
    Ineffective,
    /// Something got worse.
    Harmful,
    /// It could not be judged.
    Unknown,
}

/// How well an action worked, in points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Effectiveness {
    /// The points, in percent of those that could be judged: 50 for the outcome, 30 if nothing got worse, 20 if the
    /// symptom is gone. 0 for an action that was undone.
    #[schemars(range(min = 0, max = 100))]
    pub percent: i32,
    /// What could not be judged, and is left out. Empty if everything could.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(max = 256)), extend("x-kubernetes-list-type" = "atomic"))]
    pub left_out: Vec<String>,
}
