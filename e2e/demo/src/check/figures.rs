//! Whether figures are present, above zero, and consistent. Pure.

use trimtab_api::{OptimizationPolicy, Recommendation, conditions::types};

use crate::fleet::Workload;

/// What a recommendation lacks.
pub(super) fn of_recommendation(r: &Recommendation) -> Vec<String> {
    let name = format!(
        "{}/{}",
        r.metadata.namespace.as_deref().unwrap_or_default(),
        r.metadata.name.as_deref().unwrap_or_default()
    );
    let Some(status) = &r.status else { return vec![format!("{name}: no status")] };
    let savings = status.savings.as_ref();
    let evidence = status.evidence.as_ref();
    let facts = [
        (
            "savings above or below zero",
            // A job that runs for half an hour a week can honestly change its bill by less than a cent.
            savings.is_some_and(|s| {
                s.monthly.parse::<f64>().is_ok_and(|m| m.abs() >= 0.01 || r.spec.target_ref.kind == "CronJob")
            }),
        ),
        ("a source of its prices", savings.is_some_and(|s| !s.price_source.is_empty())),
        ("pods that it saves for", savings.is_some_and(|s| s.pods > 0)),
        ("a confidence", status.confidence_percent.is_some()),
        ("a risk", status.risk.is_some()),
        ("a digest", status.proposal_digest.is_some()),
        ("an explanation", status.explanation.as_ref().is_some_and(|e| e.len() > 20)),
        ("a patch", status.patch.is_some()),
        (
            "samples of CPU and memory",
            evidence.is_some_and(|e| e.containers.iter().any(|c| c.cpu_samples > 0 && c.memory_samples > 0)),
        ),
        ("Prometheus as its source", evidence.is_some_and(|e| e.source.eq_ignore_ascii_case("prometheus"))),
        (
            "the reason PendingApproval",
            status.conditions.iter().any(|c| c.type_ == types::READY && c.reason == "PendingApproval"),
        ),
    ];
    facts.iter().filter(|(_, good)| !good).map(|(what, _)| format!("{name}: without {what}")).collect()
}

/// What is inconsistent in a policy.
pub(super) fn of_policy(p: &OptimizationPolicy) -> Vec<String> {
    let name = p.metadata.name.as_deref().unwrap_or_default();
    let status = p.status.as_ref();
    let Some(counts) = status.and_then(|s| s.workloads.as_ref()) else {
        return vec![format!("{name}: counts no workloads")];
    };
    let listed: i32 = status.map_or(0, |s| s.skipped.iter().map(|k| k.count).sum());
    let mut found = Vec::new();
    if counts.selected != counts.recommended + counts.right_sized + counts.skipped || counts.skipped != listed {
        found.push(format!("{name}: {counts:?} and {listed} listed as skipped do not add up"));
    }
    if counts.recommended > 0 && status.is_none_or(|s| s.savings.is_none()) {
        found.push(format!("{name}: recommends and does not say what that saves"));
    }
    found
}

/// Whether all policies together cover the whole fleet, each workload once.
pub(super) fn of_all(fleet: &[Workload], policies: &[OptimizationPolicy]) -> Option<String> {
    let counts = policies.iter().filter_map(|p| p.status.as_ref()?.workloads.as_ref());
    let selected = counts.map(|c| usize::try_from(c.selected).unwrap_or_default()).sum::<usize>();
    (selected != fleet.len()).then(|| format!("policies select {selected} workloads of {}", fleet.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let empty: Recommendation = serde_json::from_value(json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": "r", "namespace": "n"},
            "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "w"},
                     "proposal": {"containers": []}},
            "status": {},
        }))
        .unwrap();
        assert_eq!(of_recommendation(&empty).len(), 11);
        let policy = |recommended: i32| -> OptimizationPolicy {
            serde_json::from_value(json!({
                "apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": "p"},
                "spec": {"targetNamespaces": ["n"]},
                "status": {
                    "workloads": {"selected": 3, "recommended": recommended, "rightSized": 1, "skipped": 1},
                    "skipped": [{"reason": "OptedOut", "count": 1, "message": ""}],
                    "savings": {"monthly": "1.00", "currency": "USD"},
                },
            }))
            .unwrap()
        };
        assert!(of_policy(&policy(1)).is_empty());
        assert_eq!(of_policy(&policy(2)).len(), 1);
        assert!(of_all(&[], &[policy(1)]).is_some());
    }
}
