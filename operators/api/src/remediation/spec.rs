//! RemediationAction: what is to be done, for whom, when, and what is to become of it afterwards.
//!
//! In: nothing. Out: the kind, with the type of `spec`. A later change of what was planned and approved is refused by one
//! rule on the whole spec: a rule on an optional field would let the field be removed.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    approval::Approval,
    remediation::{
        identity::{Identity, RemediationPolicyRef},
        status::RemediationActionStatus,
        step::Step,
        undo::UndoRequest,
        wording,
    },
    risk::RiskLevel,
    time::{Duration, cel_seconds},
    verification::Verification,
};

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ActionMode {
    /// The plan is shown, and nothing is changed.
    #[default]
    DryRun,
    /// The plan is carried out, once it is approved where it must be.
    Execute,
}

/// What happens if a step fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnFailure {
    /// What was done is undone, the last step first.
    #[default]
    Undo,
    /// What was done stays.
    Stop,
}

/// The actions that are undone by themselves, for the rules.
macro_rules! temporary {
    () => {
        "['PatchHorizontalPodAutoscaler', 'RelaxPodDisruptionBudget', 'RaiseQuota', 'SetWebhookFailurePolicy', 'SuspendGitOps']"
    };
}

/// The actions that cannot be undone and are not harmless, for the rules.
macro_rules! irreversible {
    () => {
        "['UnstickStatefulSet', 'DeletePod', 'RemoveFinalizer', 'ExpandVolume']"
    };
}

/// Does one or more typed actions to objects of the cluster, once, and undoes them if that is asked for.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trimtab.dev",
    version = "v1alpha1",
    kind = "RemediationAction",
    namespaced,
    shortname = "ra",
    category = "trimtab",
    cel,
    status = "RemediationActionStatus",
    doc = "Does one or more typed actions to objects of the cluster, once, and undoes them if that is asked for.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status",
        priority = 1
    ),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Action", type_ = "string", json_path = ".status.summary.actions"),
    printcolumn(name = "Target", type_ = "string", json_path = ".status.summary.target"),
    printcolumn(
        name = "Steps",
        type_ = "string",
        description = "Steps that are done, and all steps.",
        json_path = ".status.summary.progress"
    ),
    printcolumn(name = "Risk", type_ = "string", json_path = ".status.risk.level"),
    printcolumn(
        name = "Verdict",
        type_ = "string",
        description = "How well the action worked.",
        json_path = ".status.verdict"
    ),
    printcolumn(
        name = "Undo Due",
        type_ = "string",
        description = "When the action is undone by itself.",
        json_path = ".status.undo.dueAt"
    ),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode", priority = 1),
    printcolumn(name = "Requester", type_ = "string", json_path = ".spec.requester.username", priority = 1),
    printcolumn(
        name = "Effect%",
        type_ = "integer",
        description = "How well the action worked, in percent of what could be judged.",
        json_path = ".status.effectiveness.percent",
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.steps == oldSelf.steps && self.mode == oldSelf.mode && self.timeout == oldSelf.timeout && self.startDeadline == oldSelf.startDeadline && self.onFailure == oldSelf.onFailure && self.verify == oldSelf.verify && self.acceptIrreversible == oldSelf.acceptIrreversible && has(self.requester) == has(oldSelf.requester) && (!has(self.requester) || self.requester == oldSelf.requester) && has(self.notBefore) == has(oldSelf.notBefore) && (!has(self.notBefore) || self.notBefore == oldSelf.notBefore) && has(self.maxRiskLevel) == has(oldSelf.maxRiskLevel) && (!has(self.maxRiskLevel) || self.maxRiskLevel == oldSelf.maxRiskLevel) && has(self.policyRef) == has(oldSelf.policyRef) && (!has(self.policyRef) || self.policyRef == oldSelf.policyRef)")
    .message("only approval, approver, cancel, undo, priority and ttlAfterFinished can be changed: create another remediation action"))]
#[x_kube(validation = Rule::new("(has(self.approver) == has(oldSelf.approver) && (!has(self.approver) || self.approver == oldSelf.approver)) || has(self.approval) != has(oldSelf.approval) || (has(self.approval) && self.approval != oldSelf.approval)")
    .message("approver cannot be changed without changing the approval: it is the user who has decided"))]
#[x_kube(validation = Rule::new("!has(self.approver) || (has(self.approval) && self.approver.username == self.approval.approver)")
    .message("approver requires an approval, whose approver must be the same user: it says with which groups they decided"))]
