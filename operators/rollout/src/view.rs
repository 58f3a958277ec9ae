//! The machine's input: one Recommendation, its workload, its pods, the results of checks and gates. Pure data.
//!
//! The driver builds a new view before every step, from objects alone. It may be stale: requests carry preconditions.

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
use trimtab_core::WorkloadId;
use trimtab_engine::header::{Header, Place};

use crate::elsewhere::{Elsewhere, Past};

/// How many pods a step covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// An absolute number.
    Count(u32),
    /// A percentage, rounded up.
    Percent(u32),
}

impl Share {
    /// How many of `pods` pods it covers: at least one if there is one, at most all.
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

/// The policy's rollout settings. `AllAtOnce` is one step of 100 % without a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The steps; the last covers all pods.
    pub steps: Vec<StepSetting>,
    /// What to do with a pod that cannot be resized in place.
    pub if_infeasible: IfInfeasible,
    /// How long to wait for a deferred pod, in seconds.
    pub deferred_timeout_s: i64,
    /// How long all pods are watched at the end, in seconds.
    pub verification_window_s: i64,
    /// The delivery: never `Auto`, which is resolved when a rollout starts.
    pub delivery: DeliveryMode,
    /// Whether the API server has `pods/resize`. Without it the template is patched, and the workload's own rolling
    /// update does the rest.
    pub in_place: bool,
}

/// The workload as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its kind and name.
    pub id: WorkloadId,
    /// Its uid.
    pub uid: String,
    /// The fingerprint of its pod template, in hexadecimal. Delivery by `Template` changes it, see
    /// [`Target::template_has_desired`].
    pub template: String,
    /// Whether the containers of its template have exactly the proposed sizes.
    pub template_has_desired: bool,
    /// Whether its template's containers have exactly the former values of the rollout under way; `true` if none is.
    pub template_has_former: bool,
    /// The template's sizes for the containers of the rollout under way, or of the proposal if none is under way.
    /// Containers missing from the template are left out. It is the `from` of an AppliedSizes entry, and the starting
    /// point for a kind whose pods come and go by themselves.
    pub template_sizes: Vec<ContainerResources>,
    /// Its desired number of pods.
    pub desired_pods: u32,
    /// Whether a rollout of its own is in progress: pods are being created from a newer template.
    pub rolling: bool,
    /// Whether pods come and go by themselves (CronJob): then nothing is resized, and new pods get the new size.
    pub runs_to_completion: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
}

/// The state of a pod's resize, as its status reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resize {
    /// Nothing is under way: the sizes in its spec are in force.
    Settled,
    /// The node is resizing it.
    InProgress,
    /// The node has no room at the moment (`PodResizePending`, `Deferred`).
    Deferred {
        /// Since when, in seconds since the epoch.
        since_s: i64,
        /// The node's message.
        message: String,
    },
    /// The size can never fit the node (`PodResizePending`, `Infeasible`).
    Infeasible {
        /// The node's message.
        message: String,
    },
    /// The node failed, and tries again (`PodResizeInProgress`, `Error`).
    Failed {
        /// Since when, in seconds since the epoch.
        since_s: i64,
        /// The node's message.
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
    /// The resourceVersion that this row was built from.
    pub resource_version: String,
    /// The sizes in its spec for the containers of the proposal, in the proposal's order. Containers that it lacks are
    /// left out. While a rollout is under way these are the containers of the rollout, whatever the proposal names
    /// now: otherwise it could not be verified that the former values are restored.
    pub spec: Vec<ContainerResources>,
    /// The names of those in `spec` that have their size from Trimtab, for whichever workload or change, and that others
    /// have not resized since. See `trimtab_world::row::PodContainer`.
    pub sized_by_trimtab: Vec<String>,
    /// The state of its resize.
    pub resize: Resize,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it runs on a node: one that does not cannot be resized in place.
    pub bound: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Whether it was created after the rollout began, so that it may have its size from the template.
    pub created_since: bool,
}

/// How a Recommendation is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// On its own; its workload stays.
    Alone,
    /// Together with its whole namespace.
    WithNamespace,
}

/// Why a pod created now does not get the new size, although AppliedSizes has the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotGiven {
    /// With the template and the LimitRanges as they are, it has other resources than the entry was made for.
    OtherResources,
    /// The admission policy that reads the entries is missing or altered; which, in a sentence.
    PolicyNotInForce(String),
}

