//! An approved recommendation is rolled out: pods are resized in place, a few at a time, verified, made permanent; and
//! undone when somebody rejects it or the workload gets worse.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use support::{AGENT, Cluster, Guarded, SOON, deployment, modest, namespace, prometheus, quick};
use trimtab_e2e::{Fault, FaultyHttp, PlaneOptions, Prometheus, WorkDir, eventually};

use crate::support;

const A_ROLLOUT: Duration = Duration::from_secs(60);

async fn world(guarded: &Guarded, names: &[(&str, i32)]) -> Result<(Prometheus, WorkDir)> {
    let cluster: &Cluster = &guarded.cluster;
    cluster.apply(&[namespace("shop")]).await?;
    for (name, replicas) in names {
        cluster.apply(&[deployment("shop", name, *replicas)]).await?;
    }
    for (name, replicas) in names {
        cluster.ready("shop", name, *replicas).await?;
    }
    let history = cluster.history(9, |_| Some(modest)).await?;
    cluster.apply(&[quick("shop", &["shop"])]).await?;
    prometheus(history).await
}

/// The requests that a Recommendation proposes for its first container.
fn proposed(rec: &DynamicObject) -> Value {
    rec.data["spec"]["proposal"]["containers"][0]["requests"].clone()
}

/// How many different sizes the pods of a Deployment have, and which.
async fn requests(guarded: &Guarded, app: &str) -> Result<BTreeSet<String>> {
    Ok(guarded.sizes("shop", app).await?.into_iter().map(|(_, size)| size["requests"].to_string()).collect())
}

/// Trimtab's writes to pods, as `name code`.
fn resizes(guarded: &Guarded) -> Result<Vec<String>> {
    let events = guarded.cluster.plane.audit().events()?;
    let resize = |e: &&trimtab_e2e::AuditEvent| e.user_agent.starts_with(AGENT) && e.target() == "pods/resize";
    Ok(events.iter().filter(resize).map(|e| format!("{} {}", e.name, e.code)).collect())
}

#[tokio::test]
async fn an_approved_change_is_carried_out_and_lasts_and_a_rejection_undoes_it() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 4)]).await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "20s"])?;
    let rec = guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
    let former = guarded.sizes("shop", "web").await?;
    guarded.decide("shop", "deploy-web", "Approved").await?;
    let applied = guarded.stands("shop", "deploy-web", "Applied", A_ROLLOUT).await?;
    assert_eq!(requests(&guarded, "web").await?, BTreeSet::from([proposed(&rec).to_string()]));
    let once = resizes(&guarded)?;
    assert_eq!(once.len(), 4, "one write a pod: {once:?}");
    assert_eq!(applied.data["status"]["approval"]["by"], json!({"kind": "Person", "name": "bob"}));
    let realised = eventually(SOON, "what it saves is shown", async || {
        let rec = guarded.stands("shop", "deploy-web", "Applied", SOON).await?;
        let realised = rec.data["status"]["realisedSavings"].clone();
        ensure!(realised["pods"] == 4, "{realised}");
        Ok(realised)
    })
    .await?;
    assert_eq!(realised["monthly"], rec.data["status"]["savings"]["monthly"]);
    // A new pod has the size from the beginning, and the template is unchanged.
    guarded.cluster.plane.kubectl(&["scale", "-n", "shop", "deployment/web", "--replicas=5"]).await?;
    guarded.cluster.ready("shop", "web", 5).await?;
    assert_eq!(requests(&guarded, "web").await?, BTreeSet::from([proposed(&rec).to_string()]));
    let again = guarded.stands("shop", "deploy-web", "Applied", SOON).await?;
    assert_eq!(again.data["spec"]["proposal"], rec.data["spec"]["proposal"], "the record of it stays");

    guarded.decide("shop", "deploy-web", "Rejected").await?;
    guarded.stands("shop", "deploy-web", "RolledBack", A_ROLLOUT).await?;
    for (pod, size) in guarded.sizes("shop", "web").await? {
        assert_eq!(size, former[0].1, "{pod}");
    }
    let entry = guarded.cluster.api("AppliedSizes", "appliedsizes", Some("shop")).get("trimtab").await?;
    assert!(entry.data["spec"]["workloads"].get("Deployment/web").is_none(), "{}", entry.data);
    let events = guarded.cluster.plane.kubectl(&["get", "events", "-n", "shop"]).await?;
    for reason in ["RolloutStarted", "Applied", "RollingBack", "RolledBack"] {
        assert!(events.contains(reason), "{reason} in\n{events}");
    }
    drop(trimtab);
    Ok(())
}

