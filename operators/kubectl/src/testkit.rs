//! Recommendations for tests, and a session with a server that has some objects.
#![allow(clippy::unwrap_used)]

use http::{Request, Response};
use jiff::Timestamp;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use trimtab_api::{
    Recommendation,
    remediation::{identity::Identity, spec::RemediationAction},
    rollout::RolloutStatus,
};

use crate::cluster::Session;

pub const DIGEST: &str = "sha256:6e1bd4c0a7f26e1bd4c0a7f26e1bd4c0";

/// The present time in tests.
pub fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A complete Recommendation for Deployment/web, as Trimtab writes it, changed by a merge patch.
pub fn rec(change: Value) -> Recommendation {
    let mut object = json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": "deploy-web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7",
            "creationTimestamp": "2026-11-20T12:00:00Z"},
        "spec": {"type": "RightSize", "policyRef": {"name": "services"},
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "w-1"},
            "proposal": {"containers": [{"name": "app", "requests": {"cpu": "120m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}}]}},
        "status": {
            "conditions": [{"type": "Ready", "status": "False", "reason": "PendingApproval", "message": "it waits for somebody to approve it",
                "lastTransitionTime": "2026-11-20T12:00:00Z"}],
            "summary": {"cpu": "500m→120m", "memory": "512Mi→256Mi"},
            "current": [{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}],
            "proposalDigest": DIGEST, "confidencePercent": 96,
            "risk": {"level": "Low", "factors": [{"reason": "ShortHistory", "level": "Low", "message": "only 9 days are known"}]},
            "savings": {"monthly": "12.3", "currency": "USD", "priceSource": "built-in table, aws", "asOf": "2026-10-01", "pods": 3},
            "evidence": {"source": "Prometheus", "from": "2026-11-07T00:00:00Z", "to": "2026-11-21T00:00:00Z", "replayedDays": 14,
                "heldDays": 14, "algorithm": "sizing/3", "containers": [{"name": "app", "cpuSamples": 4032, "memorySamples": 4032,
                "cpuPercentile": 95, "cpuUsage": "98m", "cpuPeak": "131m", "memoryPeak": "190Mi", "oomKills": 0, "restarts": 1,
                "throttledPercent": 2, "cpuReason": "Usage", "memoryReason": "Peak"}]},
            "explanation": "Container app: CPU at most 98m in 95 % of its samples.\nIt saves 12.30 USD a month.",
        },
    });
    json_patch::merge(&mut object, &change);
    serde_json::from_value(object).unwrap()
}

/// A RemediationAction of two steps that waits for an approval, changed by a merge patch.
pub fn action(change: Value) -> RemediationAction {
    let step = |name: &str, action: &str| json!({"name": name, "action": action, "target": {"apiVersion": "v1", "kind": "Node", "name": "n1"}});
    let mut object = json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "RemediationAction",
        "metadata": {"name": "drain", "namespace": "shop", "uid": "u-9", "resourceVersion": "7", "generation": 1,
            "creationTimestamp": "2026-11-21T11:00:00Z"},
        "spec": {"mode": "Execute", "steps": [step("cordon", "CordonNode"), step("drain", "DrainNode")]},
        "status": {
            "conditions": [{"type": "Ready", "status": "False", "reason": "PendingApproval", "message": "it waits for somebody to approve it",
                "lastTransitionTime": "2026-11-21T11:00:00Z"}],
            "proposalDigest": DIGEST,
            "risk": {"level": "High", "proposalDigest": DIGEST, "factors": [{"reason": "SystemNode", "level": "High", "message": "it runs DNS"}]},
        },
    });
    if !change.is_null() {
        json_patch::merge(&mut object, &change);
    }
    serde_json::from_value(object).unwrap()
}

/// A user with this name.
pub fn user(name: &str) -> Identity {
    Identity { username: name.to_owned(), uid: None, groups: Vec::new(), extra: Default::default() }
}

/// A rollout of [`DIGEST`] in its second step, changed by a merge patch.
pub fn rollout(change: Value) -> Value {
    let mut object = json!({
        "proposalDigest": DIGEST, "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "w-1", "template": "ab12", "stage": "Watching",
        "step": 2, "steps": 3, "progress": "4/10", "started": "2026-11-21T11:40:00Z", "stageSince": "2026-11-21T11:58:00Z",
        "former": [{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}],
        "desired": [{"name": "app", "requests": {"cpu": "120m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}}],
        "delivery": "Admission", "baseline": {"readyPods": 10, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 4},
    });
    json_patch::merge(&mut object, &change);
    let _: RolloutStatus = serde_json::from_value(object.clone()).unwrap();
    object
}

/// A session with a server that has these objects, by the end of their paths, and answers all other requests with `code`,
/// 403 or 404.
pub fn session(objects: Value, code: u16) -> Session {
    let reason = if code == 404 { "NotFound" } else { "Forbidden" };
    let failure = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": "no"});
    let answer = move |request: Request<Body>| {
        let path = request.uri().path().to_owned();
        let found = objects.as_object().unwrap().iter().find(|(end, _)| path.ends_with(end.as_str()));
        let (code, body) = found.map_or((code, &failure), |(_, object)| (200, object));
        let response = Response::builder().status(code).body(Body::from(body.to_string().into_bytes())).unwrap();
        async move { Ok::<_, std::convert::Infallible>(response) }
    };
    Session::with_client(Client::new(tower::service_fn(answer), "shop"))
}
