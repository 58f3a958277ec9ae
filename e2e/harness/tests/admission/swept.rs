//! What the policy cannot see: LimitRanges and quotas added later. Trimtab's sweep drops the entry, and a pod refused
//! meanwhile is created at the ReplicaSet controller's next try. Entries of other workloads are dropped too.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use trimtab_admission_sizes::{AppliedSizesWriter, SizesAdmission, sweep};
use trimtab_api::{applied_sizes::WorkloadSizes, resources::ContainerResources};
use trimtab_e2e::eventually;
use trimtab_runtime::{Leadership, Terms, Writer};
use trimtab_world::{Namespaces, Options, World};

use super::{
    bed::{Bed, SOON},
    shape::{Sizes, amounts, app, deployment, limit_range, namespace, pod_of_replica_set, quota, same, sizes},
};

/// The maximum delay of a pod. It is a tenth of that here, and the controllers' own back-off is part of it.
const LATE: Duration = Duration::from_secs(5);

struct Case {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    change: fn(&str) -> Value,
    /// Whether the entry must be dropped.
    goes: bool,
}

const HAS: &str = "200m 256Mi / 400m 256Mi";

fn cases() -> Vec<Case> {
    let case = |name, to, change, goes| Case { name, from: HAS, to, change, goes };
    vec![
        case(
            "a maximum below its limit",
            "200m 512Mi / 400m 512Mi",
            |n| limit_range(n, json!({"type": "Container", "max": {"memory": "300Mi"}})),
            true,
        ),
        case(
            "a minimum above its request",
            "20m 256Mi / 400m 256Mi",
            |n| limit_range(n, json!({"type": "Container", "min": {"cpu": "100m"}})),
            true,
        ),
        case(
            "a ratio that it breaks",
            "20m 256Mi / 400m 256Mi",
            |n| limit_range(n, json!({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}})),
            true,
        ),
        case(
            "a limit given where it takes one away",
            "300m 256Mi / - 256Mi",
            |n| limit_range(n, json!({"type": "Container", "default": {"cpu": "250m"}})),
            true,
        ),
        case(
            "a maximum where it takes the limit away",
            "200m 256Mi / - 256Mi",
            |n| limit_range(n, json!({"type": "Container", "max": {"cpu": "1"}})),
            true,
        ),
        case(
            "a maximum for the whole pod",
            "200m 512Mi / 400m 512Mi",
            |n| limit_range(n, json!({"type": "Pod", "max": {"memory": "300Mi"}})),
            true,
        ),
        case(
            "a quota without room for it",
            "200m 600Mi / 400m 600Mi",
            |n| quota(n, json!({"limits.memory": "550Mi"})),
            true,
        ),
        case("a quota that wants a limit", "200m 256Mi / - 256Mi", |n| quota(n, json!({"limits.cpu": "1"})), true),
        case(
            "a LimitRange that lets it in",
            "20m 128Mi / 40m 128Mi",
            |n| limit_range(n, json!({"type": "Container", "max": {"memory": "300Mi"}})),
            false,
        ),
        case("a quota with room", "20m 128Mi / 40m 128Mi", |n| quota(n, json!({"limits.memory": "300Mi"})), false),
    ]
}

fn written(text: &str) -> ContainerResources {
    let mut value = amounts(text);
    value["name"] = json!("app");
    serde_json::from_value(value).unwrap()
}

fn entry(uid: &str, from: &str, to: &str) -> Result<WorkloadSizes> {
    Ok(trimtab_admission_sizes::entry("deploy-web", "sha256:0123456789", uid, &[written(from)], &[written(to)], &[])?)
}

fn web(namespace: &str, from: &str, replicas: i32) -> Value {
    let mut manifest = deployment(namespace, &json!({"containers": [app(&amounts(from))]}));
    manifest["spec"]["replicas"] = json!(replicas);
    manifest
}

