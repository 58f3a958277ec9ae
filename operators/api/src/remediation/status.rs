//! The status of a RemediationAction: its plan, what keeps it from starting, its steps and its undo.
//!
//! In: nothing. Out: the type of `status`. It is all that is stored, so that an action goes on from the object alone after a
//! crash. Whoever writes it keeps it below [`MOST_BYTES`]: a list or a text at its bound does not mean that all may be.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    approval::{Approver, HonouredApproval},
    gates::ClosedGate,
    remediation::{
        outcome::{ActionResult, ActionVerdict, Effectiveness, StepStatus},
        plan::Plan,
        undo::ActionUndo,
        wording,
    },
    risk::Risk,
};

/// The most bytes of a status as JSON. The whole object has to fit into a request and into etcd.
pub const MOST_BYTES: usize = 256 * 1024;

/// The plan of a remediation action, what keeps it from starting, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemediationActionStatus {
    /// The generation of the spec that this status was calculated for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The current state of the action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// A short summary of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<ActionSummary>,
    /// The exact requests that are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The digest of the plan: of actions, parameters, targets, values before and after, risk, and the time after which it
    /// is undone. An approval must contain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub proposal_digest: Option<String>,
    /// The risk of the action and its reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = wording::risk)]
    pub risk: Option<Risk>,
    /// The decision that is honoured. Not set if there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = wording::honoured)]
    pub approval: Option<HonouredApproval>,
    /// Who approved the action when it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Approver>,
    /// The gates that currently keep the action from starting, in the order in which they are evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub gates: Vec<ClosedGate>,
    /// When the action started. It is written before the first change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Time>,
    /// When the action ended. It can still be undone then, until `undo.expiresAt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// The steps, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub steps: Vec<StepStatus>,
    /// When the action is undone, and what that restores. Not set if nothing was changed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<ActionUndo>,
    /// The result of the action. Not set before it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ActionResult>,
    /// How well the action worked. Not set before it was watched for its window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<ActionVerdict>,
    /// How well the action worked, in points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effectiveness: Option<Effectiveness>,
}

/// A short summary of an action, for one line of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct ActionSummary {
    /// The actions of the steps, such as `CordonNode, DrainNode`.
    #[schemars(length(max = 128))]
    pub actions: String,
    /// The target of the first step, such as `Deployment/web`, and the number of further targets.
    #[schemars(length(max = 128))]
    pub target: String,
    /// Steps that are done and all steps, such as `1/2`.
    #[schemars(length(max = 24))]
    pub progress: String,
}
