//! A correct story is accepted; every difference is found.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use trimtab_api::quantity::Quantity;

use super::*;
use crate::{
    drive::Said,
    story::{Act, Gone, Subject},
};

fn rec(name: &str, word: &str, status: Value) -> Recommendation {
    let mut object = json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"type": "RightSize", "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "proposal": {"containers": [{"name": "app", "requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}]}},
        "status": status,
    });
    object["status"]["conditions"] = json!([{"type": "Ready", "status": "True", "reason": word, "message": "",
        "lastTransitionTime": "2026-11-21T12:00:00Z"}]);
    serde_json::from_value(object).unwrap()
}

fn rollout(result: &str, verdict: &str, more: Value) -> Value {
    let size = json!([{"name": "app", "requests": {}, "limits": {}}]);
    let mut all = json!({
        "proposalDigest": "sha256:00000000", "approvedBy": {"kind": "Person", "name": APPROVER}, "targetUid": "u", "template": "0", "stage": "Ended", "step": 2,
        "steps": 2, "progress": "2/2", "started": "2026-11-21T12:00:00Z", "stageSince": "2026-11-21T12:00:00Z",
        "former": size, "desired": size, "delivery": "Admission", "result": result,
        "baseline": {"readyPods": 2, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0},
        "checks": [{"name": "OOMKills", "verdict": verdict, "message": ""}],
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn pod(name: &str, cpu: &str, restarts: i32) -> Pod {
    let memory = if cpu == "100m" { ("256Mi", "512Mi") } else { ("1Gi", "2Gi") };
    serde_json::from_value(json!({
        "metadata": {"name": name, "uid": name},
        "spec": {"containers": [{"name": "app",
            "resources": {"requests": {"cpu": cpu, "memory": memory.0}, "limits": {"memory": memory.1}}}]},
        "status": {"containerStatuses": [{"name": "app", "image": "i", "imageID": "i", "ready": true, "restartCount": restarts}]},
    }))
    .unwrap()
}

fn act(rec_after: Recommendation, said: (i32, &str), after: Vec<Pod>) -> Act {
    let template: Option<k8s_openapi::api::core::v1::PodTemplateSpec> = Some(Default::default());
    Act {
        subject: Subject { namespace: "shop", workload: "web", rec: "deploy-web" },
        proposed: rec("deploy-web", "PendingApproval", json!({})),
        before: vec![pod("a", "1", 0), pod("b", "1", 0)],
        template: template.clone(),
        said: Said { code: said.0, text: said.1.to_owned() },
        events: vec![word(&rec_after).to_owned()],
        rec: rec_after,
        after,
        grown: vec![pod("a", "100m", 0), pod("b", "100m", 0), pod("c", "100m", 0)],
        template_after: template,
        lasts: true,
        seen: String::new(),
        next: None,
    }
}

fn good() -> Story {
    let saved = json!({"monthly": "12.00", "total": "0", "currency": "USD", "pods": 2, "since": "2026-11-21T12:00:00Z",
        "until": "2026-11-21T12:00:00Z"});
    let status = json!({"rollout": rollout("Applied", "Pass", json!({})), "realisedSavings": saved});
    let applied = act(
        rec("deploy-web", "Applied", status),
        (0, "step 1/2, pods 1/2: resizing\nstep 2/2, pods 2/2: verifying until 12:00\nApplied"),
        vec![pod("a", "100m", 0), pod("b", "100m", 0)],
    );
    let undo =
        json!({"undo": {"reason": "ChecksFailed", "message": "", "since": "2026-11-21T12:00:00Z"}, "rollbacks": 1});
    let status = json!({"rollout": rollout("RolledBack", "Fail", undo)});
    let mut undone = act(
        rec("deploy-web", "RolledBack", status),
        (1, "undoing, pods 1/2\nRolledBack after 3s"),
        vec![pod("a", "1", 1), pod("b", "1", 0)],
    );
    undone.lasts = false;
    undone.seen = "deploy-web   RolledBack".to_owned();
    undone.next = Some(undone.proposed.spec.proposal.clone());
    undone.next.as_mut().unwrap().containers[0].limits.memory = Some(Quantity("1Gi".to_owned()));
    let gone = Gone {
        subject: Subject { namespace: "shop", workload: "other", rec: "deploy-other" },
        before: vec![pod("a", "1", 0), pod("b", "1", 0)],
        halfway: vec![pod("a", "100m", 0), pod("b", "1", 0)],
        after: vec![pod("a", "1", 0), pod("b", "1", 0)],
        left: vec![rec("deploy-storefront", "Applied", json!({}))],
    };
    Story { applied, undone, all: vec![rec("deploy-other", "PendingApproval", json!({}))], gone }
}

#[test]
fn a_good_story_is_accepted() {
    assert_eq!(differences(&good()), Vec::<String>::new());
}

#[test]
fn each_thing_that_differs_is_found() {
    type Break = fn(&mut Story);
    let cases: [(&str, Break); 19] = [
        ("not so: --watch ended with 0", |s| s.applied.said.code = 1),
        ("not so: --watch shows the steps", |s| s.applied.said.text = "verifying until".to_owned()),
        ("not so: all have the proposed size", |s| s.applied.after[1] = pod("b", "1", 0)),
        ("not so: none restarted", |s| s.applied.after[1] = pod("b", "100m", 1)),
        ("not so: the pods are the same", |s| s.applied.after[1] = pod("z", "100m", 0)),
        ("not so: a new pod has the size too", |s| s.applied.grown[2] = pod("c", "1", 0)),
        ("not so: the template is as it was", |s| s.applied.template_after = None),
        ("not so: it says what was really saved", |s| s.applied.rec.status.as_mut().unwrap().realised_savings = None),
        ("not so: Ready says Applied", |s| s.applied.rec = rec("deploy-web", "PendingApproval", json!({}))),
        ("not so: the rollout ended as RolledBack", |s| s.undone.rec = s.applied.rec.clone()),
        ("not so: kubectl get --watch saw it RolledBack", |s| s.undone.seen.clear()),
        ("not so: more memory is proposed next", |s| s.undone.next = Some(s.undone.proposed.spec.proposal.clone())),
        ("not so: all have the former size", |s| s.undone.after[0] = pod("a", "100m", 1)),
        ("not so: exactly one pod was killed", |s| s.undone.after[1] = pod("b", "1", 1)),
        ("no event RolledBack", |s| s.undone.events.clear()),
        ("not so: one pod had the new size when its policy went", |s| s.gone.halfway[0] = pod("a", "1", 0)),
        ("not so: all pods have their former size", |s| s.gone.after[0] = pod("a", "100m", 0)),
        ("not so: only what is in force is left", |s| s.gone.left.clear()),
        ("deploy-other was not approved, and is Applied", |s| s.all[0] = rec("deploy-other", "Applied", json!({}))),
    ];
    for (expected, break_it) in cases {
        let mut story = good();
        break_it(&mut story);
        let found = differences(&story);
        assert!(found.iter().any(|f| f.contains(expected)), "{expected}: {found:?}");
    }
}
