//! A rollout: where it stands and to which end it came.
//!
//! In: nothing. Out: the type of `status.rollout`. With `status.approval` it is all that survives a crash, so that a rollout
//! goes on from the object alone.

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

/// Where a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Stage {
    /// Pods of the present step get the new size.
    Resizing,
    /// The pods of the present step are watched before the next.
    Watching,
    /// The new size is being made to last.
    Delivering,
    /// All pods have the new size and are watched for the last time.
    Verifying,
    /// The former values are being restored.
    Undoing,
    /// It has come to its end; `result` says to which.
    Ended,
}

/// To which end a rollout came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RolloutResult {
    /// All pods have the new size and it lasts.
    Applied,
    /// The former values were restored.
    RolledBack,
    /// The workload was changed, replaced or deleted by somebody else; nothing is left to do here.
    Superseded,
}

/// A rollout, under way or ended. It is written as one value, before the first pod is changed and after each step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct RolloutStatus {
    /// The digest of the proposal that it carries out.
    #[schemars(length(min = 8, max = 80))]
    pub proposal_digest: String,
    /// Who approved it, as in `status.approval.by` at its start.
    pub approved_by: Approver,
    /// The uid of the workload that it changes.
    #[schemars(length(min = 1, max = 64))]
    pub target_uid: String,
    /// The fingerprint of the workload's pod template at its start, in hexadecimal.
    #[schemars(length(min = 1, max = 64))]
    pub template: String,
    /// Where it stands.
    pub stage: Stage,
    /// The present step, from 1.
    pub step: i32,
    /// How many steps there are.
    pub steps: i32,
    /// Progress in a few characters, such as `3/10`: pods that have the new size, and pods that there are.
    #[schemars(length(max = 24))]
    pub progress: String,
    /// When it began.
    pub started: Time,
    /// When the present stage began.
    pub stage_since: Time,
    /// What the containers had before, in every pod; undoing restores exactly this.
    #[schemars(length(min = 1, max = 64))]
    pub former: Vec<ContainerResources>,
    /// What the containers get. It stays while the rollout lasts.
    #[schemars(length(min = 1, max = 64))]
    pub desired: Vec<ContainerResources>,
    /// What the containers had before the first change that is still in force, where `former` is the size of an earlier change.
    /// Once this rollout was undone, another undo restores exactly this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub original: Vec<ContainerResources>,
    /// How the size is made to last, as it was decided at the start.
    pub delivery: DeliveryMode,
    /// Whether it has been made to last.
    #[serde(default)]
    pub delivered: bool,
    /// The workload before the change.
    pub baseline: Baseline,
    /// What the checks found last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub checks: Vec<Check>,
    /// Why the former values are restored, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// To which end it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RolloutResult>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// How often in a row changes of this workload were undone; the back-off before the next grows with it.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub rollbacks: i32,
}

impl RolloutStatus {
    /// Whether it has not come to its end.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.stage != Stage::Ended
    }

    /// Whether a size is in force that this rollout, or the one before it, brought: pods have something else than they had
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
