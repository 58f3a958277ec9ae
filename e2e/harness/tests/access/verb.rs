//! Without the verb `approve` on this very recommendation, nobody decides: in no way, and not in a dry run either.

use serde_json::{Value, json};

use super::{
    act::{Act::*, Case, approval, approve, proposal_with, refused},
    stage::{API, OLD, WEB},
};

const VERB: &str = "may not approve or reject here: this requires the verb approve on recommendations.trimtab.dev in namespace \
                    shop; ask for a RoleBinding to ClusterRole trimtab-approver";
const WITHDRAW: &str =
    "may not withdraw an approval here: this requires the verb approve on recommendations.trimtab.dev";
const NEW: &str = "a new recommendation cannot have an approval: create it without spec.approval";
const STATUS: &str = "only Trimtab may write this status; to decide on a recommendation, set its spec.approval";

fn by_eve(object: &mut Value) {
    object["spec"]["approval"] = approval("eve", WEB);
}

fn without(object: &mut Value) {
    object["spec"].as_object_mut().unwrap().remove("approval");
}

pub fn cases() -> Vec<Case> {
    [ways(), rights(), creating(), withdrawing(), getting_rights()].concat()
}

/// An editor tries every way to write the field.
fn ways() -> Vec<Case> {
    let eve = || approve("eve", WEB);
    let json_patch = json!([{"op": "add", "path": "/spec/approval", "value": approval("eve", WEB)}]);
    vec![
        refused("a merge patch", "eve", "deploy-web", Merge(eve()), VERB),
        refused("a JSON patch", "eve", "deploy-web", Json(json_patch), VERB),
        refused("server-side apply", "eve", "deploy-web", Apply(eve()), VERB).manager("eve"),
        refused("server-side apply as Trimtab's field manager", "eve", "deploy-web", Force(eve()), VERB)
            .manager("trimtab"),
        refused("a replace, as kubectl edit sends it", "eve", "deploy-web", Put(by_eve), VERB).manager("kubectl-edit"),
        refused("kubectl replace", "eve", "deploy-web", KubectlReplace(by_eve), VERB),
        refused(
            "kubectl patch",
            "eve",
            "deploy-web",
            Kubectl(&[
                "patch",
                "rec",
                "deploy-web",
                "-n",
                "shop",
                "--type=merge",
                "-p",
                r#"{"spec":{"approval":{"decision":"Approved","approver":"eve","proposalDigest":"sha256:00000000000000000000000000000001"}}}"#,
            ]),
            VERB,
        ),
        refused(
            "kubectl patch --subresource=status",
            "eve",
            "deploy-web",
            Kubectl(&[
                "patch",
                "rec",
                "deploy-web",
                "-n",
                "shop",
                "--subresource=status",
                "--type=merge",
                "-p",
                r#"{"spec":{"approval":{"decision":"Approved","approver":"eve","proposalDigest":"sha256:00000000000000000000000000000001"}}}"#,
            ]),
            "resource \"recommendations/status\" in API group \"trimtab.dev\"",
        ),
        refused(
            "kubectl patch --subresource=status with the right to write statuses",
            "sam",
            "deploy-web",
            Kubectl(&[
                "patch",
                "rec",
                "deploy-web",
                "-n",
                "shop",
                "--subresource=status",
                "--type=merge",
                "-p",
                r#"{"spec":{"approval":{"decision":"Approved","approver":"sam","proposalDigest":"sha256:00000000000000000000000000000001"}}}"#,
            ]),
            STATUS,
        ),
        refused("a replace through the status", "sam", "deploy-web", PutStatus(by_eve), STATUS),
        refused("a merge patch in a dry run", "eve", "deploy-web", Merge(eve()), VERB).dry(),
        refused("server-side apply in a dry run", "eve", "deploy-web", Force(eve()), VERB).dry(),
        refused("a replace in a dry run", "eve", "deploy-web", Put(by_eve), VERB).dry(),
        refused(
            "rejecting",
            "eve",
            "deploy-web",
            Merge(json!({"spec": {"approval": {"decision": "Rejected",
            "approver": "eve", "proposalDigest": WEB}}})),
            VERB,
        ),
        refused("in the name of somebody who may", "eve", "deploy-web", Merge(approve("ada", WEB)), VERB),
        refused("one's own proposal", "eve", "by-eve", Merge(eve()), VERB),
    ]
}

/// Similar permissions.
fn rights() -> Vec<Case> {
    vec![
        refused(
            "a viewer",
            "vic",
            "deploy-web",
            Merge(approve("vic", WEB)),
            "cannot patch resource \"recommendations\"",
        ),
        refused("the admin of the namespace", "adm", "deploy-web", Merge(approve("adm", WEB)), VERB),
        refused("all other verbs everywhere", "sam", "deploy-web", Merge(approve("sam", WEB)), VERB),
        refused("an approver of another namespace", "out", "deploy-web", Merge(approve("out", WEB)), VERB),
        refused("an approver of another recommendation", "nam", "deploy-web", Merge(approve("nam", WEB)), VERB),
        refused("an approver of statuses", "sue", "deploy-web", Merge(approve("sue", WEB)), VERB),
        refused("an approver of statuses, there", "sue", "deploy-web", MergeStatus(approve("sue", WEB)), STATUS),
        refused("a group with the verb in other API groups", "gus", "deploy-web", Merge(approve("gus", WEB)), VERB),
    ]
}

