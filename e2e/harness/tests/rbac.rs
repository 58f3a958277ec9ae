//! The permissions of `deploy/rbac.yaml` are exactly those Trimtab needs: nothing is refused, and nothing is granted
//! unnecessarily.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{AGENT, Cluster, Guarded, SOON, deployment, modest, namespace, policy, prometheus};
use trimtab_e2e::{AuditEvent, MetricsServer, PlaneOptions, Trimtab, eventually, free_port, repository};

use crate::support;

const OWN: &str = "trimtab-system";
const ACCOUNT: &str = "system:serviceaccount:trimtab-system:trimtab";

/// Permissions not exercised by this test, each with what needs it.
const FOR_OTHER_DAYS: &[(&str, &str)] = &[
    (
        "create  pods/eviction",
        "a pod that its node cannot resize, where the policy has rolloutStrategy.ifInfeasible: Evict",
    ),
    ("get apps deployments", "delivery.mode Template, of which carrying.rs shows one"),
    ("patch apps deployments", "delivery.mode Template, of which carrying.rs shows one"),
    ("get apps statefulsets", "delivery.mode Template"),
    ("patch apps statefulsets", "delivery.mode Template"),
    ("get apps daemonsets", "delivery.mode Template"),
    ("patch apps daemonsets", "delivery.mode Template"),
    ("get batch cronjobs", "delivery.mode Template"),
    ("patch batch cronjobs", "delivery.mode Template"),
    (
        "delete trimtab.dev usageprofiles",
        "a profile whose workload went while no Trimtab ran, and which the garbage collector left",
    ),
    ("list autoscaling.k8s.io verticalpodautoscalers", "a cluster with VerticalPodAutoscalers"),
    ("watch autoscaling.k8s.io verticalpodautoscalers", "a cluster with VerticalPodAutoscalers"),
    ("list argoproj.io rollouts", "a cluster with Argo Rollouts"),
    ("watch argoproj.io rollouts", "a cluster with Argo Rollouts"),
    ("patch events.k8s.io events", "the second of two equal events within minutes"),
];

/// What Kubernetes allows every authenticated user (system:basic-user): asking who one is, which the guard has to name.
const EVERYBODYS: &str = "create authentication.k8s.io selfsubjectreviews";

