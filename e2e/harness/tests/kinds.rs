//! StatefulSets, DaemonSets and CronJobs are rolled out like Deployments: running pods are resized in place, later ones
//! have the size from the beginning, and a rejection undoes all of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{ApiResource, DeleteParams, Patch, PatchParams},
    core::{DynamicObject, GroupVersionKind},
};
use serde_json::{Value, json};
use support::{AGENT, DAY, Guarded, SOON, add, modest, namespace, now, prometheus, quick};
use trimtab_e2e::{AuditEvent, PlaneOptions, Prometheus, WorkDir, eventually};

use crate::support;

const A_ROLLOUT: Duration = Duration::from_secs(90);

/// A workload: its kind, its name, which is also the label `app` of its pods, its Recommendation, and its number of
/// pods.
struct Case {
    kind: &'static str,
    app: &'static str,
    recommendation: &'static str,
    pods: usize,
}

const CASES: [Case; 3] = [
    Case { kind: "StatefulSet", app: "db", recommendation: "sts-db", pods: 3 },
    Case { kind: "DaemonSet", app: "agent", recommendation: "ds-agent", pods: 2 },
    Case { kind: "CronJob", app: "report", recommendation: "cronjob-report", pods: 0 },
];

/// A pod template with one container that requests more than it uses.
fn template(app: &str, restart: Option<&str>) -> Value {
    let mut template = json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [{
        "name": "app", "image": "fake/app:1",
        "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}}]}});
    if let Some(restart) = restart {
        template["spec"]["restartPolicy"] = json!(restart);
    }
    template
}

fn manifest(case: &Case) -> Value {
    let (app, metadata) = (case.app, json!({"name": case.app, "namespace": "shop"}));
    let selector = json!({"matchLabels": {"app": app}});
    let (version, spec) = match case.kind {
        "StatefulSet" => (
            "apps/v1",
            json!({"replicas": case.pods, "serviceName": app, "selector": selector, "template": template(app, None)}),
        ),
        "DaemonSet" => ("apps/v1", json!({"selector": selector, "template": template(app, None)})),
        _ => (
            "batch/v1",
            json!({"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": template(app, Some("Never"))}}}),
        ),
    };
    json!({"apiVersion": version, "kind": case.kind, "metadata": metadata, "spec": spec})
}

/// Where the pod template is in the spec of `kind`.
fn template_path(kind: &str) -> &'static str {
    if kind == "CronJob" { "/spec/jobTemplate/spec/template" } else { "/spec/template" }
}

fn workloads(guarded: &Guarded, case: &Case) -> Api<DynamicObject> {
    let (group, plural) = match case.kind {
        "StatefulSet" => ("apps", "statefulsets"),
        "DaemonSet" => ("apps", "daemonsets"),
        _ => ("batch", "cronjobs"),
    };
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", case.kind), plural);
    Api::namespaced_with(guarded.cluster.client.clone(), "shop", &resource)
}

async fn world(guarded: &Guarded, delivery: &str) -> Result<(Prometheus, WorkDir)> {
    guarded.cluster.apply(&[namespace("shop")]).await?;
    for case in &CASES {
        guarded.cluster.apply(&[manifest(case)]).await?;
        // The harness applies with its own field manager, which Template delivery would rightly not overwrite.
        let released = json!({"metadata": {"managedFields": [{}]}});
        workloads(guarded, case).patch(case.app, &PatchParams::default(), &Patch::Merge(&released)).await?;
    }
    for case in &CASES {
        running(guarded, case, |_| true).await?;
    }
    let history = guarded.cluster.history(9, |_| Some(modest)).await?;
    // Three completed runs of the CronJob: with fewer nothing is lowered, and a running pod that is not here is another
    // cluster's. A CronJob names its Jobs by the minute of their start.
    let minute = (now() - 9 * DAY) / 60;
    let history = (0..3).fold(history, |history, nth| {
        add(history, "shop", &format!("report-{}-bc2df", minute + nth), "app", 8, now() - DAY, modest)
    });
    let mut policy = quick("shop", &["shop"]);
    policy["spec"]["delivery"] = json!({"mode": delivery});
    guarded.cluster.apply(&[policy]).await?;
    prometheus(history).await
}

