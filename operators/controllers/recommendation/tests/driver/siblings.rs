//! What was rejected or undone on one Recommendation holds for the others of its workload, while it exists.

use serde_json::Value;
use trimtab_testkit::{Server, Then};

use crate::{
    bed::{Bed, ready, rec},
    fixtures::{self, FORMER, NEW},
};

/// The reason and the message of the gate `BackOff`; empty if it is not closed.
fn back_off(server: &Server, name: &str) -> (String, String) {
    let gates = rec(server, name).map(|rec| rec["status"]["gates"].clone()).unwrap_or_default();
    let gate = gates.as_array().into_iter().flatten().find(|gate| gate["gate"] == "BackOff").cloned();
    let text = |field: &str| gate.as_ref().and_then(|gate| gate[field].as_str()).unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

fn result(server: &Server, name: &str) -> Option<Value> {
    rec(server, name).map(|rec| rec["status"]["rollout"]["result"].clone()).filter(Value::is_string)
}

#[tokio::test(start_paused = true)]
async fn what_one_undid_the_others_do_not_try_again_at_once() {
    let bed = Bed::start(&["web"]).await;
    let first = bed.approved("web").await;
    bed.stands(&first, "Applied").await;
    bed.decide(&first, "Rejected");
    bed.stands(&first, "RolledBack").await;
    let resized = bed.resized();

    // The same once more: only a person can approve it, and even then it waits for the back-off.
    fixtures::by_hand(&bed.server, "web", "same", NEW);
    let stands = bed.stands("same", "Rejected").await;
    let message = ready(&stands)["message"].to_string();
    assert!(
        message.contains("bob rejected this size") && message.contains("on Recommendation deploy-web"),
        "{message}"
    );
    bed.decide("same", "Approved");
    bed.stands("same", "Blocked").await;
    let (reason, message) = back_off(&bed.server, "same");
    assert!(reason == "BackingOff" && message.contains("on Recommendation deploy-web"), "{reason}: {message}");

    fixtures::by_hand(&bed.server, "web", "another", "350m");
    bed.stands("another", "PendingApproval").await;
    bed.decide("another", "Approved");
    bed.stands("another", "Blocked").await;
    let (reason, message) = back_off(&bed.server, "another");
    assert!(reason == "BackingOff" && message.contains("on Recommendation deploy-web"), "{reason}: {message}");
    bed.later(3600).await;
    assert_eq!(bed.resized(), resized, "nothing was begun");
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_undid_is_applied_again_once_a_person_approves_it_again() {
    let bed = Bed::start(&["web"]).await;
    fixtures::by_hand(&bed.server, "web", "mine", NEW);
    bed.stands("mine", "PendingApproval").await;
    bed.decide("mine", "Approved");
    bed.stands("mine", "Applied").await;
    bed.decide("mine", "Rejected");
    let message = ready(&bed.stands("mine", "RolledBack").await)["message"].to_string();
    assert!(message.contains("only a person's approval after that"), "{message}");
    bed.decide("mine", "Approved");
    bed.stands("mine", "Blocked").await;
    let (reason, message) = back_off(&bed.server, "mine");
    assert!(
        reason == "BackingOff" && message.contains("bob rejected it"),
        "it waits all the same: {reason}: {message}"
    );
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
    // Ten minutes of looks towards the end of the day, and then the end of it.
    bed.leap(23 * 3600).await;
    bed.later(600).await;
    assert_eq!(back_off(&bed.server, "mine").0, "BackingOff");
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
    bed.leap(3600).await;
    bed.stands("mine", "Applied").await;
    assert_eq!(bed.sizes("web"), [NEW, NEW]);
    let sizes = bed.server.get("appliedsizes", "shop", "trimtab").unwrap();
    let history = &sizes["spec"]["history"]["Deployment/web"];
    assert!(history["rejected"].is_null() && history["undone"][0]["rejected"].is_string(), "{history}");
}

#[tokio::test(start_paused = true)]
async fn what_a_person_rejected_no_policy_approves_until_that_is_withdrawn() {
    let bed = Bed::start(&["web"]).await;
    fixtures::by_hand(&bed.server, "web", "mine", "245m");
    bed.stands("mine", "PendingApproval").await;
    bed.decide("mine", "Rejected");
    bed.stands("mine", "Rejected").await;
    fixtures::approve_by_policy(&bed.server);
    let name = fixtures::recommendation(&bed.server, "web");
    fixtures::assess(&bed.server, &name);
    let stands = bed.stands(&name, "Rejected").await;
    let message = ready(&stands)["message"].to_string();
    assert!(message.contains("bob rejected this size") && message.contains("on Recommendation mine;"), "{message}");
    bed.later(3600).await;
    let status = rec(&bed.server, &name).unwrap()["status"].clone();
    assert!(status["approval"].is_null() && status["rollout"].is_null(), "{status}");
    assert_eq!(status["confidencePercent"], 99, "the policy would approve it otherwise");
    assert_eq!(bed.resized(), [] as [String; 0]);

    fixtures::undecide(&bed.server, "mine");
    let applied = bed.stands(&name, "Applied").await;
    assert_eq!(applied["status"]["approval"]["by"]["kind"], "Policy");
    assert_eq!(bed.sizes("web"), [NEW, NEW]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_counts_for_the_next_before_a_watch_shows_it() {
    let bed = Bed::start(&["web"]).await;
    let first = bed.approved("web").await;
    bed.until("one pod has the new size and is watched", |server| {
        (rec(server, &first)?["status"]["rollout"]["stage"] == "Watching").then_some(())
    })
    .await;
    fixtures::by_hand(&bed.server, "web", "second", "350m");
    bed.stands("second", "PendingApproval").await;
    bed.decide("second", "Approved");
    bed.stands("second", "Blocked").await;
    let resized = |bed: &Bed| bed.resized().len();
    let before = resized(&bed);
    // From the undo on, watches show nothing of what is written to Recommendations.
    bed.server.at(1, "patch", "pods/resize", Then::meanwhile(|server| server.lag("recommendations")));
    bed.decide(&first, "Rejected");
    bed.until("the undo has ended", |server| result(server, &first)).await;
    bed.until("the second looked again, and is still blocked", |server| {
        (back_off(server, "second").0 == "BackingOff").then_some(())
    })
    .await;
    bed.later(600).await;
    let (back, undone) = (resized(&bed), rec(&bed.server, "second").unwrap()["status"]["rollout"].clone());
    assert!(back > before && undone.is_null(), "only the undo went on: {:?}", bed.resized());
    bed.server.catch_up("recommendations");
    bed.later(600).await;
    assert_eq!((resized(&bed), back_off(&bed.server, "second").0.as_str()), (back, "BackingOff"));
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
}
