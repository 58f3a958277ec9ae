//! From a pod up to its workload: in any order of arrival, and by name alone once the pod is deleted.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{id, object, owned, pod};
use proptest::prelude::*;
use serde_json::{Value, json};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_world::{Kind, Tables};

const RS: (&str, &str) = ("apps/v1", "ReplicaSet");

/// Objects with every kind of owner chain, complete and broken.
fn world() -> Vec<(Kind, Value)> {
    vec![
        (Kind::Deployment, object("web")),
        (Kind::ReplicaSet, owned("web-5d4f8c7b9d", ("apps/v1", "Deployment", "web"))),
        (Kind::ReplicaSet, owned("web-6c5b8f7d4c", ("apps/v1", "Deployment", "web"))),
        (Kind::Pod, pod("web-5d4f8c7b9d-x2x4z", (RS.0, RS.1, "web-5d4f8c7b9d"))),
        (Kind::Pod, pod("web-6c5b8f7d4c-b5b5b", (RS.0, RS.1, "web-6c5b8f7d4c"))),
        (Kind::ReplicaSet, object("alone")),
        (Kind::Pod, pod("alone-x2x4z", (RS.0, RS.1, "alone"))),
        (Kind::ReplicaSet, owned("orphan-5d4f8c7b9d", ("apps/v1", "Deployment", "gone"))),
        (Kind::Pod, pod("orphan-5d4f8c7b9d-x2x4z", (RS.0, RS.1, "orphan-5d4f8c7b9d"))),
        (Kind::StatefulSet, object("db")),
        (Kind::Pod, pod("db-0", ("apps/v1", "StatefulSet", "db"))),
        (Kind::DaemonSet, object("agent")),
        (Kind::Pod, pod("agent-x2x4z", ("apps/v1", "DaemonSet", "agent"))),
        (Kind::CronJob, object("nightly")),
        (Kind::Job, owned("nightly-29381820", ("batch/v1", "CronJob", "nightly"))),
        (Kind::Pod, pod("nightly-29381820-x2x4z", ("batch/v1", "Job", "nightly-29381820"))),
        (Kind::Job, object("once")),
        (Kind::Pod, pod("once-x2x4z", ("batch/v1", "Job", "once"))),
        (Kind::Pod, pod("volcano-x2x4z", ("batch.volcano.sh/v1alpha1", "Job", "once"))),
        (Kind::Pod, pod("argo-x2x4z", ("argoproj.io/v1alpha1", "Deployment", "web"))),
        (Kind::Pod, object("bare")),
    ]
}

/// Every answer of the resolution.
fn answers(tables: &Tables) -> Vec<String> {
    let pods = tables.pods_in("shop");
    let mut answers: Vec<_> =
        pods.iter().map(|p| format!("{} → {:?}", p.name, tables.workload_of_pod("shop", &p.name))).collect();
    for row in tables.workloads() {
        let names: Vec<_> = tables.pods_of(&row.id).iter().map(|p| p.name.to_string()).collect();
        answers.push(format!("{} ← {names:?}", row.id));
    }
    answers.push(format!("{:?}", tables.counts()));
    answers
}

#[test]
fn chains_that_are_whole_resolve_and_others_do_not() {
    let tables = common::tables(&world());
    for (pod, expected) in [
        ("web-5d4f8c7b9d-x2x4z", Some(id(WorkloadKind::Deployment, "web"))),
        ("web-6c5b8f7d4c-b5b5b", Some(id(WorkloadKind::Deployment, "web"))),
        ("db-0", Some(id(WorkloadKind::StatefulSet, "db"))),
        ("agent-x2x4z", Some(id(WorkloadKind::DaemonSet, "agent"))),
        ("nightly-29381820-x2x4z", Some(id(WorkloadKind::CronJob, "nightly"))),
        ("once-x2x4z", Some(id(WorkloadKind::Job, "once"))),
        ("alone-x2x4z", None),
        ("orphan-5d4f8c7b9d-x2x4z", None),
        ("volcano-x2x4z", None),
        ("argo-x2x4z", None),
        ("bare", None),
        ("absent", None),
    ] {
        assert_eq!(tables.workload_of_pod("shop", pod), expected, "{pod}");
    }
    let web = tables.pods_of(&id(WorkloadKind::Deployment, "web"));
    assert_eq!(web.iter().map(|p| &*p.name).collect::<Vec<_>>(), ["web-5d4f8c7b9d-x2x4z", "web-6c5b8f7d4c-b5b5b"]);
    assert_eq!(tables.pods_of(&id(WorkloadKind::Deployment, "gone")).len(), 0);
    assert_eq!(tables.workload_of_pod("elsewhere", "db-0"), None);
}