/// Waits until the case's number of pods run, all ready and with requests that are `right`.
async fn running(guarded: &Guarded, case: &Case, right: impl Fn(&Value) -> bool) -> Result<()> {
    eventually(SOON, &format!("the pods of {} {}", case.kind, case.app), async || {
        let sizes = guarded.sizes("shop", case.app).await?;
        let pods = guarded.cluster.pods().await?;
        let ready = pods.iter().filter(|p| {
            let ours = p.metadata.labels.as_ref().and_then(|l| l.get("app")).is_some_and(|app| app == case.app);
            let conditions = p.status.as_ref().and_then(|s| s.conditions.as_ref());
            ours && conditions.is_some_and(|c| c.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
        });
        let ready = ready.count();
        ensure!(sizes.len() == case.pods && ready == case.pods, "{ready} ready of {}", sizes.len());
        ensure!(sizes.iter().all(|(_, size)| right(&size["requests"])), "{sizes:?}");
        Ok(())
    })
    .await
}

/// Starts a Job as the CronJob does, and returns its pod's requests.
async fn run_once(guarded: &Guarded, minute: i64) -> Result<Value> {
    let cron = workloads(guarded, &CASES[2]).get("report").await?;
    let name = format!("report-{minute}");
    let owner = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "report",
        "uid": cron.metadata.uid, "controller": true}]);
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "spec": cron.data["spec"]["jobTemplate"]["spec"],
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": owner}});
    guarded.cluster.apply(&[job]).await?;
    let pods: Api<Pod> = Api::namespaced(guarded.cluster.client.clone(), "shop");
    eventually(SOON, &format!("a pod of Job {name}"), async || {
        let all = pods.list(&kube::api::ListParams::default().labels(&format!("job-name={name}"))).await?.items;
        let pod = all.first().ok_or_else(|| anyhow::anyhow!("none yet"))?;
        Ok(json!(pod.spec.as_ref().unwrap().containers[0].resources.as_ref().unwrap().requests))
    })
    .await
}

/// How often Trimtab successfully resized pods of each case.
fn resizes(guarded: &Guarded) -> Result<[usize; 3]> {
    let events = guarded.cluster.plane.audit().events()?;
    let done = |e: &&AuditEvent| e.user_agent.starts_with(AGENT) && e.target() == "pods/resize" && e.code == 200;
    Ok(CASES.map(|case| events.iter().filter(done).filter(|e| e.name.starts_with(case.app)).count()))
}

#[tokio::test]
async fn by_admission_what_runs_is_resized_and_what_comes_later_has_the_size() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, "Auto").await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "20s"])?;
    let former = json!({"cpu": "500m", "memory": "512Mi"});
    let mut proposed = Vec::new();
    for case in &CASES {
        let rec = guarded.stands("shop", case.recommendation, "PendingApproval", SOON).await?;
        proposed.push(rec.data["spec"]["proposal"]["containers"][0]["requests"].clone());
        guarded.decide("shop", case.recommendation, "Approved").await?;
    }
    let pods: Api<Pod> = Api::namespaced(guarded.cluster.client.clone(), "shop");
    for (case, wanted) in CASES.iter().zip(&proposed) {
        let applied = guarded.stands("shop", case.recommendation, "Applied", A_ROLLOUT).await?;
        assert_eq!(applied.data["status"]["rollout"]["delivery"], "Admission", "{}", case.kind);
        running(&guarded, case, |requests| requests == wanted).await?;
        // The template is unchanged, and a recreated pod has the size.
        let template = workloads(&guarded, case).get(case.app).await?.data;
        let container = template.pointer(template_path(case.kind)).unwrap()["spec"]["containers"][0].clone();
        assert_eq!(container["resources"]["requests"], former, "{}", case.kind);
        for (pod, _) in guarded.sizes("shop", case.app).await?.into_iter().take(1) {
            pods.delete(&pod, &DeleteParams::default()).await?;
        }
        running(&guarded, case, |requests| requests == wanted).await?;
    }
    assert_eq!(resizes(&guarded)?, [3, 2, 0], "each pod once");
    assert_eq!(run_once(&guarded, now() / 60).await?, proposed[2], "a later run has the size");

    for case in &CASES {
        guarded.decide("shop", case.recommendation, "Rejected").await?;
    }
    for case in &CASES {
        guarded.stands("shop", case.recommendation, "RolledBack", A_ROLLOUT).await?;
        if case.kind != "CronJob" {
            running(&guarded, case, |requests| *requests == former).await?;
        }
    }
    assert_eq!(run_once(&guarded, now() / 60 + 1).await?, former, "and one after the undo has not");
    drop(trimtab);
    Ok(())
}

#[tokio::test]
async fn by_template_the_workload_replaces_what_runs() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, "Template").await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "20s"])?;
    for case in &CASES {
        guarded.stands("shop", case.recommendation, "PendingApproval", SOON).await?;
        guarded.decide("shop", case.recommendation, "Approved").await?;
    }
    for case in &CASES {
        let applied = guarded.stands("shop", case.recommendation, "Applied", A_ROLLOUT).await?;
        let wanted = applied.data["spec"]["proposal"]["containers"][0]["requests"].clone();
        let workload = workloads(&guarded, case).get(case.app).await?.data;
        let container = workload.pointer(template_path(case.kind)).unwrap()["spec"]["containers"][0].clone();
        assert_eq!(container["resources"]["requests"], wanted, "{}: the template has the size", case.kind);
        running(&guarded, case, |requests| *requests == wanted).await?;
    }
    drop(trimtab);
    Ok(())
}
