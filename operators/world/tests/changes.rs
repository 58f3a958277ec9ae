//! What wakes listeners and what does not, OOM kills, lists, and unreadable objects.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{id, object, owned, pod, tables};
use serde_json::{Value, json};
use trimtab_core::WorkloadKind;
use trimtab_world::{Dirty, Kind, Tables, World};

const RS: (&str, &str, &str) = ("apps/v1", "ReplicaSet", "web-5d4f8c7b9d");
const POD: &str = "web-5d4f8c7b9d-x2x4z";

fn quiet() -> Tables {
    let mut tables = tables(&[
        (Kind::Deployment, object("web")),
        (Kind::ReplicaSet, owned("web-5d4f8c7b9d", ("apps/v1", "Deployment", "web"))),
        (Kind::Pod, pod(POD, RS)),
    ]);
    tables.take_dirty();
    tables
}

fn web_alone() -> Dirty {
    Dirty { workloads: [id(WorkloadKind::Deployment, "web")].into(), ..Dirty::default() }
}

fn nothing() -> Dirty {
    Dirty::default()
}

#[test]
fn what_wakes_and_what_does_not() {
    let changed = |kind: Kind, base: Value, pointer: &str, value: Value| {
        let mut object = base;
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        if parent.is_empty() {
            object[field] = value
        } else {
            object.pointer_mut(parent).unwrap()[field] = value
        }
        let mut tables = quiet();
        tables.apply_json(kind, &object).unwrap();
        tables.take_dirty()
    };
    let web = || object("web");
    let of_pod = || pod(POD, RS);
    for (kind, base, pointer, value, expected) in [
        (
            Kind::Deployment,
            web(),
            "/status",
            json!({"readyReplicas": 2, "updatedReplicas": 2, "observedGeneration": 1}),
            nothing(),
        ),
        (Kind::Deployment, web(), "/metadata/resourceVersion", json!("8"), nothing()),
        (Kind::Deployment, web(), "/metadata/generation", json!(2), web_alone()),
        (Kind::Deployment, web(), "/metadata/labels", json!({"a": "b"}), web_alone()),
        (Kind::Deployment, web(), "/spec", json!({"replicas": 2}), web_alone()),
        (Kind::Pod, of_pod(), "/status/conditions", json!([{"type": "Ready", "status": "True"}]), nothing()),
        (Kind::Pod, of_pod(), "/status/containerStatuses/0/ready", json!(false), nothing()),
        (Kind::Pod, of_pod(), "/status/containerStatuses/0/restartCount", json!(3), nothing()),
        (Kind::Pod, of_pod(), "/status/containerStatuses/0/resources", json!({"requests": {"cpu": "1"}}), web_alone()),
        (Kind::Pod, of_pod(), "/status/phase", json!("Failed"), web_alone()),
        (Kind::Pod, of_pod(), "/spec/nodeName", json!("n2"), web_alone()),
        (Kind::Pod, of_pod(), "/metadata/uid", json!("another"), web_alone()),
        (Kind::Pod, pod("new", RS), "/metadata/uid", json!("new"), web_alone()),
        (Kind::Pod, object("bare"), "/metadata/uid", json!("bare"), nothing()),
        (Kind::Pod, pod("early", ("apps/v1", "ReplicaSet", "unknown")), "/metadata/uid", json!("early"), nothing()),
        (
            Kind::ResourceQuota,
            object("q"),
            "/status",
            json!({}),
            Dirty { namespaces: ["shop".into()].into(), ..nothing() },
        ),
        (
            Kind::HorizontalPodAutoscaler,
            object("h"),
            "/spec",
            json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}),
            web_alone(),
        ),
        (Kind::Node, object("n1"), "/spec", json!({}), Dirty { nodes: true, ..nothing() }),
    ] {
        assert_eq!(changed(kind, base, pointer, value.clone()), expected, "{kind} {pointer} = {value}");
    }
}