/// The machine's whole input.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The digest of the present proposal.
    pub digest: String,
    /// The containers of the proposal, with all their requests and limits after the change.
    pub proposal: Vec<ContainerResources>,
    /// The decision honoured now: by somebody with permission, under a guard that is in force, for this very digest.
    /// `None` also if it was withdrawn.
    pub approval: Option<HonouredApproval>,
    /// The decision in the status, if the spec has none any more.
    pub withdrawn: Option<HonouredApproval>,
    /// Whether the honoured decision is known at all. If not (the guard is missing, say), nothing is written, neither
    /// forward nor back.
    pub approval_known: Result<(), ClosedGate>,
    /// Whether the workload and its pods can be watched: what cannot be seen is not assumed to be gone.
    pub seen: Result<(), ClosedGate>,
    /// How the Recommendation is deleted, if it is. Nothing starts any more, and what is in force is undone first.
    pub deletion: Option<Deletion>,
    /// The place reserved for its rollout.
    pub place: Option<Place>,
    /// Whether it has the finalizer, so that a deletion waits.
    pub protected: bool,
    /// Whether another object owns it. The garbage collector deletes it together with its owner, at any moment.
    pub owned: bool,
    /// The policy that created it, if that policy was deleted.
    pub policy_deleted: Option<String>,
    /// The decision record of the workload, or of those that had its name before.
    pub history: Option<WorkloadHistory>,
    /// What other Recommendations of this very workload show that still exist. It is not recorded by this one.
    pub elsewhere: Vec<Elsewhere>,
    /// Why the workload's controller has failed to create pods since the rollout began, in the API server's words.
    pub pods_refused: Option<String>,
    /// The rollout in the status.
    pub rollout: Option<RolloutStatus>,
    /// The closed gates that block the start of a rollout. None: it may start.
    pub start_gates: Vec<ClosedGate>,
    /// The closed gates that block a rollout under way (a suspended policy, say). They do not block an undo.
    pub forward_gates: Vec<ClosedGate>,
    /// The workload; `None` if it is gone.
    pub target: Option<Target>,
    /// Its pods that have not ended, ordered by name. If the workload of the rollout is gone or was recreated, also those
    /// that outlived it.
    pub pods: Vec<Pod>,
    /// Whether some of these still have the workload, which is gone or being deleted, as their owner: the garbage
    /// collector will delete or orphan them.
    pub leaving: bool,
    /// Whether the workload belongs to another Recommendation, which is changing it or has a size in force there.
    pub taken: bool,
    /// The present measurement of the workload, which becomes the baseline when a rollout starts; or why it cannot be
    /// measured. Read only if no gate is closed, since only then is it measured.
    pub baseline: Result<Baseline, String>,
    /// The present checks against the baseline of the rollout under way; empty if there is none.
    pub checks: Vec<Check>,
    /// Whether a pod with the new size is known, also one that has ended: a run of a workload whose pods run to
    /// completion had it.
    pub ran: bool,
    /// Whether AppliedSizes has the entry of this rollout: its new size.
    pub sizes_entry: bool,
    /// Whether AppliedSizes has an entry of this very workload, of whichever Recommendation.
    pub has_entry: bool,
    /// Whether a pod created now gets the new size by that entry. Read only if the entry is there. While nobody knows
    /// whether the admission policy is in force, it is taken to be.
    pub sizes_given: Result<(), NotGiven>,
    /// The policy's settings.
    pub settings: Settings,
}

impl View {
    /// What every view shows, whatever is changed.
    pub(crate) fn header(&self) -> Header<'_> {
        Header {
            digest: &self.digest,
            approval: self.approval.as_ref(),
            approval_known: self.approval_known.as_ref().copied(),
            is_deleted: self.deletion.is_some(),
            is_protected: self.protected,
            place: self.place.as_ref(),
            policy_deleted: self.policy_deleted.as_deref(),
            forward_gates: &self.forward_gates,
            checks: &self.checks,
        }
    }

    /// What was decided elsewhere about the workload.
    pub(crate) fn past(&self) -> Past<'_> {
        Past { record: self.history.as_ref(), others: &self.elsewhere }
    }
}
