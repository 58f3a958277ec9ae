//! What there is on the server: a namespace, a node, the shipped admission policies, a policy, Deployments, and
//! Recommendations as the policy controller and people write them.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_api::{names::FINALIZER, recommendation::Proposal, target::TargetRef};
use trimtab_core::digest;
use trimtab_testkit::Server;

use crate::bed::{START, clock};

/// The CPU requests before and after.
pub const FORMER: &str = "500m";
pub const NEW: &str = "250m";

/// The plurals of the kinds in the shipped manifests.
const PLURALS: [(&str, &str); 4] = [
    ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
    ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
    ("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
    ("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings"),
];

/// Installs the admission policies, whose account has to be `account`, and makes a namespace, a node and a policy.
pub fn cluster(server: &Server, account: &str) {
    let installed = Timestamp::from_second(START - 3600).unwrap().to_string();
    for file in ["approval", "sizes"] {
        let path = format!("{}/../../../policies/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
        let manifest = std::fs::read_to_string(path).unwrap();
        assert!(file == "sizes" || manifest.contains(account));
        for document in serde_yaml::Deserializer::from_str(&manifest) {
            let mut object = Value::deserialize(document).unwrap();
            object["metadata"]["creationTimestamp"] = json!(installed);
            let plural = PLURALS.iter().find(|(kind, _)| object["kind"] == *kind).unwrap().1;
            server.put(plural, object);
        }
    }
    server.put("namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    let room = json!({"cpu": "16", "memory": "64Gi", "pods": "110"});
    server.put(
        "nodes",
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {},
            "status": {"allocatable": room, "capacity": room}}),
    );
    server.put(
        "optimizationpolicies",
        json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": "shop"},
            "spec": {"targetNamespaces": ["shop"],
                "rolloutStrategy": {"steps": [{"replicas": 1, "pause": "20s"}, {"replicas": "100%"}]},
                "verification": {"window": "30s"},
                "limits": {"cooldown": "0s", "maxConcurrentRollouts": 1}}}),
    );
}

fn labels(workload: &str) -> Value {
    json!({"app": workload})
}

fn containers(cpu: &str) -> Value {
    json!([{"name": "app", "image": "app:1", "resources": {
        "requests": {"cpu": cpu, "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}}])
}

/// A Deployment with its ReplicaSet and two pods.
pub fn deployment(server: &Server, name: &str) {
    let template = json!({"metadata": {"labels": labels(name)}, "spec": {"containers": containers(FORMER)}});
    let made = server.put(
        "deployments",
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels(name)}, "template": template},
            "status": {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}}),
    );
    let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true,
        "uid": made["metadata"]["uid"]}]);
    server.put(
        "replicasets",
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("{name}-1"), "namespace": "shop", "ownerReferences": owner}}),
    );
    for pod in ["a", "b"] {
        self::pod(server, name, pod);
    }
}

/// A running pod of a Deployment, made from its template.
pub fn pod(server: &Server, workload: &str, name: &str) {
    let set = format!("{workload}-1");
    let uid = server.get("replicasets", "shop", &set).unwrap()["metadata"]["uid"].clone();
    let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": uid, "controller": true}]);
    server.put(
        "pods",
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("{workload}-1-{name}"), "namespace": "shop",
                "labels": labels(workload), "ownerReferences": owner},
            "spec": {"nodeName": "n1", "containers": containers(FORMER)},
            "status": {"phase": "Running", "qosClass": "Burstable",
                "startTime": clock().saturating_sub(SignedDuration::from_hours(1)).unwrap().to_string(),
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]}}),
    );
}

/// A Recommendation as the policy controller writes it. Returns its name.
pub fn recommendation(server: &Server, workload: &str) -> String {
    let name = format!("deploy-{workload}");
    let mut object = proposal(server, workload, &name, NEW);
    object["spec"]["policyRef"] = json!({"name": "shop"});
    object["status"] = json!({"proposalDigest": digest(&object)});
    server.put("recommendations", object);
    name
}

/// A Recommendation as a person proposes it.
pub fn by_hand(server: &Server, workload: &str, name: &str, cpu: &str) {
    let object = proposal(server, workload, name, cpu);
    server.put("recommendations", object);
}

fn proposal(server: &Server, workload: &str, name: &str, cpu: &str) -> Value {
    let uid = server.get("deployments", "shop", workload).unwrap()["metadata"]["uid"].clone();
    json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"type": "RightSize",
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload, "uid": uid},
            "proposal": {"containers": [{"name": "app",
                "requests": {"cpu": cpu, "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}]}}})
}

/// The digest of what a Recommendation proposes.
pub fn digest(object: &Value) -> String {
    let target: TargetRef = serde_json::from_value(object["spec"]["targetRef"].clone()).unwrap();
    let proposal: Proposal = serde_json::from_value(object["spec"]["proposal"].clone()).unwrap();
    digest::of(&(&target, &proposal)).unwrap()
}

/// Decides on what the status shows, as a person.
pub fn decide(server: &Server, name: &str, decision: &str) {
    server.edit(("recommendations", "shop", name), "kubectl-edit", |rec| {
        rec["spec"]["approval"] =
            json!({"decision": decision, "approver": "bob", "proposalDigest": rec["status"]["proposalDigest"]});
    });
}

/// Approves several at one moment. They have their finalizers, as after an earlier rollout: so all of them measure their
/// workloads before the first takes its place.
pub fn approve_at_once(server: &Server, names: &[&str]) {
    for name in names {
        server.edit(("recommendations", "shop", name), "trimtab-recommendation", |rec| {
            rec["metadata"]["finalizers"] = json!([FINALIZER]);
        });
        decide(server, name, "Approved");
    }
}

/// Takes a decision back, as a person.
pub fn undecide(server: &Server, name: &str) {
    server.edit(("recommendations", "shop", name), "kubectl-edit", |rec| {
        rec["spec"].as_object_mut().unwrap().remove("approval");
    });
}

/// Lets the policy approve by itself.
pub fn approve_by_policy(server: &Server) {
    server.edit(("optimizationpolicies", "", "shop"), "kubectl-edit", |policy| {
        policy["spec"]["autoApprove"] = json!({"minConfidencePercent": 50, "maxRiskLevel": "High"});
    });
}

/// The figures of a policy's Recommendation, as the policy controller writes them.
pub fn assess(server: &Server, name: &str) {
    server.edit(("recommendations", "shop", name), "trimtab-optimization-policy", |rec| {
        rec["status"]["confidencePercent"] = json!(99);
        rec["status"]["risk"] = json!({"level": "Low"});
    });
}

/// Switches the emergency stop on.
pub fn halt(server: &Server) {
    let meta = json!({"name": "trimtab-halt", "namespace": crate::bed::OWN});
    server
        .put("configmaps", json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"by": "carol"}}));
}
