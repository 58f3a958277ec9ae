//! Which pods get a size: those of the entry's workload, and no others.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::ResourceExt;
use serde_json::{Value, json};
use trimtab_e2e::eventually;

use super::{
    bed::Bed,
    shape::{
        Sizes, amounts, app, applied, entry, namespace, of_apps, pod_of_replica_set, same, sizes, usual, workload,
    },
};

struct Case {
    name: &'static str,
    /// The key of the entry.
    key: &'static str,
    manifest: fn(&str) -> Value,
    sized: bool,
}

fn spec() -> Value {
    json!({"containers": [app(&usual().from)]})
}

fn batch(kind: &str, namespace: &str, name: &str) -> Value {
    let mut pod = spec();
    pod["restartPolicy"] = json!("Never");
    let job = json!({"template": {"spec": pod}});
    let spec = if kind == "Job" {
        job
    } else {
        json!({"schedule": "* * * * *", "suspend": true, "jobTemplate": {"spec": job}})
    };
    json!({"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

fn job(namespace: &str, name: &str) -> Value {
    batch("Job", namespace, name)
}

fn bare(namespace: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace}, "spec": spec()})
}

fn replica_set(namespace: &str, name: &str, labels: Value) -> Value {
    let mut manifest = of_apps("ReplicaSet", namespace, name, &spec());
    manifest["spec"]["selector"]["matchLabels"] = labels.clone();
    manifest["spec"]["template"]["metadata"]["labels"] = labels;
    manifest
}

fn cases() -> Vec<Case> {
    let case = |name, key, manifest, sized| Case { name, key, manifest, sized };
    vec![
        case("a Deployment", "Deployment/web", |n| of_apps("Deployment", n, "web", &spec()), true),
        case(
            "a Deployment with dashes and digits",
            "Deployment/web-2-12345678",
            |n| of_apps("Deployment", n, "web-2-12345678", &spec()),
            true,
        ),
        case("another Deployment", "Deployment/web", |n| of_apps("Deployment", n, "web-2", &spec()), false),
        case(
            "a Deployment whose entry is a StatefulSet's",
            "StatefulSet/web",
            |n| of_apps("Deployment", n, "web", &spec()),
            false,
        ),
        case("a ReplicaSet of nobody", "Deployment/web", |n| replica_set(n, "web-1", json!({"app": "web"})), false),
        case(
            "a ReplicaSet with the name of the Deployment",
            "Deployment/web",
            |n| replica_set(n, "web", json!({"app": "web"})),
            false,
        ),
        case("a ReplicaSet without a dash", "Deployment/", |n| replica_set(n, "web", json!({"app": "web"})), false),
        case(
            "a ReplicaSet with another's label",
            "Deployment/web",
            |n| replica_set(n, "web-1", json!({"pod-template-hash": "2"})),
            false,
        ),
        case("a StatefulSet made anew", "StatefulSet/web", |n| of_apps("StatefulSet", n, "web", &spec()), false),
        case("a DaemonSet made anew", "DaemonSet/web", |n| of_apps("DaemonSet", n, "web", &spec()), false),
        case("a Job made anew", "Job/web", |n| job(n, "web"), false),
        case("a CronJob's Job", "CronJob/web", |n| job(n, "web-29912345"), true),
        case("a Job beside a CronJob", "CronJob/web", |n| job(n, "web-1"), false),
        case("another CronJob's Job", "CronJob/web", |n| job(n, "web-2-29912345"), false),
        case("a bare pod", "Pod/web", bare, false),
    ]
}

pub async fn hold(bed: &Bed) -> Result<usize> {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "for-daemon-sets"}});
    bed.put(&node).await?;
    let named: Vec<(String, Case)> =
        cases().into_iter().enumerate().map(|(i, case)| (format!("kind-{i}"), case)).collect();
    for (name, case) in &named {
        bed.make(&[namespace(name), entry(name, case.key, &[usual()])]).await?;
    }
    bed.make(&[namespace("kinds-end"), entry("kinds-end", "Deployment/web", &[usual()])]).await?;
    bed.sees("kinds-end").await?;
    bed.each(&named, async |(name, case)| {
        bed.put(&(case.manifest)(name)).await?;
        let pod = bed.pod(name).await.context(case.name)?;
        let expected = if case.sized { usual().to } else { usual().from };
        ensure!(same(&sizes(&pod), &Sizes::from([("app".to_owned(), expected)])), "{}: {:?}", case.name, sizes(&pod));
        let by = pod.annotations().get("trimtab.dev/sized-by").map(String::as_str);
        ensure!(by == case.sized.then_some("a-recommendation"), "{}: sized by {by:?}", case.name);
        Ok(())
    })
    .await?;
    of_this_uid(bed).await?;
    among_two_hundred(bed).await?;
    only_one_object_counts(bed).await?;
    Ok(named.len() + 6)
}

