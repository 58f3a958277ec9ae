//! What an undo could not restore, and what cannot be done to running pods.
//!
//! In: a Recommendation. Out: a warning. Pure. The API server changes amounts of a running pod but does not remove any:
//! an amount that a proposal sets for the first time stays on the pods that have it, and one that a proposal takes away
//! keeps it from starting.

use trimtab_api::{
    recommendation::Recommendation,
    resources::{ContainerResources, Resources},
};
use trimtab_core::WorkloadKind;

use crate::words;

/// The reason of the closed gate that reports the same for the pods themselves, and of a memory limit that an API server
/// before Kubernetes 1.34 would not lower again.
const REASON: &str = "CannotBeUndone";
/// The reason of the closed gate of a proposal that takes an amount away.
const REMOVED: &str = "CannotBeRemoved";

/// Why its undo could not restore what pods have now; `None` where it could.
pub fn warning(rec: &Recommendation) -> Option<String> {
    let what = why(rec, REASON, (false, true), |set, are_one| {
        let is = if are_one { "is" } else { "are" };
        format!(
            "{set} {is} not set now, and could not be taken away again while pods run; where pods are resized in place, this is \
             not started ({REASON}): apply status.patch by hand, which creates new pods"
        )
    })?;
    Some(format!("{} cannot be undone: {what}", words::full_name(rec)))
}

/// Why it would not be started after its approval, because it takes amounts away; `None` where it takes none away.
pub fn removal(rec: &Recommendation) -> Option<String> {
    let what = why(rec, REMOVED, (true, false), |lost, are_one| {
        let it = if are_one { "it" } else { "them" };
        format!(
            "{lost} would be taken away, which the API server refuses while pods run: keep {it}, or apply status.patch \
             by hand, which creates new pods"
        )
    })?;
    let name = words::full_name(rec);
    Some(format!("{name} is not started where pods are resized in place ({REMOVED}): {what}"))
}

/// The message of the gate that is closed for `reason`; else what `say` makes of the [`amounts`], and of whether there is one.
fn why(
    rec: &Recommendation,
    reason: &str,
    wanted: (bool, bool),
    say: impl FnOnce(&str, bool) -> String,
) -> Option<String> {
    let status = rec.status.as_ref()?;
    if let Some(gate) = status.gates.iter().find(|gate| gate.reason == reason) {
        return Some(gate.message.clone());
    }
    let found = amounts(rec, &status.current, wanted);
    (!found.is_empty()).then(|| say(&found.join(", "), found.len() == 1))
}

/// The amounts that are set before and after as `wanted` says.
fn amounts(rec: &Recommendation, current: &[ContainerResources], wanted: (bool, bool)) -> Vec<String> {
    // Pods of workloads that run to completion are not resized: the next ones get the former values again.
    if rec.spec.target_ref.kind.parse().is_ok_and(WorkloadKind::runs_to_completion) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for to in &rec.spec.proposal.containers {
        let Some(from) = current.iter().find(|c| c.name == to.name) else { continue };
        let (from, to) = (in_force(from), in_force(to));
        for (what, before, after) in [
            ("CPU request", &from.requests.cpu, &to.requests.cpu),
            ("memory request", &from.requests.memory, &to.requests.memory),
            ("CPU limit", &from.limits.cpu, &to.limits.cpu),
            ("memory limit", &from.limits.memory, &to.limits.memory),
        ] {
            if (before.is_some(), after.is_some()) == wanted {
                found.push(format!("{what} of container {}", to.name));
            }
        }
    }
    found
}

/// A pod's amounts: an omitted request equals the limit.
fn in_force(c: &ContainerResources) -> ContainerResources {
    let requests = Resources {
        cpu: c.requests.cpu.clone().or_else(|| c.limits.cpu.clone()),
        memory: c.requests.memory.clone().or_else(|| c.limits.memory.clone()),
    };
    ContainerResources { requests, ..c.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{removal, warning};
    use crate::testkit::rec;

    #[test]
    fn what_is_set_for_the_first_time_is_named() {
        let now = |current: serde_json::Value, kind: &str| {
            let api = if kind == "CronJob" { "batch/v1" } else { "apps/v1" };
            let current = json!([{"name": "app", "requests": current["requests"], "limits": current["limits"]}]);
            warning(&rec(
                json!({"spec": {"targetRef": {"kind": kind, "apiVersion": api}}, "status": {"current": current}}),
            ))
        };
        let all = json!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}});
        assert_eq!(now(all, "Deployment"), None);
        // An omitted request equals the limit, so it is present.
        assert_eq!(now(json!({"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}), "Deployment"), None);
        let none = json!({"requests": {"cpu": "1"}, "limits": {}});
        let said = now(none.clone(), "StatefulSet").unwrap_or_default();
        assert!(
            said.starts_with(
                "shop/deploy-web cannot be undone: memory request of container app, memory limit of container app are not set"
            ),
            "{said}"
        );
        assert_eq!(now(none, "CronJob"), None);
    }

    #[test]
    fn what_would_be_taken_away_is_named() {
        let now = |limits: serde_json::Value, kind: &str| {
            let current = json!([{"name": "app", "requests": {"cpu": "1", "memory": "1Gi"}, "limits": limits}]);
            let api = if kind == "CronJob" { "batch/v1" } else { "apps/v1" };
            removal(&rec(
                json!({"spec": {"targetRef": {"kind": kind, "apiVersion": api}}, "status": {"current": current}}),
            ))
        };
        assert_eq!(now(json!({"memory": "1Gi"}), "Deployment"), None);
        let limited = json!({"cpu": "2", "memory": "1Gi"});
        let said = now(limited.clone(), "Deployment").unwrap_or_default();
        for part in ["shop/deploy-web is not started", "(CannotBeRemoved): CPU limit of container app would be taken"] {
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(now(limited, "CronJob"), None);
        let gate =
            json!({"gate": "InPlace", "reason": "CannotBeRemoved", "message": "CPU limit in pod web-1 would go"});
        let said = removal(&rec(json!({"status": {"gates": [gate]}}))).unwrap_or_default();
        assert!(said.contains("in pod web-1"), "{said}");
    }

    #[test]
    fn a_closed_gate_knows_the_pods_themselves() {
        let gate = json!({"gate": "InPlace", "reason": "CannotBeUndone", "message": "CPU limit of container app in pod web-1 is not set"});
        let said = warning(&rec(json!({"status": {"gates": [gate]}}))).unwrap_or_default();
        assert!(said.contains("in pod web-1"), "{said}");
        assert_eq!(warning(&rec(json!({"status": null}))), None);
    }
}
