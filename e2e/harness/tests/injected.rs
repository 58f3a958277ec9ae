//! Workloads with an injected sidecar: what is reported about it, and that status, QoS class and gates agree when a
//! proposal for the other containers is rolled out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt, api::PostParams};
use serde_json::{Value, json};
use support::{Guarded, SOON, condition, deployment, hungry, modest, namespace, prometheus, quick};
use trimtab_e2e::{PlaneOptions, eventually};

use crate::support;

const A_ROLLOUT: Duration = Duration::from_secs(60);
/// The sidecar of `web` requests less than its limits, that of `pinned` exactly as much.
const LOOSE: &str = r#"requests: {"cpu": "100m", "memory": "128Mi"}, limits: {"cpu": "2", "memory": "1Gi"}"#;
const EXACT: &str = r#"requests: {"cpu": "1", "memory": "1Gi"}, limits: {"cpu": "1", "memory": "1Gi"}"#;

/// What injects `istio-proxy` into the pods of one app.
fn injector(app: &str, resources: &str) -> Vec<Value> {
    let expression = format!(
        r#"Object{{spec: Object.spec{{containers: [Object.spec.containers{{name: "istio-proxy", image: "proxy:1",
        resources: Object.spec.containers.resources{{{resources}}}}}]}}}}"#
    );
    let pods = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]);
    let condition = format!(
        "object.metadata.?labels['app'].orValue('') == '{app}' && !object.spec.containers.exists(c, c.name == 'istio-proxy')"
    );
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": app}, "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": pods},
            "matchConditions": [{"name": "once", "expression": condition}],
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}]}});
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": app}, "spec": {"policyName": app}});
    vec![policy, binding]
}

/// A Deployment whose template is Guaranteed.
fn guaranteed(name: &str) -> Value {
    let mut object = deployment("shop", name, 2);
    let sizes = json!({"cpu": "500m", "memory": "512Mi"});
    object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": sizes, "limits": sizes});
    object
}

/// An API server takes about a second to enforce a new admission policy.
async fn injects(guarded: &Guarded, app: &str) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(guarded.cluster.client.clone(), "shop");
    let probe: Pod = serde_json::from_value(json!({"metadata": {"name": "probe", "labels": {"app": app}},
        "spec": {"containers": [{"name": "app", "image": "x"}]}}))?;
    let dry = PostParams { dry_run: true, ..Default::default() };
    eventually(SOON, "sidecars are injected", async || {
        let made = pods.create(&dry, &probe).await?;
        ensure!(made.spec.is_some_and(|s| s.containers.len() == 2), "not yet");
        Ok(())
    })
    .await
}

/// The QoS class and the sidecar of each pod of an app.
async fn facts(guarded: &Guarded, app: &str) -> Result<Vec<(String, Value)>> {
    let pods = guarded.cluster.pods().await?.into_iter();
    let ours = pods.filter(|p| p.labels().get("app").is_some_and(|a| a == app));
    let fact = |p: Pod| {
        let sidecar = p.spec.unwrap().containers.into_iter().find(|c| c.name == "istio-proxy").unwrap();
        (p.status.unwrap().qos_class.unwrap_or_default(), json!(sidecar.resources))
    };
    Ok(ours.map(fact).collect())
}

#[tokio::test]
async fn a_sidecar_is_advised_on_and_stays_and_the_class_of_service_with_it() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let cluster = &guarded.cluster;
    cluster.apply(&[namespace("shop")]).await?;
    for (app, resources) in [("web", LOOSE), ("pinned", EXACT)] {
        let path = cluster.plane.dir().join(format!("{app}.json"));
        let list = json!({"apiVersion": "v1", "kind": "List", "items": injector(app, resources)});
        std::fs::write(&path, list.to_string())?;
        cluster.plane.kubectl(&["apply", "-f", path.to_str().unwrap()]).await?;
        injects(&guarded, app).await?;
        cluster.apply(&[guaranteed(app)]).await?;
        cluster.ready("shop", app, 2).await?;
    }
    let mut history = trimtab_e2e::Backfill::new();
    for pod in cluster.pods().await?.iter().filter(|p| p.namespace().as_deref() == Some("shop")) {
        for (container, usage) in [("app", modest as support::Usage), ("istio-proxy", hungry)] {
            history = support::add(history, "shop", &pod.name_any(), container, 9, support::now(), usage);
        }
    }
    cluster.apply(&[quick("shop", &["shop"])]).await?;
    let (prometheus, _data) = prometheus(history).await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "20s"])?;
    for (app, class) in [("web", "Burstable"), ("pinned", "Guaranteed")] {
        let name = format!("deploy-{app}");
        let rec = guarded.stands("shop", &name, "PendingApproval", SOON).await?;
        let before = facts(&guarded, app).await?;
        ensure!(before.len() == 2 && before.iter().all(|(qos, _)| qos == class), "{app}: {before:?}");
        let status = &rec.data["status"];
        let names: Vec<&Value> =
            rec.data["spec"]["proposal"]["containers"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
        assert_eq!(names, ["app"], "the template cannot hold the size of the sidecar");
        let text = status["explanation"].as_str().unwrap_or_default();
        ensure!(text.contains("Container istio-proxy is injected"), "{text}");
        // It uses a core and 720Mi.
        ensure!(app == "pinned" || text.contains("memory request 128Mi → 8"), "{text}");
        ensure!(text.contains("sidecar.istio.io/proxyMemory: \""), "{text}");
        ensure!(!status["risk"].to_string().contains("QosClassChange"), "{}", status["risk"]);
        ensure!(!status["patch"].to_string().contains("istio"), "{}", status["patch"]);

        guarded.decide("shop", &name, "Approved").await?;
        let applied = guarded.stands("shop", &name, "Applied", A_ROLLOUT).await?;
        ensure!(condition(&applied, "Ready").is_some(), "{}", applied.data["status"]);
        assert_eq!(facts(&guarded, app).await?, before, "class and sidecar of {app} are what they were");
        let wanted = &rec.data["spec"]["proposal"]["containers"][0];
        for (pod, size) in guarded.sizes("shop", app).await? {
            assert_eq!(size["requests"], wanted["requests"], "{pod}");
            assert_eq!(size["limits"], wanted["limits"], "{pod}");
        }
    }
    drop(trimtab);
    Ok(())
}
