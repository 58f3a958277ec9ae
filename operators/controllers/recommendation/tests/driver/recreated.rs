//! The workload is recreated under its name: its pods stay, or new ones have the size of its entry. Nothing of a rollout
//! whose workload is gone is left on them, and nobody takes it for their former size.

use serde_json::{Value, json};
use trimtab_testkit::{Server, Then};

use crate::{
    bed::{Bed, ready, rec},
    fixtures::{self, FORMER, NEW},
};

fn rollout(server: &Server, name: &str) -> Value {
    rec(server, name).map(|rec| rec["status"]["rollout"].clone()).unwrap_or_default()
}

/// The Deployment is deleted with `--cascade=orphan` and created again; the new one adopts the ReplicaSet.
fn around_its_pods(server: &Server) {
    let mut object = server.get("deployments", "shop", "web").unwrap();
    server.delete("deployments", "shop", "web");
    for field in ["uid", "resourceVersion", "creationTimestamp", "generation"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    let uid = server.put("deployments", object)["metadata"]["uid"].clone();
    server.edit(("replicasets", "shop", "web-1"), "", |set| set["metadata"]["ownerReferences"][0]["uid"] = uid);
}

async fn settled(bed: &Bed, name: &str) {
    bed.until("the change of the former workload is over", |server| {
        (rollout(server, name)["result"] == "Superseded").then_some(())
    })
    .await;
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
    assert_eq!(bed.entry("web"), None);
}

#[tokio::test(start_paused = true)]
async fn pods_that_a_new_workload_adopts_get_their_former_size() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    around_its_pods(&bed.server);
    settled(&bed, &name).await;
    let said = ready(&bed.stands(&name, "Superseded").await)["message"].to_string();
    assert!(said.contains("the former values were restored"), "{said}");
    let end = |asked: &trimtab_testkit::Asked| asked.resource == "events" && asked.body["reason"] == "Superseded";
    bed.until("an event reports the end", |server| server.writes().iter().any(end).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_is_told_although_its_policy_withdraws_it_meanwhile() {
    for restoring in [false, true] {
        let bed = Bed::start(&["web"]).await;
        let name = bed.approved("web").await;
        bed.stands(&name, "Applied").await;
        let withdrawn = name.clone();
        let withdraw = move |server: &Server| server.delete("recommendations", "shop", &withdrawn);
        if restoring {
            bed.server.at(1, "patch", "pods/resize", Then::meanwhile(withdraw));
            around_its_pods(&bed.server);
        } else {
            around_its_pods(&bed.server);
            withdraw(&bed.server);
        }
        bed.until("it is gone", |server| rec(server, &name).is_none().then_some(())).await;
        assert_eq!(bed.sizes("web"), [FORMER, FORMER], "restoring: {restoring}");
        for reason in ["RollingBack", "Superseded"] {
            bed.told_before_it_went(&name, reason);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pods_that_the_entry_of_the_former_workload_sized_get_the_size_of_the_template() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    // As `kubectl replace --force` leaves it before anybody has looked.
    for kind in ["deployments", "replicasets", "pods"] {
        bed.server.lag(kind);
    }
    for pod in ["a", "b"] {
        bed.server.delete("pods", "shop", &format!("web-1-{pod}"));
    }
    bed.server.delete("replicasets", "shop", "web-1");
    bed.server.delete("deployments", "shop", "web");
    fixtures::deployment(&bed.server, "web");
    for pod in ["a", "b"] {
        bed.server.edit(("pods", "shop", &format!("web-1-{pod}")), "", |pod| {
            pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!(NEW);
        });
    }
    for kind in ["deployments", "replicasets", "pods"] {
        bed.server.catch_up(kind);
    }
    settled(&bed, &name).await;
}

#[tokio::test(start_paused = true)]
async fn another_recommendation_waits_until_the_pods_have_their_former_size() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    fixtures::by_hand(&bed.server, "web", "mine", "350m");
    // It is about whatever has this name.
    bed.server.edit(("recommendations", "shop", "mine"), "kubectl-edit", |rec| {
        rec["spec"]["targetRef"].as_object_mut().unwrap().remove("uid");
    });
    bed.stands("mine", "PendingApproval").await;
    bed.server.always("patch", "pods/resize", Then::refuse(503, "ServiceUnavailable", "not now"));
    around_its_pods(&bed.server);
    // An approval that is honoured before the new workload is seen is for the old one.
    let seen = |server: &Server| (rollout(server, &name)["stage"] == "Undoing").then_some(());
    bed.until("the new workload is seen", seen).await;
    bed.decide("mine", "Approved");
    bed.stands("mine", "Blocked").await;
    bed.later(300).await;
    assert_eq!(bed.sizes("web"), [NEW, NEW]);
    assert!(rollout(&bed.server, "mine").is_null(), "{}", rollout(&bed.server, "mine"));
    bed.server.heal();
    bed.until("the other has begun", |server| rollout(server, "mine").is_object().then_some(())).await;
    let begun = rollout(&bed.server, "mine");
    assert_eq!(begun["former"][0]["requests"]["cpu"], FORMER, "{begun}");
    assert_eq!(rollout(&bed.server, &name)["result"], "Superseded");
}
