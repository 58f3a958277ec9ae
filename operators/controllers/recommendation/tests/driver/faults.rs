//! What goes wrong between two requests, or with one: an object that changed, a lost reply, the emergency stop, a
//! missing permission, a pod that appears just before the end.

use std::sync::Arc;

use tokio::sync::Notify;
use trimtab_testkit::{Asked, Then};

use crate::{
    bed::{Bed, ready, rec, stage},
    fixtures::{self, FORMER, NEW},
};

const ANNOUNCES: (&str, &str) = ("apply", "recommendations/status");

#[tokio::test(start_paused = true)]
async fn rejected_at_the_moment_of_the_announcement_nothing_is_resized() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    let change = name.clone();
    let act = Then::meanwhile(move |server| fixtures::decide(server, &change, "Rejected"));
    bed.server.at(1, ANNOUNCES.0, ANNOUNCES.1, act);
    bed.decide(&name, "Approved");
    bed.stands(&name, "Rejected").await;
    let refused = bed.server.writes().into_iter().find(|w| w.code == Some(409)).expect("the announcement was refused");
    assert_eq!(stage(&refused), "Resizing");
    bed.later(120).await;
    assert_eq!(bed.resized(), [] as [String; 0]);
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
    assert!(rec(&bed.server, &name).unwrap()["status"]["rollout"].is_null());
}

