//! What every view shows, whatever is changed: decisions, gates, checks, and the object itself. In: references into a view.
//! Out: what was decided. Pure data.

use trimtab_api::{
    approval::{Decision, HonouredApproval},
    gates::ClosedGate,
    verification::Check,
};

/// A reservation: one of the limited runs under way, and exclusive use of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The uid of the target.
    pub uid: String,
    /// Whether the status that begins the run was sent. Its outcome is unknown until a later version is seen, so such a place
    /// is not released.
    pub announced: bool,
}

/// What every view shows.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// The digest of what is proposed now.
    pub digest: &'a str,
    /// The decision honoured now: by somebody with permission, under a guard that is in force, for this very digest.
    /// `None` also if it was withdrawn.
    pub approval: Option<&'a HonouredApproval>,
    /// Whether the honoured decision is known at all. If not (the guard is missing, say), nothing is written, neither
    /// forward nor back.
    pub approval_known: Result<(), &'a ClosedGate>,
    /// Whether the object is being deleted. Nothing starts any more, and what is in force is undone first.
    pub is_deleted: bool,
    /// Whether the object has the finalizer, so that a deletion waits.
    pub is_protected: bool,
    /// The place reserved for its run.
    pub place: Option<&'a Place>,
    /// The policy that created it, if that policy was deleted.
    pub policy_deleted: Option<&'a str>,
    /// The closed gates that block a run under way (a suspended policy, say). They do not block an undo.
    pub forward_gates: &'a [ClosedGate],
    /// The present checks against the baseline of the run under way; empty if there is none.
    pub checks: &'a [Check],
}

impl Header<'_> {
    /// Whether the decision honoured for what is proposed now is `decision`.
    pub fn decided(&self, decision: Decision) -> bool {
        self.decided_on(decision, self.digest)
    }

    /// Whether the decision honoured for what has this digest is `decision`.
    pub fn decided_on(&self, decision: Decision, digest: &str) -> bool {
        self.approval.is_some_and(|a| a.decision == decision && a.proposal_digest == digest)
    }
}
