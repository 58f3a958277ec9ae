//! What counts as rejected on a Recommendation that exists. In: what it shows, and the uid of its workload. Out: the size
//! that somebody rejected there. The controller and `kubectl trimtab` read Recommendations in different forms, and go by
//! the same rule.

use trimtab_api::{
    approval::{Approval, Decision, HonouredApproval},
    resources::ContainerResources,
    rollout::RolloutStatus,
    target::TargetRef,
};

use crate::{elsewhere::Rejection, start};

/// What a Recommendation shows, as far as a rejection on it depends on that.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its target.
    pub target: &'a TargetRef,
    /// The present proposal.
    pub proposal: &'a [ContainerResources],
    /// The digest of the present proposal.
    pub digest: &'a str,
    /// The decision in the spec.
    pub approval: Option<&'a Approval>,
    /// The decision in the status.
    pub honoured: Option<&'a HonouredApproval>,
    /// The last rollout.
    pub rollout: Option<&'a RolloutStatus>,
}

impl Rejection {
    /// The size that somebody rejected for the workload with this uid. It counts as it is written, even if nothing proves
    /// yet that it was made under the guard: it only keeps a policy from approving.
    pub fn of(shown: Shown<'_>, uid: &str) -> Option<Self> {
        let approval = shown.approval.filter(|approval| approval.decision == Decision::Rejected)?;
        let honoured = shown.honoured.filter(|honoured| {
            honoured.decision == Decision::Rejected && honoured.proposal_digest == approval.proposal_digest
        });
        Some(Self {
            by: approval.approver.clone(),
            since: honoured.map(|honoured| honoured.since.0),
            containers: size(shown, uid, &approval.proposal_digest)?,
        })
    }
}

/// The size with this digest: of the present proposal, or of the rollout, which may be of an earlier one.
fn size(shown: Shown<'_>, uid: &str, digest: &str) -> Option<Vec<ContainerResources>> {
    if digest == shown.digest && shown.target.uid.as_deref().is_none_or(|of| of == uid) {
        return Some(start::wanted(shown.proposal, shown.rollout, Some(uid)));
    }
    let of = |rollout: &&RolloutStatus| rollout.proposal_digest == digest && rollout.target_uid == uid;
    shown.rollout.filter(of).map(|rollout| rollout.desired.clone())
}