#[test]
fn a_pod_that_comes_before_its_owners_wakes_when_they_come() {
    let link = (Kind::ReplicaSet, owned(RS.2, ("apps/v1", "Deployment", "web")));
    let top = (Kind::Deployment, object("web"));
    for owners in [[&link, &top], [&top, &link]] {
        let mut tables = tables(&[(Kind::Pod, pod(POD, RS))]);
        assert_eq!(tables.take_dirty(), nothing());
        for (kind, object) in owners {
            tables.apply_json(*kind, object).unwrap();
        }
        assert_eq!(tables.take_dirty(), web_alone());
    }
    // A run of a CronJob, whose Job arrives last.
    let run = pod("n-29381820-zzzzz", ("batch/v1", "Job", "n-29381820"));
    let mut tables = tables(&[(Kind::CronJob, object("n")), (Kind::Pod, run)]);
    tables.take_dirty();
    tables.apply_json(Kind::Job, &owned("n-29381820", ("batch/v1", "CronJob", "n"))).unwrap();
    assert_eq!(tables.take_dirty().workloads, [id(WorkloadKind::CronJob, "n")].into());
}

#[test]
fn heartbeats_and_counters_of_guards_do_not_wake() {
    let mut tables = quiet();
    let node = |heartbeat: &str, ready: &str| {
        json!({"metadata": {"name": "n1"}, "status": {"capacity": {"cpu": "2"},
            "conditions": [{"type": "Ready", "status": ready, "lastHeartbeatTime": heartbeat}]}})
    };
    tables.apply_json(Kind::Node, &node("2026-11-01T08:00:00Z", "True")).unwrap();
    let mut pdb = object("p");
    pdb["spec"] = json!({"selector": {}});
    tables.apply_json(Kind::PodDisruptionBudget, &pdb).unwrap();
    tables.take_dirty();
    tables.apply_json(Kind::Node, &node("2026-11-01T08:05:00Z", "False")).unwrap();
    pdb["status"] = json!({"disruptionsAllowed": 1});
    tables.apply_json(Kind::PodDisruptionBudget, &pdb).unwrap();
    assert!(tables.take_dirty().is_empty());
    assert!(!tables.node("n1").unwrap().ready, "it is kept all the same");
    assert_eq!(tables.pdbs_for("shop", &Default::default())[0].disruptions_allowed, 1);
}

fn with_state(state: Value, last_state: Value) -> Value {
    let mut pod = pod(POD, RS);
    let status = &mut pod["status"]["containerStatuses"][0];
    status["state"] = state;
    status["lastState"] = last_state;
    pod
}

fn terminated(reason: &str, minute: u32) -> Value {
    json!({"terminated": {"reason": reason, "exitCode": 137, "finishedAt": format!("2026-11-01T08:{minute:02}:00Z")}})
}

#[test]
fn each_oom_kill_is_told_once() {
    let mut tables = quiet();
    let mut step = |state: Value, last: Value| {
        tables.apply_json(Kind::Pod, &with_state(state, last)).unwrap();
        (tables.take_ooms(), tables.take_dirty())
    };
    let running = json!({"running": {}});
    assert_eq!(step(terminated("OOMKilled", 1), json!({})).0.len(), 1);
    assert_eq!(
        step(json!({"waiting": {"reason": "CrashLoopBackOff"}}), terminated("OOMKilled", 1)),
        (vec![], nothing())
    );
    assert_eq!(step(running.clone(), terminated("OOMKilled", 1)), (vec![], nothing()));
    assert_eq!(step(terminated("Error", 2), terminated("OOMKilled", 1)), (vec![], nothing()));
    let (ooms, dirty) = step(running, terminated("OOMKilled", 3));
    assert_eq!(dirty, web_alone());
    let [oom] = &ooms[..] else { panic!("{ooms:?}") };
    assert_eq!(oom.workload, Some(id(WorkloadKind::Deployment, "web")));
    assert_eq!((&*oom.container, oom.memory_limit, oom.memory_request), ("app", Some(512 << 20), Some(256 << 20)));
    assert_eq!(oom.finished_at.unwrap().to_string(), "2026-11-01T08:03:00Z");
}