#[tokio::test(start_paused = true)]
async fn changed_at_the_moment_of_the_announcement_it_decides_again() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    let place = name.clone();
    let act = Then::meanwhile(move |server| {
        server.edit(("recommendations", "shop", &place), "kubectl-edit", |rec| {
            rec["metadata"]["annotations"] = serde_json::json!({"note": "seen"});
        });
    });
    bed.server.at(1, ANNOUNCES.0, ANNOUNCES.1, act);
    bed.decide(&name, "Approved");
    bed.stands(&name, "Applied").await;
    let announced: Vec<_> = bed.server.writes().into_iter().filter(|w| stage(w) == "Resizing").collect();
    assert_eq!([announced[0].code, announced[1].code], [Some(409), Some(200)]);
    let story = bed.story();
    let at = |line: &str| story.iter().position(|l| l == line).unwrap();
    assert!(at("status deploy-web Resizing") < at("resize web-1-a"), "{story:#?}");
    assert_eq!(bed.resized(), ["web-1-a", "web-1-b"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_the_announcement_begins_no_second_rollout() {
    for lags in [false, true] {
        let bed = Bed::start(&["web"]).await;
        let name = bed.proposed("web").await;
        if lags {
            // The watch does not show either what was written.
            bed.server.at(1, "apply", "recommendations", Then::meanwhile(|server| server.lag("recommendations")));
        }
        bed.server.at(1, ANNOUNCES.0, ANNOUNCES.1, Then::LoseReply);
        bed.decide(&name, "Approved");
        bed.until("the announcement was lost", |server| {
            server.writes().iter().any(|w| stage(w) == "Resizing" && w.code.is_none()).then_some(())
        })
        .await;
        bed.later(60).await;
        bed.server.catch_up("recommendations");
        let applied = bed.stands(&name, "Applied").await;
        assert_eq!(bed.resized(), ["web-1-a", "web-1-b"], "lags: {lags}");
        let writes = bed.server.writes();
        let taken = writes.iter().filter(|w| w.code.is_none_or(|code| code < 300));
        let begun: Vec<_> =
            taken.map(|w| w.body["status"]["rollout"]["started"].clone()).filter(|s| s.is_string()).collect();
        let started = &applied["status"]["rollout"]["started"];
        assert!(begun.iter().all(|s| s == started), "one rollout, begun at {started}: {begun:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_a_resize_resizes_no_pod_twice() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    bed.server.at(1, ANNOUNCES.0, ANNOUNCES.1, Then::meanwhile(|server| server.lag("pods")));
    bed.server.at(1, "patch", "pods/resize", Then::LoseReply);
    bed.decide(&name, "Approved");
    bed.until("a pod is resized", |_| (!bed.resized().is_empty()).then_some(())).await;
    bed.later(60).await;
    assert_eq!(bed.resized(), ["web-1-a"], "it does not see the pod as it is, and cannot change it");
    bed.server.catch_up("pods");
    bed.stands(&name, "Applied").await;
    assert_eq!(bed.resized(), ["web-1-a", "web-1-b"]);
}

#[tokio::test(start_paused = true)]
async fn an_end_whose_reply_is_lost_is_told_once_and_before_the_object_goes() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.until("one pod has the new size and is watched", |server| {
        (rec(server, &name)?["status"]["rollout"]["stage"] == "Watching").then_some(())
    })
    .await;
    // The next status after the last pod is restored.
    let lose = Then::meanwhile(|server| server.at(1, ANNOUNCES.0, ANNOUNCES.1, Then::LoseReply));
    bed.server.at(1, "patch", "pods/resize", lose);
    bed.server.delete("recommendations", "shop", &name);
    bed.until("it is gone", |server| rec(server, &name).is_none().then_some(())).await;
    let writes = bed.server.writes();
    let lost = writes.iter().filter(|w| w.resource == ANNOUNCES.1 && w.code.is_none());
    let lost: Vec<&str> = lost.map(stage).collect();
    assert_eq!(lost, ["Ended"]);
    bed.told_before_it_went(&name, "RolledBack");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_pods_once_the_emergency_stop_is_on() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    // Between the announcement and the resize: at the very read that precedes it.
    let act = Then::meanwhile(|server| server.at(1, "get", "configmaps", Then::meanwhile(fixtures::halt)));
    bed.server.at(1, ANNOUNCES.0, ANNOUNCES.1, act);
    bed.decide(&name, "Approved");
    let halted = bed.stands(&name, "Halted").await;
    assert!(ready(&halted)["message"].to_string().contains("carol"), "{}", ready(&halted));
    bed.later(120).await;
    assert_eq!(halted["status"]["rollout"]["stage"], "Resizing", "it was announced");
    assert_eq!(bed.resized(), [] as [String; 0]);
    let sent = bed.server.writes().into_iter().filter(|w| w.resource.starts_with("pods")).count();
    assert_eq!(sent, 0);
    bed.server.delete("configmaps", crate::bed::OWN, "trimtab-halt");
    bed.stands(&name, "Applied").await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_fails_the_pass_and_is_in_the_status() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    let failed = || -> u64 {
        let text = bed.metrics.encode();
        let series = "controller_runtime_reconcile_total{controller=\"recommendation\",result=\"error\"} ";
        text.lines().find_map(|line| line.strip_prefix(series)).map_or(0, |n| n.parse().unwrap())
    };
    assert_eq!(failed(), 0);
    let denied =
        "pods \"web-1-a\" is forbidden: User \"trimtab\" cannot patch resource \"pods/resize\" in API group \"\"";
    bed.server.always("patch", "pods/resize", Then::refuse(403, "Forbidden", denied));
    bed.decide(&name, "Approved");
    let stands = bed.stands(&name, "Forbidden").await;
    assert!(ready(&stands)["message"].to_string().contains("pods/resize"), "{}", ready(&stands));
    bed.until("a pass is counted as failed", |_| (failed() > 0).then_some(())).await;
    bed.server.heal();
    bed.stands(&name, "Applied").await;
    assert_eq!(bed.resized(), ["web-1-a", "web-1-b"]);
}

#[tokio::test(start_paused = true)]
async fn a_pod_with_the_former_size_just_before_the_end_is_resized_before_it_is_applied() {
    for lags in [false, true] {
        let bed = Bed::start(&["web"]).await;
        let name = bed.approved("web").await;
        // The list of pods by which the end is checked is the first since the start.
        let act = Then::meanwhile(move |server| {
            if lags {
                server.lag("pods");
            }
            fixtures::pod(server, "web", "c");
        });
        bed.server.at(1, "list", "pods", act);
        bed.until("the pod is there", |server| server.get("pods", "shop", "web-1-c")).await;
        bed.later(60).await;
        if lags {
            let stage = rec(&bed.server, &name).unwrap()["status"]["rollout"]["stage"].clone();
            assert_eq!(stage, "Verifying", "it waits for the pod to be seen");
            bed.server.catch_up("pods");
        }
        bed.stands(&name, "Applied").await;
        let story = bed.story();
        let at = |line: &str| story.iter().position(|l| l == line);
        assert!(at("resize web-1-c") < at("status deploy-web Ended"), "lags: {lags}: {story:#?}");
        assert_eq!(bed.sizes("web"), [NEW, NEW, NEW], "lags: {lags}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_comes_to_be_seen_while_the_end_is_checked_counts() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    let answer = Arc::new(Notify::new());
    bed.server.at(1, "list", "pods", Then::Hold(answer.clone()));
    bed.decide(&name, "Approved");
    let checks = |asked: &Asked| asked.verb == "list" && asked.resource == "pods" && asked.code.is_none();
    bed.until("the end is checked", |server| server.asked().iter().any(checks).then_some(())).await;
    // Made after the decision, and seen before the answer.
    fixtures::pod(&bed.server, "web", "c");
    bed.later(1).await;
    answer.notify_one();
    bed.stands(&name, "Applied").await;
    assert_eq!(bed.sizes("web"), [NEW, NEW, NEW]);
}
