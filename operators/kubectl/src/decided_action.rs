//! RemediationActions, as people decide on them. An action is done once: whoever wants it again creates another one.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trimtab_api::{
    approval::Decision,
    conditions::recommendation::PENDING_APPROVAL,
    gates::ClosedGate,
    remediation::{
        identity::Identity,
        outcome::ActionResult,
        spec::{ActionMode, RemediationAction},
    },
    risk::Risk,
};

use crate::{
    decided_on::{DecidedOn, Hindrance},
    words,
};

impl DecidedOn for RemediationAction {
    const NOUN: &'static str = "remediation action";
    const RUN: &'static str = "action";
    const ROLE: Option<&'static str> = None;
    const HAS_APPROVER: bool = true;

    fn approver(&self) -> Option<&Identity> {
        self.spec.approver.as_ref()
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default()
    }

    fn gates(&self) -> &[ClosedGate] {
        self.status.as_ref().map(|s| s.gates.as_slice()).unwrap_or_default()
    }

    fn risk(&self) -> Option<&Risk> {
        let status = self.status.as_ref()?;
        let is_present =
            |risk: &&Risk| risk.proposal_digest.is_some() && risk.proposal_digest == status.proposal_digest;
        status.risk.as_ref().filter(is_present)
    }

    fn is_high_until_assessed(&self) -> bool {
        true
    }

    fn needs_approval(&self) -> bool {
        words::ready(self).is_some_and(|(reason, _)| reason == PENDING_APPROVAL)
    }

    fn hindrance(&self, decision: Decision, _: &str) -> Option<Hindrance> {
        let result = self.status.as_ref().and_then(|status| status.result);
        let why = match (decision, result) {
            (Decision::Approved, _) if self.spec.mode == ActionMode::DryRun => "is a dry run, which changes nothing",
            (Decision::Approved, Some(_)) => "has ended",
            (Decision::Rejected, Some(result)) if !stands(result) => "has ended, and nothing of it stands",
            _ => return None,
        };
        Some(Hindrance::Never(format!("{} {why}: create another one", words::full_name(self))))
    }

    fn is_undoable(&self) -> bool {
        let status = self.status.as_ref().filter(|status| status.started.is_some());
        status.is_some_and(|status| status.result.is_none_or(stands))
    }

    fn shown_by(&self) -> String {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        format!("kubectl get ra {} -n {namespace} -o yaml", words::name(self))
    }

    fn is_spent(&self) -> bool {
        false
    }
}

/// Whether something of it may still be in force.
fn stands(result: ActionResult) -> bool {
    matches!(result, ActionResult::Succeeded | ActionResult::Failed)
}
