//! Manifests that the API server refuses by schema and rules, each with a message that says what to do.

use anyhow::{Result, ensure};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{Cluster, policy, policy_with};

fn book(spec: Value) -> Value {
    let mut object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "PriceBook", "metadata": {"name": "x"},
        "spec": {"currency": "USD", "source": "test", "asOf": "2026-01-01"}});
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

fn recommendation(kind: &str, requests: Value, limits: Value) -> Value {
    json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": "x", "namespace": "good"},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": kind, "name": "web"},
            "proposal": {"containers": [{"name": "app", "requests": requests, "limits": limits}]}}})
}

fn cases() -> Vec<(&'static str, Value, &'static str)> {
    let p = |spec: Value| policy_with("x", &["good"], spec);
    let mut no_scope = policy("x", &["good"]);
    no_scope["spec"].as_object_mut().unwrap().remove("targetNamespaces");
    let mut selector = no_scope.clone();
    selector["spec"]["namespaceSelector"] = json!({});
    let select = |selector: Value| {
        let mut object = no_scope.clone();
        object["spec"]["namespaceSelector"] = selector;
        object
    };
    let node = |entry: Value| {
        let mut whole = json!({"name": "a", "instanceType": "m5.large"});
        entry.as_object().unwrap().iter().for_each(|(key, value)| whole[key] = value.clone());
        book(json!({"nodes": [whole]}))
    };
    vec![
        ("no namespaces at all", no_scope.clone(), "exactly one of targetNamespaces and namespaceSelector must be set"),
        (
            "names and a selector",
            p(json!({"namespaceSelector": {"matchLabels": {"a": "b"}}})),
            "exactly one of targetNamespaces",
        ),
        ("an empty list of namespaces", policy("x", &[]), "should have at least 1 items"),
        ("an empty selector", selector, "an empty selector selects nothing"),
        ("an empty workload selector", p(json!({"workloadSelector": {}})), "an empty selector selects nothing"),
        ("a namespace that is no name", policy("x", &["Good_Namespace"]), "targetNamespaces must contain names"),
        ("a namespace twice", policy("x", &["good", "good"]), "duplicate"),
        ("a label value with blanks", select(json!({"matchLabels": {"app": "a b"}})), "should match"),
        ("a label value of 64 letters", select(json!({"matchLabels": {"app": "a".repeat(64)}})), "Too long"),
        (
            "a label key that is none",
            select(json!({"matchExpressions": [{"key": "-a", "operator": "Exists"}]})),
            "should match",
        ),
        (
            "In without values",
            select(json!({"matchExpressions": [{"key": "a", "operator": "In"}]})),
            "operators In and NotIn require values",
        ),
        (
            "an operator that is none",
            select(json!({"matchExpressions": [{"key": "a", "operator": "Like"}]})),
            "Unsupported value: \"Like\"",
        ),
        ("a kind that is not sized", p(json!({"kinds": ["Pod"]})), "Unsupported value: \"Pod\""),
        ("a list where a name is meant", p(json!({"sizing": {"profile": ["Balanced"]}})), "profile"),
        ("a profile that is none", p(json!({"sizing": {"profile": "Bold"}})), "Unsupported value: \"Bold\""),
        (
            "a minimum above the maximum",
            p(json!({"sizing": {"cpu": {"min": "2", "max": "1"}}})),
            "cpu.min is above cpu.max",
        ),
        (
            "a memory maximum below the default minimum",
            p(json!({"sizing": {"memory": {"max": "16Mi"}}})),
            "memory.max is below the default of memory.min",
        ),
        (
            "memory in thousandths of a byte",
            p(json!({"sizing": {"memory": {"min": "512m"}}})),
            "write for example 512Mi",
        ),
        ("a negative quantity", p(json!({"sizing": {"cpu": {"min": "-1"}}})), "should match"),
        ("a quantity that is none", p(json!({"sizing": {"cpu": {"min": "much"}}})), "should match"),
        (
            "a percentile of 101",
            p(json!({"sizing": {"cpu": {"percentile": 101}}})),
            "should be less than or equal to 100",
        ),
        (
            "a container's own contradiction",
            p(json!({"sizing": {"cpu": {"max": "1"}, "containers": [{"name": "a", "cpu": {"min": "2"}}]}})),
            "a container's cpu.min is above its cpu.max",
        ),
        (
            "Off, and numbers",
            p(json!({"sizing": {"containers": [{"name": "a", "mode": "Off", "cpu": {"min": "1"}}]}})),
            "cpu and memory have no effect with mode Off",
        ),
        ("a container twice", p(json!({"sizing": {"containers": [{"name": "a"}, {"name": "a"}]}})), "duplicate"),
        ("a window in weeks", p(json!({"history": {"window": "2w"}})), "should match"),
        (
            "less history than there is time",
            p(json!({"history": {"window": "24h", "minimum": "48h"}})),
            "minimum is longer than window",
        ),
        ("data of a second ago", p(json!({"metrics": {"maxAge": "1s"}})), "maxAge must be between 1m and 24h"),
        (
            "approval of everything",
            p(json!({"autoApprove": {"minConfidencePercent": 90, "maxRiskLevel": "Critical"}})),
            "maxRiskLevel must be Low, Medium or High",
        ),
        (
            "approval of what a person applies",
            p(
                json!({"delivery": {"mode": "Manual"}, "autoApprove": {"minConfidencePercent": 90, "maxRiskLevel": "Low"}}),
            ),
            "autoApprove cannot be used with delivery.mode Manual",
        ),
        (
            "steps that end early",
            p(json!({"rolloutStrategy": {"steps": [{"replicas": "50%"}]}})),
            "the last step must have replicas: 100%",
        ),
        (
            "steps that descend",
            p(json!({"rolloutStrategy": {"steps": [{"replicas": "50%"}, {"replicas": "20%"}, {"replicas": "100%"}]}})),
            "steps must ascend",
        ),
        (
            "a schedule of four fields",
            p(json!({"windows": [{"kind": "Allow", "schedule": "0 22 * *", "duration": "1h"}]})),
            "schedule must have five fields",
        ),
        ("a priority beyond all", p(json!({"priority": 1001})), "should be less than or equal to 1000"),
        ("a field that there is not", p(json!({"sizeing": {}})), ".spec.sizeing: field not declared in schema"),
        ("a price of zero", node(json!({"hourly": "0"})), "a price is zero, which hides the cost of these nodes"),
        ("a price below zero", node(json!({"hourly": "-1"})), "should match"),
        (
            "a price and no node",
            book(json!({"nodes": [{"name": "a", "hourly": "1"}]})),
            "exactly one of nodeSelector and instanceType",
        ),
        ("a price and half a price", node(json!({"hourly": "1", "cpuCoreHourly": "1"})), "either hourly, or both"),
        (
            "a discount of everything",
            book(json!({"discounts": [{"name": "a", "percent": 100}]})),
            "should be less than or equal to 99",
        ),
        ("a currency that is none", book(json!({"currency": "Dollar"})), "Too long"),
        ("a date that is none", book(json!({"asOf": "2026-02-31"})), "asOf"),
        (
            "a request above its limit",
            recommendation("Deployment", json!({"cpu": "2"}), json!({"cpu": "1"})),
            "requests.cpu must not be above limits.cpu",
        ),
        (
            "a proposal of nothing",
            recommendation("Deployment", json!({}), json!({})),
            "must set at least one request or limit",
        ),
        (
            "a proposal for a ConfigMap",
            recommendation("ConfigMap", json!({"cpu": "1"}), json!({})),
            "type RightSize requires a Deployment",
        ),
    ]
}

