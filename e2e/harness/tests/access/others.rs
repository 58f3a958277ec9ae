//! Holding the verb is not enough: one decides in one's own name, on what the status shows, and above Medium risk not
//! on one's own proposal.

use serde_json::{Value, json};

use super::{
    act::{Act::*, Case, approval, approve, proposal, refused, rejected},
    stage::{API, OLD, TRIMTAB, WEB},
};

const OWN_NAME: &str = "decide in your own name";
const SHOWS: &str =
    "and status.proposalDigest shows sha256:00000000000000000000000000000001: review the proposal again";
const ACCOUNT: &str =
    "Trimtab's own account may not write spec.approval; approvals by a policy are shown in status.approval";

pub fn cases() -> Vec<Case> {
    [names(), digests(), risks(), trimtab(), both_at_once()].concat()
}

fn as_ben(object: &mut Value) {
    object["spec"]["approval"] = approval("ben", WEB);
}

fn names() -> Vec<Case> {
    let web = |who: &str| Merge(approve(who, WEB));
    let json_patch = json!([{"op": "add", "path": "/spec/approval", "value": approval("ben", WEB)}]);
    let reason = json!({"spec": {"approval": {"reason": "she told me so"}}});
    let rewritten = json!({"spec": {"approval": {"approver": "ben"}}});
    vec![
        refused("in another's name", "ada", "deploy-web", web("ben"), "spec.approval.approver is ben and you are ada"),
        refused("in another's name by JSON patch", "ada", "deploy-web", Json(json_patch), OWN_NAME),
        refused("in another's name by server-side apply", "ada", "deploy-web", Force(approve("ben", WEB)), OWN_NAME),
        refused("in another's name by a replace", "ada", "deploy-web", Put(as_ben), OWN_NAME),
        refused("in another's name by kubectl replace", "ada", "deploy-web", KubectlReplace(as_ben), OWN_NAME),
        refused("in another's name in a dry run", "ada", "deploy-web", web("ben"), OWN_NAME).dry(),
        refused("in one's name in capitals", "ada", "deploy-web", web("ADA"), OWN_NAME),
        refused("in one's name with a blank", "ada", "deploy-web", web("ada "), OWN_NAME),
        refused("in a policy's name", "ada", "deploy-web", web("policy/services"), OWN_NAME),
        refused("in Trimtab's name", "ada", "deploy-web", web(TRIMTAB), OWN_NAME),
        refused("in a group's name", "cat", "deploy-web", web("shop-leads"), OWN_NAME),
        refused("in no name", "ada", "deploy-web", web(""), "spec.approval.approver").invalid(),
        refused(
            "by an administrator in another's name",
            "root",
            "deploy-web",
            web("ada"),
            "spec.approval.approver is ada and you are admin",
        ),
        refused(
            "another's reason reworded",
            "ben",
            "deploy-api",
            Merge(reason.clone()),
            "spec.approval.approver is ada and you are ben",
        ),
        refused("another's reason reworded by an administrator", "root", "deploy-api", Merge(reason), OWN_NAME),
        refused(
            "another's approval made a rejection",
            "ben",
            "deploy-api",
            Merge(json!({"spec": {"approval": {"decision": "Rejected"}}})),
            OWN_NAME,
        ),
        refused(
            "another's approval taken for one's own",
            "ben",
            "deploy-api",
            Merge(rewritten),
            "approver cannot be changed without changing the decision",
        )
        .invalid(),
    ]
}

