//! The guard's inputs cannot be forged: the digest in the status, who made and proposed it, and the record of who wrote
//! an approval when.

use serde_json::{Value, json};

use super::{
    act::{Act::*, Case, approval, proposal_with, refused},
    stage::{API, OLD, WEB},
};

const STATUS: &str = "only Trimtab may write this status";
const RENEWED: &str = "This request does not change spec.approval, but it takes over the field or renews its date";
const SIGNED: &str = "annotation trimtab.dev/requested-by is immutable";

pub fn cases() -> Vec<Case> {
    [statuses(), records(), requesters()].concat()
}

fn other_digest(object: &mut Value) {
    object["status"]["proposalDigest"] = json!(OLD);
}

fn statuses() -> Vec<Case> {
    let digest = || json!({"status": {"proposalDigest": OLD}});
    let honoured = json!({"status": {"approval": {"decision": "Approved", "by": {"kind": "Policy", "name": "services"}, "rule": "none",
        "proposalDigest": WEB, "since": "2026-11-21T12:00:00Z"}}});
    vec![
        refused("a forged digest", "sam", "deploy-web", MergeStatus(digest()), STATUS),
        refused("a forged digest by replace", "sam", "deploy-web", PutStatus(other_digest), STATUS),
        refused("a forged digest by server-side apply", "sam", "deploy-web", ApplyStatus(digest()), STATUS),
        refused("a forged digest in a dry run", "sam", "deploy-web", MergeStatus(digest()), STATUS).dry(),
        refused("a forged digest by an administrator", "root", "deploy-web", MergeStatus(digest()), STATUS),
        refused("a forged digest by an account called trimtab", "double", "deploy-web", MergeStatus(digest()), STATUS),
        refused(
            "a forged digest by an editor",
            "eve",
            "deploy-web",
            MergeStatus(digest()),
            "cannot patch resource \"recommendations/status\"",
        ),
        refused(
            "a forged digest by an approver",
            "ada",
            "deploy-web",
            MergeStatus(digest()),
            "cannot patch resource \"recommendations/status\"",
        ),
        refused("a forged auto-approval", "sam", "deploy-web", MergeStatus(honoured), STATUS),
        refused(
            "a rollout declared ended",
            "root",
            "deploy-roll",
            MergeStatus(json!({"status": {"rollout": null}})),
            STATUS,
        ),
    ]
}

fn emptied(object: &mut Value) {
    object["metadata"]["managedFields"] = json!([{}]);
}

fn emptied_and_approved(object: &mut Value) {
    emptied(object);
    object["spec"]["approval"] = approval("eve", WEB);
}

fn dated_ahead(object: &mut Value) {
    let entries = object["metadata"]["managedFields"].as_array_mut().unwrap();
    let held = entries.iter_mut().find(|e| e["fieldsV1"]["f:spec"]["f:approval"].is_object()).unwrap();
    held["time"] = json!("2099-01-01T00:00:00Z");
    // By itself, a date is restored by the API server.
    object["metadata"]["labels"]["a"] = json!("b");
}

fn renamed(object: &mut Value) {
    let entries = object["metadata"]["managedFields"].as_array_mut().unwrap();
    let held = entries.iter_mut().find(|e| e["fieldsV1"]["f:spec"]["f:approval"].is_object()).unwrap();
    held["manager"] = json!("somebody");
}

/// An approval's date shows whether it is older than the guard, so nobody else may renew it.
fn records() -> Vec<Case> {
    let label = || Merge(json!({"metadata": {"labels": {"a": "b"}}}));
    vec![
        refused("managedFields emptied", "eve", "deploy-api", Put(emptied), RENEWED),
        refused(
            "managedFields emptied by a patch",
            "eve",
            "deploy-api",
            Merge(json!({"metadata": {"managedFields": [{}]}})),
            RENEWED,
        ),
        refused(
            "managedFields emptied while approving",
            "eve",
            "deploy-web",
            Put(emptied_and_approved),
            "this requires the verb approve",
        ),
        refused("an approval dated ahead", "eve", "deploy-api", Put(dated_ahead), RENEWED),
        refused("an approval's field manager renamed", "eve", "deploy-api", Put(renamed), RENEWED),
        refused("an approval older than the guard dated ahead", "root", "elder", Put(dated_ahead), RENEWED),
        refused("its date renewed by its field manager", "eve", "deploy-held", label(), RENEWED)
            .manager("kubectl-patch"),
        refused(
            "its date renewed by another approver",
            "ben",
            "deploy-held",
            label(),
            "spec.approval.approver is ada and you are ben",
        )
        .manager("kubectl-patch"),
        refused("an approval older than the guard renewed by an administrator", "root", "elder", label(), RENEWED)
            .manager("mallory"),
        refused(
            "an approval older than the guard applied again",
            "eve",
            "elder",
            Apply(json!({"spec": {"approval": approval("ada", OLD)}})),
            RENEWED,
        )
        .manager("eve"),
        refused(
            "an approval taken over by another approver",
            "ben",
            "deploy-api",
            Force(json!({"spec": {"approval": approval("ada", API)}})),
            RENEWED,
        )
        .manager("ben"),
    ]
}

fn unsigned(object: &mut Value) {
    object["metadata"].as_object_mut().unwrap().remove("annotations");
}

fn requesters() -> Vec<Case> {
    let signed = |who: Value| json!({"metadata": {"annotations": {"trimtab.dev/requested-by": who}}});
    let not_you = "annotation trimtab.dev/requested-by is ada and you are eve: set your own name";
    vec![
        refused("proposed in another's name", "eve", "new", Create(proposal_with(signed(json!("ada")))), not_you),
        refused(
            "proposed in another's name by server-side apply",
            "eve",
            "new",
            Force(proposal_with(signed(json!("ada")))),
            not_you,
        ),
        refused("the requester changed", "eve", "by-ada", Merge(signed(json!("eve"))), SIGNED),
        refused("the requester changed by oneself", "ada", "by-ada", Merge(signed(json!("eve"))), SIGNED),
        refused("the requester changed by an administrator", "root", "by-ada", Merge(signed(json!("admin"))), SIGNED),
        refused("the requester taken away", "ada", "by-ada", Merge(signed(Value::Null)), SIGNED),
        refused("the requester taken away by a replace", "ada", "by-ada", Put(unsigned), SIGNED),
        refused("signed afterwards", "ben", "unsigned", Merge(signed(json!("eve"))), SIGNED),
        refused(
            "kubectl annotate --overwrite",
            "eve",
            "by-eve",
            Kubectl(&["annotate", "rec", "by-eve", "-n", "shop", "--overwrite", "trimtab.dev/requested-by=ada"]),
            SIGNED,
        ),
    ]
}
