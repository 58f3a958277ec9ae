//! What the machine asks for, and what it is answered. Requests are data with their preconditions.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::WorkloadHistory, gates::ClosedGate, resources::ContainerResources, rollout::RolloutStatus,
};

/// One request. The driver reads the emergency stop just before it sends any of them but those that change no workload:
/// [`Request::Reserve`], [`Request::GiveBack`], [`Request::Confirm`], [`Request::WriteStatus`], [`Request::Protect`],
/// [`Request::Remember`], [`Request::Release`].
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Takes a place for a rollout that is about to begin: within the policy's limits, and at a workload that no other
    /// Recommendation changes or has a size in force on. `Stale` where there is none. Once the beginning was announced, the place stays
    /// taken until a later version of the Recommendation shows what became of it.
    Reserve {
        /// The uid of the workload.
        uid: String,
    },
    /// Gives that place back, since the rollout does not begin after all.
    GiveBack,
    /// Reads pods and entry once more from the API server, before a rollout is said to have ended: "all pods have the new size" and
    /// "the former values are back" must be true when they are written, because nobody looks again. `Stale` where they differ.
    Confirm {
        /// The pods as the view has them.
        pods: Vec<SeenPod>,
    },
    /// Writes `status.rollout`, before anything that it announces is done. The precondition is the Recommendation's uid and
    /// the resourceVersion that the view was made from.
    WriteStatus(Box<RolloutStatus>),
    /// Sets the finalizer on the Recommendation: from now on a deletion waits until the machine has settled what it did.
    Protect,
    /// Notes in the namespace's AppliedSizes what was decided about the workload, for the Recommendation that comes after this one.
    Remember(Box<WorkloadHistory>),
    /// Takes the finalizer off the Recommendation: nothing is left that needs it.
    Release,
    /// `PATCH pods/resize` with uid and resourceVersion.
    Resize {
        /// The pod.
        pod: String,
        /// Its uid.
        uid: String,
        /// The version that was looked at.
        resource_version: String,
        /// The containers with what each is to have.
        containers: Vec<ContainerResources>,
    },
    /// `POST pods/eviction` with the uid: within the pod's disruption budgets.
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
        /// What pods made from the template have.
        from: Vec<ContainerResources>,
        /// What they get.
        to: Vec<ContainerResources>,
    },
    /// Takes the workload's entry out of the namespace's AppliedSizes.
    DropSizes,
    /// Patches the containers of the workload's template, with its uid and resourceVersion.
    PatchTemplate {
        /// The uid of the workload.
        uid: String,
        /// The containers with what each is to have.
        containers: Vec<ContainerResources>,
    },
}

/// A pod as it was seen when an end was decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeenPod {
    /// Its uid.
    pub uid: String,
    /// What its containers ask for, see [`crate::view::Pod::spec`].
    pub spec: Vec<ContainerResources>,
}

/// How a request was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// It was done. The driver shows its effect in the next view, whatever the watches say by then.
    Done,
    /// A precondition did not hold, or the object is gone: look again.
    Stale,
    /// The server will not have it, whoever asks how often: admission, quota, validation, missing rights. A word and a
    /// message.
    Refused {
        /// Why, in one CamelCase word.
        reason: String,
        /// The server's words.
        message: String,
    },
    /// An eviction that a disruption budget does not allow at the moment.
    NoBudget {
        /// The server's words.
        message: String,
    },
    /// No answer, or none that says anything: it may have been done or not.
    Unknown {
        /// What is known.
        message: String,
    },
    /// The emergency stop is on, or cannot be read: nothing was sent.
    Halted {
        /// Who stopped it and why.
        message: String,
    },
}

/// What a driver does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send this, then step again with the answer and a new view.
    Ask(Request),
    /// Nothing to send now. Look again at `until`, or when anything in the view changes.
    Wait {
        /// When to look again at the latest.
        until: Option<Timestamp>,
        /// Where it stands, for the conditions.
        standing: Standing,
    },
}

/// Where a recommendation stands, for its conditions.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Nobody has approved it.
    Pending,
    /// Somebody rejected it and nothing of it is in force.
    Rejected,
    /// Nobody has approved it, and somebody rejected the same on a Recommendation that is gone: who and when.
    RejectedBefore(String),
    /// Approved, and kept from starting.
    Blocked(Vec<ClosedGate>),
    /// Under way. What is waited for, in a sentence.
    RollingOut(String),
    /// Under way, and watched: a step, or the whole at the end.
    Verifying(String),
    /// Under way, and paused because a check cannot say anything or something stands in the way: a reason and why.
    Paused {
        /// Why, in one CamelCase word.
        reason: String,
        /// Why, and what a person can do.
        message: String,
    },
    /// The former values are being restored; why.
    Undoing(String),
    /// Done, and in force.
    Applied(String),
    /// Undone; why.
    RolledBack(String),
    /// The workload was changed, replaced or deleted by somebody else.
    Superseded(String),
}
