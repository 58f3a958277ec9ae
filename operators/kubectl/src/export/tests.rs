#![allow(clippy::unwrap_used)]
use serde_json::json;

use super::*;
use crate::{
    report,
    testkit::{DIGEST, now, rec},
};

fn patched(rec: &Recommendation) -> Patched<'_> {
    Patched { rec, sidecars: sidecars(rec).unwrap_or_default() }
}

fn one(change: Value) -> Vec<Recommendation> {
    vec![rec(change)]
}

#[test]
fn csv_and_json_have_what_a_recommendation_holds() {
    let ready = |reason: &str| json!([{"type": "Ready", "status": "False", "reason": reason, "message": "m", "lastTransitionTime": "2026-11-20T12:00:00Z"}]);
    let person = json!({"metadata": {"name": "gift"}, "spec": {"policyRef": null, "targetRef": {"name": "gift"}},
        "status": {"conditions": ready("Blocked"), "summary": null, "current": null, "evidence": null, "savings": null,
            "confidencePercent": null, "risk": null, "explanation": "=HYPERLINK(\"http://evil\")"}});
    let recs = vec![
        rec(json!({"status": {"evidence": {"containers": [{"name": "app", "cpuSamples": 4032, "memorySamples": 4032,
        "cpuPercentile": 95, "cpuUsage": "98m", "cpuP50": "80m", "cpuP99": "110m", "cpuPeak": "131m", "memoryTypicalPeak": "180Mi",
        "memoryPeak": "190Mi", "oomKills": 0, "restarts": 1, "cpuReason": "Usage", "memoryReason": "Peak"}]}}})),
        rec(person),
    ];
    let found = report(&recs, "https://a-server", words::moment(now()));
    let lines: Vec<String> = report::csv(&found).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(
        lines[1],
        "shop,Deployment,web,app,PendingApproval,services,,500,120,,,80,98,110,131,536870912,268435456,536870912,268435456,\
         188743680,199229440,4032,0,1,12.3,USD,96,Low,\
         Container app: CPU at most 98m in 95 % of its samples. It saves 12.30 USD a month."
    );
    assert_eq!(
        lines[2],
        "shop,Deployment,gift,app,Blocked,,,,120,,,,,,,,268435456,,268435456,,,0,0,0,,,,,\
         \"'=HYPERLINK(\"\"http://evil\"\")\""
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!((&json["monthlySavings"]["USD"], &json["source"]), (&json!("12.30"), &json!("https://a-server")));
    assert_eq!(json["workloads"][0]["containers"][0]["memory"]["proposedRequest"], 268_435_456);
}

#[test]
fn a_patch_sets_what_is_proposed_and_takes_away_what_is_not() {
    let status = json!({
        "patch": json!({"spec": {"template": {"spec": {"containers": [{"name": "app"}], "initContainers": [{"name": "proxy"}]}}}}).to_string(),
        "current": [{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}],
    });
    let containers = json!([
        {"name": "app", "requests": {"cpu": "2", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
        {"name": "proxy", "requests": {"cpu": "50m"}},
    ]);
    let recs = one(json!({"status": status, "spec": {"proposal": {"containers": containers}}}));
    assert_eq!(
        patches(&[patched(&recs[0])]).unwrap(),
        "\
---
# shop/deploy-web: PendingApproval, saves 12.30 USD a month, confidence 96 %, risk Low
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      containers:
      - name: app
        resources:
          limits:
            cpu: null
            memory: 256Mi
          requests:
            cpu: '2'
            memory: 256Mi
      initContainers:
      - name: proxy
        resources:
          requests:
            cpu: 50m
"
    );
    let job = one(json!({"spec": {"targetRef": {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly"}}}));
    let value: Value = serde_yaml::from_str(&patches(&[patched(&job[0])]).unwrap()).unwrap();
    assert_eq!(value["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["name"], "app");
}

#[test]
fn which_containers_are_sidecars_is_known_only_where_all_are() {
    let with = |spec: Value| {
        let patch = json!({"spec": {"template": {"spec": spec}}}).to_string();
        sidecars(&rec(json!({"status": {"patch": patch}})))
    };
    assert_eq!(sidecars(&rec(json!({}))), None);
    assert_eq!(sidecars(&rec(json!({"status": {"patch": "not JSON"}}))), None);
    assert_eq!(with(json!({"containers": [{"name": "other"}]})), None);
    assert_eq!(with(json!({"containers": [{"name": "app"}]})), Some(BTreeSet::new()));
    assert_eq!(with(json!({"initContainers": [{"name": "app"}]})), Some(BTreeSet::from(["app".to_owned()])));
    let workload = json!({"spec": {"template": {"spec": {"initContainers": [{"name": "proxy"}, {}]}}}});
    assert_eq!(init_containers("Deployment", &workload), BTreeSet::from(["proxy".to_owned()]));
    assert_eq!(init_containers("CronJob", &workload), BTreeSet::new());
}

#[test]
fn what_was_decided_against_is_in_no_manifest() {
    let ready = |reason: &str| json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": reason, "message": "m", "lastTransitionTime": "2026-11-20T12:00:00Z"}]}});
    let approval = |decision: &str, digest: &str| json!({"spec": {"approval": {"decision": decision, "approver": "ada", "proposalDigest": digest}}});
    for (change, says) in [
        (json!({}), None),
        (ready("Applied"), None),
        (ready("Blocked"), None),
        (json!({"status": null}), None),
        (approval("Approved", DIGEST), None),
        (approval("Rejected", "sha256:another"), None),
        (approval("Rejected", DIGEST), Some("shop/deploy-web is left out: ada rejected it")),
        (ready("Rejected"), Some("shop/deploy-web is left out: it is Rejected")),
        (ready("RolledBack"), Some("it is RolledBack")),
        (ready("TargetNotFound"), Some("it is TargetNotFound")),
        (json!({"metadata": {"deletionTimestamp": "2026-11-21T11:00:00Z"}}), Some("it is being deleted")),
        (json!({"spec": {"type": "Idle"}}), Some("it proposes no sizes")),
    ] {
        let recs = one(change.clone());
        let (chosen, notes) = chosen(&recs);
        assert_eq!((chosen.len(), notes.len()), (usize::from(says.is_none()), usize::from(says.is_some())), "{change}");
        assert!(says.is_none_or(|says| notes[0].contains(says)), "{change}: {notes:?}");
    }
    let two =
        [rec(json!({})), rec(json!({"metadata": {"name": "gift"}})), rec(json!({"metadata": {"namespace": "mail"}}))];
    let (both, notes) = chosen(&two);
    assert_eq!(both.len(), 2);
    assert_eq!(notes, ["shop/gift is left out: deploy-web is about the same workload"]);
    let of_kind = |name: &str, api_version: &str| {
        let target = json!({"apiVersion": api_version, "kind": "StatefulSet"});
        rec(json!({"metadata": {"name": name}, "spec": {"targetRef": target}}))
    };
    let namesakes = [of_kind("sts-web", "apps/v1"), of_kind("statefulset-web", "apps.kruise.io/v1beta1")];
    assert_eq!(chosen(&namesakes).0.len(), 2, "of two groups");
}

#[test]
fn what_costs_more_is_not_said_to_save() {
    let recs = one(json!({"status": {"savings": {"monthly": "-3.1"}}}));
    let text = patches(&[patched(&recs[0])]).unwrap();
    assert!(text.contains("# shop/deploy-web: PendingApproval, costs 3.10 USD a month more, confidence"), "{text}");
}

#[test]
fn what_no_file_can_patch_is_told() {
    for (api_version, kind, says) in [
        ("apps/v1", "Deployment", None),
        ("apps/v1", "StatefulSet", None),
        ("apps/v1", "DaemonSet", None),
        ("batch/v1", "CronJob", None),
        ("batch/v1", "Job", Some("the template of a Job cannot be changed")),
        ("argoproj.io/v1alpha1", "Rollout", Some("a patch of a Rollout would replace its list of containers")),
        ("example.com/v1", "Deployment", Some("would replace its list")),
    ] {
        let found = unpatchable(&rec(json!({"spec": {"targetRef": {"apiVersion": api_version, "kind": kind}}})));
        assert_eq!(found.is_some(), says.is_some(), "{kind}: {found:?}");
        assert!(says.is_none_or(|says| found.unwrap().contains(says)), "{kind}");
    }
}

#[test]
fn components_have_a_directory_for_each_namespace() {
    let recs = [
        rec(json!({"spec": {"targetRef": {"name": "web.v1"}}})),
        rec(json!({"metadata": {"name": "sts-db"}, "spec": {"targetRef": {"kind": "StatefulSet", "name": "db"}}})),
        rec(json!({"metadata": {"namespace": "mail"}})),
    ];
    let files = components(&recs.iter().map(patched).collect::<Vec<_>>()).unwrap();
    let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        names,
        [
            "mail/kustomization.yaml",
            "mail/patch-deploy-web.yaml",
            "shop/kustomization.yaml",
            "shop/patch-deploy-web.yaml",
            "shop/patch-sts-db.yaml"
        ]
    );
    let value: Value = serde_yaml::from_str(&files[2].1).unwrap();
    assert_eq!(value["kind"], "Component");
    assert_eq!(
        value["patches"][0],
        json!({"path": "patch-deploy-web.yaml", "target": {"group": "apps", "version": "v1", "kind": "Deployment", "name": "web\\.v1"}})
    );
    assert_eq!(value["patches"][1]["target"]["kind"], "StatefulSet");
    let patch: Value = serde_yaml::from_str(&files[3].1).unwrap();
    assert_eq!((&patch["metadata"], &patch["kind"]), (&json!({"name": "web.v1"}), &json!("Deployment")));
    // A server that says anything does not decide where files are written.
    for name in ["../../etc/passwd", ".hidden", "a/b", "", "A", "a\nb"] {
        let odd = rec(json!({"metadata": {"name": name}}));
        assert!(components(&[patched(&odd)]).unwrap_err().contains("cannot be the name of a file"), "{name:?}");
        let odd = rec(json!({"metadata": {"namespace": name}}));
        assert!(components(&[patched(&odd)]).is_err(), "{name:?}");
    }
}

#[test]
fn what_an_earlier_export_wrote_is_told_from_what_people_wrote() {
    let recs =
        [rec(json!({})), rec(json!({"metadata": {"name": "sts-db"}})), rec(json!({"metadata": {"namespace": "mail"}}))];
    let patched: Vec<Patched<'_>> = recs.iter().map(patched).collect();
    let earlier = components(&patched).unwrap();
    assert_eq!(left_over(&earlier, &earlier), Vec::<String>::new());
    let now = components(&patched[..1]).unwrap();
    let gone = ["mail/kustomization.yaml", "mail/patch-deploy-web.yaml", "shop/patch-sts-db.yaml"];
    assert_eq!(left_over(&earlier, &now), gone);
    let patch = earlier.iter().find(|(path, _)| path == "shop/patch-sts-db.yaml").unwrap().1.clone();
    for (path, text) in [
        ("shop/patch-sts-db.yaml", "spec: {}\n"),
        ("shop/patch-other.yaml", patch.as_str()),
        ("data/patch-sts-db.yaml", patch.as_str()),
        ("patch-sts-db.yaml", patch.as_str()),
        ("data/patch-sts-db.yml", patch.as_str()),
        ("data/kustomization.yaml", "kind: Component\n"),
        ("kustomization.yaml", WRITTEN),
        ("data/notes.yaml", WRITTEN),
    ] {
        assert_eq!(left_over(&[(path.to_owned(), text.to_owned())], &now), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn helm_values_are_by_namespace_workload_and_container() {
    let recs = [
        rec(json!({"spec": {"proposal": {"containers": [{"name": "on", "requests": {"cpu": "1"}}]}}})),
        rec(
            json!({"metadata": {"name": "ro"}, "spec": {"targetRef": {"apiVersion": "example.com/v1", "kind": "Fleet", "name": "ships"}}}),
        ),
    ];
    let text = helm_values(&recs.iter().collect::<Vec<_>>()).unwrap();
    let (head, values) = text.split_once('\n').unwrap();
    assert!(head.starts_with("# Proposed by Trimtab"), "{head}");
    assert_eq!(
        values,
        "\
shop:
  deploy/web:
    'on':
      resources:
        requests:
          cpu: '1'
  fleet/ships:
    app:
      resources:
        limits:
          memory: 256Mi
        requests:
          cpu: 120m
          memory: 256Mi
"
    );
}