#[tokio::test]
async fn what_is_in_force_can_be_undone_when_something_else_is_proposed_by_now() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 2)]).await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "5s"])?;
    guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
    let former = guarded.sizes("shop", "web").await?;
    guarded.decide("shop", "deploy-web", "Approved").await?;
    let applied = guarded.stands("shop", "deploy-web", "Applied", A_ROLLOUT).await?;
    let in_force = guarded.sizes("shop", "web").await?;

    let mut policy = quick("shop", &["shop"]);
    policy["spec"]["sizing"] = json!({"cpu": {"headroomPercent": 100}});
    guarded.cluster.apply(&[policy]).await?;
    let moved = eventually(A_ROLLOUT, "another proposal waits", async || {
        let rec = guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
        ensure!(rec.data["status"]["proposalDigest"] != applied.data["status"]["proposalDigest"], "former");
        Ok(rec)
    })
    .await?;
    // Rejecting the new proposal leaves what is in force.
    guarded.decide("shop", "deploy-web", "Rejected").await?;
    guarded.stands("shop", "deploy-web", "Rejected", SOON).await?;
    assert_eq!(guarded.sizes("shop", "web").await?, in_force);

    let undo = json!({"decision": "Rejected", "approver": support::APPROVER,
        "proposalDigest": moved.data["status"]["rollout"]["proposalDigest"]});
    guarded.decides("shop", "deploy-web", &undo).await?;
    eventually(A_ROLLOUT, "every pod has its former size", async || {
        let sizes = guarded.sizes("shop", "web").await?;
        ensure!(sizes == former, "{sizes:?}");
        Ok(())
    })
    .await?;
    // The rejection of the new proposal still binds the policy, and the entry is gone.
    let rec = guarded.stands("shop", "deploy-web", "Rejected", A_ROLLOUT).await?;
    assert_eq!(rec.data["status"]["rollout"]["result"], "RolledBack", "{}", rec.data["status"]);
    let entry = guarded.cluster.api("AppliedSizes", "appliedsizes", Some("shop")).get("trimtab").await?;
    assert!(entry.data["spec"]["workloads"].get("Deployment/web").is_none(), "{}", entry.data);
    drop(trimtab);
    Ok(())
}