fn digests() -> Vec<Case> {
    let on = |digest: &str| Merge(approve("ada", digest));
    let both = |object: &mut Value| {
        object["status"]["proposalDigest"] = json!(OLD);
        object["spec"]["approval"] = approval("ada", OLD);
    };
    vec![
        refused("an old digest", "ada", "deploy-web", on(OLD), SHOWS),
        refused("an old digest by server-side apply", "ada", "deploy-web", Force(approve("ada", OLD)), SHOWS),
        refused("an old digest in a dry run", "ada", "deploy-web", on(OLD), SHOWS).dry(),
        refused("an old digest by an administrator", "root", "deploy-web", Merge(approve("admin", OLD)), SHOWS),
        refused("another recommendation's digest", "ada", "deploy-web", on(API), SHOWS),
        refused("a made-up digest", "ada", "deploy-web", on("whatever it is"), SHOWS),
        refused("the digest in capitals", "ada", "deploy-web", on("SHA256:00000000000000000000000000000001"), SHOWS),
        refused("the digest with a blank", "ada", "deploy-web", on(&format!("{WEB} ")), SHOWS),
        refused("an empty digest", "ada", "deploy-web", on(""), "proposalDigest").invalid(),
        refused(
            "no digest",
            "ada",
            "deploy-web",
            Merge(json!({"spec": {"approval": {"decision": "Approved", "approver": "ada"}}})),
            "proposalDigest",
        )
        .invalid(),
        refused(
            "before there is a digest",
            "ada",
            "deploy-fresh",
            on(WEB),
            "status.proposalDigest shows no digest yet: wait",
        ),
        refused("a digest that comes in the same write", "ada", "deploy-web", Put(both), SHOWS),
        refused("approving again what is in force", "ada", "deploy-moved", on(API), SHOWS),
        refused(
            "undoing what is in force, without the verb",
            "eve",
            "deploy-moved",
            Merge(rejected("eve", API)),
            "this requires the verb approve",
        ),
        refused("undoing something else than is in force", "ada", "deploy-moved", Merge(rejected("ada", OLD)), SHOWS),
        refused("rejecting an old digest", "ada", "deploy-web", Merge(rejected("ada", OLD)), SHOWS),
    ]
}

/// Above Medium risk it takes two people. An unassessed proposal counts as High, and so does one changed since.
fn risks() -> Vec<Case> {
    const UNASSESSED: &str =
        "its risk is not assessed yet, which counts as High, and you proposed this: somebody else must approve it";
    let own = |what: &'static str, name: &'static str, says: &'static str| {
        refused(what, "ada", name, Merge(approve("ada", WEB)), says)
    };
    let unsigned = "annotation trimtab.dev/requested-by does not name a requester";
    vec![
        own(
            "one's own proposal of high risk",
            "by-ada",
            "the risk is High and you proposed this: somebody else must approve it",
        ),
        own("one's own proposal before its risk is assessed", "unassessed", UNASSESSED),
        own("the same in a dry run", "unassessed", UNASSESSED).dry(),
        refused(
            "the same by server-side apply",
            "ada",
            "unassessed",
            Force(approve("ada", WEB)),
            "its risk is not assessed yet, which counts as High",
        ),
        own("one's own proposal, changed since it was assessed", "changed", UNASSESSED),
        own("one's own proposal with a risk that names no proposal", "undated", UNASSESSED),
        own("a proposal of critical risk that nobody signed", "unsigned", unsigned),
        own("a proposal that is not assessed and that nobody signed", "unassessed-unsigned", unsigned),
    ]
}

/// Trimtab approves in the status, next to the rule.
fn trimtab() -> Vec<Case> {
    let own = || approve(TRIMTAB, WEB);
    vec![
        refused("by Trimtab's own account", "trimtab", "deploy-web", Merge(own()), ACCOUNT),
        refused("by Trimtab's own account with server-side apply", "trimtab", "deploy-web", Force(own()), ACCOUNT),
        refused("by Trimtab in a person's name", "trimtab", "deploy-web", Merge(approve("ada", WEB)), ACCOUNT),
        refused("withdrawn by Trimtab", "trimtab", "deploy-api", Merge(json!({"spec": {"approval": null}})), ACCOUNT),
        refused(
            "a person's approval taken over by Trimtab",
            "trimtab",
            "deploy-api",
            Force(approve("ada", API)),
            ACCOUNT,
        ),
    ]
}

fn both_at_once() -> Vec<Case> {
    let edited = json!({"proposal": {"containers": [{"name": "app", "requests": {"cpu": "7"}}]}, "approval": approval("eve", WEB)});
    let mut ada = edited.clone();
    ada["approval"] = approval("ada", WEB);
    let at_once = "proposal and approval cannot be changed in the same request";
    vec![
        refused("edited and approved at once", "ada", "by-ada", Merge(json!({"spec": ada})), at_once).invalid(),
        refused(
            "edited and approved at once without the verb",
            "eve",
            "by-eve",
            Merge(json!({"spec": edited})),
            at_once,
        )
        .invalid(),
        refused(
            "made anew with an approval",
            "eve",
            "deploy-was-here",
            Create({
                let mut again = proposal();
                again["spec"]["approval"] = approval("eve", WEB);
                again
            }),
            "a new recommendation cannot have an approval",
        ),
    ]
}
