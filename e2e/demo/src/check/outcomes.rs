//! Whether each workload has its expected outcome, in the expected direction. Pure.

use trimtab_api::{
    OptimizationPolicy, Recommendation,
    resources::{ContainerResources, Resources},
};
use trimtab_core::quantity::{bytes, cpu_millis};

use crate::fleet::{Change, Expect, Shows, Workload};

/// The differences.
pub(super) fn differences(
    fleet: &[Workload],
    recommendations: &[Recommendation],
    policies: &[OptimizationPolicy],
) -> Vec<String> {
    fleet.iter().flat_map(|w| of_workload(w, recommendations, policies)).collect()
}

fn of_workload(w: &Workload, recommendations: &[Recommendation], policies: &[OptimizationPolicy]) -> Vec<String> {
    let mine = recommendations.iter().find(|r| {
        r.metadata.namespace.as_deref() == Some(w.namespace)
            && r.spec.target_ref.kind == w.kind.as_str()
            && r.spec.target_ref.name == w.name
    });
    let skipped = skipped_for(w, policies);
    let found = match (mine, &skipped) {
        (Some(_), _) => "a recommendation".to_owned(),
        (None, Some(reason)) => format!("skipped for {reason}"),
        (None, None) => "no recommendation".to_owned(),
    };
    match (w.expect, mine) {
        (Expect::Recommended { cpu, memory }, Some(r)) => {
            directions(w, r, cpu, memory).into_iter().chain(unseen(w, r)).collect()
        }
        (Expect::Recommended { .. }, None) => vec![format!("{}: {found} where one must be", w.id())],
        (Expect::RightSized, None) if skipped.is_none() => Vec::new(),
        (Expect::RightSized, _) => vec![format!("{}: {found} where it is sized well", w.id())],
        (Expect::Skipped(reason), None) if skipped.as_deref() == Some(reason) => Vec::new(),
        (Expect::Skipped(reason), _) => vec![format!("{}: {found} where it must be skipped for {reason}", w.id())],
        (Expect::Anything, _) => Vec::new(),
    }
}

fn skipped_for(w: &Workload, policies: &[OptimizationPolicy]) -> Option<String> {
    let statuses = policies.iter().filter_map(|p| p.status.as_ref());
    statuses.flat_map(|s| &s.skipped).find(|s| s.workloads.contains(&w.id())).map(|s| s.reason.clone())
}

fn directions(w: &Workload, r: &Recommendation, cpu: Change, memory: Change) -> Vec<String> {
    let Some(first) = w.containers.first() else { return Vec::new() };
    let proposed = r.spec.proposal.containers.iter().find(|c| c.name == first.name);
    let current = r.status.as_ref().and_then(|s| s.current.iter().find(|c| c.name == first.name));
    let pair = |of: fn(&Resources) -> Option<u64>| {
        let amount = |c: Option<&ContainerResources>| c.and_then(|c| of(&c.requests));
        // Unnamed values are unchanged.
        amount(current).zip(amount(proposed).or(amount(current)))
    };
    let check = |what: &str, expected: Change, pair: Option<(u64, u64)>| {
        let good = match (expected, pair) {
            (Change::Any, _) => true,
            (Change::Up, Some((from, to))) => to > from,
            (Change::Down, Some((from, to))) => to < from,
            (Change::Keep, Some((from, to))) => to == from,
            // A container that is not in the proposal is unchanged.
            (_, None) => expected == Change::Keep,
        };
        (!good).then(|| format!("{}: {what} of {} goes {pair:?}, expected {expected:?}", w.id(), first.name))
    };
    let cpu_pair = pair(|r| r.cpu.as_ref().and_then(|q| cpu_millis(&q.0).ok()));
    let memory_pair = pair(|r| r.memory.as_ref().and_then(|q| bytes(&q.0).ok()));
    check("CPU", cpu, cpu_pair).into_iter().chain(check("memory", memory, memory_pair)).collect()
}