#[tokio::test]
async fn what_gets_worse_is_undone_and_not_tried_again() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 3), ("stuck", 2)]).await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "20s"])?;
    let former = guarded.sizes("shop", "web").await?[0].1.clone();
    // A node that can never satisfy the size.
    let pods: Api<Pod> = Api::namespaced(guarded.cluster.client.clone(), "shop");
    for (pod, _) in guarded.sizes("shop", "stuck").await? {
        let label = json!({"metadata": {"labels": {"e2e.trimtab.dev/resize": "infeasible"}}});
        pods.patch(&pod, &PatchParams::default(), &Patch::Merge(&label)).await?;
    }
    guarded.stands("shop", "deploy-stuck", "PendingApproval", SOON).await?;
    guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
    guarded.decide("shop", "deploy-stuck", "Approved").await?;
    let undone = guarded.stands("shop", "deploy-stuck", "RolledBack", A_ROLLOUT).await?;
    assert_eq!(undone.data["status"]["rollout"]["undo"]["reason"], "ResizeInfeasible", "{}", undone.data["status"]);

    // A container of a resized pod is OOM-killed.
    guarded.decide("shop", "deploy-web", "Approved").await?;
    let resized = eventually(SOON, "a pod is resized", async || {
        let sizes = guarded.sizes("shop", "web").await?;
        sizes.into_iter().find(|(_, size)| *size != former).context("none yet")
    })
    .await?;
    let now = jiff::Timestamp::now();
    let killed = json!({"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": now, "startedAt": now}});
    let mut pod = pods.get(&resized.0).await?;
    if let Some(containers) = pod.status.as_mut().and_then(|s| s.container_statuses.as_mut()) {
        containers[0].restart_count += 1;
        containers[0].last_state = Some(serde_json::from_value(killed)?);
    }
    let status = json!({"status": {"containerStatuses": pod.status.unwrap().container_statuses}});
    pods.patch_status(&resized.0, &PatchParams::default(), &Patch::Merge(&status)).await?;
    let undone = guarded.stands("shop", "deploy-web", "RolledBack", A_ROLLOUT).await?;
    let rollout = &undone.data["status"]["rollout"];
    assert_eq!(rollout["undo"]["reason"], "ChecksFailed", "{rollout}");
    assert!(rollout["undo"]["message"].as_str().unwrap().contains("OOM"), "{rollout}");
    for (pod, size) in guarded.sizes("shop", "web").await? {
        assert_eq!(size, former, "{pod}");
    }
    // The approval still exists, and is not honoured a second time.
    let before = resizes(&guarded)?.len();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(resizes(&guarded)?.len(), before);
    drop(trimtab);
    Ok(())
}

#[tokio::test]
async fn the_emergency_stop_and_a_missing_guard_hold_everything_and_a_killed_operator_goes_on() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 4), ("api", 2)]).await?;
    let args = ["--prometheus-url", prometheus.url(), "--interval", "20s"];
    let trimtab = guarded.run("first", &args)?;
    guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
    let halt = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trimtab-halt", "namespace": "trimtab-system"},
        "data": {"by": "carol", "reason": "an incident"}});
    guarded.cluster.apply(std::slice::from_ref(&halt)).await?;
    guarded.decide("shop", "deploy-web", "Approved").await?;
    let held = guarded.stands("shop", "deploy-web", "Blocked", SOON).await?;
    let message = support::condition(&held, "Ready").unwrap()["message"].to_string();
    assert!(message.contains("carol") && message.contains("an incident"), "{message}");
    let gates = held.data["status"]["gates"].as_array().context("gates")?;
    let closed: Vec<&Value> = gates.iter().map(|gate| &gate["gate"]).collect();
    assert_eq!(closed, ["EmergencyStop"], "nothing else keeps it from starting: {gates:?}");
    assert_eq!(resizes(&guarded)?, Vec::<String>::new());
    let maps: Api<k8s_openapi::api::core::v1::ConfigMap> =
        Api::namespaced(guarded.cluster.client.clone(), "trimtab-system");
    maps.delete("trimtab-halt", &DeleteParams::default()).await?;

    // Killed in the middle: the next process continues from the objects.
    eventually(A_ROLLOUT, "a pod is resized", async || {
        ensure!(!resizes(&guarded)?.is_empty(), "none yet");
        Ok(())
    })
    .await?;
    drop(trimtab);
    let trimtab = guarded.run("second", &args)?;
    guarded.stands("shop", "deploy-web", "Applied", A_ROLLOUT).await?;
    let all = resizes(&guarded)?;
    assert_eq!(all.iter().filter(|r| r.ends_with(" 200")).count(), 4, "each pod once: {all:?}");

    // Without the guard no approval is honoured.
    guarded.cluster.plane.kubectl(&["delete", "validatingadmissionpolicybinding", "trimtab-approval"]).await?;
    guarded.decide("shop", "deploy-api", "Approved").await?;
    let held = eventually(SOON, "the missing guard is said", async || {
        let rec = guarded.cluster.recommendation("shop", "deploy-api").await?;
        let message = support::condition(&rec, "Ready").cloned().unwrap_or_default();
        ensure!(message.to_string().contains("trimtab-approval is missing"), "{message}");
        Ok(message)
    })
    .await?;
    assert_eq!(held["reason"], "ApprovalGuardMissing", "{held}");
    assert_eq!(resizes(&guarded)?.len(), all.len());
    drop(trimtab);
    Ok(())
}