fn creating() -> Vec<Case> {
    let with = |who: &str| proposal_with(approve(who, WEB));
    let mut digest = with("ada");
    digest["status"] = json!({"proposalDigest": WEB});
    let mut api = with("ada");
    api["kind"] = json!("Recommendation");
    vec![
        refused("created with it by an editor", "eve", "new", Create(with("eve")), NEW),
        refused("created with it by an approver", "ada", "new", Create(with("ada")), NEW),
        refused("created with it in a dry run", "ada", "new", Create(with("ada")), NEW).dry(),
        refused("created with it by server-side apply", "ada", "new", Force(api), NEW),
        refused("created with it and with a status that shows the digest", "ada", "new", Create(digest), NEW),
        refused("created with it by an administrator", "root", "new", Create(with("admin")), NEW),
        refused("created with it by Trimtab", "trimtab", "new", Create(with(super::stage::TRIMTAB)), NEW),
    ]
}

fn withdrawing() -> Vec<Case> {
    let none = || json!({"spec": {"approval": null}});
    let remove = json!([{"op": "remove", "path": "/spec/approval"}]);
    vec![
        refused("withdrawn by a merge patch", "eve", "deploy-api", Merge(none()), WITHDRAW),
        refused("withdrawn by a JSON patch", "eve", "deploy-api", Json(remove), WITHDRAW),
        refused("withdrawn by a replace", "eve", "deploy-api", Put(without), WITHDRAW),
        refused("withdrawn by kubectl replace", "eve", "deploy-api", KubectlReplace(without), WITHDRAW),
        // The field manager that owns it applies without it.
        refused("withdrawn by its own field manager", "eve", "deploy-api", Apply(json!({})), WITHDRAW)
            .manager("approvals"),
        refused("withdrawn in a dry run", "eve", "deploy-api", Merge(none()), WITHDRAW).dry(),
        refused(
            "made a rejection",
            "eve",
            "deploy-api",
            Merge(json!({"spec": {"approval": {"decision": "Rejected"}}})),
            VERB,
        ),
        refused(
            "moved to another digest",
            "eve",
            "deploy-api",
            Merge(json!({"spec": {"approval": {"proposalDigest": OLD}}})),
            VERB,
        ),
        refused(
            "its reason reworded",
            "eve",
            "deploy-api",
            Merge(json!({"spec": {"approval": {"reason": "so there"}}})),
            VERB,
        ),
        refused("given the same again", "eve", "deploy-api", Force(approve("ada", API)), VERB).manager("eve"),
    ]
}

/// Nobody can grant themselves the verb.
fn getting_rights() -> Vec<Case> {
    vec![
        refused(
            "an admin binds the approvers' role",
            "adm",
            "deploy-web",
            Kubectl(&["create", "rolebinding", "mine", "-n", "shop", "--clusterrole=trimtab-approver", "--user=adm"]),
            "attempting to grant RBAC permissions not currently held",
        ),
        refused(
            "an admin makes a role with the verb",
            "adm",
            "deploy-web",
            Kubectl(&[
                "create",
                "role",
                "mine",
                "-n",
                "shop",
                "--verb=approve",
                "--resource=recommendations.trimtab.dev",
            ]),
            "attempting to grant RBAC permissions not currently held",
        ),
        refused(
            "an editor binds the approvers' role",
            "eve",
            "deploy-web",
            Kubectl(&["create", "rolebinding", "mine", "-n", "shop", "--clusterrole=trimtab-approver", "--user=eve"]),
            "cannot create resource \"rolebindings\"",
        ),
        refused(
            "an editor in an approver's clothes",
            "eve",
            "deploy-web",
            Kubectl(&[
                "patch",
                "rec",
                "deploy-web",
                "-n",
                "shop",
                "--as=ada",
                "--type=merge",
                "-p",
                r#"{"spec":{"approval":{"decision":"Approved","approver":"ada","proposalDigest":"sha256:00000000000000000000000000000001"}}}"#,
            ]),
            "User \"eve\" cannot impersonate",
        ),
        refused(
            "a viewer in Trimtab's clothes",
            "vic",
            "deploy-web",
            Kubectl(&[
                "patch",
                "rec",
                "deploy-web",
                "-n",
                "shop",
                "--as=system:serviceaccount:trimtab-system:trimtab",
                "--type=merge",
                "--subresource=status",
                "-p",
                r#"{"status":{"summary":null}}"#,
            ]),
            "User \"vic\" cannot impersonate",
        ),
    ]
}