#[test]
fn what_was_in_force_at_a_kill_is_not_certain_of_a_pod_that_was_changed_before_it_was_first_seen() {
    for (generation, limit) in [(None, Some(512 << 20)), (Some(1), Some(512 << 20)), (Some(3), None)] {
        let mut tables = quiet();
        let mut pod = with_state(json!({"running": {}}), terminated("OOMKilled", 1));
        pod["metadata"]["uid"] = json!("resized");
        pod["metadata"]["generation"] = json!(generation.unwrap_or(0));
        tables.apply_json(Kind::Pod, &pod).unwrap();
        assert_eq!(tables.take_ooms()[0].memory_limit, limit, "{generation:?}");
    }
}

#[test]
fn an_oom_kill_that_arrives_before_its_owners_finds_its_workload() {
    let mut tables = Tables::default();
    tables.apply_json(Kind::Pod, &with_state(json!({}), terminated("OOMKilled", 1))).unwrap();
    tables.apply_json(Kind::ReplicaSet, &owned(RS.2, ("apps/v1", "Deployment", "web"))).unwrap();
    tables.apply_json(Kind::Deployment, &object("web")).unwrap();
    assert_eq!(tables.take_ooms()[0].workload, Some(id(WorkloadKind::Deployment, "web")));
}

#[test]
fn a_list_removes_what_it_does_not_hold() {
    let mut tables = quiet();
    tables.apply_json(Kind::Pod, &pod("old", RS)).unwrap();
    let mut elsewhere = pod("far", RS);
    elsewhere["metadata"]["namespace"] = json!("elsewhere");
    tables.apply_json(Kind::Pod, &elsewhere).unwrap();
    tables.take_dirty();
    let names = |t: &Tables| t.pods_in("shop").iter().map(|p| p.name.to_string()).collect::<Vec<_>>();

    tables.begin_list(Kind::Pod, Some("shop"));
    tables.apply_json(Kind::Pod, &pod(POD, RS)).unwrap();
    assert_eq!(names(&tables).len(), 2, "while a list is under way nothing goes");
    tables.finish_list(Kind::Pod, Some("shop"));
    assert_eq!(names(&tables), [POD]);
    assert_eq!(tables.pods_in("elsewhere").len(), 1, "another namespace is not in the list");
    assert_eq!(tables.take_dirty(), web_alone());

    tables.begin_list(Kind::Pod, None);
    tables.finish_list(Kind::Pod, None);
    assert!(tables.pods_in("shop").is_empty() && tables.pods_in("elsewhere").is_empty());
    assert!(tables.workload(&id(WorkloadKind::Deployment, "web")).is_some(), "other kinds stay");
}

