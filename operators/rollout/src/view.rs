//! What the machine looks at: one Recommendation, its workload, its pods, what the checks and gates say. Pure data.
//!
//! The driver gathers a view anew before every step, from objects alone; what it gathers may be stale, and every request
//! carries preconditions for that.

use trimtab_api::{
    applied_sizes::WorkloadHistory,
    approval::HonouredApproval,
    delivery::DeliveryMode,
    gates::ClosedGate,
    resources::ContainerResources,
    rollout::RolloutStatus,
    rollout_strategy::IfInfeasible,
    verification::{Baseline, Check},
};

/// How many pods a step covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many.
    Count(u32),
    /// So many of a hundred, rounded up.
    Percent(u32),
}

impl Share {
    /// Of `pods` pods, how many it covers: at least one where there is one, at most all.
    pub fn of(self, pods: u32) -> u32 {
        let wanted = match self {
            Self::Count(count) => count,
            Self::Percent(percent) => pods.saturating_mul(percent).div_ceil(100),
        };
        wanted.clamp(pods.min(1), pods)
    }
}

/// A step of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepSetting {
    /// How many pods have the new size after it.
    pub share: Share,
    /// How long it is watched before the next, in seconds.
    pub pause_s: i64,
}

/// What the policy says about rollouts. `AllAtOnce` is one step of 100 % without a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The steps; the last covers all pods.
    pub steps: Vec<StepSetting>,
    /// What is done about a pod that cannot be resized in place.
    pub if_infeasible: IfInfeasible,
    /// How long a deferred pod is waited for, in seconds.
    pub deferred_timeout_s: i64,
    /// How long all pods are watched at the end, in seconds.
    pub verification_window_s: i64,
    /// How the size is made to last: never `Auto`, which is resolved when a rollout starts.
    pub delivery: DeliveryMode,
    /// Whether the API server has `pods/resize`. Without it the template is patched and the workload's own rolling update
    /// does the rest.
    pub in_place: bool,
}

/// The workload as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its uid.
    pub uid: String,
    /// The fingerprint of its pod template, in hexadecimal. Delivery by `Template` changes it, see
    /// [`Target::template_has_desired`].
    pub template: String,
    /// Whether the containers of its template have exactly what the proposal says.
    pub template_has_desired: bool,
    /// Whether the containers of its template have exactly the former values of the rollout under way; `true` where there
    /// is no rollout.
    pub template_has_former: bool,
    /// What the containers of the rollout under way ask for in its template; where none is under way, those of the proposal.
    /// A container that the template does not have is left out. An entry of AppliedSizes starts from it, and so does a kind
    /// whose pods come and go by themselves.
    pub template_sizes: Vec<ContainerResources>,
    /// Pods that it wants.
    pub desired_pods: u32,
    /// Whether a rollout of its own is in progress: new pods are being made from a newer template.
    pub rolling: bool,
    /// Whether pods come and go by themselves (CronJob): then nothing is resized, new pods get the new size.
    pub runs_to_completion: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
}

/// What a pod says about its resize.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resize {
    /// Nothing is under way: what its spec asks for is in force.
    Settled,
    /// The node is doing it.
    InProgress,
    /// The node has no room at the moment (`PodResizePending`, `Deferred`). Since when, in seconds since the epoch.
    Deferred {
        /// Since when.
        since_s: i64,
        /// The node's words.
        message: String,
    },
    /// The node can never give it (`PodResizePending`, `Infeasible`).
    Infeasible {
        /// The node's words.
        message: String,
    },
    /// The node tried and failed, and tries again (`PodResizeInProgress`, `Error`).
    Failed {
        /// Since when, in seconds since the epoch.
        since_s: i64,
        /// The node's words.
        message: String,
    },
}

/// A pod of the workload that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The version of it that this row was made from.
    pub resource_version: String,
    /// What the containers of the proposal ask for in its spec, in the proposal's order. A container that it does not have
    /// is left out. While a rollout is under way these are the containers of the rollout, whatever the proposal names by now:
    /// else nobody could tell whether the former values are back.
    pub spec: Vec<ContainerResources>,
    /// How far a resize has come.
    pub resize: Resize,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it runs on a node: one that does not cannot be resized in place.
    pub bound: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
}

/// How a Recommendation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// By itself, and its workload stays.
    Alone,
    /// Together with its whole namespace.
    WithNamespace,
}

/// A place among the rollouts that may be under way, and at the workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The uid of the workload.
    pub uid: String,
    /// Whether a status that says that the rollout begins was sent. Nobody knows what became of it until a later version is seen, so
    /// such a place is not given back.
    pub announced: bool,
}

/// Everything that the machine looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The digest of the proposal as it stands.
    pub digest: String,
    /// The containers of the proposal, with all their requests and limits afterwards.
    pub proposal: Vec<ContainerResources>,
    /// The decision that is honoured now: made by somebody who may, under a guard that is in force, for this very digest.
    /// `None` also where it was withdrawn.
    pub approval: Option<HonouredApproval>,
    /// Whether it can be told at all which decision is honoured. When not (the guard is missing, say) nothing is written,
    /// neither forth nor back.
    pub approval_known: Result<(), ClosedGate>,
    /// Whether the workload and its pods can be seen: what is not seen is not gone.
    pub seen: Result<(), ClosedGate>,
    /// How the Recommendation goes, where it is being deleted. Nothing starts any more, and what is in force is undone first.
    pub deletion: Option<Deletion>,
    /// The place that is reserved for a rollout of it.
    pub place: Option<Place>,
    /// Whether it has the finalizer, so that a deletion waits.
    pub protected: bool,
    /// The policy that made it, where that policy was deleted.
    pub policy_deleted: Option<String>,
    /// What is remembered of this very workload from Recommendations that are gone.
    pub history: Option<WorkloadHistory>,
    /// Why the workload's controller cannot create pods since the rollout began, in the API server's words.
    pub pods_refused: Option<String>,
    /// The rollout as the status has it.
    pub rollout: Option<RolloutStatus>,
    /// The gates that keep a rollout from starting. None: it may start.
    pub start_gates: Vec<ClosedGate>,
    /// The gates that keep a rollout that is under way from going forward (a suspended policy, say). Undoing is not held
    /// by them.
    pub forward_gates: Vec<ClosedGate>,
    /// The workload; `None` where it is gone.
    pub target: Option<Target>,
    /// Its pods that have not ended, in the order of their names.
    pub pods: Vec<Pod>,
    /// The workload as it is now, taken as the baseline when a rollout starts; or why it cannot be measured. Looked at only
    /// where no gate is closed, since only then it is measured.
    pub baseline: Result<Baseline, String>,
    /// What the checks say now against the baseline of the rollout under way; empty where there is none.
    pub checks: Vec<Check>,
    /// Whether the AppliedSizes object has the entry of this rollout: its new size.
    pub sizes_entry: bool,
    /// What the policy says.
    pub settings: Settings,
}