#[test]
fn a_pod_of_the_same_name_under_another_owner_leaves_the_first() {
    for delete_between in [true, false] {
        let mut tables = common::tables(&[
            (Kind::StatefulSet, object("db")),
            (Kind::DaemonSet, object("agent")),
            (Kind::Pod, pod("x", ("apps/v1", "StatefulSet", "db"))),
        ]);
        if delete_between {
            tables.delete(Kind::Pod, "shop", "x");
        }
        tables.apply_json(Kind::Pod, &pod("x", ("apps/v1", "DaemonSet", "agent"))).unwrap();
        assert_eq!(tables.pods_of(&id(WorkloadKind::StatefulSet, "db")).len(), 0);
        assert_eq!(tables.pods_of(&id(WorkloadKind::DaemonSet, "agent")).len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_arrival_does_not_matter(order in Just((0..world().len()).collect::<Vec<_>>()).prop_shuffle()) {
        let objects = world();
        let shuffled: Vec<_> = order.iter().map(|&i| objects[i].clone()).collect();
        prop_assert_eq!(answers(&common::tables(&shuffled)), answers(&common::tables(&objects)));
    }

    /// Deletions and re-creations in any order leave what a fresh world would hold, and nothing else.
    #[test]
    fn history_does_not_matter(ops in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..120)) {
        let objects = world();
        let mut tables = Tables::default();
        let mut there = vec![false; objects.len()];
        for (at, put) in ops {
            let i = at.index(objects.len());
            let (kind, object) = &objects[i];
            if put {
                tables.apply_json(*kind, object).unwrap();
            } else {
                tables.delete(*kind, "shop", object["metadata"]["name"].as_str().unwrap());
            }
            there[i] = put;
        }
        let left: Vec<_> = objects.iter().zip(&there).filter(|(_, t)| **t).map(|(o, _)| o.clone()).collect();
        prop_assert_eq!(answers(&tables), answers(&common::tables(&left)));
    }
}

fn past(objects: &[(Kind, Value)], name: &str) -> Option<WorkloadId> {
    common::tables(objects).workload_of_past_pod("shop", name)
}

#[test]
fn pods_that_are_gone_are_told_by_name() {
    let world = world();
    for (pod, expected) in [
        ("web-5d4f8c7b9d-zzzzz", Some(id(WorkloadKind::Deployment, "web"))),
        ("web-7f9c6d5b8-zzzzz", Some(id(WorkloadKind::Deployment, "web"))),
        ("web-77c9d5b8-zzzzz", Some(id(WorkloadKind::Deployment, "web"))),
        // Seven letters are no hash, vowels occur in none, and four letters end no name.
        ("web-7c9d5b8-zzzzz", None),
        ("web-7f9c6d5ba-zzzzz", None),
        ("web-5d4f8c7b9d-zzzz", None),
        ("web-5d4f8c7b9d-zzzza", None),
        ("web-zzzzz", None),
        ("api-5d4f8c7b9d-zzzzz", None),
        ("alone-zzzzz", None),
        ("orphan-5d4f8c7b9d-zzzzz", None),
        ("db-0", Some(id(WorkloadKind::StatefulSet, "db"))),
        ("db-12", Some(id(WorkloadKind::StatefulSet, "db"))),
        ("db-012", None),
        ("db-", None),
        ("agent-zzzzz", Some(id(WorkloadKind::DaemonSet, "agent"))),
        ("nightly-29381820-zzzzz", Some(id(WorkloadKind::CronJob, "nightly"))),
        ("nightly-29300000-zzzzz", Some(id(WorkloadKind::CronJob, "nightly"))),
        ("nightly-1-zzzzz", None),
        ("nightly-zzzzz", None),
        ("once-zzzzz", Some(id(WorkloadKind::Job, "once"))),
        ("once-3-zzzzz", Some(id(WorkloadKind::Job, "once"))),
        ("bare", None),
        ("", None),
        ("-", None),
        ("zzzzz", None),
        ("-zzzzz", None),
        ("äzzzzz", None),
        ("web-5d4f8c7b9d-äzzz", None),
    ] {
        assert_eq!(past(&world, pod), expected, "{pod}");
    }
}

#[test]
fn names_with_two_readings_have_none() {
    let deployment = |name| (Kind::Deployment, object(name));
    let daemon_set = |name| (Kind::DaemonSet, object(name));
    let pod = "api-5d4f8c7b9d-zzzzz";
    assert_eq!(past(&[deployment("api")], pod), Some(id(WorkloadKind::Deployment, "api")));
    assert_eq!(past(&[deployment("api"), daemon_set("api-5d4f8c7b9d")], pod), None);
    assert_eq!(past(&[daemon_set("api-5d4f8c7b9d")], pod), Some(id(WorkloadKind::DaemonSet, "api-5d4f8c7b9d")));
    // An existing ReplicaSet of another owner: its name looks like the Deployment's but is not.
    let other = (Kind::ReplicaSet, owned("api-5d4f8c7b9d", ("apps/v1", "Deployment", "other")));
    assert_eq!(past(&[deployment("api"), other.clone()], pod), None);
    assert_eq!(
        past(&[deployment("api"), deployment("other"), other], pod),
        Some(id(WorkloadKind::Deployment, "other"))
    );
    // The hash of one could be the end of the other's name.
    assert_eq!(
        past(&[deployment("api"), deployment("api-5d4f8c7b9d")], "api-5d4f8c7b9d-6c5b8f7d4c-zzzzz"),
        Some(id(WorkloadKind::Deployment, "api-5d4f8c7b9d"))
    );
    // An ordinal can consist of the letters of generated endings.
    assert_eq!(past(&[(Kind::StatefulSet, object("db")), daemon_set("db")], "db-24567"), None);
    // A run of a CronJob, or a pod of an indexed Job.
    let cron = (Kind::CronJob, object("load"));
    assert_eq!(past(&[cron.clone(), (Kind::Job, object("load"))], "load-29381820-zzzzz"), None);
    assert_eq!(past(&[cron, daemon_set("load-29381820")], "load-29381820-zzzzz"), None);
}

#[test]
fn names_that_were_cut() {
    let long = "a".repeat(63);
    let cut = format!("{}zzzzz", &long[..58]);
    let deployment = |name: &str| (Kind::Deployment, object(name));
    assert_eq!(cut.len(), 63);
    assert_eq!(past(&[deployment(&long)], &cut), Some(id(WorkloadKind::Deployment, &long)));
    let twin = format!("{}b", &long[..62]);
    assert_eq!(past(&[deployment(&long), deployment(&twin)], &cut), None);
    assert_eq!(past(&[deployment(&long)], &format!("{}b{}", &long[..57], "zzzzz")), None);
    // Only a part of the hash is left: 50 letters, a dash, and seven of the hash.
    let name = "b".repeat(50);
    let replica_set = format!("{name}-5d4f8c7b9d");
    let pod = format!("{}zzzzz", &format!("{replica_set}-")[..58]);
    let expected = Some(id(WorkloadKind::Deployment, &name));
    assert_eq!(past(&[deployment(&name)], &pod), expected);
    let known = (Kind::ReplicaSet, owned(&replica_set, ("apps/v1", "Deployment", &name)));
    assert_eq!(past(&[deployment(&name), known], &pod), expected);
    // The longest name that is not cut: 57 letters and a dash.
    let daemon = "c".repeat(57);
    assert_eq!(
        past(&[(Kind::DaemonSet, object(&daemon))], &format!("{daemon}-zzzzz")),
        Some(id(WorkloadKind::DaemonSet, &daemon))
    );
}

#[test]
fn namespaces_are_apart() {
    let mut elsewhere = object("web");
    elsewhere["metadata"]["namespace"] = json!("elsewhere");
    let tables = common::tables(&[(Kind::Deployment, elsewhere)]);
    assert_eq!(tables.workload_of_past_pod("shop", "web-5d4f8c7b9d-zzzzz"), None);
    assert!(tables.workload_of_past_pod("elsewhere", "web-5d4f8c7b9d-zzzzz").is_some());
}

#[test]
fn pods_of_no_workload_are_counted_by_the_kind_at_the_top() {
    let ended = |mut pod: Value| {
        pod["status"]["phase"] = json!("Succeeded");
        pod
    };
    let bare = |name: &str| {
        let mut pod = pod(name, ("", "", ""));
        pod["metadata"].as_object_mut().unwrap().remove("ownerReferences");
        pod
    };
    let tables = common::tables(&[
        (Kind::StatefulSet, object("db")),
        (Kind::Pod, pod("db-0", ("apps/v1", "StatefulSet", "db"))),
        (Kind::ReplicaSet, owned("canary-5d4f8c7b9d", ("argoproj.io/v1alpha1", "Rollout", "canary"))),
        (Kind::Pod, pod("canary-5d4f8c7b9d-x2x4z", ("apps/v1", "ReplicaSet", "canary-5d4f8c7b9d"))),
        (Kind::Pod, pod("canary-5d4f8c7b9d-x2x5z", ("apps/v1", "ReplicaSet", "canary-5d4f8c7b9d"))),
        (Kind::ReplicaSet, object("alone")),
        (Kind::Pod, pod("alone-x2x4z", ("apps/v1", "ReplicaSet", "alone"))),
        (Kind::Pod, pod("steps-1", ("argoproj.io/v1alpha1", "Workflow", "steps"))),
        (Kind::Pod, bare("by-hand")),
        (Kind::Pod, ended(bare("over"))),
    ]);
    let counts = tables.unowned("shop");
    let counts: Vec<_> = counts.iter().map(|(kind, n)| (kind.as_deref(), *n)).collect();
    assert_eq!(counts, [(None, 1), (Some("ReplicaSet"), 1), (Some("Rollout"), 2), (Some("Workflow"), 1)]);
    assert!(tables.unowned("elsewhere").is_empty());
}

#[test]
fn pods_of_a_rollout_are_its_own_and_not_those_of_a_deployment_of_its_name() {
    let mut rollout = object("web");
    rollout["spec"] = json!({"replicas": 2, "paused": true, "template": {"spec": {"containers": [{"name": "app"}]}}});
    rollout["status"] = json!({"observedGeneration": "7", "readyReplicas": 1, "updatedReplicas": 2});
    let pods = ["web-5d4f8c7b9d-x2x4z", "web-6c5b8f7d4c-b5b5b"];
    let mut tables = common::tables(&[
        (Kind::Rollout, rollout),
        (Kind::Deployment, object("web")),
        (Kind::ReplicaSet, owned("web-5d4f8c7b9d", ("argoproj.io/v1alpha1", "Rollout", "web"))),
        (Kind::ReplicaSet, owned("web-6c5b8f7d4c", ("apps/v1", "Deployment", "web"))),
        (Kind::Pod, pod(pods[0], (RS.0, RS.1, "web-5d4f8c7b9d"))),
        (Kind::Pod, pod(pods[1], (RS.0, RS.1, "web-6c5b8f7d4c"))),
    ]);
    let row = tables.workload(&id(WorkloadKind::Rollout, "web")).unwrap();
    assert_eq!((row.desired, row.ready, row.updated, row.observed_generation, row.suspended), (2, 1, 2, 7, true));
    for (kind, pod) in [(WorkloadKind::Rollout, pods[0]), (WorkloadKind::Deployment, pods[1])] {
        let found: Vec<_> = tables.pods_of(&id(kind, "web")).iter().map(|p| p.name.to_string()).collect();
        assert_eq!(found, [pod], "{kind}");
        assert_eq!(tables.workload_of_pod("shop", pod), Some(id(kind, "web")));
    }
    tables.delete(Kind::Deployment, "shop", "web");
    let gone = "web-7d9f8c6b5-x2x9z";
    assert_eq!(tables.workload_of_past_pod("shop", gone), Some(id(WorkloadKind::Rollout, "web")));
}