#[test]
fn what_cannot_be_read_is_left_out_and_named() {
    let broken: &[(Kind, &str, Value)] = &[
        (Kind::Pod, "/spec/containers", json!("none")),
        (Kind::Pod, "/spec/containers/0/name", Value::Null),
        (Kind::Pod, "/spec/containers/0/resources/requests/cpu", json!("lots")),
        (Kind::Pod, "/spec/containers/0/resources/requests/memory", json!("-1Gi")),
        (Kind::Pod, "/spec/containers/0/resources/limits/memory", json!("99999Ei")),
        (Kind::Pod, "/spec/containers/0/resources/limits/memory", json!({})),
        (Kind::Pod, "/status/containerStatuses/0/restartCount", json!("3")),
        (Kind::Pod, "/metadata/creationTimestamp", json!("yesterday")),
        (Kind::Pod, "/metadata", json!([])),
    ];
    for (kind, pointer, value) in broken {
        let mut tables = quiet();
        tables.apply_json(Kind::Pod, &pod("other", RS)).unwrap();
        let mut object = pod(POD, RS);
        object["metadata"]["creationTimestamp"] = json!("2026-11-01T08:00:00Z");
        *object.pointer_mut(pointer).unwrap() = value.clone();
        let error = tables.apply_json(*kind, &object).unwrap_err();
        assert!(!error.message.is_empty(), "{pointer}");
        assert_eq!(tables.malformed().len(), 1, "{pointer}");
        assert!(tables.pod("shop", "other").is_some(), "{pointer}: the others are unharmed");
        if *pointer == "/metadata" {
            continue;
        }
        assert_eq!((error.namespace.as_str(), error.name.as_str()), ("shop", POD));
        assert!(tables.pod("shop", POD).is_none(), "{pointer}: what it says is not known");
        assert_eq!(tables.take_dirty(), web_alone());
        tables.apply_json(Kind::Pod, &pod(POD, RS)).unwrap();
        assert!(tables.malformed().is_empty(), "{pointer}: read again");
    }
    let mut pdb = object("p");
    pdb["spec"] = json!({"selector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}});
    assert!(Tables::default().apply_json(Kind::PodDisruptionBudget, &pdb).is_err());
}

#[test]
fn absent_and_null_parts_are_read() {
    let mut tables = Tables::default();
    for kind in Kind::ALL {
        tables.apply_json(kind, &object("bare")).unwrap();
        let nulls = json!({"metadata": {"name": "nulls", "namespace": "shop", "labels": null, "annotations": null, "ownerReferences": null,
            "managedFields": null, "creationTimestamp": null}, "spec": null, "status": null});
        tables.apply_json(kind, &nulls).unwrap_or_else(|e| panic!("{e}"));
        let unknown = json!({"metadata": {"name": "new", "namespace": "shop", "unheardOf": [1]}, "spec": {"unheardOf": {}}, "status": {"unheardOf": 1}});
        tables.apply_json(kind, &unknown).unwrap_or_else(|e| panic!("{e}"));
    }
    assert!(tables.counts().iter().all(|(_, n)| *n == 3), "{:?}", tables.counts());
}

#[test]
fn every_kind_comes_and_goes_by_object_and_by_list() {
    for kind in Kind::ALL {
        let named = |name: &str| {
            let mut object = object(name);
            if !kind.namespaced() {
                object["metadata"].as_object_mut().unwrap().remove("namespace");
            }
            object
        };
        let mut tables = tables(&[(kind, named("a")), (kind, named("b"))]);
        let count = |t: &Tables| t.counts().into_iter().find(|(of, _)| *of == kind).unwrap().1;
        tables.begin_list(kind, Some("elsewhere"));
        tables.finish_list(kind, Some("elsewhere"));
        assert_eq!(count(&tables), 2, "{kind}: another namespace is not in the list");
        tables.begin_list(kind, None);
        tables.apply_json(kind, &named("b")).unwrap();
        tables.finish_list(kind, None);
        assert_eq!(count(&tables), 1, "{kind}: what is not in the list is gone");
        tables.delete(kind, if kind.namespaced() { "shop" } else { "" }, "b");
        assert!(tables.counts().iter().all(|(_, n)| *n == 0), "{kind}: {:?}", tables.counts());
    }
}

#[tokio::test]
async fn listeners_get_one_set_each() {
    let world = World::fixed(Tables::default());
    world.wait_synced().await;
    let (mut first, mut second) = (world.changes(), world.changes());
    for name in ["web", "api"] {
        world.update(|t| t.apply_json(Kind::Deployment, &object(name))).unwrap();
    }
    let both: Vec<_> = [id(WorkloadKind::Deployment, "api"), id(WorkloadKind::Deployment, "web")].into();
    assert_eq!(first.next().await.workloads.into_iter().collect::<Vec<_>>(), both);
    assert!(first.take().is_empty());
    assert_eq!(second.next().await.workloads.len(), 2);

    let (woken, ()) = tokio::join!(first.next(), async {
        tokio::task::yield_now().await;
        world.update(|t| t.delete(Kind::Deployment, "shop", "web"));
    });
    assert_eq!(woken, web_alone());
    let (ooms, ()) = tokio::join!(world.next_ooms(), async {
        tokio::task::yield_now().await;
        world.update(|t| t.apply_json(Kind::Pod, &with_state(json!({}), terminated("OOMKilled", 1)))).unwrap();
    });
    assert_eq!(ooms.len(), 1);
}