#[tokio::test]
async fn the_role_is_enough_and_no_more() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let cluster = &guarded.cluster;
    let rights = repository().join("deploy/rbac.yaml");
    let metrics_server = MetricsServer::start(&cluster.plane).await?;
    let book = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "PriceBook", "metadata": {"name": "book"},
        "spec": {"source": "a test", "asOf": "2026-01-01"}});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "trimtab-prometheus", "namespace": OWN},
        "stringData": {"bearerToken": "not-asked-for"}});
    let mut shop = policy("shop", &["shop"]);
    shop["spec"]["rolloutStrategy"] = json!({"type": "AllAtOnce"});
    shop["spec"]["verification"] = json!({"window": "1s"});
    let mut sampled = policy("sampled", &["mail"]);
    sampled["spec"]["metrics"] = json!({"source": "MetricsServer"});
    cluster
        .apply(&[
            namespace("shop"),
            namespace("mail"),
            secret,
            book,
            deployment("shop", "web", 1),
            deployment("shop", "api", 1),
            deployment("mail", "imap", 1),
            shop,
            sampled,
        ])
        .await?;
    for (namespace, name) in [("shop", "web"), ("shop", "api"), ("mail", "imap")] {
        cluster.ready(namespace, name, 1).await?;
    }
    let history = cluster.history(3, |_| Some(modest)).await?;
    let (server, _data) = prometheus(history).await?;

    // The ServiceAccount of the manifests, with a token; this call grants nothing else.
    let kubeconfig = cluster.plane.service_account_kubeconfig(OWN, "trimtab", &[]).await?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let args = [
        "controller",
        "--admin-address",
        &address,
        "--namespace",
        OWN,
        "--prometheus-url",
        server.url(),
        "--prometheus-secret",
        "trimtab-prometheus",
        "--metrics-server",
        "--metrics-server-interval",
        "5s",
        "--profile-interval",
        "10s",
        "--interval",
        "5s",
    ];
    let trimtab = Trimtab::new(&kubeconfig, &args)?.start("trimtab", cluster.plane.dir())?;
    for name in ["deploy-web", "deploy-api"] {
        eventually(SOON, "a recommendation", async || cluster.recommendation("shop", name).await).await?;
    }
    eventually(SOON, "the book is accepted", async || {
        let book = cluster.api("PriceBook", "pricebooks", None).get("book").await?;
        ensure!(book.data["status"]["conditions"][0]["reason"] == "Accepted", "{}", book.data["status"]);
        Ok(())
    })
    .await?;
    eventually(SOON * 2, "a usage profile", async || {
        let profile = cluster.api("UsageProfile", "usageprofiles", Some("mail")).get("deploy-imap").await?;
        ensure!(profile.data["status"]["conditions"][0]["reason"] == "Recording", "{}", profile.data["status"]);
        Ok(())
    })
    .await?;
    // One is rolled out.
    guarded.decide("shop", "deploy-web", "Approved").await?;
    guarded.stands("shop", "deploy-web", "Applied", SOON).await?;
    // Withdrawals, with an event for each.
    cluster.plane.kubectl(&["delete", "deployment", "-n", "shop", "web", "api"]).await?;
    eventually(SOON, "the recommendations are withdrawn", async || {
        let left = cluster.recommendations("shop").await?.len();
        ensure!(left == 0, "{left} left");
        Ok(())
    })
    .await?;

    let refused = async || -> Result<()> {
        let events = cluster.plane.audit().events()?;
        let refused: Vec<_> = ours(&events).filter(|e| e.code == 401 || e.code == 403).map(what).collect();
        ensure!(refused.is_empty(), "refused: {refused:#?}\n{}", trimtab.log());
        Ok(())
    };
    refused().await?;
    let granted = granted(&fs::read_to_string(rights)?);
    let excused: BTreeSet<String> = FOR_OTHER_DAYS.iter().map(|(right, _)| (*right).to_owned()).collect();
    eventually(SOON, "every right was used", async || {
        let events = cluster.plane.audit().events()?;
        let used = used(&events);
        let unused: Vec<_> =
            granted.iter().filter(|right| !used.contains(*right) && !excused.contains(*right)).collect();
        ensure!(unused.is_empty(), "granted for nothing: {unused:#?}");
        Ok(())
    })
    .await?;
    let events = cluster.plane.audit().events()?;
    refused().await?;
    let beyond: Vec<_> =
        used(&events).into_iter().filter(|right| !granted.contains(right) && right != EVERYBODYS).collect();
    ensure!(beyond.is_empty(), "used and not granted by the manifest: {beyond:#?}");
    let strange: Vec<_> = excused.iter().filter(|right| !granted.contains(*right)).collect();
    ensure!(strange.is_empty(), "excused and not granted: {strange:#?}");
    println!("{} rights: {granted:#?}", granted.len());
    drop((trimtab, metrics_server));
    Ok(())
}

