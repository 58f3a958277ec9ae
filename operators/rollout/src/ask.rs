//! The machine's requests and the responses to them. Requests are data, with their preconditions.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::WorkloadHistory, gates::ClosedGate, resources::ContainerResources, rollout::RolloutStatus,
};

/// One request. The driver reads the emergency stop just before it sends any request, except those that change no
/// workload: [`Request::Reserve`], [`Request::GiveBack`], [`Request::Confirm`], [`Request::WriteStatus`],
/// [`Request::Protect`], [`Request::Remember`], [`Request::Release`].
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Reserves a place for a rollout that is about to begin: within the policy's limits, and on a workload that no
    /// other Recommendation is changing or has a size in force on. `Stale` if there is none. Once the start is
    /// announced, the place stays taken until a later version of the Recommendation shows the outcome.
    Reserve {
        /// The uid of the workload.
        uid: String,
    },
    /// Releases that place, because the rollout does not begin after all.
    GiveBack,
    /// Rereads pods and entry from the API server before a rollout is reported as ended: "all pods have the new size"
    /// and "the former values are back" must be true when written: nothing checks again. `Stale` if they differ.
    Confirm {
        /// The pods as the view shows them.
        pods: Vec<SeenPod>,
    },
    /// Writes `status.rollout`, before anything that it announces is done. The precondition is the Recommendation's
    /// uid and the resourceVersion that the view was built from.
    WriteStatus(Box<RolloutStatus>),
    /// Sets the finalizer on the Recommendation: a deletion then waits until the machine has settled its changes.
    Protect,
    /// Records the decisions about the workload in the namespace's AppliedSizes: what this Recommendation shows of them
    /// is about to go.
    Remember(Box<WorkloadHistory>),
    /// Removes the finalizer from the Recommendation: nothing needs it any more.
    Release,
    /// `PATCH pods/resize` with uid and resourceVersion.
    Resize {
        /// The pod.
        pod: String,
        /// Its uid.
        uid: String,
        /// The version that the decision was based on.
        resource_version: String,
        /// The desired resources of each container.
        containers: Vec<ContainerResources>,
    },
    /// `POST pods/eviction` with the uid, subject to the pod's disruption budgets.
    Evict {
        /// The pod.
        pod: String,
        /// Its uid.
        uid: String,
    },
    /// Puts the entry of this rollout into the namespace's AppliedSizes.
    PutSizes {
        /// The uid of the workload.
        uid: String,
        /// The sizes in the template.
        from: Vec<ContainerResources>,
        /// The sizes that admission sets.
        to: Vec<ContainerResources>,
    },
    /// Removes the workload's entry from the namespace's AppliedSizes.
    DropSizes,
    /// Patches the containers of the workload's template, with its uid and resourceVersion.
    PatchTemplate {
        /// The uid of the workload.
        uid: String,
        /// The desired resources of each container.
        containers: Vec<ContainerResources>,
    },
}

/// A pod as observed when the end of the rollout was decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeenPod {
    /// Its uid.
    pub uid: String,
    /// Its containers' resources, see [`crate::view::Pod::spec`].
    pub spec: Vec<ContainerResources>,
}

/// The response to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// Succeeded. The driver shows its effect in the next view, even if the watches lag behind.
    Done,
    /// A precondition failed, or the object is gone: decide again from a new view.
    Stale,
    /// The server refuses it, and a retry would not help: admission, quota, validation, missing permissions.
    Refused {
        /// What it is about, as far as anything follows from that.
        cause: Cause,
        /// Why, in one CamelCase word.
        reason: String,
        /// The server's message.
        message: String,
    },
    /// A disruption budget does not allow the eviction at the moment.
    NoBudget {
        /// The server's message.
        message: String,
    },
    /// No response, or an inconclusive one: the request may have taken effect or not.
    Unknown {
        /// What is known.
        message: String,
    },
    /// The emergency stop is on or cannot be read: nothing was sent.
    Halted {
        /// Who set it, and why.
        message: String,
    },
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Trimtab lacks a permission. The change itself may be fine.
    Permission,
    /// The size can never fit the node. An API server that knows the node's capacity says so before the kubelet does.
    Node,
    /// Anything else: admission, quota, validation.
    Other,
}

/// What a driver does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send this, then step again with the response and a new view.
    Ask(Request),
    /// Nothing to send now. Step again at `until`, or when anything in the view changes.
    Wait {
        /// When to step again at the latest.
        until: Option<Timestamp>,
        /// Its standing, for the conditions.
        standing: Standing,
    },
    /// The view is older than what the server has: nothing is to be said of it. Step again at `until`, or when anything in
    /// the view changes.
    LookAgain {
        /// When to step again at the latest.
        until: Timestamp,
    },
}

/// The standing of a Recommendation, from which its conditions follow.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Not approved.
    Pending,
    /// Rejected, and nothing of it is in force.
    Rejected,
    /// Not approved, and the same size was rejected before, here or on another Recommendation: by whom and when.
    RejectedBefore(String),
    /// Approved, and blocked by these gates.
    Blocked(Vec<ClosedGate>),
    /// Under way: what it waits for, in a sentence.
    RollingOut(String),
    /// Under way, and being watched: after a step, or as a whole at the end.
    Verifying(String),
    /// Under way, and paused: a check is inconclusive, or something blocks it.
    Paused {
        /// Why, in one CamelCase word.
        reason: String,
        /// Why, and what a person can do.
        message: String,
    },
    /// The former values are being restored; why.
    Undoing(String),
    /// Applied, and in force.
    Applied(String),
    /// Applied, and new pods do not get it: why, and how many pods still have it.
    NotDelivered(String),
    /// Undone; why.
    RolledBack(String),
    /// The workload was changed, replaced or deleted by somebody else.
    Superseded(String),
}