pub async fn entries_that_may_not_stand_are_dropped(bed: &Bed) -> Result<()> {
    let shutdown = CancellationToken::new();
    let _guard = shutdown.clone().drop_guard();
    let writer = Writer::new(bed.client.clone(), "trimtab-sizes", Leadership::always());
    let keeper = AppliedSizesWriter::start(bed.client.clone(), writer, 500, shutdown.clone());
    let world = World::start(bed.client.clone(), Options::default(), shutdown.clone().cancelled_owned());
    let policies = SizesAdmission::start(bed.client.clone(), shutdown.clone());
    eventually(SOON, "the policy is known to be in force", async || Ok(policies.in_force()?)).await?;

    let named: Vec<(String, Case)> =
        cases().into_iter().enumerate().map(|(i, case)| (format!("swept-{i}"), case)).collect();
    bed.each(&named, async |(name, case)| prepare(bed, &keeper, name, case).await.context(case.name)).await?;
    // Those of the other tests are for workloads with another uid.
    let strangers =
        || keeper.rows().iter().filter(|(n, row)| !n.starts_with("swept-") && !row.workloads.is_empty()).count();
    ensure!(strangers() > 50, "{} other namespaces have entries", strangers());
    let terms = Terms::new(Leadership::always(), shutdown.clone());
    tokio::spawn(sweep(keeper.clone(), world, Namespaces::All, jiff::Timestamp::now, terms));
    eventually(SOON, "entries of workloads of another uid are dropped", async || {
        ensure!(strangers() <= 4, "{}", strangers());
        Ok(())
    })
    .await?;
    let late = tokio::sync::Mutex::new(Vec::new());
    bed.each(&named, async |(name, case)| {
        let took = change(bed, &keeper, name, case).await.context(case.name)?;
        late.lock().await.push((took, case.name));
        Ok(())
    })
    .await?;
    let mut late = late.into_inner();
    late.sort();
    for (took, name) in &late {
        println!("the first pod after {name}: {:.0} ms", took.as_secs_f64() * 1000.0);
    }
    ensure!(late.iter().all(|(took, _)| *took < LATE), "a pod was later than {LATE:?}");
    of_the_workload_itself(bed, &keeper).await?;
    of_a_limit_range_that_goes(bed, &keeper).await?;
    altered_policies_are_told(bed, &policies).await
}

async fn prepare(bed: &Bed, keeper: &AppliedSizesWriter, name: &str, case: &Case) -> Result<()> {
    bed.put(&namespace(name)).await?;
    let uid = bed.put(&web(name, case.from, 0)).await?;
    keeper.put(name, "Deployment/web", entry(&uid, case.from, case.to)?).await?;
    sized(bed, name, case.from, case.to).await
}

/// Waits until new pods of `web` with `from` get `to`.
async fn sized(bed: &Bed, name: &str, from: &str, to: &str) -> Result<()> {
    let pod = pod_of_replica_set(name, "web", &json!([app(&amounts(from))]));
    eventually(SOON, &format!("new pods in {name} get {to}"), async || {
        let has = bed.dry_run(name, &pod).await?;
        ensure!(same(&has, &Sizes::from([("app".to_owned(), amounts(to))])), "{has:?}");
        Ok(())
    })
    .await
}

async fn change(bed: &Bed, keeper: &AppliedSizesWriter, name: &str, case: &Case) -> Result<Duration> {
    let start = Instant::now();
    bed.put(&(case.change)(name)).await?;
    bed.put(&web(name, case.from, 1)).await?;
    let pod = bed.pod(name).await?;
    let took = start.elapsed();
    let has = sizes(&pod);
    let is = |text: &str| same(&has, &Sizes::from([("app".to_owned(), amounts(text))]));
    if case.goes {
        gone(keeper, name).await?;
        sized(bed, name, case.from, case.from).await?;
    } else {
        ensure!(is(case.to), "{has:?}");
        ensure!(keeper.entry(name, "Deployment/web").is_some(), "the entry went");
    }
    Ok(took)
}

async fn gone(keeper: &AppliedSizesWriter, name: &str) -> Result<()> {
    eventually(SOON, &format!("the entry in {name} goes"), async || {
        let entry = keeper.entry(name, "Deployment/web");
        ensure!(entry.is_none(), "{entry:?}");
        Ok(())
    })
    .await
}

