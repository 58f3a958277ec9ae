//! What the kinds have in common that people decide on.
//!
//! In: an object. Out: the decision in it, the digests that a decision can be for, and the decision that is honoured. So who
//! vouches for a decision, records it or follows it needs to know no kind.

use kube::{Resource, core::NamespaceResourceScope};

use crate::{
    approval::{Approval, HonouredApproval},
    recommendation::Recommendation,
    remediation::spec::RemediationAction,
};

/// A kind whose objects people approve or reject by `spec.approval`.
pub trait Approvable: Resource<DynamicType = (), Scope = NamespaceResourceScope> {
    /// The kind, as manifests name it.
    const KIND: &'static str;

    /// `spec.approval`: the decision, as somebody has written it.
    fn approval(&self) -> Option<&Approval>;

    /// The digest that the status shows. An approval has to be for this one.
    fn shown_digest(&self) -> Option<&str>;

    /// The digest of what is being carried out, or was and may still be in force. A rejection may be for this one too: then
    /// it is undone.
    fn carried_digest(&self) -> Option<&str>;

    /// `status.approval`: the decision that Trimtab honours. Nobody else writes it.
    fn honoured(&self) -> Option<&HonouredApproval>;
}

impl Approvable for Recommendation {
    const KIND: &'static str = "Recommendation";

    fn approval(&self) -> Option<&Approval> {
        self.spec.approval.as_ref()
    }

    fn shown_digest(&self) -> Option<&str> {
        self.status.as_ref()?.proposal_digest.as_deref()
    }

    fn carried_digest(&self) -> Option<&str> {
        Some(&self.status.as_ref()?.rollout.as_ref()?.proposal_digest)
    }

    fn honoured(&self) -> Option<&HonouredApproval> {
        self.status.as_ref()?.approval.as_ref()
    }
}

impl Approvable for RemediationAction {
    const KIND: &'static str = "RemediationAction";

    fn approval(&self) -> Option<&Approval> {
        self.spec.approval.as_ref()
    }

    fn shown_digest(&self) -> Option<&str> {
        self.status.as_ref()?.proposal_digest.as_deref()
    }

    /// What is done cannot be replaced by something else, as a size can: whoever rejects an action that has started, undoes
    /// it. So there is one digest, and it is carried once the action has started.
    fn carried_digest(&self) -> Option<&str> {
        self.status.as_ref()?.started.as_ref().and(self.shown_digest())
    }

    fn honoured(&self) -> Option<&HonouredApproval> {
        self.status.as_ref()?.approval.as_ref()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn named_as_served<K: Approvable>() {
        assert_eq!(K::kind(&()), K::KIND);
    }

    #[test]
    fn each_kind_is_named_as_it_is_served() {
        named_as_served::<Recommendation>();
        named_as_served::<RemediationAction>();
    }

    fn action(status: Value) -> RemediationAction {
        let step =
            json!({"name": "s", "action": "CordonNode", "target": {"apiVersion": "v1", "kind": "Node", "name": "n"}});
        serde_json::from_value(json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "RemediationAction",
            "metadata": {"name": "x", "namespace": "shop"}, "spec": {"steps": [step]}, "status": status}))
        .unwrap()
    }

    #[test]
    fn an_action_carries_its_plan_once_it_has_started() {
        let started = "2026-11-21T12:00:00Z";
        for (status, shown, carried) in [
            (Value::Null, None, None),
            (json!({"proposalDigest": "sha256:aa"}), Some("sha256:aa"), None),
            (json!({"proposalDigest": "sha256:aa", "started": started}), Some("sha256:aa"), Some("sha256:aa")),
            // What has ended may still be in force.
            (
                json!({"proposalDigest": "sha256:aa", "started": started, "ended": started, "result": "Succeeded"}),
                Some("sha256:aa"),
                Some("sha256:aa"),
            ),
        ] {
            let action = action(status.clone());
            assert_eq!((action.shown_digest(), action.carried_digest()), (shown, carried), "{status}");
        }
    }
}
