//! What an administrator may write into an AppliedSizes object by hand. The schema refuses most; what was stored under
//! another schema must not block the creation of a pod either.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    bed::Bed,
    shape::{Sizes, amounts, app, applied, deployment, entry, namespace, of_app, same, sizes, usual, workload},
};

fn one(from: Value, to: Value) -> Value {
    json!({"uid": "u", "recommendation": "r", "proposalDigest": "sha256:0123", "containers": [{"name": "app", "from": from, "to": to}]})
}

/// The spec of an object, and whether the schema admits it.
fn cases() -> Vec<(&'static str, Value, bool)> {
    let from = || usual().from;
    let web = |w: Value| json!({"workloads": {"Deployment/web": w}});
    let to = |requests: Value, limits: Value| web(one(from(), json!({"requests": requests, "limits": limits})));
    let without = |field: &str| {
        let mut whole = one(from(), usual().to);
        whole.as_object_mut().unwrap().remove(field);
        web(whole)
    };
    vec![
        ("request above limit", web(workload("u", &[of_app("500m 512Mi / 1 512Mi", "2 512Mi / 1 512Mi")])), true),
        ("memory request above limit", web(workload("u", &[of_app("500m 512Mi / 1 512Mi", "1 1Gi / 1 512Mi")])), true),
        ("no quantity", to(json!({"cpu": "much"}), json!({})), false),
        ("empty quantity", to(json!({"cpu": ""}), json!({})), false),
        ("negative", to(json!({"cpu": "-1"}), json!({})), false),
        ("out of range", to(json!({"memory": "999999999999999E"}), json!({"memory": "999999999999999E"})), true),
        ("a number", to(json!({"cpu": 1}), json!({"cpu": 2})), true),
        ("a broken number", to(json!({"cpu": 1.5}), json!({})), false),
        ("a list", to(json!(["cpu"]), json!({})), false),
        ("text for sets", web(one(json!("x"), json!("y"))), false),
        ("null", to(json!({"cpu": null}), json!({"memory": null})), false),
        (
            "no from",
            web(
                json!({"uid": "u", "recommendation": "r", "proposalDigest": "sha256:0123", "containers": [{"name": "app", "to": usual().to}]}),
            ),
            false,
        ),
        (
            "no to",
            web(
                json!({"uid": "u", "recommendation": "r", "proposalDigest": "sha256:0123", "containers": [{"name": "app", "from": from()}]}),
            ),
            false,
        ),
        (
            "no name",
            web(
                json!({"uid": "u", "recommendation": "r", "proposalDigest": "sha256:0123", "containers": [{"from": from(), "to": usual().to}]}),
            ),
            false,
        ),
        ("no containers", without("containers"), false),
        ("no uid", without("uid"), false),
        ("no recommendation", without("recommendation"), false),
        (
            "containers that are text",
            web(json!({"uid": "u", "recommendation": "r", "proposalDigest": "sha256:0123", "containers": "app"})),
            false,
        ),
        ("a workload that is text", web(json!("big")), false),
        ("workloads that are a list", json!({"workloads": ["Deployment/web"]}), false),
        ("an empty spec", json!({}), true),
        ("a spec that is text", json!("x"), false),
        (
            "a long recommendation with quotes",
            web(
                json!({"uid": "u", "recommendation": "\"\n\u{1F600}", "proposalDigest": "sha256:0123", "containers": [{"name": "app", "from": from(), "to": usual().to}]}),
            ),
            true,
        ),
    ]
}

pub async fn hold(bed: &Bed) -> Result<usize> {
    let named: Vec<(String, _)> = cases().into_iter().enumerate().map(|(i, case)| (format!("bad-{i}"), case)).collect();
    bed.each(&named, async |(name, (what, spec, allowed))| {
        bed.put(&namespace(name)).await?;
        let answer = bed.put(&object(name, spec)).await;
        // Null fields are dropped before the schema is checked.
        ensure!(answer.is_ok() == *allowed || *what == "null", "{what}: {answer:?}");
        Ok(())
    })
    .await?;
    bed.plane.kubectl(&["patch", "crd", "appliedsizes.trimtab.dev", "--type=json", "-p", ANYTHING]).await?;
    let any = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes", "metadata": {"name": "any", "namespace": "first"}, "spec": {"workloads": [1]}});
    trimtab_e2e::eventually(super::bed::SOON, "the schema lets anything in", async || bed.put(&any).await.map(drop))
        .await?;
    for (name, (what, spec, _)) in &named {
        bed.put(&object(name, spec)).await.with_context(|| *what)?;
    }
    bed.make(&[namespace("bad-end"), entry("bad-end", "Deployment/web", &[usual()])]).await?;
    bed.sees("bad-end").await?;
    bed.each(&named, async |(name, (what, ..))| {
        bed.put(&deployment(name, &json!({"containers": [app(&amounts("500m 512Mi / 1 512Mi"))]}))).await?;
        let has = sizes(&bed.pod(name).await.context(*what)?);
        let as_template = same(&has, &Sizes::from([("app".to_owned(), usual().from)]));
        ensure!(as_template || SIZED.contains(what), "{what}: {has:?}");
        Ok(())
    })
    .await?;
    Ok(named.len())
}

/// Odd, but still a size that a pod may have.
const SIZED: [&str; 5] = ["a number", "out of range", "a long recommendation with quotes", "no uid", "null"];

const ANYTHING: &str = r#"[{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}]"#;

fn object(namespace: &str, spec: &Value) -> Value {
    let mut object = applied(namespace, "trimtab", json!({}));
    object["spec"] = spec.clone();
    object
}