/// Workloads whose pods name them directly: with the uid in the entry they are sized.
async fn of_this_uid(bed: &Bed) -> Result<()> {
    for kind in ["StatefulSet", "DaemonSet", "Job"] {
        let ns = format!("uid-{}", kind.to_lowercase());
        bed.put(&namespace(&ns)).await?;
        // No pod is created yet: a node selector for one, no replicas or parallelism for the others.
        let mut manifest = if kind == "Job" { job(&ns, "db") } else { of_apps(kind, &ns, "db", &spec()) };
        match kind {
            "StatefulSet" => manifest["spec"]["replicas"] = json!(0),
            "Job" => manifest["spec"]["suspend"] = json!(true),
            _ => manifest["spec"]["template"]["spec"]["nodeSelector"] = json!({"none": "such"}),
        }
        let uid = bed.put(&manifest).await?;
        let web = workload("some-uid", &[usual()]);
        bed.put(&applied(
            &ns,
            "trimtab",
            json!({format!("{kind}/db"): workload(&uid, &[usual()]), "Deployment/web": web}),
        ))
        .await?;
        bed.sees(&ns).await?;
        match kind {
            "StatefulSet" => manifest["spec"]["replicas"] = json!(1),
            "Job" => manifest["spec"]["suspend"] = json!(false),
            _ => _ = manifest["spec"]["template"]["spec"].as_object_mut().unwrap().remove("nodeSelector"),
        }
        bed.put(&manifest).await?;
        let pod = bed.pod(&ns).await?;
        ensure!(same(&sizes(&pod), &Sizes::from([("app".to_owned(), usual().to)])), "{kind}: {:?}", sizes(&pod));
    }
    Ok(())
}

/// A Job that a CronJob really creates has the expected name. It runs at the next full minute.
pub async fn cron_job_begins(bed: &Bed) -> Result<()> {
    bed.put(&namespace("cron")).await?;
    let mut manifest = batch("CronJob", "cron", "report-2");
    let uid = bed.put(&manifest).await?;
    let web = workload("some-uid", &[usual()]);
    let both = json!({"CronJob/report-2": workload(&uid, &[usual()]), "Deployment/web": web});
    bed.put(&applied("cron", "trimtab", both)).await?;
    bed.sees("cron").await?;
    manifest["spec"]["suspend"] = json!(false);
    bed.put(&manifest).await.map(drop)
}

/// Its first pod has the size.
pub async fn cron_job_ran(bed: &Bed) -> Result<()> {
    let first = async || bed.pods("cron").await?.into_iter().next().context("there is none");
    let pod = eventually(Duration::from_secs(120), "a run of the CronJob", first).await?;
    ensure!(same(&sizes(&pod), &Sizes::from([("app".to_owned(), usual().to)])), "{:?}", sizes(&pod));
    Ok(())
}

async fn among_two_hundred(bed: &Bed) -> Result<()> {
    let mut all = serde_json::Map::new();
    for i in 0..200 {
        let mut one = usual();
        one.to["requests"]["cpu"] = json!(format!("{}m", i + 1));
        all.insert(format!("Deployment/w{i}"), workload("some-uid", &[one]));
    }
    all.insert("Deployment/web".to_owned(), workload("some-uid", &[usual()]));
    bed.make(&[namespace("many"), applied("many", "trimtab", json!(all))]).await?;
    bed.sees("many").await?;
    for i in 0..200 {
        let pod = pod_of_replica_set("many", &format!("w{i}"), &spec()["containers"]);
        let has = bed.dry_run("many", &pod).await?;
        ensure!(has["app"]["requests"]["cpu"] == format!("{}m", i + 1), "w{i}: {has:?}");
    }
    let stranger = bed.dry_run("many", &pod_of_replica_set("many", "w200", &spec()["containers"])).await?;
    ensure!(same(&stranger, &Sizes::from([("app".to_owned(), usual().from)])), "{stranger:?}");
    Ok(())
}

/// An object of another name in the namespace, and that of another namespace, have no effect.
async fn only_one_object_counts(bed: &Bed) -> Result<()> {
    let other = workload("some-uid", &[super::shape::of_app("500m 512Mi / 1 512Mi", "1m 1Mi / 1m 1Mi")]);
    bed.make(&[
        namespace("one"),
        applied("one", "another", json!({"Deployment/web": other, "Deployment/api": other})),
        entry("one", "Deployment/web", &[usual()]),
    ])
    .await?;
    bed.sees("one").await?;
    let api =
        bed.dry_run("one", &pod_of_replica_set("one", "api", &json!([app(&amounts("500m 512Mi / 1 512Mi"))]))).await?;
    ensure!(same(&api, &Sizes::from([("app".to_owned(), usual().from)])), "{api:?}");
    Ok(())
}
