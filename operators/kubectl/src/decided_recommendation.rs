//! Recommendations, as people decide on them. What was rolled out and undone before counts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trimtab_api::{
    Approvable,
    approval::{ApproverKind, Decision},
    gates::ClosedGate,
    recommendation::Recommendation,
    remediation::identity::Identity,
    risk::Risk,
    rollout::Stage,
};
use trimtab_engine::gates::back_off::REJECTED_BEFORE;
use trimtab_rollout::undone;

use crate::{
    carried::{self, rolled_back, rollout},
    decided_on::{DecidedOn, Hindrance},
    decision::is_honoured,
    words,
};

impl DecidedOn for Recommendation {
    const NOUN: &'static str = "recommendation";
    const RUN: &'static str = "rollout";
    const ROLE: Option<&'static str> = Some("trimtab-approver");
    const HAS_APPROVER: bool = false;

    fn approver(&self) -> Option<&Identity> {
        None
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default()
    }

    fn gates(&self) -> &[ClosedGate] {
        self.status.as_ref().map(|s| s.gates.as_slice()).unwrap_or_default()
    }

    fn risk(&self) -> Option<&Risk> {
        self.present_risk()
    }

    /// A policy writes its proposal together with its risk.
    fn is_high_until_assessed(&self) -> bool {
        self.spec.policy_ref.is_none()
    }

    fn needs_approval(&self) -> bool {
        true
    }

    fn hindrance(&self, decision: Decision, digest: &str) -> Option<Hindrance> {
        if decision != Decision::Approved {
            return None;
        }
        let name = words::full_name(self);
        if let Some(r) = rolled_back(self, digest)
            && undone::rejected(r).is_none()
        {
            let why = r.undo.as_ref().map(|u| format!(" ({}: {})", u.reason, u.message)).unwrap_or_default();
            return Some(Hindrance::Never(format!(
                "{name} was applied and rolled back{why}: only what a person rejected can be approved again; wait for another \
                 proposal"
            )));
        }
        if is_for_another(self, digest) {
            return Some(Hindrance::Anew(format!(
                "the former approval of {name} was not given for the present workload: it is given anew"
            )));
        }
        is_before_undo(self, digest).then(|| {
            Hindrance::Anew(format!(
                "the former approval of {name} was given before the same was undone: it is given anew"
            ))
        })
    }

    fn is_undoable(&self) -> bool {
        rollout(self).is_some_and(|r| r.is_in_force() || r.stage != Stage::Ended)
    }

    fn shown_by(&self) -> String {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        format!("kubectl trimtab explain {} -n {namespace}", words::name(self))
    }

    fn is_spent(&self) -> bool {
        carried::is_spent(self)
    }
}

/// Whether an approval of this digest is honoured, but holds for another workload of that name, or was given when there
/// was none. Where the target has a uid, approving it anew would not help.
fn is_for_another(rec: &Recommendation, digest: &str) -> bool {
    rec.spec.target_ref.uid.is_none()
        && is_honoured(rec, Decision::Approved, digest)
        && rec.gates().iter().any(|g| g.gate == "Target" && g.reason == "TargetReplaced")
}

/// Whether a person's approval of this digest is honoured, but was given before a person rejected the same, here or on
/// another Recommendation.
fn is_before_undo(rec: &Recommendation, digest: &str) -> bool {
    let honoured = rec.honoured();
    let by_person = honoured.is_some_and(|h| h.by.kind == ApproverKind::Person);
    let here = rolled_back(rec, digest).is_some_and(|r| !undone::is_approved_again(r, honoured));
    by_person
        && is_honoured(rec, Decision::Approved, digest)
        && (here || rec.gates().iter().any(|g| g.reason == REJECTED_BEFORE.word))
}