#[tokio::test]
async fn people_get_their_rights_from_the_built_in_roles() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let roles = repository().join("policies/roles.yaml");
    cluster.plane.kubectl(&["apply", "--server-side", "-f", roles.to_str().unwrap()]).await?;
    cluster.apply(&[namespace("shop")]).await?;
    for (role, name) in [("view", "viewer"), ("edit", "editor")] {
        let user = format!("--user={name}");
        cluster
            .plane
            .kubectl(&["create", "rolebinding", name, "-n", "shop", &format!("--clusterrole={role}"), &user])
            .await?;
    }
    let may = async |user: &str, verb: &str, resource: &str, more: &[&str]| {
        let all = [&["auth", "can-i", verb, resource, "--as", user][..], more].concat();
        // kubectl answers no by its exit status.
        cluster.plane.kubectl(&all).await.is_ok_and(|answer| answer.trim() == "yes")
    };
    // The controller manager aggregates roles some moments after they are created.
    eventually(SOON, "roles are added up", async || {
        ensure!(
            may("viewer", "list", "recommendations.trimtab.dev", &["-n", "shop"]).await,
            "viewers may not look yet"
        );
        ensure!(
            may("editor", "patch", "recommendations.trimtab.dev", &["-n", "shop"]).await,
            "editors may not change yet"
        );
        Ok(())
    })
    .await?;
    let table = [
        ("viewer", "get", "recommendations.trimtab.dev", true),
        ("viewer", "list", "usageprofiles.trimtab.dev", true),
        ("viewer", "patch", "recommendations.trimtab.dev", false),
        ("viewer", "delete", "usageprofiles.trimtab.dev", false),
        ("editor", "get", "recommendations.trimtab.dev", true),
        ("editor", "create", "recommendations.trimtab.dev", true),
        ("editor", "delete", "usageprofiles.trimtab.dev", true),
        ("editor", "patch", "usageprofiles.trimtab.dev", false),
        ("editor", "create", "optimizationpolicies.trimtab.dev", false),
        ("editor", "patch", "pricebooks.trimtab.dev", false),
    ];
    for (user, verb, resource, expected) in table {
        assert_eq!(may(user, verb, resource, &["-n", "shop"]).await, expected, "{user} {verb} {resource}");
    }
    let status = ["-n", "shop", "--subresource=status"];
    assert!(!may("editor", "patch", "recommendations.trimtab.dev", &status).await, "a status is Trimtab's to write");
    assert!(!may("editor", "get", "recommendations.trimtab.dev", &["-n", "default"]).await, "in another namespace");
    Ok(())
}

/// Every manifest of `deploy/` is accepted by the API server, with the Pod Security level of its namespace.
#[tokio::test]
async fn the_manifests_are_accepted_and_their_pod_is_restricted() -> Result<()> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let deploy = repository().join("deploy");
    let said = cluster.plane.kubectl(&["apply", "--server-side", "-f", deploy.to_str().unwrap()]).await?;
    ensure!(said.lines().count() >= 8, "{said}");
    cluster.ready(OWN, "trimtab", 1).await?;
    Ok(())
}

/// A manifest's permissions, as `verb group resource[/subresource]`.
fn granted(manifest: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for document in serde_yaml::Deserializer::from_str(manifest) {
        let object = Value::deserialize(document).unwrap();
        for rule in object["rules"].as_array().into_iter().flatten() {
            let list = |key: &str| {
                rule[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect::<Vec<_>>()
            };
            for group in list("apiGroups") {
                for resource in list("resources") {
                    found.extend(list("verbs").iter().map(|verb| format!("{verb} {group} {resource}")));
                }
            }
        }
    }
    assert!(found.iter().all(|right| !right.contains('*')), "a right to everything: {found:#?}");
    found
}

fn ours(events: &[AuditEvent]) -> impl Iterator<Item = &AuditEvent> {
    events.iter().filter(|e| e.user == ACCOUNT && e.user_agent.starts_with(AGENT) && !e.resource.is_empty())
}

fn what(event: &AuditEvent) -> String {
    format!("{} {} {} {}", event.verb, event.target(), event.uri, event.code)
}

/// The requests to the API server, in the words of [`granted`]. Server-side apply of a missing object is a patch in the
/// log, and also needs the permission to create: it is answered 201.
fn used(events: &[AuditEvent]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for e in ours(events) {
        found.insert(format!("{} {} {}", e.verb, e.group, e.target()));
        if e.verb == "patch" && e.code == 201 {
            found.insert(format!("create {} {}", e.group, e.target()));
        }
    }
    found
}
