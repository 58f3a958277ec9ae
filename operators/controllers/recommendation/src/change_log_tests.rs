#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};
use trimtab_api::resources::Resources;
use trimtab_engine::protocol::Cause;

use super::*;

fn quantity(text: &str) -> Option<Quantity> {
    (!text.is_empty()).then(|| Quantity(text.to_owned()))
}

fn a_container(name: &str, requests: (&str, &str), limits: (&str, &str)) -> ContainerResources {
    let half = |(cpu, memory)| Resources { cpu: quantity(cpu), memory: quantity(memory) };
    ContainerResources { name: name.to_owned(), requests: half(requests), limits: half(limits) }
}

fn a_rollout(digest: &str, stage: &str, result: Value) -> RolloutStatus {
    let size = |cpu: &str| json!([{"name": "app", "requests": {"cpu": cpu}}]);
    let rollout = json!({"proposalDigest": digest, "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u",
        "template": "1", "stage": stage, "result": result, "step": 1, "steps": 1, "progress": "1/1",
        "started": "2026-01-01T00:00:00Z", "stageSince": "2026-01-01T00:00:00Z", "delivery": "Admission",
        "former": size("500m"), "desired": size("120m"),
        "undo": {"reason": "ChecksFailed", "message": "worse", "since": "2026-01-01T00:00:00Z"},
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}});
    serde_json::from_value(rollout).unwrap()
}

#[test]
fn a_request_is_described_in_a_few_words() {
    let app = a_container("app", ("120m", "256Mi"), ("", "512Mi"));
    let resize = Effect::Resize {
        pod: "web-1".to_owned(),
        uid: "u".to_owned(),
        resource_version: "7".to_owned(),
        containers: vec![app.clone(), a_container("log", ("10m", ""), ("", ""))],
    };
    let put = Effect::PutSizes {
        uid: "u".to_owned(),
        from: vec![a_container("app", ("500m", "256Mi"), ("1", "512Mi"))],
        to: vec![app],
    };
    for (request, expected) in [
        (Request::Effect(resize), "resize pod web-1: app cpu 120m, memory 256Mi, memory limit 512Mi; log cpu 10m"),
        (
            Request::Effect(put),
            "set the entry in AppliedSizes: app cpu 500m→120m, memory 256Mi, cpu limit 1→none, memory limit 512Mi",
        ),
        (Request::Effect(Effect::Evict { pod: "web-1".to_owned(), uid: "u".to_owned() }), "evict pod web-1"),
        (Request::Confirm(Vec::new()), "reread 0 pods and AppliedSizes"),
        (
            Request::Effect(Effect::PatchTemplate {
                uid: "u".to_owned(),
                containers: vec![a_container("app", ("", ""), ("", ""))],
            }),
            "patch the template: app no requests or limits",
        ),
    ] {
        assert_eq!(describe(&request), expected);
    }
}

#[test]
fn each_beginning_and_end_of_a_rollout_is_news_once() {
    use RolloutResult::{Applied, RolledBack, Superseded};
    let under_way = |stage| a_rollout("sha256:1", stage, Value::Null);
    let ended = |result| a_rollout("sha256:1", "Ended", json!(result));
    for (before, now, expected) in [
        (None, under_way("Resizing"), Some(What::Started)),
        (Some(under_way("Resizing")), under_way("Watching"), None),
        (Some(under_way("Verifying")), ended("Applied"), Some(What::Ended(Applied))),
        (Some(under_way("Watching")), under_way("Undoing"), Some(What::Undoing)),
        (Some(under_way("Undoing")), under_way("Undoing"), None),
        (Some(under_way("Undoing")), ended("RolledBack"), Some(What::Ended(RolledBack))),
        (Some(ended("Applied")), ended("Applied"), None),
        (Some(ended("Applied")), under_way("Undoing"), Some(What::Undoing)),
        (Some(ended("Applied")), ended("Superseded"), Some(What::Ended(Superseded))),
        (Some(ended("RolledBack")), a_rollout("sha256:2", "Resizing", Value::Null), Some(What::Started)),
    ] {
        let what = News::of(before.as_ref(), &now).map(|news| news.what);
        assert_eq!(what, expected, "{before:?} {now:?}");
    }
}

#[test]
fn news_say_what_changes_and_why() {
    let started = News::of(None, &a_rollout("sha256:1", "Resizing", Value::Null)).unwrap();
    assert_eq!(started.sizes, "app cpu 500m→120m");
    let undone = News::of(None, &a_rollout("sha256:1", "Undoing", Value::Null)).unwrap();
    assert_eq!((undone.sizes.as_str(), undone.why.as_str()), ("app cpu 120m→500m", "ChecksFailed: worse"));
}

#[test]
fn failures_are_told_apart_from_what_only_has_to_wait() {
    let evict = Request::Effect(Effect::Evict { pod: "web-1".to_owned(), uid: "u".to_owned() });
    let message = || "no".to_owned();
    for (answer, expected) in [
        (Response::Done, None),
        (Response::Halted { message: message() }, None),
        (Response::Stale, Some("the object was changed or deleted meanwhile")),
        (Response::NoBudget { message: message() }, Some("no")),
        (Response::Unknown { message: message() }, Some("no")),
        (
            Response::Refused { cause: Cause::Permission, reason: "Forbidden".to_owned(), message: message() },
            Some("no"),
        ),
    ] {
        assert_eq!(failure(&evict, &answer), expected, "{answer:?}");
    }
    assert_eq!(failure(&Request::Confirm(Vec::new()), &Response::Stale), None);
}