#[tokio::test]
async fn a_policy_approves_within_its_limits_and_a_template_is_patched_where_it_says_so() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 2), ("kept", 2)]).await?;
    let keep = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kept", "namespace": "shop",
        "annotations": {"trimtab.dev/mode": "Recommend"}}});
    let deployments: Api<k8s_openapi::api::apps::v1::Deployment> =
        Api::namespaced(guarded.cluster.client.clone(), "shop");
    deployments.patch("kept", &PatchParams::default(), &Patch::Merge(&keep)).await?;
    // The harness applies with its own field manager, which Template delivery would rightly not overwrite.
    let mut web = deployments.get("web").await?;
    web.metadata.managed_fields = None;
    let released = json!({"metadata": {"managedFields": [{}]}});
    deployments.patch("web", &PatchParams::default(), &Patch::Merge(&released)).await?;
    let mut policy = quick("shop", &["shop"]);
    policy["spec"]["delivery"] = json!({"mode": "Template"});
    policy["spec"]["autoApprove"] = json!({"minConfidencePercent": 50, "maxRiskLevel": "High"});
    guarded.cluster.apply(&[policy]).await?;
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "20s"])?;
    let applied = match guarded.stands("shop", "deploy-web", "Applied", A_ROLLOUT).await {
        Ok(applied) => applied,
        Err(error) => panic!("{error:#}\n{}", trimtab.log()),
    };
    assert_eq!(applied.data["status"]["approval"]["by"], json!({"kind": "Policy", "name": "shop"}));
    assert!(applied.data["status"]["approval"]["rule"].as_str().unwrap().contains("confidence"), "{}", applied.data);
    let template = deployments.get("web").await?.spec.unwrap().template.spec.unwrap().containers[0].resources.clone();
    assert_eq!(json!(template.unwrap().requests), proposed(&applied), "the template has the size");
    assert_eq!(requests(&guarded, "web").await?, BTreeSet::from([proposed(&applied).to_string()]));
    let kept = guarded.cluster.recommendation("shop", "deploy-kept").await?;
    assert_eq!(support::condition(&kept, "Ready").unwrap()["reason"], "PendingApproval");
    assert!(kept.name_any() == "deploy-kept" && kept.data["status"]["rollout"].is_null());
    drop(trimtab);
    Ok(())
}

#[tokio::test]
async fn a_no_is_taken_up_at_once_while_the_questions_of_a_watch_hang() -> Result<()> {
    const QUERIES: usize = 16;
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 4)]).await?;
    // Numbers that nobody else requests.
    let query = |n: usize| json!({"name": format!("q{n}"), "promql": format!("vector({})", 4100 + n)});
    let mut policy = quick("shop", &["shop"]);
    policy["spec"]["verification"]["queries"] = (0..QUERIES).map(query).collect();
    policy["spec"]["rolloutStrategy"]["steps"][0]["pause"] = json!("10m");
    guarded.cluster.apply(&[policy]).await?;
    let front = FaultyHttp::start(Some(prometheus.url())).await?;
    let asked = || {
        let ours = |query: &&str| query.starts_with("vector(41");
        front.seen().iter().filter_map(|r| r.param("query")).filter(ours).count()
    };
    let _trimtab = guarded.run("trimtab", &["--prometheus-url", front.url(), "--interval", "20s"])?;
    guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;
    guarded.decide("shop", "deploy-web", "Approved").await?;
    guarded.stands("shop", "deploy-web", "Verifying", A_ROLLOUT).await?;
    front.when("vector(41", Fault::Hang);
    let before = asked();
    eventually(A_ROLLOUT, "all questions hang, side by side", async || {
        ensure!(asked() >= before + QUERIES, "{} of them", asked() - before);
        Ok(())
    })
    .await?;
    let mark = guarded.cluster.plane.audit().mark()?;
    guarded.decide("shop", "deploy-web", "Rejected").await?;
    eventually(Duration::from_secs(3), "the no is taken up", async || {
        let rec = guarded.cluster.recommendation("shop", "deploy-web").await?;
        let rollout = &rec.data["status"]["rollout"];
        ensure!(rollout["undo"]["reason"] == "Rejected", "{rollout}");
        Ok(())
    })
    .await?;
    let taken = guarded.taken_up(mark, "deploy-web")?;
    assert!(taken < SignedDuration::from_secs(1), "{taken:?}");
    // An undo runs no queries.
    guarded.stands("shop", "deploy-web", "RolledBack", A_ROLLOUT).await?;
    Ok(())
}

