#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use k8s_openapi::api::{core::v1::Service, rbac::v1::ClusterRole};
use serde_json::{Value, json};

use super::*;
use crate::{
    health::Operator,
    testkit::{now, rec, rollout},
};

fn policy(name: &str, change: Value) -> OptimizationPolicy {
    let mut object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": name},
        "spec": {"targetNamespaces": ["shop"]},
        "status": {"metricsSource": "Prometheus", "conditions": [condition("MetricsAvailable", "True", "MetricsFresh")]}});
    json_patch::merge(&mut object, &change);
    serde_json::from_value(object).unwrap()
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": "it says so", "lastTransitionTime": "2026-11-20T12:00:00Z"})
}

fn leader() -> Operator {
    Operator {
        holder: "trimtab-1".to_owned(),
        renewed: "2026-11-21T11:59:57Z".parse().unwrap(),
        expires: "2026-11-21T12:00:12Z".parse().unwrap(),
    }
}

fn labels() -> BTreeMap<String, String> {
    [("app.kubernetes.io/name".to_owned(), "trimtab".to_owned())].into()
}

/// The one of `deploy/trimtab.yaml`.
fn service() -> Service {
    serde_json::from_value(json!({"metadata": {"name": "trimtab-metrics", "labels": labels()},
        "spec": {"selector": labels(), "ports": [{"name": "metrics", "port": 8080, "targetPort": "metrics"}]}}))
    .unwrap()
}

/// Roles and groups as they should be.
pub(super) fn approvers() -> Approvers {
    let rules =
        json!([{"apiGroups": ["trimtab.dev"], "resources": ["recommendations"], "verbs": ["get", "patch", "approve"]}]);
    let role: ClusterRole =
        serde_json::from_value(json!({"metadata": {"name": "trimtab-approver"}, "rules": rules})).unwrap();
    let roles = BTreeMap::from([("trimtab-approver".to_owned(), role)]);
    Approvers {
        roles: Ok(roles),
        local: Ok(Vec::new()),
        groups: Ok(Vec::new()),
        bindings: Ok(Vec::new()),
        cluster_bindings: Ok(Vec::new()),
    }
}

/// An installation in which everything is as it should be.
pub(super) fn facts() -> Facts {
    Facts {
        server: "Kubernetes v1.36.0 at https://10.0.0.1:6443".to_owned(),
        own: "trimtab-system".to_owned(),
        crds: Ok(Crds { current: true, ..Crds::default() }),
        guard: Ok(Guard::in_force()),
        has_mutating: Ok(true),
        requester: Ok(Guard::in_force()),
        sizes: Ok(Guard::in_force()),
        missing: Ok(Vec::new()),
        kinds: Ok(Vec::new()),
        policies: Ok(vec![policy("services", json!({})), policy("jobs", json!({}))]),
        approvers: approvers(),
        recommendations: Ok(vec![rec(json!({}))]),
        metrics: Metrics { services: Ok(vec![service()]), told: Ok(Vec::new()), missing: Ok(Vec::new()) },
        installed: Installed {
            deployments: Ok(vec![Labelled {
                namespace: "trimtab-system".to_owned(),
                name: "trimtab".to_owned(),
                is_scaled_up: true,
            }]),
            leaders: Ok(vec![("trimtab-system".to_owned(), leader())]),
        },
        operator: Ok(led_until("2026-11-21T12:00:12Z")),
        controller: Ok(Some(Controller {
            image: "trimtab:0".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            account: "trimtab".to_owned(),
            kinds: Ok(Vec::new()),
            secret: None,
            reviews: false,
            labels: labels(),
            helm: None,
        })),
    }
}

fn led_until(expires: &str) -> Lead {
    Lead::Held(Operator { expires: expires.parse().unwrap(), ..leader() })
}

fn missing(of: impl Fn(&Needed) -> bool) -> Read<Vec<Needed>> {
    Ok(needed().into_iter().filter(|n| of(n)).collect())
}

