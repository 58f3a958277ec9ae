//! What an undo could not restore.
//!
//! In: a Recommendation. Out: a warning. Pure. The API server changes amounts of a running pod but does not remove any:
//! an amount that a proposal sets for the first time stays on the pods that have it.

use trimtab_api::{
    recommendation::Recommendation,
    resources::{ContainerResources, Resources},
};
use trimtab_core::WorkloadKind;

use crate::words;

/// The reason of the closed gate that reports the same for the pods themselves, and of a memory limit that an API server
/// before Kubernetes 1.34 would not lower again.
const REASON: &str = "CannotBeUndone";

/// Why its undo could not restore what pods have now; `None` where it could.
pub fn warning(rec: &Recommendation) -> Option<String> {
    let status = rec.status.as_ref()?;
    let what = match status.gates.iter().find(|gate| gate.reason == REASON) {
        Some(gate) => gate.message.clone(),
        None => {
            let set = set_for_the_first_time(rec, &status.current);
            if set.is_empty() {
                return None;
            }
            format!(
                "{} {} not set now, and could not be taken away again while pods run; where pods are resized in place, this is \
                 not started ({REASON}): apply status.patch by hand, which creates new pods",
                set.join(", "),
                if set.len() == 1 { "is" } else { "are" }
            )
        }
    };
    Some(format!("{} cannot be undone: {what}", words::full_name(rec)))
}

fn set_for_the_first_time(rec: &Recommendation, current: &[ContainerResources]) -> Vec<String> {
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
            if before.is_none() && after.is_some() {
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

    use super::warning;
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
    fn a_closed_gate_knows_the_pods_themselves() {
        let gate = json!({"gate": "InPlace", "reason": "CannotBeUndone", "message": "CPU limit of container app in pod web-1 is not set"});
        let said = warning(&rec(json!({"status": {"gates": [gate]}}))).unwrap_or_default();
        assert!(said.contains("in pod web-1"), "{said}");
        assert_eq!(warning(&rec(json!({"status": null}))), None);
    }
}