/// A person's proposal for a Deployment of that name, with this memory as request and limit.
fn idea(namespace: &str, workload: &str, memory: &str) -> Value {
    json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": "idea", "namespace": namespace},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload},
            "proposal": {"containers": [{"name": "app", "requests": {"cpu": "500m", "memory": memory}, "limits": {"memory": memory}}]}}})
}

/// The risk of the proposal in the status, once it is another one than that of digest `former`.
async fn assessed(guarded: &Guarded, namespace: &str, former: &str) -> Result<Value> {
    eventually(SOON, &format!("the proposal in {namespace} is assessed"), async || {
        let rec = guarded.cluster.recommendation(namespace, "idea").await?;
        let (digest, risk) = (&rec.data["status"]["proposalDigest"], &rec.data["status"]["risk"]);
        ensure!(digest != former && risk["proposalDigest"] == *digest, "{}", rec.data["status"]);
        Ok(risk.clone())
    })
    .await
}

#[tokio::test]
async fn what_a_person_proposes_has_a_risk_soon_and_another_one_when_it_changes() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world(&guarded, &[("web", 2)]).await?;
    // No full pass happens during this test except the first.
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "600s"])?;
    guarded.stands("shop", "deploy-web", "PendingApproval", SOON).await?;

    guarded.cluster.apply(&[idea("shop", "web", "400Mi")]).await?;
    let fits = assessed(&guarded, "shop", "").await?;
    ensure!(fits["level"] != "Critical" && !fits.to_string().contains("MemoryUnderUse"), "{fits}");
    // It uses 180Mi.
    let less = json!({"spec": {"proposal": idea("shop", "web", "100Mi")["spec"]["proposal"]}});
    let api = guarded.cluster.api("Recommendation", "recommendations", Some("shop"));
    api.patch("idea", &PatchParams::default(), &Patch::Merge(&less)).await?;
    let too_little = assessed(&guarded, "shop", fits["proposalDigest"].as_str().context("digest")?).await?;
    ensure!(
        too_little["level"] == "Critical" && too_little["factors"][0]["reason"] == "MemoryUnderUse",
        "{too_little}"
    );

    // Where no policy evaluates it, the person still waits for a risk.
    guarded.cluster.apply(&[namespace("mail"), deployment("mail", "post", 1), idea("mail", "post", "400Mi")]).await?;
    let unmeasured = assessed(&guarded, "mail", "").await?;
    ensure!(unmeasured["level"] == "High" && unmeasured.to_string().contains("NotMeasured"), "{unmeasured}");
    guarded.cluster.apply(&[namespace("void"), idea("void", "gone", "400Mi")]).await?;
    let missing = assessed(&guarded, "void", "").await?;
    ensure!(missing["level"] == "High" && missing["factors"][0]["reason"] == "TargetNotFound", "{missing}");

    // Two write this status, and each preserves the other's fields.
    let rec = guarded.cluster.recommendation("shop", "idea").await?;
    ensure!(
        support::condition(&rec, "Ready").is_some_and(|ready| ready["reason"] == "PendingApproval"),
        "{}",
        rec.data
    );
    drop(trimtab);
    Ok(())
}
