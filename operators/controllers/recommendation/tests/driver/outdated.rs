//! The approval guard is that of an earlier release for a while, as during an upgrade: rollouts wait, nothing is honoured
//! anew and nothing is lost, and then they go on without a new approval.

use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_testkit::Server;

use crate::{
    bed::{Bed, ready, rec},
    fixtures::{FORMER, NEW},
};

const GUARD: (&str, &str, &str) = ("validatingadmissionpolicies", "", "trimtab-approval");
const EARLIER: &str = "operators/guard/tests/releases/0.1.0.yaml";
const PRESENT: &str = "policies/approval.yaml";

/// Replaces the rules of the guard by those of a file, in one write.
fn replace(server: &Server, file: &str) {
    let text = std::fs::read_to_string(format!("{}/../../../{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let policy = serde_yaml::Deserializer::from_str(&text).next().map(|d| Value::deserialize(d).unwrap()).unwrap();
    server.edit(GUARD, "kubectl", |guard| guard["spec"] = policy["spec"].clone());
}

#[tokio::test(start_paused = true)]
async fn a_rollout_waits_and_goes_on_without_a_new_approval() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.until("one pod has the new size and is watched", |server| {
        (rec(server, &name)?["status"]["rollout"]["stage"] == "Watching").then_some(())
    })
    .await;
    replace(&bed.server, EARLIER);
    let waits = bed.stands(&name, "ApprovalGuardOutdated").await;
    let message = ready(&waits)["message"].to_string();
    assert!(message.contains("is the guard of release 0.1.0") && message.contains("-f policies/"), "{message}");
    bed.later(3600).await;
    let waits = rec(&bed.server, &name).unwrap()["status"].clone();
    assert_eq!((&waits["rollout"]["stage"], &waits["approval"]["by"]["name"]), (&json!("Watching"), &json!("bob")));
    assert_eq!(bed.sizes("web"), [NEW, FORMER], "neither forward nor back");
    replace(&bed.server, PRESENT);
    let applied = bed.stands(&name, "Applied").await["status"].clone();
    assert_eq!(bed.resized(), ["web-1-a", "web-1-b"]);
    assert_eq!(applied["approval"], waits["approval"], "it is the same approval");
    assert_eq!(applied["rollout"]["started"], waits["rollout"]["started"], "and the same rollout");
}

#[tokio::test(start_paused = true)]
async fn what_is_approved_meanwhile_begins_afterwards() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    replace(&bed.server, EARLIER);
    bed.later(60).await;
    assert_eq!(ready(&rec(&bed.server, &name).unwrap())["reason"], "PendingApproval", "it waits for a person alone");
    bed.decide(&name, "Approved");
    bed.stands(&name, "ApprovalGuardOutdated").await;
    bed.later(600).await;
    assert_eq!(rec(&bed.server, &name).unwrap()["status"]["approval"], Value::Null, "nothing is honoured anew");
    assert_eq!(bed.resized(), [] as [String; 0]);
    replace(&bed.server, PRESENT);
    bed.stands(&name, "Applied").await;
    assert_eq!(bed.sizes("web"), [NEW, NEW]);
}

#[tokio::test(start_paused = true)]
async fn what_is_rejected_meanwhile_is_undone_afterwards() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.approved("web").await;
    bed.stands(&name, "Applied").await;
    replace(&bed.server, EARLIER);
    bed.later(60).await;
    bed.decide(&name, "Rejected");
    bed.later(600).await;
    assert_eq!(bed.sizes("web"), [NEW, NEW]);
    replace(&bed.server, PRESENT);
    bed.stands(&name, "RolledBack").await;
    assert_eq!(bed.sizes("web"), [FORMER, FORMER]);
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_no_release_shipped_is_none_and_proves_nothing_later() {
    let bed = Bed::start(&["web"]).await;
    let name = bed.proposed("web").await;
    replace(&bed.server, EARLIER);
    bed.server.edit(GUARD, "kubectl", |guard| guard["spec"]["failurePolicy"] = json!("Ignore"));
    bed.later(10).await;
    bed.decide(&name, "Approved");
    bed.stands(&name, "ApprovalGuardMissing").await;
    replace(&bed.server, PRESENT);
    bed.stands(&name, "ApprovalNotProven").await;
    assert_eq!(bed.resized(), [] as [String; 0]);
}
