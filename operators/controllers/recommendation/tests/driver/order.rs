//! The order of writes of a whole rollout, of one that is deleted midway, and under a watch that lags.

use serde_json::{Value, json};
use trimtab_api::names::FINALIZER;
use trimtab_testkit::{Server, Then};

use crate::{
    bed::{Bed, ready, rec, stage},
    fixtures::{self, FORMER, NEW},
};

#[tokio::test(start_paused = true)]
async fn an_approved_change_is_announced_before_each_step_and_ends_applied() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    let applied = bed.stands(&name, "Applied").await;
    let expected = [
        "status deploy-web",
        "protect deploy-web",
        "status deploy-web Resizing",
        "resize web-1-a",
        "status deploy-web Watching",
        "status deploy-web Resizing",
        "resize web-1-b",
        "create appliedsizes ",
        "status deploy-web Verifying",
        "status deploy-web Ended",
    ];
    assert_eq!(bed.story(), expected);
    assert_eq!(bed.sizes("web"), [NEW, NEW]);
    let entry = bed.entry("web").expect("new pods get the size");
    assert_eq!(entry["containers"][0]["to"]["requests"]["cpu"], NEW);
    assert_eq!(entry["containers"][0]["from"]["requests"]["cpu"], FORMER);
    let by = json!({"kind": "Person", "name": "bob"});
    assert_eq!(applied["status"]["approval"]["by"], by);
    let told = bed.until("it is told in an event", |server| {
        let told: Vec<_> = server.all("events").iter().map(|e| e["reason"].as_str().unwrap().to_owned()).collect();
        told.contains(&"Applied".to_owned()).then_some(told)
    });
    assert!(told.await.contains(&"RolloutStarted".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn it_says_so_once_all_sizes_of_its_namespace_are_removed_and_can_still_be_undone() {
    loses_its_size(|server| {
        let all = ("appliedsizes", "shop", "trimtab");
        server.edit(all, "kubectl-patch", |sizes| sizes["spec"]["workloads"] = json!({}));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn it_says_so_once_the_object_with_the_sizes_is_deleted_and_can_still_be_undone() {
    loses_its_size(|server| server.delete("appliedsizes", "shop", "trimtab")).await;
}

async fn loses_its_size(lose: impl FnOnce(&Server)) {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    lose(&bed.server);
    let lost = bed.stands(&name, "SizeNotDelivered").await;
    assert_eq!(lost["status"]["rollout"]["result"], "Applied");
    let (status, message) = (ready(&lost)["status"].clone(), ready(&lost)["message"].to_string());
    assert!(status == "False" && message.contains("2 of 2 pods still have the new size"), "{status} {message}");
    bed.decide(&name, "Rejected");
    bed.stands(&name, "RolledBack").await;
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
}

#[tokio::test(start_paused = true)]
async fn deleted_midway_it_is_undone_and_only_then_let_go() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.until("one pod has the new size and is watched", |server| {
        (rec(server, &name)?["status"]["rollout"]["stage"] == "Watching").then_some(())
    })
    .await;
    assert_eq!(bed.sizes("web"), [NEW, FORMER]);
    bed.server.delete("recommendations", "shop", &name);
    assert!(rec(&bed.server, &name).is_some(), "the finalizer holds it");
    bed.until("it is gone", |server| rec(server, &name).is_none().then_some(())).await;
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
    assert_eq!(bed.entry("web"), None);
    let story = bed.story();
    let after = story.iter().position(|line| line.ends_with("Undoing")).expect("the undo is announced");
    let expected = ["status deploy-web Undoing", "resize web-1-a", "status deploy-web Ended", "release deploy-web"];
    assert_eq!(story[after..], expected);
}

/// Its owner may be deleted at any moment, and the garbage collector then deletes it.
#[tokio::test(start_paused = true)]
async fn what_has_an_owner_is_protected_before_anybody_decides_on_it() {
    let bed = Bed::start(&["web"]).await;
    fixtures::by_hand(&bed.server, "web", "mine", "300m");
    bed.stands("mine", "PendingApproval").await;
    assert!(!is_protected(&bed.server), "it has no owner");
    owned(&bed.server, json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "o-1"}]));
    bed.until("it is protected", |server| is_protected(server).then_some(())).await;
    owned(&bed.server, Value::Null);
    bed.until("it is released", |server| (!is_protected(server)).then_some(())).await;
    owned(&bed.server, json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "o-2"}]));
    bed.until("it is protected again", |server| is_protected(server).then_some(())).await;
    assert_eq!(rec(&bed.server, "mine").unwrap()["status"]["approval"], Value::Null, "nobody has decided");
    bed.decide("mine", "Rejected");
    bed.server.delete("recommendations", "shop", "mine");
    bed.until("it is gone", |server| rec(server, "mine").is_none().then_some(())).await;
    let sizes = bed.server.get("appliedsizes", "shop", "trimtab").expect("the rejection is recorded");
    assert_eq!(sizes["spec"]["history"]["Deployment/web"]["rejected"][0]["by"], "bob");
}