/// The Deployment is edited, deleted, recreated: each drops the entry; irrelevant changes do not.
async fn of_the_workload_itself(bed: &Bed, keeper: &AppliedSizesWriter) -> Result<()> {
    let name = "swept-self";
    let (from, to) = (HAS, "20m 128Mi / 40m 128Mi");
    bed.put(&namespace(name)).await?;
    let uid = bed.put(&web(name, from, 0)).await?;
    keeper.put(name, "Deployment/web", entry(&uid, from, to)?).await?;
    sized(bed, name, from, to).await?;
    let mut image = web(name, from, 1);
    image["spec"]["template"]["spec"]["containers"][0]["image"] = json!("fake/app:2");
    bed.put(&image).await?;
    ensure!(
        same(&sizes(&bed.pod(name).await?), &Sizes::from([("app".to_owned(), amounts(to))])),
        "another image has the size"
    );
    ensure!(keeper.entry(name, "Deployment/web").is_some(), "another image dropped the entry");

    bed.put(&web(name, "300m 256Mi / 400m 256Mi", 1)).await?;
    gone(keeper, name).await.context("edited")?;

    bed.put(&web(name, from, 0)).await?;
    eventually(SOON, "the entry is put and stays", async || {
        keeper.put(name, "Deployment/web", entry(&uid, from, to)?).await?;
        sized(bed, name, from, to).await
    })
    .await?;
    bed.delete(&web(name, from, 0)).await?;
    gone(keeper, name).await.context("deleted")?;
    let anew = bed.put(&web(name, from, 0)).await?;
    ensure!(anew != uid, "it is another");
    keeper.put(name, "Deployment/web", entry(&uid, from, to)?).await?;
    gone(keeper, name).await.context("an entry of the former")?;
    // Dropping a missing entry, or one of another uid, is a no-op.
    keeper.put(name, "Deployment/web", entry(&anew, from, to)?).await?;
    keeper.drop_entry(name, "Deployment/web", &uid).await?;
    ensure!(keeper.entry(name, "Deployment/web").is_some(), "the entry of another uid was dropped");
    keeper.drop_entry(name, "Deployment/web", &anew).await?;
    ensure!(keeper.entry(name, "Deployment/web").is_none(), "it is there after it was dropped");
    sized(bed, name, from, from).await
}

/// A LimitRange gives new pods a limit that the entry does not know. They stay as they are, and the entry stays: new
/// pods have the size again once the LimitRange is gone.
async fn of_a_limit_range_that_goes(bed: &Bed, keeper: &AppliedSizesWriter) -> Result<()> {
    let name = "swept-passing";
    let (from, to) = ("200m 256Mi / - 256Mi", "20m 128Mi / - 128Mi");
    bed.put(&namespace(name)).await?;
    let uid = bed.put(&web(name, from, 0)).await?;
    keeper.put(name, "Deployment/web", entry(&uid, from, to)?).await?;
    sized(bed, name, from, to).await?;
    // Another entry of the namespace, which that LimitRange does end: once it is gone, both were looked at.
    let mut other = web(name, HAS, 0);
    other["metadata"]["name"] = json!("other");
    let other = bed.put(&other).await?;
    keeper.put(name, "Deployment/other", entry(&other, HAS, "200m 256Mi / - 256Mi")?).await?;
    let range = limit_range(name, json!({"type": "Container", "max": {"cpu": "4"}}));
    bed.put(&range).await?;
    sized(bed, name, from, "200m 256Mi / 4 256Mi").await?;
    eventually(SOON, "the other entry goes", async || {
        ensure!(keeper.entry(name, "Deployment/other").is_none());
        Ok(())
    })
    .await?;
    ensure!(keeper.entry(name, "Deployment/web").is_some(), "the entry went");
    bed.delete(&range).await?;
    sized(bed, name, from, to).await
}

/// A policy that was weakened, or is gone, is not relied on.
async fn altered_policies_are_told(bed: &Bed, policies: &SizesAdmission) -> Result<()> {
    let told = async |what: &str| {
        eventually(SOON, what, async || {
            let answer = policies.in_force().err().map(|e| e.to_string()).unwrap_or_else(|| "in force".to_owned());
            ensure!(answer.contains(what), "{answer}");
            Ok(())
        })
        .await
    };
    let patch = |kind: &'static str, patch: &'static str| async move {
        bed.plane.kubectl(&["patch", kind, "trimtab-sizes", "--type=merge", "-p", patch]).await
    };
    patch("mutatingadmissionpolicy", r#"{"spec": {"failurePolicy": "Fail"}}"#).await?;
    told("MutatingAdmissionPolicy trimtab-sizes is not from this version").await?;
    bed.apply_file("policies/sizes.yaml").await?;
    told("in force").await?;
    patch("mutatingadmissionpolicybinding", r#"{"spec": {"paramRef": {"name": "other"}}}"#).await?;
    told("MutatingAdmissionPolicyBinding trimtab-sizes is not from this version").await?;
    bed.plane.kubectl(&["delete", "mutatingadmissionpolicybinding", "trimtab-sizes"]).await?;
    told("MutatingAdmissionPolicyBinding trimtab-sizes is missing").await?;
    bed.apply_file("policies/sizes.yaml").await?;
    told("in force").await?;
    Ok(())
}