#[test]
fn a_sound_installation_has_nothing_to_do() {
    let lines = lines(&facts(), now());
    assert!(lines.iter().all(|line| line.status == Status::Ok && line.remedy.is_none()), "{lines:?}");
    assert_eq!((exit_code(&lines), summary(&lines).as_str()), (0, "18 checks: 18 ok"));
    let text = text(&lines, Paint(false)).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_eq!(
        text,
        "\
CHECK               STATUS   FOUND
API server          ok       Kubernetes v1.36.0 at https://10.0.0.1:6443
CRDs                ok       as trimtab VERSION needs them
Approval guard      ok       in force
Requester policy    ok       in force
Sizes policy        ok       in force
Rights: recommend   ok       all are granted
Rights: resize      ok       all are granted
Rights: evict       ok       all are granted
Rights: template    ok       all are granted
Rights: admission   ok       all are granted
Workload kinds      ok       no custom resources are sized: --workload-kinds names none
Approvers           ok       only who has trimtab-approver, or a role of your own with that verb
Usage source        ok       Prometheus is fresh for 2 policies
Conditions          ok       none of 1 Recommendation says that Trimtab is stuck
Metrics             ok       Service trimtab-metrics leads to /metrics
Leader              ok       trimtab-1 leads, renewed 3s ago
Only Trimtab        ok       no other namespace has one
Version             ok       plugin and controller are VERSION
"
    );
}