#[x_kube(validation = Rule::new("!oldSelf.cancel || self.cancel")
    .message("cancel cannot be taken back: the action may have been stopped already; create another one"))]
#[x_kube(validation = Rule::new("!has(oldSelf.undo.after) || has(self.undo.after)")
    .message("undo.after can be shortened, or extended up to 24h, but not removed: the action would not be undone by itself any more"))]
#[x_kube(validation = Rule::new(concat!("has(self.undo.after) || !self.steps.exists(s, s.action in ", temporary!(), ")"))
    .message("undo.after must be set, because an action of this kind is temporary: it is undone by itself after that time"))]
#[x_kube(validation = Rule::new(concat!("!has(self.undo.after) || !self.steps.exists(s, s.action == 'SuspendGitOps') || ", cel_seconds!("self.undo.after"), " <= 14400"))
    .message("undo.after must be at most 4h for SuspendGitOps: until then nobody corrects what differs from the repository"))]
#[x_kube(validation = Rule::new(concat!("self.mode == 'DryRun' || self.acceptIrreversible || !self.steps.exists(s, s.action in ", irreversible!(), ")"))
    .message("acceptIrreversible must be true, because an action of this kind cannot be undone: check its plan with mode DryRun"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.timeout"), " >= 1 && ", cel_seconds!("self.timeout"), " <= 86400"))
    .message("timeout must be between 1s and 24h: an action that runs for longer than a day blocks others"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.startDeadline"), " >= 1 && ", cel_seconds!("self.startDeadline"), " <= 604800"))
    .message("startDeadline must be between 1s and 168h: the cluster is another one by then"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.ttlAfterFinished"), " <= 7776000"))
    .message("ttlAfterFinished must be at most 2160h (90 days): export what should be kept for longer"))]
pub struct RemediationActionSpec {
    /// The steps, in the order in which they are done. The next one begins when the outcome of the one before holds.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub steps: Vec<Step>,
    /// Whether anything is changed. `DryRun`: the plan is shown with its exact requests, and nothing is changed.
    /// `Execute`: the plan is carried out, once it is approved where it must be.
    #[serde(default)]
    pub mode: ActionMode,
    /// Who asks for the action. Every request is checked against their rights. Set by the API server from the
    /// authenticated user; before Kubernetes 1.36, written by the creator and compared with that user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<Identity>,
    /// Who approves or rejects the action, set in the same way when the approval is. Above Medium, another person than
    /// the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Identity>,
    /// The approval or rejection of this action. Not set until somebody decides. It is valid for one plan only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = wording::approval)]
    pub approval: Option<Approval>,
    /// How long a step may take until its outcome holds. Between `1s` and `24h`.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// The action does not start before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// How long after its creation, or after `notBefore`, the action may start. Then it expires: a late one may hit
    /// another incident. Between `1s` and `168h`.
    #[serde(default = "default_start_deadline")]
    pub start_deadline: Duration,
    /// Which action starts first if several wait for the same limit: the one with the higher priority.
    #[serde(default)]
    #[schemars(range(min = -1000, max = 1000))]
    pub priority: i32,
    /// Stops the action. Its current step is not continued, and what was done is undone. It cannot be taken back.
    #[serde(default)]
    pub cancel: bool,
    /// What happens if a step fails. `Undo`: what was done is undone, the last step first. `Stop`: what was done stays.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// When the action is undone.
    #[serde(default)]
    pub undo: UndoRequest,
    /// How target and neighbours are checked after the last step. If they are worse than before, the action is undone.
    #[serde(default)]
    pub verify: Verification,
    /// The action is refused if the risk of its plan is higher: `Low`, `Medium`, `High` or `Critical`. If not set, the
    /// risk only decides who must approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_risk_level: Option<RiskLevel>,
    /// Accepts that an action cannot be undone, such as `DeletePod`.
    #[serde(default)]
    pub accept_irreversible: bool,
    /// How long this object is kept after the action has ended and can no longer be undone. At most `2160h` (90 days).
    #[serde(default = "default_ttl")]
    pub ttl_after_finished: Duration,
    /// The policy that created this action. Not set if a person created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_ref: Option<RemediationPolicyRef>,
}

fn default_timeout() -> Duration {
    Duration("15m".to_owned())
}

fn default_start_deadline() -> Duration {
    Duration("1h".to_owned())
}

fn default_ttl() -> Duration {
    Duration("168h".to_owned())
}