/// Sends each with a dry run.
pub async fn are_refused(cluster: &Cluster) -> Result<()> {
    for (what, manifest, says) in cases() {
        let (kind, plural) = match manifest["kind"].as_str().unwrap() {
            "OptimizationPolicy" => ("OptimizationPolicy", "optimizationpolicies"),
            "PriceBook" => ("PriceBook", "pricebooks"),
            _ => ("Recommendation", "recommendations"),
        };
        let api = cluster.api(kind, plural, manifest["metadata"]["namespace"].as_str());
        let mut params = PatchParams::apply("e2e").force();
        params.dry_run = true;
        // As kubectl requests it.
        params.field_validation = Some(kube::api::ValidationDirective::Strict);
        let answer = api.patch("x", &params, &Patch::Apply(&manifest)).await;
        let Err(refused) = answer else { anyhow::bail!("{what} is accepted") };
        let text = refused.to_string();
        ensure!(text.contains(says), "{what}: {says:?} is not in {text}");
    }
    println!("{} manifests were refused", cases().len());
    // Sent in the same ways, without errors: accepted.
    let params = PatchParams { dry_run: true, ..PatchParams::apply("e2e").force() };
    let good = recommendation("Deployment", json!({"cpu": "1"}), json!({}));
    cluster.api("Recommendation", "recommendations", Some("good")).patch("x", &params, &Patch::Apply(&good)).await?;
    cluster.api("PriceBook", "pricebooks", None).patch("x", &params, &Patch::Apply(&book(json!({})))).await?;
    cluster
        .api("OptimizationPolicy", "optimizationpolicies", None)
        .patch("x", &params, &Patch::Apply(&policy("x", &["good"])))
        .await?;
    Ok(())
}