/// What the evidence should show but does not.
fn unseen(w: &Workload, r: &Recommendation) -> Option<String> {
    let (shows, first) = (w.shows?, w.containers.first()?);
    let evidence = r.status.as_ref().and_then(|s| s.evidence.as_ref());
    let mine = evidence.and_then(|e| e.containers.iter().find(|c| c.name == first.name));
    let seen = mine.is_some_and(|c| match shows {
        Shows::OomKills => c.oom_kills > 0,
        Shows::Throttling => c.throttled_percent.is_some_and(|p| p > 0),
        Shows::RuntimeHeap => c.memory_reason == "RuntimeHeap",
        Shows::Autoscaler => c.cpu_reason == "HpaOnThisResource",
    });
    (!seen).then(|| format!("{}: the evidence does not show {shows:?}", w.id()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::json;

    use super::*;
    use crate::fleet::{Container, Kind, Pool};

    fn workload(expect: Expect) -> Workload {
        let mut w =
            Workload::new("shop", "web", Kind::Deployment(1), Pool::Aws).with(Container::new("app", "i", (500, 512)));
        w.expect = expect;
        w
    }

    fn recommendation(cpu: &str, memory: Option<&str>) -> Recommendation {
        let mut requests = json!({"cpu": cpu});
        if let Some(memory) = memory {
            requests["memory"] = json!(memory);
        }
        serde_json::from_value(json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
            "metadata": {"name": "deploy-web", "namespace": "shop"},
            "spec": {
                "type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "proposal": {"containers": [{"name": "app", "requests": requests}]},
            },
            "status": {"current": [{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}}]},
        }))
        .unwrap()
    }

    fn policy(reason: &str) -> OptimizationPolicy {
        serde_json::from_value(json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": "p"},
            "spec": {"targetNamespaces": ["shop"]},
            "status": {"skipped": [{"reason": reason, "count": 1, "message": "", "workloads": ["Deployment shop/web"]}]},
        }))
        .unwrap()
    }

    #[test]
    fn evidence_that_is_missing_is_found() {
        let w = |shows| workload(Expect::Recommended { cpu: Change::Down, memory: Change::Any }).showing(shows);
        let mut r = recommendation("100m", None);
        let evidence = json!({
            "source": "Prometheus", "from": "2026-06-01T00:00:00Z", "to": "2026-06-02T00:00:00Z", "replayedDays": 1, "heldDays": 1,
            "algorithm": "a", "containers": [{
                "name": "app", "cpuSamples": 1, "memorySamples": 1, "cpuPercentile": 90, "cpuUsage": "1m", "cpuPeak": "1m",
                "memoryPeak": "1Mi", "oomKills": 2, "restarts": 2, "cpuReason": "Usage", "memoryReason": "OomKill",
            }],
        });
        r.status.as_mut().unwrap().evidence = Some(serde_json::from_value(evidence).unwrap());
        for (shows, count) in
            [(Shows::OomKills, 0), (Shows::Throttling, 1), (Shows::RuntimeHeap, 1), (Shows::Autoscaler, 1)]
        {
            assert_eq!(differences(&[w(shows)], &[r.clone()], &[]).len(), count, "{shows:?}");
        }
    }

    #[test]
    fn differences_are_found() {
        use Change::{Any, Down, Keep, Up};
        let to = |cpu, memory| Expect::Recommended { cpu, memory };
        let rec = |cpu, memory| vec![recommendation(cpu, memory)];
        let table = [
            (to(Down, Down), rec("0.1", Some("64Mi")), vec![], 0),
            (to(Up, Keep), rec("1", None), vec![], 0),
            (to(Up, Down), rec("100m", Some("1Gi")), vec![], 2),
            (to(Keep, Any), rec("400m", Some("1Gi")), vec![], 1),
            (to(Down, Any), vec![], vec![], 1),
            (Expect::RightSized, vec![], vec![], 0),
            (Expect::RightSized, vec![], vec![policy("OptedOut")], 1),
            (Expect::RightSized, rec("1", None), vec![], 1),
            (Expect::Skipped("OptedOut"), vec![], vec![policy("OptedOut")], 0),
            (Expect::Skipped("OptedOut"), vec![], vec![policy("StaleMetrics")], 1),
            (Expect::Skipped("OptedOut"), vec![], vec![], 1),
        ];
        for (i, (expect, recommendations, policies, count)) in table.into_iter().enumerate() {
            let found = differences(&[workload(expect)], &recommendations, &policies);
            assert_eq!(found.len(), count, "case {i}: {found:?}");
        }
    }
}