fn owned(server: &Server, owners: Value) {
    server.edit(("recommendations", "shop", "mine"), "kubectl-edit", |rec| {
        rec["metadata"]["ownerReferences"] = owners;
    });
}

fn is_protected(server: &Server) -> bool {
    let finalizers = rec(server, "mine").map(|rec| rec["metadata"]["finalizers"].clone()).unwrap_or_default();
    finalizers.as_array().is_some_and(|all| all.iter().any(|finalizer| finalizer == FINALIZER))
}

#[tokio::test(start_paused = true)]
async fn no_write_is_repeated_while_watches_lag_behind_it() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    let kinds = ["recommendations", "pods", "appliedsizes"];
    // From the first write of the rollout on, nothing of what it writes is seen.
    let lag = Then::meanwhile(move |server| kinds.iter().for_each(|kind| server.lag(kind)));
    bed.server.at(1, "apply", "recommendations", lag);
    bed.decide(&name, "Approved");
    bed.until("a pod is resized", |_| (!bed.resized().is_empty()).then_some(())).await;
    bed.later(120).await;
    let expected = ["status deploy-web", "protect deploy-web", "status deploy-web Resizing", "resize web-1-a"];
    assert_eq!(bed.story(), expected, "it waits for the pod to be seen");
    for kind in kinds {
        bed.server.catch_up(kind);
    }
    bed.stands(&name, "Applied").await;
    assert_eq!(bed.resized(), ["web-1-a", "web-1-b"]);
    let writes = bed.server.writes();
    let refused: Vec<_> = writes.iter().filter(|w| w.code.is_some_and(|c| c == 409)).map(|w| w.line()).collect();
    assert!(refused.is_empty(), "each write knew of the one before it: {refused:?}");
    let resizing = writes.iter().filter(|w| w.resource == "recommendations/status" && stage(w) == "Resizing");
    let begun: Vec<_> = resizing.map(|w| w.body["status"]["rollout"]["started"].clone()).collect();
    assert!(begun.iter().all(|started| *started == begun[0]), "one rollout: {begun:?}");
}

#[tokio::test(start_paused = true)]
async fn it_ends_although_its_own_writes_are_never_seen() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    let kinds = ["recommendations", "appliedsizes"];
    bed.server.at(1, "apply", "recommendations", Then::meanwhile(move |s| kinds.iter().for_each(|kind| s.lag(kind))));
    bed.decide(&name, "Approved");
    bed.stands(&name, "Applied").await;
    let story = bed.story();
    bed.later(120).await;
    kinds.iter().for_each(|kind| bed.server.catch_up(kind));
    bed.later(120).await;
    assert_eq!(bed.story(), story, "what it sees at last is what it wrote");
    assert_eq!(bed.resized(), ["web-1-a", "web-1-b"]);
    let refused = bed.server.writes().into_iter().filter(|w| w.code == Some(409)).count();
    assert_eq!(refused, 0, "each write knew of the one before it");
}

#[tokio::test(start_paused = true)]
async fn it_is_not_delivered_while_the_admission_policy_is_not_in_force() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    let kind = "mutatingadmissionpolicybindings";
    let mut binding = bed.server.get(kind, "", "trimtab-sizes").unwrap();
    bed.server.delete(kind, "", "trimtab-sizes");
    bed.later(5).await;
    let said = ready(&rec(&bed.server, &name).unwrap());
    assert_eq!(said["reason"], "SizeNotDelivered", "{said}");
    assert!(said["message"].as_str().unwrap().contains("trimtab-sizes is missing"), "{said}");
    for field in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
        binding["metadata"].as_object_mut().unwrap().remove(field);
    }
    bed.server.put(kind, binding);
    bed.later(5).await;
    assert_eq!(ready(&rec(&bed.server, &name).unwrap())["reason"], "Applied");
    assert!(bed.entry("web").is_some(), "it is needed again");
}
