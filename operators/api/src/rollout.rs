//! A rollout: its state and its result.
//!
//! In: nothing. Out: the type of `status.rollout`. With `status.approval`, it is all that is stored, so that a rollout
//! continues from the object alone after a crash.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    approval::Approver,
    delivery::DeliveryMode,
    resources::ContainerResources,
    undo::Undo,
    verification::{Baseline, Check},
};

/// The stage of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Stage {
    /// Pods of the current step are resized.
    Resizing,
    /// Pods of the current step are watched before the next step.
    Watching,
    /// The new size is being made permanent.
    Delivering,
    /// All pods have the new size and are watched for a last time.
    Verifying,
    /// The former values are being restored.
    Undoing,
    /// The rollout has ended. `result` contains its result.
    Ended,
}

/// The result of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RolloutResult {
    /// All pods have the new size, and it is permanent.
    Applied,
    /// The former values were restored.
    RolledBack,
    /// Somebody else changed, replaced or deleted the workload. Nothing is left to do.
    Superseded,
}

/// A rollout, in progress or ended. It is written as one value, before the first pod is changed and after each step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct RolloutStatus {
    /// The digest of the proposal that is rolled out.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// The approver, as in `status.approval.by` at the start of the rollout.
    pub approved_by: Approver,
    /// The UID of the workload.
    #[schemars(length(min = 1, max = 64))]
    pub target_uid: String,
    /// The fingerprint of the workload's pod template at the start of the rollout, in hexadecimal.
    #[schemars(length(min = 1, max = 64))]
    pub template: String,
    /// The current stage.
    pub stage: Stage,
    /// The current step, starting at 1.
    pub step: i32,
    /// The number of steps.
    pub steps: i32,
    /// Pods with the new size and all pods, such as `3/10`.
    #[schemars(length(max = 24))]
    pub progress: String,
    /// When the rollout started.
    pub started: Time,
    /// When the current stage started.
    pub stage_since: Time,
    /// The resources of the containers before the change, the same in every pod. An undo restores exactly these
    /// values.
    #[schemars(length(min = 1, max = 64))]
    pub former: Vec<ContainerResources>,
    /// The new resources of the containers. They do not change during a rollout.
    #[schemars(length(min = 1, max = 64))]
    pub desired: Vec<ContainerResources>,
    /// The resources of the containers before the first change that is still in force. Set if `former` is the size
    /// from an earlier change. After this rollout is undone, another undo restores exactly these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub original: Vec<ContainerResources>,
    /// How the size is made permanent. It is decided at the start of the rollout.
    pub delivery: DeliveryMode,
    /// Whether the size has been made permanent.
    #[serde(default)]
    pub delivered: bool,
    /// The state of the workload before the change.
    pub baseline: Baseline,
    /// The last results of the checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub checks: Vec<Check>,
    /// Why the change is undone. Not set if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// The result of the rollout. Not set before it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RolloutResult>,
    /// When the rollout ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// The number of consecutive rollbacks of this workload. The back-off before the next change grows with it.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub rollbacks: i32,
}

impl RolloutStatus {
    /// Whether it has not ended yet.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.stage != Stage::Ended
    }

    /// Whether new pods get its size by admission, as long as its entry in AppliedSizes is there and applies.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.result == Some(RolloutResult::Applied) && self.delivery == DeliveryMode::Admission
    }

    /// Whether it was undone, or its workload was deleted or replaced: it saves nothing any more, whatever its last
    /// figure was.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.result, Some(RolloutResult::RolledBack | RolloutResult::Superseded))
    }

    /// Whether a size from this rollout, or from the one before it, is in force: pods have other resources than
    /// before Trimtab changed them.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        match self.result {
            Some(RolloutResult::Applied) => true,
            Some(RolloutResult::RolledBack) => !self.original.is_empty(),
            Some(RolloutResult::Superseded) | None => false,
        }
    }
}