/// What is changed, the check that finds it, what it finds, part of its message, part of its remedy.
type Case = (fn(&mut Facts), &'static str, Status, &'static str, &'static str);

const CASES: &[Case] = &[
    (
        |f| {
            let lack = Some("pricebooks.trimtab.dev is not installed".to_owned());
            f.crds = Ok(Crds { current: false, lack, accept: None });
        },
        "CRDs",
        Status::Failed,
        "pricebooks.trimtab.dev is not installed",
        "kubectl apply --server-side --force-conflicts -f crds/",
    ),
    (
        |f| {
            let accept = Some("pricebooks.trimtab.dev lacks maximum of spec.a".to_owned());
            f.crds = Ok(Crds { current: true, lack: None, accept });
        },
        "CRDs",
        Status::Warning,
        "accepts or refuses something else than this release does: pricebooks.trimtab.dev lacks maximum of spec.a",
        "kubectl apply --server-side --force-conflicts -f crds/",
    ),
    (|f| f.crds = Err("no permission".to_owned()), "CRDs", Status::NotChecked, "no permission", ""),
    (
        |f| f.guard = Ok(Guard::lacking("it is altered here", "replace it")),
        "Approval guard",
        Status::Failed,
        "no approval is honoured: it is altered here",
        "replace it",
    ),
    (
        |f| f.has_mutating = Ok(false),
        "Requester policy",
        Status::NotChecked,
        "not available before Kubernetes 1.36",
        "",
    ),
    (
        |f| f.requester = Ok(Guard::lacking("it is missing", "apply it")),
        "Requester policy",
        Status::Warning,
        "people may set the annotation",
        "apply it",
    ),
    (
        |f| f.has_mutating = Ok(false),
        "Sizes policy",
        Status::NotChecked,
        "not available before Kubernetes 1.36: delivery Admission is not possible",
        "",
    ),
    (
        |f| {
            f.has_mutating = Ok(false);
            f.policies = Ok(vec![policy("new-pods", json!({"spec": {"delivery": {"mode": "Admission"}}}))]);
        },
        "Sizes policy",
        Status::Failed,
        "delivery Admission is not possible, which new-pods asks for",
        "set delivery.mode",
    ),
    (
        |f| f.sizes = Ok(Guard::lacking("it is missing", "apply it")),
        "Sizes policy",
        Status::Warning,
        "new pods do not get their sizes by admission: it is missing",
        "apply it",
    ),
    (
        |f| {
            f.sizes = Ok(Guard::lacking("it is missing", "apply it"));
            f.missing = missing(|n| n.feature == Feature::Admission);
        },
        "Sizes policy",
        Status::Ok,
        "off, with the feature admission: it is missing",
        "",
    ),
    (
        |f| f.missing = missing(|n| n.feature == Feature::Admission),
        "Sizes policy",
        Status::Warning,
        "in force, though the feature admission is off",
        "kubectl delete mutatingadmissionpolicybinding,mutatingadmissionpolicy trimtab-sizes",
    ),
    (
        |f| f.missing = missing(|n| n.resource == "nodes" && n.verb == "watch"),
        "Rights: recommend",
        Status::Failed,
        "missing watch nodes",
        "deploy/rbac.yaml, or features.recommend: true",
    ),
    (
        |f| f.missing = Ok(vec![of_secret("credentials")]),
        "Rights: recommend",
        Status::Failed,
        "missing get secrets credentials in namespace trimtab-system",
        "deploy/rbac.yaml",
    ),
    (
        |f| f.missing = missing(|n| n.own),
        "Rights: recommend",
        Status::Failed,
        "get configmaps trimtab-halt in namespace trimtab-system",
        "deploy/rbac.yaml",
    ),
    (
        |f| f.missing = missing(|n| n.feature == Feature::Evict),
        "Rights: evict",
        Status::Ok,
        "off: pods that cannot be resized are not evicted, which takes create pods/eviction",
        "",
    ),
    (
        |f| {
            f.missing = missing(|n| n.feature == Feature::Evict);
            f.policies = Ok(vec![policy("hard", json!({"spec": {"rolloutStrategy": {"ifInfeasible": "Evict"}}}))]);
        },
        "Rights: evict",
        Status::Failed,
        "are not evicted, which hard asks for: missing create pods/eviction",
        "features.evict: true",
    ),
    (
        |f| {
            f.missing = missing(|n| n.feature == Feature::Resize);
            f.recommendations = Ok(vec![rec(json!({"status": {"rollout": rollout(json!({}))}}))]);
        },
        "Rights: resize",
        Status::Failed,
        "running pods, which the rollout of shop/deploy-web needs: missing patch pods/resize",
        "kubectl apply --server-side --force-conflicts -f deploy/rbac.yaml, or features.resize: true",
    ),
    (
        |f| {
            f.missing = missing(|n| n.feature == Feature::Template);
            let by_template = rollout(json!({"delivery": "Template"}));
            f.recommendations = Ok(vec![rec(json!({"status": {"rollout": by_template}})); 2]);
        },
        "Rights: template",
        Status::Failed,
        "which the rollouts of shop/deploy-web, shop/deploy-web need: missing get, patch cronjobs.batch",
        "features.template: true",
    ),
    (
        |f| f.missing = missing(|n| n.feature == Feature::Resize),
        "Rights: resize",
        Status::Ok,
        "off: approved changes are not applied to running pods",
        "",
    ),
    (
        |f| f.missing = missing(|n| n.feature == Feature::Template && n.group == "batch"),
        "Rights: template",
        Status::Failed,
        "missing get, patch cronjobs.batch",
        "features.template: true",
    ),
    (
        |f| f.missing = Err("needs create on subjectaccessreviews".to_owned()),
        "Rights: resize",
        Status::NotChecked,
        "needs create on subjectaccessreviews",
        "",
    ),
    (
        |f| {
            let resource = Ok("herds.example.com".to_owned());
            let missing = Ok(vec!["list", "watch"]);
            f.kinds = Ok(vec![NamedKind { name: "Herd.v1.example.com".to_owned(), resource, missing }]);
        },
        "Workload kinds",
        Status::Failed,
        "Herd.v1.example.com is not sized: missing list, watch herds.example.com",
        "controller.workloadKinds",
    ),
    (|f| f.policies = Ok(Vec::new()), "Usage source", Status::NotChecked, "no policy reads usage", ""),
    (
        |f| f.policies = Ok(vec![policy("idle", json!({"spec": {"suspend": true}}))]),
        "Usage source",
        Status::NotChecked,
        "all are suspended",
        "",
    ),
    (
        |f| {
            let stale = condition("MetricsAvailable", "False", "MetricsStale");
            f.policies =
                Ok(vec![policy("services", json!({"status": {"conditions": [stale]}})), policy("b", json!({}))]);
        },
        "Usage source",
        Status::Failed,
        "services: MetricsStale: it says so",
        "TRIMTAB_PROMETHEUS_URL",
    ),
    (
        |f| f.policies = Ok(vec![policy("new", json!({"status": null}))]),
        "Usage source",
        Status::Warning,
        "new has no status yet",
        "TRIMTAB_PROMETHEUS_URL",
    ),
    (
        |f| {
            let invalid = condition("Ready", "False", "InvalidSpec");
            f.policies = Ok(vec![policy("bad", json!({"status": {"conditions": [invalid]}}))]);
        },
        "Usage source",
        Status::Warning,
        "bad: InvalidSpec: it says so",
        "TRIMTAB_PROMETHEUS_URL",
    ),
    (
        |f| {
            let two = [
                condition("MetricsAvailable", "True", "MetricsFresh"),
                condition("MetricsAmbiguous", "True", "ForeignSeries"),
            ];
            f.policies = Ok(vec![policy("services", json!({"status": {"conditions": two}}))]);
        },
        "Usage source",
        Status::Warning,
        "services: ForeignSeries",
        "",
    ),
    (
        |f| {
            let stale = json!({"status": {"conditions": [condition("MetricsAvailable", "False", "MetricsStale")]}});
            f.policies = Ok(["a", "b", "c", "d", "e"].map(|name| policy(name, stale.clone())).to_vec());
        },
        "Usage source",
        Status::Failed,
        "b: MetricsStale: it says so; c: MetricsStale: it says so; and 2 more",
        "TRIMTAB_PROMETHEUS_URL",
    ),
    (
        |f| f.policies.as_mut().unwrap()[0].status.as_mut().unwrap().metrics_source = Some("Herald".to_owned()),
        "Usage source",
        Status::Ok,
        "Herald and Prometheus are fresh for 2 policies",
        "",
    ),
    (
        |f| f.operator = Ok(Lead::Released),
        "Leader",
        Status::Warning,
        "trimtab-controller is released: ",
        "kubectl get pods -n trimtab-system",
    ),
    (
        |f| f.operator = Ok(Lead::Absent),
        "Leader",
        Status::Warning,
        "there is no Lease trimtab-controller",
        "kubectl get",
    ),
    (
        |f| f.operator = Ok(led_until("2026-11-21T11:59:58Z")),
        "Leader",
        Status::Failed,
        "no Trimtab is running (trimtab-1 led until 2s ago)",
        "kubectl get pods",
    ),
    (|f| f.operator = Err("no permission".to_owned()), "Leader", Status::NotChecked, "no permission", ""),
    (|f| f.controller = Ok(None), "Version", Status::NotChecked, "no Deployment trimtab-system/trimtab", ""),
    (
        |f| f.controller.as_mut().unwrap().as_mut().unwrap().version = Some("9.0.0".to_owned()),
        "Version",
        Status::Warning,
        "the controller is 9.0.0, and this plugin ",
        "use the plugin of release 9.0.0",
    ),
    (
        |f| f.controller.as_mut().unwrap().as_mut().unwrap().version = None,
        "Version",
        Status::NotChecked,
        "the image \"trimtab:0\" names no version",
        "",
    ),
];

#[test]
fn each_check_finds_its_own_fault_and_says_what_to_do() {
    for (at, (change, check, status, message, remedy)) in CASES.iter().enumerate() {
        let mut facts = facts();
        change(&mut facts);
        let lines = lines(&facts, now());
        let line = lines.iter().find(|line| line.check == *check).unwrap();
        assert_eq!(line.status, *status, "{at}: {line:?}");
        assert!(line.message.contains(message), "{at}: {line:?}");
        assert!(line.remedy.as_deref().unwrap_or_default().contains(remedy), "{at}: {line:?}");
        assert_eq!(line.remedy.is_some(), matches!(status, Status::Warning | Status::Failed), "{at}: {line:?}");
        let expected = match status {
            Status::Failed => 2,
            Status::Warning => 1,
            Status::Ok | Status::NotChecked => 0,
        };
        assert_eq!(exit_code(&lines), expected, "{at}: {lines:?}");
        assert!(lines.iter().all(|line| text(std::slice::from_ref(line), Paint(false)).lines().count() == 2));
    }
}

#[test]
fn what_another_release_may_need_is_not_taken_away_by_the_remedy_of_this_one() {
    let mut facts = facts();
    facts.crds = Ok(Crds { current: false, lack: Some("they are altered".to_owned()), accept: None });
    let remedy = |facts: &Facts| lines(facts, now())[1].remedy.clone().unwrap();
    let apply = "kubectl apply --server-side --force-conflicts -f crds/";
    assert_eq!(remedy(&facts), apply);
    facts.controller.as_mut().unwrap().as_mut().unwrap().version = Some("9.0.0".to_owned());
    let first = concat!("use the plugin of release 9.0.0, since this one compares with ", env!("CARGO_PKG_VERSION"));
    assert_eq!(remedy(&facts), format!("{first}; if it says the same: {apply}"));
    assert_eq!(lines(&facts, now())[2], Line::ok("Approval guard", "in force"), "nothing is to be done about it");
    facts.controller = Ok(None);
    assert_eq!(remedy(&facts), apply);
}

#[test]
fn every_check_can_be_told_by_a_program() {
    let lines = serde_json::to_value(lines(&facts(), now())).unwrap();
    assert_eq!(lines[2], json!({"check": "Approval guard", "status": "ok", "message": "in force", "remedy": null}));
    let line = serde_json::to_value(unreachable("it does not answer")).unwrap();
    assert_eq!((&line["check"], &line["status"]), (&json!("API server"), &json!("failed")));
    assert_eq!(exit_code(&[unreachable("x")]), 2);
    let words = [Status::Ok, Status::Warning, Status::Failed, Status::NotChecked];
    assert_eq!(serde_json::to_value(words).unwrap(), json!(["ok", "warning", "failed", "notChecked"]));
}
