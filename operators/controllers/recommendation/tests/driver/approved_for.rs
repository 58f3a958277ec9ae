//! A person's approval holds for the workload that there was when it was first honoured, and for no other of the name.

use serde_json::{Value, json};
use trimtab_testkit::Server;

use crate::{
    bed::{Bed, rec},
    fixtures::{self, FORMER},
};

/// A proposal of a person about whatever has the name `web`.
async fn proposed(bed: &Bed) {
    fixtures::by_hand(&bed.server, "web", "mine", "350m");
    bed.server.edit(("recommendations", "shop", "mine"), "kubectl-edit", |rec| {
        rec["spec"]["targetRef"].as_object_mut().unwrap().remove("uid");
    });
    bed.until("its digest is that of the proposal without a uid", |server| {
        let rec = rec(server, "mine")?;
        (rec["status"]["proposalDigest"] == fixtures::digest(&rec)).then_some(())
    })
    .await;
}

fn uid(server: &Server) -> String {
    server.get("deployments", "shop", "web").unwrap()["metadata"]["uid"].as_str().unwrap().to_owned()
}

fn delete(server: &Server) {
    for pod in ["a", "b"] {
        server.delete("pods", "shop", &format!("web-1-{pod}"));
    }
    server.delete("replicasets", "shop", "web-1");
    server.delete("deployments", "shop", "web");
}

/// The uid that the honoured approval is for.
async fn honoured(bed: &Bed) -> String {
    bed.until("the approval is honoured", |server| {
        rec(server, "mine")?["status"]["approval"]["targetUid"].as_str().map(str::to_owned)
    })
    .await
}

/// The message of the gate that is closed because another workload has the name.
async fn replaced(bed: &Bed) -> String {
    bed.until("it is blocked because of another workload", |server| {
        let gates = rec(server, "mine")?["status"]["gates"].as_array()?.clone();
        let gate = gates.iter().find(|gate| gate["reason"] == "TargetReplaced")?;
        gate["message"].as_str().map(str::to_owned)
    })
    .await
}

/// It stays blocked, until the approval is withdrawn and given again.
async fn waits_for_another_approval(bed: &Bed) {
    bed.later(3600).await;
    let status = rec(&bed.server, "mine").unwrap()["status"].clone();
    assert!(status["rollout"].is_null(), "{status}");
    assert_eq!(bed.resized(), [] as [String; 0]);
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
    bed.stands("mine", "Blocked").await;

    fixtures::undecide(&bed.server, "mine");
    bed.until("the withdrawal was seen", |server| {
        rec(server, "mine").filter(|rec| rec["status"]["approval"].is_null()).map(drop)
    })
    .await;
    bed.decide("mine", "Approved");
    let begun = bed
        .until("it has begun", |server| {
            Some(rec(server, "mine")?["status"]["rollout"].clone()).filter(Value::is_object)
        })
        .await;
    assert_eq!(begun["targetUid"], uid(&bed.server));
    assert_eq!(honoured(bed).await, uid(&bed.server));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_not_carried_out_on_another_workload_of_the_name() {
    let bed = Bed::start(&["web"]).await;
    // Something holds it, which is gone with the workload.
    bed.server.edit(("deployments", "shop", "web"), "", |web| {
        web["metadata"]["annotations"] = json!({"trimtab.dev/mode": "Off"});
    });
    proposed(&bed).await;
    bed.decide("mine", "Approved");
    bed.stands("mine", "Blocked").await;
    let former = uid(&bed.server);
    assert_eq!(honoured(&bed).await, former);
    delete(&bed.server);
    fixtures::deployment(&bed.server, "web");
    assert_ne!(uid(&bed.server), former);
    let message = replaced(&bed).await;
    assert!(message.contains(&format!("uid {former}, which is gone")), "{message}");
    assert!(message.contains("kubectl trimtab approve"), "{message}");
    waits_for_another_approval(&bed).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_approved_while_there_was_no_workload_is_not_carried_out_on_a_later_one() {
    let bed = Bed::start(&["web"]).await;
    proposed(&bed).await;
    delete(&bed.server);
    bed.later(5).await;
    bed.decide("mine", "Approved");
    assert_eq!(honoured(&bed).await, "");
    fixtures::deployment(&bed.server, "web");
    let message = replaced(&bed).await;
    assert!(message.contains("when no workload had this name"), "{message}");
    waits_for_another_approval(&bed).await;
}
